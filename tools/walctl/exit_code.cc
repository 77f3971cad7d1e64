#include "tools/walctl/exit_code.h"

#include "absl/status/status.h"
#include "wal/status.h"

namespace tidelog::walctl {

ExitCode ExitCodeOf(const absl::Status& status) {
  switch (GetWalErrorCode(status)) {
    case WalErrorCode::kOk:
      return ExitCode::kFine;
    case WalErrorCode::kInvalidArgument:
    case WalErrorCode::kWalNameMismatch:
      return ExitCode::kUsage;
    case WalErrorCode::kCorrupt:
      return ExitCode::kCorrupt;
    case WalErrorCode::kPositionGone:
      return ExitCode::kPositionGone;
    case WalErrorCode::kChannelFenced:
    case WalErrorCode::kUnmatchedTerm:
    case WalErrorCode::kResourceAcquired:
      return ExitCode::kHeldOrFenced;
    default:
      return ExitCode::kFailed;
  }
}

}  // namespace tidelog::walctl
