// Truncation (G3) and checkpoints (G2).
#include <compare>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "adaptor/async/ready_within.h"
#include "adaptor/log/writable_log.h"
#include "wal/async/coroutine.h"
#include "wal/base/status_macros.h"
#include "wal/observer.h"
#include "wal/status.h"

namespace tidelog::adaptor {

namespace {

// How long somebody waits for another's change at the store, or truncation, before he is told what
// keeps him.
constexpr absl::Duration kTurnLimit = absl::Seconds(10);

}  // namespace

// In front of the fence: a store that is down or damaged, or that will refuse the claim, must not
// cost an owner his log that can do without an open that fails.  It promises nothing: whatever
// comes between this and the claim, the claim finds out.
Future<absl::Status> WritableLog::LookAtCheckpoints() {
  absl::StatusOr<CheckpointSet> set = co_await LookAtStore();
  const std::string what =
      absl::StrCat("open ", ToString(channel()), ": the look at its checkpoints");
  TIDELOG_CO_RETURN_IF_ERROR(StoreError(what, set.status()));
  absl::StatusOr<BackendChain> chain = ChainOf(*set);
  TIDELOG_CO_RETURN_IF_ERROR(chain.status());
  set_backends(*std::move(chain));
  if (set->term <= channel().term) co_return absl::OkStatus();
  const int64_t claimed = ToInt(set->term);
  co_return WalError(
      WalErrorCode::kUnmatchedTerm,
      absl::StrCat("open ", ToString(channel()), ": its checkpoints were claimed under term ",
                   claimed, ", above this one, ", ToInt(channel().term), ": open it above ",
                   claimed, "; or, if the log was removed and made anew, remove its checkpoints ",
                   "from their store too"));
}

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
  // One of a link in front was for the chain only: an open of the same term may have owned the last
  // link since, and changed them.
  checkpoints_.reset();
  Promise<absl::Status> promise("a claim of checkpoints");
  Future<absl::Status> claimed = promise.future();
  RunClaim(store, std::move(promise));
  const bool in_time = co_await ReadyWithin(&claimed, log().options.open_step_limit);
  if (!in_time) co_return OpenHung("the claim of its checkpoints");
  absl::Status status = std::move(claimed).Take();
  co_return StoreError(absl::StrCat("open ", ToString(channel()), ": the claim of its checkpoints"),
                       status);
}

void WritableLog::ReportForeignCheckpoints() {
  const std::optional<MessageId> boundary = wal_->boundary();
  if (!boundary || checkpoints_ == nullptr) return;
  for (const std::string& name : checkpoints_->NamesOfForeign(boundary->origin(), backends())) {
    log().Report(Event::Kind::kBackendTrouble,
                 absl::StrCat("checkpoint ", name, " of ", ToString(channel()),
                              " is at a position of another log: it holds nothing of this one "
                              "back; register it anew, or unregister it"));
  }
}

// On its own: if it takes too long the open ends without it, and the log waits for it in quarantine
// (H2).
Detached WritableLog::RunClaim(CheckpointStore* store, Promise<absl::Status> claimed) {
  const std::shared_ptr<ReadableLog> self = shared_from_this();
  Entries::Entry entry(&entries());
  absl::StatusOr<std::unique_ptr<CheckpointClaim>> claim = co_await store->Claim(channel());
  absl::Status status = claim.status();
  if (status.ok()) checkpoints_ = std::make_unique<HeldCheckpoints>(*std::move(claim));
  claimed.Set(std::move(status));
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
  const uint32_t of = through.last_confirmed.origin().epoch;
  const bool is_older = through.last_confirmed.has_value() && of < epoch();
  if (!is_older) TIDELOG_CO_RETURN_IF_ERROR(CheckPosition("truncate", through));
  absl::Status mine = co_await TakeMarks("truncate");
  TIDELOG_CO_RETURN_IF_ERROR(mine);
  Future<absl::StatusOr<Position>> truncated =
      is_older ? TruncateOlderLinkInTurn(through) : TruncateInTurn(through);
  absl::StatusOr<Position> reached = co_await std::move(truncated);
  if (reached.ok() && MayDropOldestLink(of)) {
    RunDropOlderLinks(of);  // Takes the turn with it.
  } else {
    marks_.Leave();
  }
  co_return reached;
}

// Others move the mark as well: retention, and on a broker an owner on his way out.  And who has
// lost the channel is told so by storage before anything else shows it.
Future<absl::Status> WritableLog::LookAtStorage() {
  absl::StatusOr<walimpls::LogState> state = co_await wal_->Info();
  if (state.ok()) RaiseMark(state->truncated);
  if (GetWalErrorCode(state.status()) == WalErrorCode::kChannelFenced) {
    availability().Declare(state.status());
  }
  co_return state.status();
}

Future<absl::StatusOr<Position>> WritableLog::TruncateInTurn(Position through) {
  // A passing failure does not matter: what is known of the mark will do.
  (void)co_await LookAtStorage();
  TIDELOG_CO_RETURN_IF_ERROR(availability().reason());
  if (checkpoints_ != nullptr) {
    const std::optional<Position> older = checkpoints_->InOlderLink(backends(), epoch());
    if (older) {
      absl::StatusOr<Position> reached = co_await TruncateOlderLinkInTurn(*older);
      co_return reached;
    }
  }
  Position held = through;
  if (checkpoints_ != nullptr) checkpoints_->HoldBack(&held);
  if (!IsAboveMark(held)) co_return *mark();
  absl::Status ticked = co_await TickForTruncation(held);
  TIDELOG_CO_RETURN_IF_ERROR(ticked);
  Position target = HeldBack(held);
  if (!IsAboveMark(target)) co_return *mark();
  const bool hides_more = !mark() || mark()->time_tick < target.time_tick;
  if (!hides_more) target.time_tick = mark()->time_tick;
  // A position whose id and tick nobody was given together may have an id below the mark's.
  if (mark() && mark()->last_confirmed.origin() == target.last_confirmed.origin() &&
      BeforeWithinLog(target.last_confirmed, mark()->last_confirmed)) {
    target.last_confirmed = mark()->last_confirmed;
  }
  absl::Status truncated = co_await wal_->Truncate(target);
  TIDELOG_CO_RETURN_IF_ERROR(truncated);
  if (hides_more) {
    RaiseMark(target);
    co_return *mark();
  }
  // A storage may free no more for a tick that it has a mark at.
  (void)co_await LookAtStorage();
  co_return *mark();
}

bool WritableLog::IsAboveMark(const Position& position) const {
  return !mark() || mark()->time_tick < position.time_tick ||
         (mark()->last_confirmed.origin() == position.last_confirmed.origin() &&
          BeforeWithinLog(mark()->last_confirmed, position.last_confirmed));
}

// What an open needs must lie above the mark: its newest TimeTick, and where its replay begins.  A
// tick that would only move the latter is worth a try and no more: on a full disk none can be
// stored, and truncation is what makes room.
Future<absl::Status> WritableLog::TickForTruncation(Position held) {
  const bool must = submitter_->newest_time_tick()->tick <= held.time_tick;
  if (!must && !TickWouldFreeMore(held)) co_return absl::OkStatus();
  absl::StatusOr<AppendResult> tick = co_await appender_->AppendTimeTick(/*may_retry=*/must);
  if (tick.ok()) co_return absl::OkStatus();
  if (EffectOf(tick.status()) == Effect::kUnknown) {
    co_return WalErrorFrom(WalErrorCode::kUnavailable, "truncate", tick.status());
  }
  co_return must ? tick.status() : availability().reason();
}

bool WritableLog::TickWouldFreeMore(const Position& held) const {
  const MessageId& from = submitter_->newest_time_tick()->replay_from;
  if (!BeforeWithinLog(from, held.last_confirmed)) return false;
  const std::optional<MessageId> next = submitter_->NextReplayStart();
  return next && BeforeWithinLog(from, *next);
}

Future<absl::Status> WritableLog::RegisterCheckpoint(std::string name, Position position) {
  const std::shared_ptr<ReadableLog> self = shared_from_this();
  Entries::Entry entry(&entries());
  co_await EnterExecutor(executor());
  TIDELOG_CO_RETURN_IF_ERROR(availability().reason());
  if (checkpoints_ == nullptr) co_return NoCheckpointsError();
  TIDELOG_CO_RETURN_IF_ERROR(ValidateCheckpointName(name));
  const std::string what = absl::StrCat("register checkpoint ", name, " of");
  absl::Status mine = co_await TakeMarks(what);
  TIDELOG_CO_RETURN_IF_ERROR(mine);
  absl::Status allowed = co_await MayRegister(what, position);
  if (!allowed.ok()) {
    marks_.Leave();
    co_return allowed;
  }
  absl::Status registered = co_await ChangeCheckpoint(std::move(name), position);
  co_return registered;
}

Future<absl::Status> WritableLog::MayRegister(std::string what, Position position) {
  // Who has lost the channel may hold a position of his successor's, and must not take it for one
  // above the tail.
  absl::Status looked = co_await LookAtStorage();
  TIDELOG_CO_RETURN_IF_ERROR(availability().reason());
  TIDELOG_CO_RETURN_IF_ERROR(looked);
  const uint32_t of = position.last_confirmed.origin().epoch;
  if (position.last_confirmed.has_value() && of < epoch()) {
    absl::Status allowed = co_await MayRegisterInOlderLink(std::move(what), position);
    co_return allowed;
  }
  TIDELOG_CO_RETURN_IF_ERROR(CheckPosition(what, position));
  if (mark() && position.time_tick < mark()->time_tick) {
    co_return TruncatedAway(absl::StrCat(what, " ", ToString(channel())), position, mark());
  }
  co_return absl::OkStatus();
}

Future<absl::Status> WritableLog::UnregisterCheckpoint(std::string name) {
  const std::shared_ptr<ReadableLog> self = shared_from_this();
  Entries::Entry entry(&entries());
  co_await EnterExecutor(executor());
  TIDELOG_CO_RETURN_IF_ERROR(availability().reason());
  if (checkpoints_ == nullptr) co_return NoCheckpointsError();
  TIDELOG_CO_RETURN_IF_ERROR(ValidateCheckpointName(name));
  absl::Status mine = co_await TakeMarks(absl::StrCat("unregister checkpoint ", name, " of"));
  TIDELOG_CO_RETURN_IF_ERROR(mine);
  absl::Status removed = co_await ChangeCheckpoint(std::move(name), std::nullopt);
  co_return removed;
}

Future<absl::Status> WritableLog::ChangeCheckpoint(std::string name, std::optional<Position> to) {
  changing_.emplace("a change of a checkpoint");
  Future<absl::Status> changed = changing_->future();
  RunChange(std::move(name), to);
  return changed;
}

// On its own: nobody bounds what a store does.  The turn goes with it, for its outcome is open
// until it comes back, and the log waits for it in quarantine (H2).
Detached WritableLog::RunChange(std::string name, std::optional<Position> to) {
  const std::shared_ptr<ReadableLog> self = shared_from_this();
  Entries::Entry entry(&entries());
  Future<absl::Status> change = to.has_value() ? checkpoints_->Put(std::move(name), *to)
                                               : checkpoints_->Remove(std::move(name));
  absl::Status changed = co_await std::move(change);
  if (changing_.has_value()) changing_->Set(std::move(changed));
  changing_.reset();
  marks_.Leave();
}

void WritableLog::AnswerChangeUnknown(const absl::Status& why) {
  if (!changing_.has_value()) return;
  changing_->Set(WalErrorFrom(WalErrorCode::kOutcomeUnknown,
                              absl::StrCat(marks_are_for_, ": it is with the store"), why));
  changing_.reset();
}

Future<absl::Status> WritableLog::TakeMarks(std::string what) {
  const bool mine = co_await marks_.Take(kTurnLimit);
  if (mine) {
    marks_are_for_ = absl::StrCat(what, " ", ToString(channel()));
    co_return absl::OkStatus();
  }
  TIDELOG_CO_RETURN_IF_ERROR(availability().reason());
  if (marks_.closed()) co_return ClosedError(what);
  co_return WalError(
      WalErrorCode::kUnavailable,
      absl::StrCat(what, " ", ToString(channel()), ": this has not come to its end for ",
                   absl::FormatDuration(kTurnLimit), ", and goes first: ", marks_are_for_));
}

}  // namespace tidelog::adaptor
