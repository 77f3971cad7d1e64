// Bugs that logs have had, each as a story that brings its conditions about.  What became of all
// that are known: sim/doc/historic.md.
#ifndef TIDELOG_SIM_SCENARIO_SCENARIO_H_
#define TIDELOG_SIM_SCENARIO_SCENARIO_H_

#include <cstdint>
#include <ostream>
#include <span>
#include <string>
#include <vector>

#include "sim/log/log_breaks.h"
#include "sim/plan/plan.h"
#include "wal/base/mutant.h"

namespace tidelog::sim {

struct Scenario {
  const char* name;
  Plan (*make)(uint64_t seed);
  // The bug.
  Mutant mutant = Mutant::kNone;
  LogBreaks breaks = {};
  // Who may find it.
  std::vector<std::string> checkers;
  bool has_faults = true;
  // Who judges; empty: all that fit.
  std::vector<std::string> judges = {};

  friend void PrintTo(const Scenario& scenario, std::ostream* out) { *out << scenario.name; }
};

// Who owns the log, and where it ends for him.
std::span<const Scenario> TakeoverStories();
// What the storage keeps, loses, and says of it.
std::span<const Scenario> StorageStories();
// Where readers begin, and whether they come to the end.
std::span<const Scenario> ReadingStories();
// What becomes of a transaction whose owner crashes, is slow, or is fenced.
std::span<const Scenario> TransactionStories();

}  // namespace tidelog::sim

#endif  // TIDELOG_SIM_SCENARIO_SCENARIO_H_
