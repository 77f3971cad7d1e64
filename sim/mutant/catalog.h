// The mutants there are: what each breaks, and who is to notice.
#ifndef TIDELOG_SIM_MUTANT_CATALOG_H_
#define TIDELOG_SIM_MUTANT_CATALOG_H_

#include <span>
#include <string_view>

#include "absl/status/status.h"
#include "wal/base/mutant.h"

namespace tidelog::sim {

struct MutantEntry {
  Mutant mutant = Mutant::kNone;
  std::string_view name;    // "ack-before-sync"
  std::string_view breaks;  // For people: what the log does wrong.
  std::string_view preset;  // Plans among which it is to be found (sim/plan).
  // Who may find it: checkers, "crash" for an abort of the log itself.
  std::span<const std::string_view> killers;
  // Why no simulated world can show it; mostly none.
  std::string_view unseen = {};
};

// All, in a fixed order.
std::span<const MutantEntry> AllMutants();

// Null: no mutant is called that.
const MutantEntry* FindMutant(std::string_view name);

// Switches the mutant on in this process and in those that it forks from now on.
// kInvalidArgument: no mutant is called that, and those there are are named; or this build has
// none.
absl::Status PlantMutant(std::string_view name);

// No mutant is switched on any more.
void UprootMutant();

}  // namespace tidelog::sim

#endif  // TIDELOG_SIM_MUTANT_CATALOG_H_
