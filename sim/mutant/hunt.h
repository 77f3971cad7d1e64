// Hunt: runs seeds with a mutant switched on until a checker notices.
#ifndef TIDELOG_SIM_MUTANT_HUNT_H_
#define TIDELOG_SIM_MUTANT_HUNT_H_

#include <cstdint>
#include <string>

#include "absl/time/time.h"
#include "sim/mutant/catalog.h"

namespace tidelog::sim {

struct HuntOptions {
  uint64_t first_seed = 1;
  uint64_t seeds_max = 2000;
  absl::Duration time_max = absl::InfiniteDuration();
};

struct Kill {
  bool killed = false;
  uint64_t seeds = 0;     // Run, the last one included.
  uint64_t seed = 0;      // That killed it.
  std::string checker;    // The first that noticed; "crash" for an abort.
  std::string anomaly;    // What it said; of a crash the signal.
  bool expected = false;  // It is among the mutant's killers.
};

// Each hunt runs in a process of its own, since a mutant may abort.  Requires: a build with
// TIDELOG_MUTANTS; one thread.
Kill Hunt(const MutantEntry& entry, const HuntOptions& options);

}  // namespace tidelog::sim

#endif  // TIDELOG_SIM_MUTANT_HUNT_H_
