// Trial: one run of one plan in a process of its own; and the record that is made of one that
// fails.
#ifndef TIDELOG_TOOLS_SIMULATOR_TRIAL_H_
#define TIDELOG_TOOLS_SIMULATOR_TRIAL_H_

#include <string>
#include <string_view>
#include <vector>

#include "sim/kernel/scheduler.h"
#include "sim/plan/plan.h"
#include "sim/record/run_record.h"
#include "sim/world/run.h"
#include "tools/simulator/summary.h"

namespace tidelog::simulator {

struct TrialResult {
  RunSummary summary;
  std::vector<sim::Choice> choices;  // Of a run that died, none.
  bool died = false;
};

// Its verdict is of the violation with the signature `wanted`, if there is one.
TrialResult RunTrial(const sim::Plan& plan, const sim::RunOptions& options,
                     std::string_view wanted = "");

// Two runs in one process, compared.  A verdict of Outcome::kNondeterminism names the first event
// in which they differ.
RunSummary RunTwice(const sim::Plan& plan, const sim::RunOptions& options);

// Of this program: the revision is what the environment variable TIDELOG_REVISION says.
sim::BuildStamp CurrentBuild();

// The record of a plan that failed as `failed` says.  Runs it again: what then ends otherwise is
// recorded as nondeterminism.  Follows the recorded choices if that makes the same run.
sim::RunRecord RecordFailure(const sim::Plan& plan, const sim::RunOptions& options,
                             const RunSummary& failed);

}  // namespace tidelog::simulator

#endif  // TIDELOG_TOOLS_SIMULATOR_TRIAL_H_
