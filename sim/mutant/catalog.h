// The mutants there are: what each breaks, and who is to notice.
#ifndef TIDELOG_SIM_MUTANT_CATALOG_H_
#define TIDELOG_SIM_MUTANT_CATALOG_H_

#include <span>
#include <string_view>

#include "wal/base/mutant.h"

namespace tidelog::sim {

struct MutantEntry {
  Mutant mutant = Mutant::kNone;
  std::string_view name;    // "ack-before-sync"
  std::string_view breaks;  // For people: what the log does wrong.
  std::string_view preset;  // Plans among which it is to be found (sim/plan).
  // Who may find it: checkers, "crash" for an abort of the log itself.
  std::span<const std::string_view> killers;
};

// All, in a fixed order.
std::span<const MutantEntry> AllMutants();

// Null: no mutant is called that.
const MutantEntry* FindMutant(std::string_view name);

}  // namespace tidelog::sim

#endif  // TIDELOG_SIM_MUTANT_CATALOG_H_
