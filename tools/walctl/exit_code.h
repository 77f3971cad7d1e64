// How walctl ends: documented in --help and README, and stable, for scripts rely on it.
#ifndef TIDELOG_TOOLS_WALCTL_EXIT_CODE_H_
#define TIDELOG_TOOLS_WALCTL_EXIT_CODE_H_

#include "absl/status/status.h"

namespace tidelog::walctl {

enum class ExitCode : int {
  kFine = 0,
  kFailed = 1,
  kUsage = 2,
  kCorrupt = 3,
  kPositionGone = 4,
  kHeldOrFenced = 5,
  kInterrupted = 130,  // As a shell reports SIGINT: what was acknowledged is kept.
};

// The code that tells a script what `status` means.
ExitCode ExitCodeOf(const absl::Status& status);

}  // namespace tidelog::walctl

#endif  // TIDELOG_TOOLS_WALCTL_EXIT_CODE_H_
