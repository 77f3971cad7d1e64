// Switches of the backend (G6): the end of a link, the next one, and the end of those before.
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

// Asking.

Future<absl::StatusOr<AppendResult>> WritableLog::AppendAlterWal(MutableMessage message,
                                                                 AppendOptions options) {
  const std::shared_ptr<ReadableLog> self = shared_from_this();
  Entries::Entry entry(&entries());
  co_await EnterExecutor(executor());
  const absl::Duration began = executor()->Now();
  TIDELOG_CO_RETURN_IF_ERROR(availability().reason());
  absl::StatusOr<BackendTarget> target = TargetOf(message.view());
  TIDELOG_CO_RETURN_IF_ERROR(target.status());
  TIDELOG_CO_RETURN_IF_ERROR(CheckTarget(*target));
  absl::Status free = co_await LookAtTarget(*std::move(target));
  TIDELOG_CO_RETURN_IF_ERROR(free);
  if (options.timeout != absl::InfiniteDuration()) options.timeout -= executor()->Now() - began;
  Future<absl::StatusOr<AppendResult>> appended = appender_->Append(std::move(message), options);
  absl::StatusOr<AppendResult> result = co_await std::move(appended);
  co_return result;
}

// One of several messages is refused as every exclusive one is.
Future<BatchResult> WritableLog::RefuseAlterWalInBatch() const {
  BatchResult result;
  result.rest = WalError(WalErrorCode::kInvalidArgument,
                         absl::StrCat("append an AlterWAL to ", ToString(channel()),
                                      ": not as a batch, but by Append()"));
  return MakeReadyFuture(std::move(result));
}

// Whether the next owner could go there, as far as can be said without looking.
absl::Status WritableLog::CheckTarget(const BackendTarget& target) {
  const std::string what = absl::StrCat("switch ", ToString(channel()), " to ", target.backend);
  if (checkpoints_ == nullptr) {
    return WalErrorFrom(WalErrorCode::kInvalidArgument, what, NoCheckpointsError());
  }
  const BackendTarget own = {opener().backend_name, opener().backend_config};
  for (const ChainLink& link : backends().links) {
    if (target != (link.epoch == 0 ? own : link.target)) continue;
    return WalError(WalErrorCode::kInvalidArgument,
                    absl::StrCat(what, ": it lies there ",
                                 link.epoch == epoch() ? "already" : "in part, from earlier on"));
  }
  BackendChain chain = backends();
  chain.links.push_back({epoch() + 1, target, kTermMax, TimeTick{~uint64_t{0}}});
  const size_t size = EncodeChain(chain).size();
  if (size <= kCheckpointChainMax) return absl::OkStatus();
  return WalError(WalErrorCode::kInvalidArgument,
                  absl::StrCat(what, ": the chain of backends would be of ", size,
                               " bytes, and at most ", kCheckpointChainMax,
                               " are kept: truncate the log, so that its oldest backends go"));
}

Future<absl::Status> WritableLog::LookAtTarget(BackendTarget target) {
  const std::string what = absl::StrCat("switch ", ToString(channel()), " to ", target.backend);
  const absl::StatusOr<walimpls::OpenerImpls*> at = opener().links->Get(target);
  if (!at.ok()) co_return WalErrorFrom(GetWalErrorCode(at.status()), what, at.status());
  Promise<absl::Status> promise("a look at where a log goes on");
  Future<absl::Status> looked = promise.future();
  RunLookAtTarget(*at, std::move(promise));
  const bool in_time = co_await ReadyWithin(&looked, log().options.open_step_limit);
  if (!in_time) {
    co_return WalError(WalErrorCode::kUnavailable,
                       absl::StrCat(what, ": the look at it took longer than ",
                                    absl::FormatDuration(log().options.open_step_limit)));
  }
  const absl::Status status = std::move(looked).Take();
  if (GetWalErrorCode(status) == WalErrorCode::kChannelNotExist) co_return absl::OkStatus();
  if (status.ok()) {
    co_return WalError(WalErrorCode::kInvalidArgument,
                       absl::StrCat(what, ": it holds a log of channel ", channel().name,
                                    " already: remove that, or take another place"));
  }
  co_return WalErrorFrom(WalErrorCode::kUnavailable, absl::StrCat(what, ": the look at it"),
                         status);
}

// On its own, as RunClaim().
Detached WritableLog::RunLookAtTarget(walimpls::OpenerImpls* at, Promise<absl::Status> looked) {
  const std::shared_ptr<ReadableLog> self = shared_from_this();
  Entries::Entry entry(&entries());
  walimpls::OpenOptions options;
  options.strand = executor();
  options.epoch = epoch() + 1;
  OpenedBackend there = co_await at->OpenReadOnly(channel(), options);
  if (there.ok()) (void)co_await (*there)->Close(walimpls::CloseMode::kAbandon);
  looked.Set(there.status());
}

// Completing.

// Fences the last link, then those who may change the chain; and once nobody else can, it is seen
// whether that link is still the last.
Future<absl::Status> WritableLog::OpenLastLink() {
  while (true) {
    if (stop_opening_) co_return ClosedError("open");
    const uint32_t last = backends().last().epoch;
    absl::Status open = co_await OpenBackend(last);
    TIDELOG_CO_RETURN_IF_ERROR(open);
    absl::Status learned = co_await LearnState();
    TIDELOG_CO_RETURN_IF_ERROR(learned);
    absl::Status claimed = co_await ClaimCheckpoints();
    TIDELOG_CO_RETURN_IF_ERROR(claimed);
    if (checkpoints_ == nullptr) co_return absl::OkStatus();
    CheckpointSet set;
    set.chain = checkpoints_->chain();
    absl::StatusOr<BackendChain> chain = ChainOf(set);
    TIDELOG_CO_RETURN_IF_ERROR(chain.status());
    set_backends(*std::move(chain));
    if (backends().last().epoch == last) break;
    absl::Status left = co_await LeaveLink();
    TIDELOG_CO_RETURN_IF_ERROR(left);
  }
  ReportForeignCheckpoints();
  co_return absl::OkStatus();
}

// The record is durable below the boundary of this term, and nobody appends behind it: not a lower
// term, which is fenced, and not this one, which stores no tick here.  So whoever crashes from here
// on leaves a log that the next open completes, or finds completed.
Future<absl::Status> WritableLog::CompleteSwitch() {
  const ImmutableMessage& end = switch_finder_.end();
  const std::string what =
      absl::StrCat("open ", ToString(channel()), ": it ended at tick ", ToInt(end.time_tick()));
  if (switch_finder_.is_followed()) {
    co_return WalError(WalErrorCode::kCorrupt,
                       absl::StrCat(what, " by an AlterWAL, and something lies behind that"));
  }
  absl::StatusOr<BackendTarget> target = TargetOf(end.record());
  if (!target.ok()) co_return WalErrorFrom(WalErrorCode::kCorrupt, what, target.status());
  if (checkpoints_ == nullptr) {
    co_return WalErrorFrom(WalErrorCode::kInvalidArgument,
                           absl::StrCat(what, ", and goes on in backend ", target->backend),
                           NoCheckpointsError());
  }
  absl::Status free = co_await LookAtTarget(*target);
  if (!free.ok()) {
    // Nothing is wrong with the caller's arguments here.
    const bool passes = GetWalErrorCode(free) == WalErrorCode::kUnavailable;
    co_return WalErrorFrom(passes ? WalErrorCode::kUnavailable : WalErrorCode::kInner, what, free);
  }
  if (stop_opening_) co_return ClosedError("open");
  BackendChain chain = backends();
  chain.links.push_back({epoch() + 1, *std::move(target), channel().term, end.time_tick()});
  absl::Status put = co_await PutChain(chain);
  TIDELOG_CO_RETURN_IF_ERROR(StoreError("the change of its chain of backends", put));
  set_backends(std::move(chain));
  co_return absl::OkStatus();
}

Future<absl::Status> WritableLog::PutChain(BackendChain chain) {
  Promise<absl::Status> promise("a change of a chain of backends");
  Future<absl::Status> put = promise.future();
  RunPutChain(EncodeChain(chain), std::move(promise));
  const bool in_time = co_await ReadyWithin(&put, log().options.open_step_limit);
  if (!in_time) co_return OpenHung("the change of its chain of backends");
  co_return std::move(put).Take();
}

// On its own, as RunClaim().
Detached WritableLog::RunPutChain(std::string chain, Promise<absl::Status> put) {
  const std::shared_ptr<ReadableLog> self = shared_from_this();
  Entries::Entry entry(&entries());
  absl::Status status = co_await checkpoints_->PutChain(std::move(chain));
  put.Set(std::move(status));
}

// Cleanly: nothing is owed there, and this term may come back to empty it.
Future<absl::Status> WritableLog::LeaveLink() {
  wal_ = nullptr;
  absl::Status left = co_await LeaveBackend(walimpls::CloseMode::kClean);
  TIDELOG_CO_RETURN_IF_ERROR(left);
  if (replay_ != nullptr) co_await replay_->WhenFree();
  if (chain_ != nullptr) {
    for (size_t i = 0; i < chain_->size(); ++i) (*chain_)[i].Close();
  }
  replay_.reset();
  chain_.reset();
  idempotency_ = nullptr;
  transactions_ = nullptr;
  admission_ = nullptr;
  switch_finder_ = SwitchFinder();
  co_return absl::OkStatus();
}

// Older links.

// Whether `position` is one of an older link, of which `state` is known; `what` is done with it.
absl::Status WritableLog::CheckWithin(std::string_view what, const Position& position,
                                      const walimpls::LogState& state) const {
  const std::string at = absl::StrCat(what, " ", ToString(channel()), " at ", position.ToString());
  if (!state.tail_id || state.tail_id->origin() != position.last_confirmed.origin()) {
    return WalError(WalErrorCode::kWalNameMismatch,
                    absl::StrCat(at, ": that is a position of another log or backend"));
  }
  if (position.time_tick <= state.tail->time_tick) return absl::OkStatus();
  return PositionGoneError(
      absl::StrCat(at, ": it lies above the end of its epoch, ", state.tail->ToString()),
      state.truncated);
}

Future<absl::Status> WritableLog::MayRegisterInOlderLink(std::string what, Position position) {
  absl::StatusOr<ScanLink> link = co_await Link(position.last_confirmed.origin().epoch);
  TIDELOG_CO_RETURN_IF_ERROR(link.status());
  absl::StatusOr<walimpls::LogState> state = co_await link->backend->Info();
  TIDELOG_CO_RETURN_IF_ERROR(state.status());
  TIDELOG_CO_RETURN_IF_ERROR(CheckWithin(what, position, *state));
  if (state->truncated && position.time_tick < state->truncated->time_tick) {
    co_return PositionGoneError(
        absl::StrCat(what, " ", ToString(channel()), " at ", position.ToString(),
                     ": what comes next was truncated away"),
        state->truncated);
  }
  co_return absl::OkStatus();
}

bool WritableLog::MayDropOldestLink(uint32_t below) {
  const uint32_t oldest = backends().first().epoch;
  return checkpoints_ != nullptr && oldest < below && availability().reason().ok() &&
         !checkpoints_->InOlderLink(oldest, oldest + 1);
}

// Its data goes first: a crash between leaves a link that holds nothing, and the next truncation
// comes here again.
Detached WritableLog::RunDropOlderLinks(uint32_t below) {
  const std::shared_ptr<ReadableLog> self = shared_from_this();
  Entries::Entry entry(&entries());
  while (MayDropOldestLink(below)) {
    const ChainLink oldest = backends().first();
    absl::StatusOr<std::optional<Position>> emptied = co_await TruncateLink(oldest, std::nullopt);
    absl::Status dropped = emptied.status();
    if (dropped.ok() && availability().reason().ok()) {
      BackendChain rest = backends();
      rest.links.erase(rest.links.begin());
      std::string encoded = EncodeChain(rest);
      dropped = co_await checkpoints_->PutChain(std::move(encoded));
      if (dropped.ok()) set_backends(std::move(rest));
    }
    if (dropped.ok()) continue;
    log().Report(Event::Kind::kBackendTrouble,
                 absl::StrCat("what ", ToString(channel()), " has in backend ",
                              oldest.target.backend, ", epoch ", oldest.epoch,
                              ", is not needed any more, and stays until the next truncation: ",
                              dropped.message()));
    break;
  }
  marks_.Leave();
}

// G3, on a link that is not appended to any more: nothing in it is replayed by an open.
Future<absl::StatusOr<Position>> WritableLog::TruncateOlderLinkInTurn(Position through) {
  // Whoever has lost the log must not empty what is another's.
  absl::Status looked = co_await LookAtStorage();
  TIDELOG_CO_RETURN_IF_ERROR(availability().reason());
  TIDELOG_CO_RETURN_IF_ERROR(looked);
  const ChainLink link = *backends().Find(through.last_confirmed.origin().epoch);
  const std::optional<Position> older =
      checkpoints_->InOlderLink(backends().first().epoch, link.epoch);
  if (older) co_return *older;
  absl::StatusOr<std::optional<Position>> reached =
      co_await TruncateLink(link, HeldByCheckpoints(through));
  TIDELOG_CO_RETURN_IF_ERROR(reached.status());
  // Scans that are in it are told.
  (void)co_await Link(link.epoch);
  for (const std::shared_ptr<LogScan>& scan : scans()) scan->OnTruncated();
  co_return reached->value_or(through);
}

Future<absl::StatusOr<std::optional<Position>>> WritableLog::TruncateLink(
    ChainLink link, std::optional<Position> through) {
  const absl::StatusOr<walimpls::OpenerImpls*> from = OpenerOf(link);
  TIDELOG_CO_RETURN_IF_ERROR(from.status());
  walimpls::OpenOptions options;
  options.strand = executor();
  options.epoch = link.epoch;
  // An open for writing would make anew what somebody has removed.
  OpenedBackend there = co_await (*from)->OpenReadOnly(channel(), options);
  if (GetWalErrorCode(there.status()) == WalErrorCode::kChannelNotExist) co_return std::nullopt;
  TIDELOG_CO_RETURN_IF_ERROR(there.status());
  (void)co_await (*there)->Close(walimpls::CloseMode::kAbandon);
  absl::StatusOr<std::unique_ptr<walimpls::WalImpls>> opened =
      co_await (*from)->Open(channel(), options);
  TIDELOG_CO_RETURN_IF_ERROR(opened.status());
  absl::StatusOr<walimpls::LogState> state = co_await (*opened)->Info();
  absl::Status status = state.status();
  std::optional<Position> reached;
  if (status.ok() && state->tail) {
    reached = through.value_or(*state->tail);
    status = CheckWithin("truncate", *reached, *state);
    const bool is_above = !state->truncated || state->truncated->time_tick < reached->time_tick;
    if (status.ok() && is_above) status = co_await (*opened)->Truncate(*reached);
    if (!is_above) reached = state->truncated;
  }
  (void)co_await (*opened)->Close(walimpls::CloseMode::kClean);
  TIDELOG_CO_RETURN_IF_ERROR(status);
  co_return reached;
}

}  // namespace tidelog::adaptor
