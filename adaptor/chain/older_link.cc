#include "adaptor/chain/older_link.h"

#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "wal/base/status_macros.h"
#include "wal/message/message_id.h"
#include "wal/status.h"

namespace tidelog::adaptor {
namespace {

using OpenedLink = absl::StatusOr<std::unique_ptr<walimpls::WalImpls>>;

Future<OpenedLink> OpenForChange(LinkPlace place) {
  // An open for writing would make anew what somebody has removed.
  absl::Status there = co_await LookForLink(place);
  TIDELOG_CO_RETURN_IF_ERROR(there);
  OpenedLink opened = co_await place.from->Open(place.channel, place.options);
  co_return opened;
}

}  // namespace

Future<absl::Status> LookForLink(LinkPlace place) {
  absl::StatusOr<std::unique_ptr<walimpls::RoWalImpls>> there =
      co_await place.from->OpenReadOnly(place.channel, place.options);
  TIDELOG_CO_RETURN_IF_ERROR(there.status());
  absl::StatusOr<walimpls::LogState> state = co_await (*there)->Info();
  (void)co_await (*there)->Close(walimpls::CloseMode::kAbandon);
  TIDELOG_CO_RETURN_IF_ERROR(state.status());
  co_return CheckIsLink(place, state->tail_id);
}

absl::Status CheckIsLink(const LinkPlace& place, const std::optional<MessageId>& id) {
  if (!place.log || !id || id->origin().log == *place.log) return absl::OkStatus();
  return WalError(WalErrorCode::kChannelNotExist,
                  absl::StrCat("another log of channel ", place.channel.name, " is there, number ",
                               absl::Hex(id->origin().log, absl::kZeroPad8), " and not ",
                               absl::Hex(*place.log, absl::kZeroPad8)));
}

Future<absl::StatusOr<walimpls::LogState>> FenceLink(LinkPlace place) {
  OpenedLink opened = co_await OpenForChange(std::move(place));
  TIDELOG_CO_RETURN_IF_ERROR(opened.status());
  absl::StatusOr<walimpls::LogState> state = co_await (*opened)->Info();
  // Cleanly: nothing is owed there, and this term may come back to truncate it.
  (void)co_await (*opened)->Close(walimpls::CloseMode::kClean);
  co_return state;
}

Future<absl::StatusOr<std::optional<Position>>> TruncateLink(LinkPlace place,
                                                             std::optional<Position> through) {
  const std::string what = absl::StrCat("truncate ", ToString(place.channel));
  OpenedLink opened = co_await OpenForChange(std::move(place));
  TIDELOG_CO_RETURN_IF_ERROR(opened.status());
  absl::StatusOr<walimpls::LogState> state = co_await (*opened)->Info();
  absl::Status status = state.status();
  std::optional<Position> reached;
  if (status.ok() && state->tail) {
    reached = through.value_or(*state->tail);
    status = CheckWithin(what, *reached, *state);
    const bool is_above = !state->truncated || state->truncated->time_tick < reached->time_tick;
    if (status.ok() && is_above) status = co_await (*opened)->Truncate(*reached);
    if (!is_above) reached = state->truncated;
  }
  (void)co_await (*opened)->Close(walimpls::CloseMode::kClean);
  TIDELOG_CO_RETURN_IF_ERROR(status);
  co_return reached;
}

absl::Status CheckWithin(std::string_view what, const Position& position,
                         const walimpls::LogState& state) {
  const std::string at = absl::StrCat(what, " at ", position.ToString());
  if (!state.tail_id || state.tail_id->origin() != position.last_confirmed.origin()) {
    return WalError(WalErrorCode::kWalNameMismatch,
                    absl::StrCat(at, ": that is a position of another log or backend"));
  }
  // Both count: storage forgets by the id, and hides by the tick.
  const bool is_behind = BeforeWithinLog(*state.tail_id, position.last_confirmed);
  if (!is_behind && position.time_tick <= state.tail->time_tick) return absl::OkStatus();
  return PositionGoneError(
      absl::StrCat(at, ": it lies above the end of its epoch, ", state.tail->ToString()),
      state.truncated);
}

absl::Status TruncatedAway(std::string_view what, const Position& position,
                           const std::optional<Position>& oldest) {
  return PositionGoneError(
      absl::StrCat(what, " at ", position.ToString(), ": what comes next was truncated away"),
      oldest);
}

}  // namespace tidelog::adaptor
