// How the simulator ends: documented in --help, and stable, for scripts rely on it.
#ifndef TIDELOG_TOOLS_SIMULATOR_EXIT_CODE_H_
#define TIDELOG_TOOLS_SIMULATOR_EXIT_CODE_H_

#include "sim/world/run.h"

namespace tidelog::simulator {

enum class ExitCode : int {
  kFine = 0,
  kNotMet = 1,  // Coverage is not what it must be, or a canary went unnoticed.
  kUsage = 2,
  kCorrectness = 20,
  kLiveness = 21,
  kCrash = 22,
  kNondeterminism = 23,
};

constexpr ExitCode ExitCodeOf(sim::Outcome outcome) {
  return static_cast<ExitCode>(static_cast<int>(outcome));
}
static_assert(ExitCodeOf(sim::Outcome::kFine) == ExitCode::kFine);
static_assert(ExitCodeOf(sim::Outcome::kCorrectness) == ExitCode::kCorrectness);
static_assert(ExitCodeOf(sim::Outcome::kLiveness) == ExitCode::kLiveness);
static_assert(ExitCodeOf(sim::Outcome::kCrash) == ExitCode::kCrash);
static_assert(ExitCodeOf(sim::Outcome::kNondeterminism) == ExitCode::kNondeterminism);

}  // namespace tidelog::simulator

#endif  // TIDELOG_TOOLS_SIMULATOR_EXIT_CODE_H_
