// Ablation: what a mutant is not found without.
#ifndef TIDELOG_SIM_MUTANT_ABLATION_H_
#define TIDELOG_SIM_MUTANT_ABLATION_H_

#include <cstdint>
#include <string>

#include "absl/container/btree_set.h"
#include "sim/mutant/catalog.h"
#include "sim/plan/fault.h"
#include "sim/trial/seed_range.h"

namespace tidelog::sim {

struct Needs {
  uint64_t seeds = 0;  // Run, the last one included.
  uint64_t kills = 0;  // Of those; 0: it survives with everything there.
  // Take any one of these away, and it survives all of those seeds.
  absl::btree_set<std::string> checkers;  // "crash": deaths of the log itself.
  absl::btree_set<FaultClass> faults;
};

// Runs the seeds in their order, until there is nothing that the mutant needs.  Requires: as
// Hunt().
Needs FindNeeds(const MutantEntry& entry, const SeedRange& seeds);

}  // namespace tidelog::sim

#endif  // TIDELOG_SIM_MUTANT_ABLATION_H_
