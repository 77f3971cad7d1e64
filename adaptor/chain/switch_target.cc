#include "adaptor/chain/switch_target.h"

#include <memory>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "wal/base/status_macros.h"
#include "wal/status.h"
#include "walimpls/wal.h"

namespace tidelog::adaptor {
namespace {

// No log of this name is there.
Future<absl::Status> LookAtTarget(LinkPlace place) {
  absl::StatusOr<std::unique_ptr<walimpls::RoWalImpls>> there =
      co_await place.from->OpenReadOnly(place.channel, place.options);
  const WalErrorCode code = GetWalErrorCode(there.status());
  if (code == WalErrorCode::kChannelNotExist) co_return absl::OkStatus();
  if (code == WalErrorCode::kOnShutdown) co_return there.status();
  if (!there.ok()) {
    co_return WalErrorFrom(WalErrorCode::kUnavailable, "the look at it", there.status());
  }
  (void)co_await (*there)->Close(walimpls::CloseMode::kAbandon);
  co_return WalError(WalErrorCode::kInvalidArgument,
                     absl::StrCat("it holds a log of channel ", place.channel.name,
                                  " already: remove that, or take another place"));
}

}  // namespace

Future<absl::Status> PrepareTarget(LinkPlace place) {
  absl::Status looked = co_await LookAtTarget(place);
  TIDELOG_CO_RETURN_IF_ERROR(looked);
  absl::Status prepared = co_await place.from->Prepare(place.channel.name);
  switch (GetWalErrorCode(prepared)) {
    case WalErrorCode::kOk:
    case WalErrorCode::kInvalidArgument:
    case WalErrorCode::kResourceExhausted:
    case WalErrorCode::kOnShutdown:
      co_return prepared;
    case WalErrorCode::kInner:
    case WalErrorCode::kCorrupt:
      // It does not pass: the log must not be sent there.
      co_return WalErrorFrom(WalErrorCode::kInvalidArgument, "it cannot hold a log", prepared);
    default:
      co_return WalErrorFrom(WalErrorCode::kUnavailable, "it cannot be prepared", prepared);
  }
}

}  // namespace tidelog::adaptor
