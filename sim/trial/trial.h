// Trial: one run of one plan in a process of its own; and the record that is made of one that
// fails.
#ifndef TIDELOG_SIM_TRIAL_TRIAL_H_
#define TIDELOG_SIM_TRIAL_TRIAL_H_

#include <string>
#include <string_view>
#include <vector>

#include "sim/kernel/scheduler.h"
#include "sim/plan/plan.h"
#include "sim/record/run_record.h"
#include "sim/trial/summary.h"
#include "sim/world/run.h"

namespace tidelog::sim {

struct TrialResult {
  RunSummary summary;
  std::vector<Choice> choices;  // Of a run that died, none.
  bool died = false;
};

// Its verdict is of the violation with the signature `wanted`, if there is one.
TrialResult RunTrial(const Plan& plan, const RunOptions& options, std::string_view wanted = "");

// Two runs in one process, compared.  A verdict of Outcome::kNondeterminism names the first event
// in which they differ.
RunSummary RunTwice(const Plan& plan, const RunOptions& options);

// Of this program: the revision is what the environment variable TIDELOG_REVISION says.
BuildStamp CurrentBuild();

// The record of a plan that failed as `failed` says.  Runs it again: what then ends otherwise is
// recorded as nondeterminism.  Follows the recorded choices if that makes the same run.
RunRecord RecordFailure(const Plan& plan, const RunOptions& options, const RunSummary& failed);

}  // namespace tidelog::sim

#endif  // TIDELOG_SIM_TRIAL_TRIAL_H_
