// A record's run, to be told.
#ifndef TIDELOG_TOOLS_SIMULATOR_TOLD_RUN_H_
#define TIDELOG_TOOLS_SIMULATOR_TOLD_RUN_H_

#include <string>

#include "absl/functional/function_ref.h"
#include "sim/plan/fault.h"
#include "sim/record/explain.h"
#include "sim/record/run_record.h"

namespace tidelog::simulator {

// Runs it in a process of its own and returns what `tell` makes of its story there.  Of a run that
// dies the story has no events, and what it died of as its violation.
std::string TellRun(const sim::RunRecord& record, const std::string& path,
                    absl::FunctionRef<std::string(const sim::RunStory&)> tell);

// "sync_error of slot 0 at disk_sync 17": a fault of a plan, in half a line.
std::string FaultText(const sim::Fault& fault);

}  // namespace tidelog::simulator

#endif  // TIDELOG_TOOLS_SIMULATOR_TOLD_RUN_H_
