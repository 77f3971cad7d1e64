// Workers: child processes that run plan after plan, so that a seed that dies costs one of them and
// not the campaign.
#ifndef TIDELOG_SIM_TRIAL_WORKERS_H_
#define TIDELOG_SIM_TRIAL_WORKERS_H_

#include <cstdint>

#include "absl/functional/function_ref.h"
#include "sim/trial/death.h"
#include "sim/trial/seed_range.h"
#include "sim/trial/summary.h"

namespace tidelog::sim {

struct WorkOptions {
  SeedRange seeds;
  int worker_count = 2;
};

// Calls `run` with each seed, in one of the workers, and `done` with what it returns, here, in no
// order, each seed once.  A seed that killed its worker comes as a verdict with Outcome::kCrash.
// Ends early when `done` returns false: what is under way then is not told.
// Requires: this process has one thread.
void RunSeeds(const WorkOptions& options, absl::FunctionRef<RunSummary(uint64_t seed)> run,
              absl::FunctionRef<bool(const RunSummary& summary)> done);

// What there is to say of a seed whose process died.
RunSummary SummaryOfDeath(uint64_t seed, const Death& death);

}  // namespace tidelog::sim

#endif  // TIDELOG_SIM_TRIAL_WORKERS_H_
