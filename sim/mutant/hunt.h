// Hunt: runs seeds with a mutant switched on until a checker notices.
#ifndef TIDELOG_SIM_MUTANT_HUNT_H_
#define TIDELOG_SIM_MUTANT_HUNT_H_

#include <cstdint>
#include <string>
#include <string_view>

#include "sim/mutant/catalog.h"
#include "sim/plan/plan.h"
#include "sim/record/run_record.h"
#include "sim/trial/seed_range.h"

namespace tidelog::sim {

struct Kill {
  bool killed = false;
  uint64_t seeds = 0;  // Run, the last one included.
  uint64_t seed = 0;   // That killed it.
  Verdict verdict;     // Of that seed's run.
  // Who noticed is among the mutant's killers.
  bool expected = false;
};

// Stands for a checker where the log itself has died.
inline constexpr std::string_view kCrashIsTheKiller = "crash";

// Whether the seed fails with `signature` without any mutant as well: that kills none.
bool FailsAlikeWithout(uint64_t seed, const PlanOptions& plans, const std::string& signature);

// Runs the seeds in their order.  A failure that the same seed has without the mutant as well is
// not its death.  The mutant is planted in child processes only, since it may abort them. Requires:
// a build with TIDELOG_MUTANTS; one thread.
Kill Hunt(const MutantEntry& entry, const SeedRange& seeds);

}  // namespace tidelog::sim

#endif  // TIDELOG_SIM_MUTANT_HUNT_H_
