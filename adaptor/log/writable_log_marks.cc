// Truncation (G3) and checkpoints (G2).
#include <compare>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "adaptor/async/ready_within.h"
#include "adaptor/log/writable_log.h"
#include "wal/async/coroutine.h"
#include "wal/base/status_macros.h"
#include "wal/observer.h"
#include "wal/status.h"

namespace tidelog::adaptor {

// Behind the fence of the log (G2).  In front of it a term that the log then refuses, an older one
// or this one a second time, would have taken the checkpoints from the log's owner; and there could
// be two claims of one term.  Until here the owner before may still move checkpoints: what it was
// told done is in what the claim reads, and nothing of the log is truncated under this term before.
// Who stops or crashes between the two leaves a log whose owner before has lost the log and not the
// checkpoints; the next open claims both.  Of two opens that race the higher term wins both, in
// whichever order they come here.
Future<absl::Status> WritableLog::ClaimCheckpoints() {
  CheckpointStore* store = opener().environment.checkpoints;
  if (store == nullptr) co_return absl::OkStatus();
  Promise<absl::Status> promise("a claim of checkpoints");
  Future<absl::Status> claimed = promise.future();
  RunClaim(store, std::move(promise));
  const bool in_time = co_await ReadyWithin(&claimed, log().options.open_step_limit);
  if (!in_time) co_return OpenHung("the claim of its checkpoints");
  absl::Status status = std::move(claimed).Take();
  if (GetWalErrorCode(status) == WalErrorCode::kOutcomeUnknown) {
    co_return WalErrorFrom(WalErrorCode::kUnavailable,
                           absl::StrCat("open ", ToString(channel()),
                                        ": nobody knows whether its checkpoints are claimed"),
                           status);
  }
  TIDELOG_CO_RETURN_IF_ERROR(status);
  std::optional<MessageId> origin = wal_->boundary();
  if (!origin) co_return absl::OkStatus();
  for (const std::string& name : checkpoints_->NamesOfForeign(origin->origin())) {
    log().Report(Event::Kind::kBackendTrouble,
                 absl::StrCat("checkpoint ", name, " of ", ToString(channel()),
                              " is at a position of another log: it holds nothing of this one "
                              "back; register it anew, or unregister it"));
  }
  co_return absl::OkStatus();
}

// On its own: if it takes too long the open ends without it, and the log waits for it in quarantine
// (H2).
Detached WritableLog::RunClaim(CheckpointStore* store, Promise<absl::Status> claimed) {
  const std::shared_ptr<ReadableLog> self = shared_from_this();
  Entries::Entry entry(&entries());
  absl::StatusOr<std::unique_ptr<CheckpointClaim>> claim = co_await store->Claim(channel());
  if (claim.ok()) checkpoints_ = std::make_unique<HeldCheckpoints>(*std::move(claim));
  claimed.Set(claim.status());
}

absl::Status WritableLog::CheckPosition(std::string_view what, const Position& position) const {
  if (!position.last_confirmed.has_value()) {
    return WalError(WalErrorCode::kInvalidArgument,
                    absl::StrCat(what, " ", ToString(channel()), ": the position has no id"));
  }
  const Submitter::Newest& newest = *submitter_->newest();
  const absl::StatusOr<std::strong_ordering> order =
      position.last_confirmed.Compare(newest.position.last_confirmed);
  if (!order.ok()) {
    return WalErrorFrom(WalErrorCode::kWalNameMismatch,
                        absl::StrCat(what, " ", ToString(channel()), " at ", position.ToString(),
                                     ": that is a position of another log or backend"),
                        order.status());
  }
  if (*order <= 0 && position.time_tick <= newest.position.time_tick) return absl::OkStatus();
  return PositionGoneError(
      absl::StrCat(what, " ", ToString(channel()), " through ", position.ToString(),
                   ": it lies above the tail, ", newest.position.ToString()),
      mark());
}

Position WritableLog::HeldByCheckpoints(const Position& through) const {
  Position mark = through;
  if (checkpoints_ != nullptr) checkpoints_->HoldBack(&mark);
  return mark;
}

Position WritableLog::HeldBack(const Position& through) const {
  Position mark = through;
  const Submitter::Covering& covering = *submitter_->newest_time_tick();
  if (BeforeWithinLog(covering.replay_from, mark.last_confirmed)) {
    mark.last_confirmed = covering.replay_from;
  }
  return mark;
}

Future<absl::StatusOr<Position>> WritableLog::Truncate(Position through) {
  const std::shared_ptr<ReadableLog> self = shared_from_this();
  Entries::Entry entry(&entries());
  co_await EnterExecutor(executor());
  TIDELOG_CO_RETURN_IF_ERROR(availability().reason());
  TIDELOG_CO_RETURN_IF_ERROR(CheckPosition("truncate", through));
  const bool mine = co_await marks_.Take();
  if (!mine) co_return MarksRefused("truncate");
  absl::StatusOr<Position> reached = co_await TruncateInTurn(through);
  marks_.Leave();
  co_return reached;
}

Future<absl::StatusOr<Position>> WritableLog::TruncateInTurn(Position through) {
  // Others move the mark as well: retention, and on a broker an owner on his way out.
  absl::StatusOr<walimpls::LogState> state = co_await wal_->Info();
  if (state.ok()) RaiseMark(state->truncated);
  TIDELOG_CO_RETURN_IF_ERROR(availability().reason());
  const Position held = HeldByCheckpoints(through);
  if (mark() && mark()->time_tick >= held.time_tick) co_return *mark();
  // What an open needs must lie above the mark: its newest TimeTick, and where its replay begins.
  const Submitter::Covering covering = *submitter_->newest_time_tick();
  if (covering.tick <= held.time_tick ||
      BeforeWithinLog(covering.replay_from, held.last_confirmed)) {
    absl::StatusOr<AppendResult> tick = co_await appender_->AppendTimeTick(/*may_retry=*/true);
    if (!tick.ok()) {
      const bool unknown = EffectOf(tick.status()) == Effect::kUnknown;
      co_return unknown ? WalErrorFrom(WalErrorCode::kUnavailable, "truncate", tick.status())
                        : tick.status();
    }
  }
  const Position target = HeldBack(held);
  absl::Status truncated = co_await wal_->Truncate(target);
  TIDELOG_CO_RETURN_IF_ERROR(truncated);
  RaiseMark(target);
  co_return *mark();
}

Future<absl::Status> WritableLog::RegisterCheckpoint(std::string name, Position position) {
  const std::shared_ptr<ReadableLog> self = shared_from_this();
  Entries::Entry entry(&entries());
  co_await EnterExecutor(executor());
  TIDELOG_CO_RETURN_IF_ERROR(availability().reason());
  if (checkpoints_ == nullptr) co_return NoCheckpointsError();
  TIDELOG_CO_RETURN_IF_ERROR(ValidateCheckpointName(name));
  const bool mine = co_await marks_.Take();
  if (!mine) co_return MarksRefused("register a checkpoint of");
  absl::Status registered = co_await RegisterInTurn(std::move(name), position);
  marks_.Leave();
  co_return registered;
}

Future<absl::Status> WritableLog::RegisterInTurn(std::string name, Position position) {
  const std::string what = absl::StrCat("register checkpoint ", name, " of");
  // Looks at the fence too: who has lost the channel may hold a position of his successor's, and
  // must not take it for one above the tail.
  absl::StatusOr<walimpls::LogState> state = co_await wal_->Info();
  TIDELOG_CO_RETURN_IF_ERROR(availability().reason());
  TIDELOG_CO_RETURN_IF_ERROR(state.status());
  RaiseMark(state->truncated);
  TIDELOG_CO_RETURN_IF_ERROR(CheckPosition(what, position));
  if (mark() && position.time_tick < mark()->time_tick) {
    co_return PositionGoneError(
        absl::StrCat(what, " ", ToString(channel()), " at ", position.ToString(),
                     ": what comes next was truncated away"),
        mark());
  }
  absl::Status put = co_await checkpoints_->Put(std::move(name), position);
  co_return put;
}

Future<absl::Status> WritableLog::UnregisterCheckpoint(std::string name) {
  const std::shared_ptr<ReadableLog> self = shared_from_this();
  Entries::Entry entry(&entries());
  co_await EnterExecutor(executor());
  TIDELOG_CO_RETURN_IF_ERROR(availability().reason());
  if (checkpoints_ == nullptr) co_return NoCheckpointsError();
  TIDELOG_CO_RETURN_IF_ERROR(ValidateCheckpointName(name));
  const bool mine = co_await marks_.Take();
  if (!mine) co_return MarksRefused("unregister a checkpoint of");
  absl::Status removed = co_await checkpoints_->Remove(std::move(name));
  marks_.Leave();
  co_return removed;
}

absl::Status WritableLog::MarksRefused(std::string_view what) {
  const absl::Status& lost = availability().reason();
  return lost.ok() ? ClosedError(what) : lost;
}

}  // namespace tidelog::adaptor
