// Switches of the backend (G6): the end of a link, the next one, and the end of those before.
#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "adaptor/async/ready_within.h"
#include "adaptor/chain/switch_target.h"
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
  absl::Status ready = co_await MakeTargetReady(*std::move(target), options.timeout);
  TIDELOG_CO_RETURN_IF_ERROR(ready);
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

// Whether the next owner may go there, as far as can be said without looking.
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
  for (ChainLink& link : chain.links) link.log = 0;
  chain.links.push_back({epoch() + 1, target, kTermMax, TimeTick{~uint64_t{0}}, 0});
  const size_t size = EncodeChain(chain).size();
  if (size <= kCheckpointChainMax) return absl::OkStatus();
  return WalError(WalErrorCode::kInvalidArgument,
                  absl::StrCat(what, ": the chain of backends would be of ", size,
                               " bytes, and at most ", kCheckpointChainMax,
                               " are kept: truncate the log, so that its oldest backends go"));
}

// Whether he can go there, and what has to be done there for it, within `limit`.
Future<absl::Status> WritableLog::MakeTargetReady(BackendTarget target, absl::Duration limit) {
  const std::string what = absl::StrCat("switch ", ToString(channel()), " to ", target.backend);
  const absl::StatusOr<walimpls::OpenerImpls*> at = opener().links->Get(target);
  if (!at.ok()) co_return WalErrorFrom(GetWalErrorCode(at.status()), what, at.status());
  LinkPlace place{*at, channel(), {}, std::nullopt};
  place.options.strand = executor();
  place.options.epoch = epoch() + 1;
  Promise<absl::Status> promise("a look at where a log goes on");
  Future<absl::Status> ready = promise.future();
  RunStep(PrepareTarget(std::move(place)), std::move(promise));
  limit = std::min(limit, log().options.open_step_limit);
  const bool in_time = co_await ReadyWithin(&ready, limit);
  if (!in_time) {
    co_return WalError(
        WalErrorCode::kUnavailable,
        absl::StrCat(what, ": the look at it took longer than ", absl::FormatDuration(limit)));
  }
  const absl::Status status = std::move(ready).Take();
  if (status.ok()) co_return status;
  co_return WalErrorFrom(GetWalErrorCode(status), what, status);
}

// On its own, as RunClaim().
Detached WritableLog::RunStep(Future<absl::Status> step, Promise<absl::Status> done) {
  const std::shared_ptr<ReadableLog> self = shared_from_this();
  Entries::Entry entry(&entries());
  absl::Status status = co_await std::move(step);
  done.Set(std::move(status));
}

// Completing.

// Fences the last link, then those who may change the chain; and once nobody else can, it is seen
// whether that link is still the last.
//
// What a look at the store shows may never be done, so no log is made on its word: where nobody has
// appended to the last link yet, the one before, which is there, is fenced for the claim.
Future<absl::Status> WritableLog::OpenLastLink(bool chain_is_stored) {
  while (true) {
    if (stop_opening_) co_return ClosedError("open");
    const bool may_make = chain_is_stored || backends().last().log || backends().links.size() == 1;
    const uint32_t last = backends().last().epoch - (may_make ? 0 : 1);
    absl::Status open = co_await OpenLink(last);
    TIDELOG_CO_RETURN_IF_ERROR(open);
    absl::StatusOr<bool> goes_on = co_await GoesOnWithoutClaim();
    TIDELOG_CO_RETURN_IF_ERROR(goes_on.status());
    if (!*goes_on) {
      absl::Status claimed = co_await ClaimCheckpoints();
      TIDELOG_CO_RETURN_IF_ERROR(claimed);
      if (checkpoints_ == nullptr) co_return absl::OkStatus();
      CheckpointSet set;
      set.chain = checkpoints_->chain();
      absl::StatusOr<BackendChain> chain = ChainOf(set);
      TIDELOG_CO_RETURN_IF_ERROR(chain.status());
      set_backends(*std::move(chain));
    }
    if (backends().last().epoch == last) break;
    chain_is_stored = true;
    absl::Status left = co_await LeaveLink();
    TIDELOG_CO_RETURN_IF_ERROR(left);
  }
  ReportForeignCheckpoints();
  co_return absl::OkStatus();
}

// What has been appended to must be there: an open for writing would make it anew where its disk is
// not mounted.
Future<absl::Status> WritableLog::OpenLink(uint32_t epoch) {
  const ChainLink link = *backends().Find(epoch);
  const absl::StatusOr<LinkPlace> place = PlaceOf(link);
  TIDELOG_CO_RETURN_IF_ERROR(place.status());
  absl::Status there;
  if (link.log) {
    Promise<absl::Status> promise("a look for a log that goes on elsewhere");
    Future<absl::Status> looked = promise.future();
    RunStep(LookForLink(*place), std::move(promise));
    const bool in_time = co_await ReadyWithin(&looked, log().options.open_step_limit);
    if (!in_time) co_return OpenHung("the look for where it goes on");
    there = std::move(looked).Take();
  }
  if (there.ok()) {
    absl::Status open = co_await OpenBackend(epoch);
    TIDELOG_CO_RETURN_IF_ERROR(open);
    there = CheckIsLink(*place, wal_->boundary());
  }
  if (GetWalErrorCode(there) == WalErrorCode::kChannelNotExist) co_return LinkMissing(link, there);
  TIDELOG_CO_RETURN_IF_ERROR(there);
  absl::Status learned = co_await LearnState();
  co_return learned;
}

// Whether the log goes on behind the link that is open, so that its checkpoints are claimed there:
// a clean mark lets the same term into a link that it has left, while it owns the last one.  What
// it left it knew to be stored, and what somebody has appended to is there.
Future<absl::StatusOr<bool>> WritableLog::GoesOnWithoutClaim() {
  absl::StatusOr<CheckpointSet> set = co_await LookAtStore();
  const std::string what = absl::StrCat("open ", ToString(channel()), ": the look at its chain");
  TIDELOG_CO_RETURN_IF_ERROR(StoreError(what, set.status()));
  absl::StatusOr<BackendChain> chain = ChainOf(*set);
  TIDELOG_CO_RETURN_IF_ERROR(chain.status());
  if (chain->last().epoch <= epoch()) co_return false;
  if (set->term != channel().term && !chain->last().log) co_return false;
  set_backends(*std::move(chain));
  co_return true;
}

// From the first acknowledged append on, the chain says which log it is in.
Future<absl::Status> WritableLog::PutLogInChain() {
  if (epoch() == 0 || link().log) co_return absl::OkStatus();
  BackendChain chain = backends();
  chain.links.back().log = submitter_->newest()->id.origin().log;
  absl::Status put = co_await PutChain(chain);
  const std::string what = absl::StrCat("open ", ToString(channel()), ": the change of its chain");
  TIDELOG_CO_RETURN_IF_ERROR(StoreError(what, put));
  set_backends(std::move(chain));
  co_return absl::OkStatus();
}

// What lies in this link has an end: puts the next one into the chain.
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
  absl::Status ready = co_await MakeTargetReady(*target, log().options.open_step_limit);
  if (!ready.ok()) {
    // Nothing is wrong with the caller's arguments here.
    const WalErrorCode code = GetWalErrorCode(ready);
    const bool is_wrong = code == WalErrorCode::kInvalidArgument;
    co_return WalErrorFrom(is_wrong ? WalErrorCode::kInner : code, what, ready);
  }
  if (stop_opening_) co_return ClosedError("open");
  BackendChain chain = backends();
  chain.links.back().log = end.id().origin().log;
  chain.links.push_back({epoch() + 1, *std::move(target), channel().term, end.time_tick()});
  absl::Status put = co_await PutChain(chain);
  TIDELOG_CO_RETURN_IF_ERROR(
      StoreError(absl::StrCat(what, ": the change of its chain of backends"), put));
  set_backends(std::move(chain));
  co_return absl::OkStatus();
}

Future<absl::Status> WritableLog::PutChain(BackendChain chain) {
  Promise<absl::Status> promise("a change of a chain of backends");
  Future<absl::Status> put = promise.future();
  RunStep(checkpoints_->PutChain(EncodeChain(chain)), std::move(promise));
  const bool in_time = co_await ReadyWithin(&put, log().options.open_step_limit);
  if (!in_time) co_return OpenHung("the change of its chain of backends");
  co_return std::move(put).Take();
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

// Storage has refused this term there: it has lost the log; or it was cut off while it was there.
Future<absl::Status> WritableLog::WhyNotInOlderLink(ChainLink link, absl::Status status) {
  if (GetWalErrorCode(status) != WalErrorCode::kUnmatchedTerm) co_return status;
  (void)co_await LookAtStorage();
  TIDELOG_CO_RETURN_IF_ERROR(availability().reason());
  co_return WalErrorFrom(
      WalErrorCode::kUnavailable,
      absl::StrCat(ToString(channel()), " in backend ", link.target.backend, ", epoch ", link.epoch,
                   ", which this term has not closed: if it stays so, open the log under a higher"),
      status);
}

// What is there, and no lower term changes it any more.  Once is enough: this term changes it in
// its turn only.
Future<absl::StatusOr<walimpls::LogState>> WritableLog::StateOfOlderLink(uint32_t of) {
  if (fenced_links_.contains(of)) {
    absl::StatusOr<ScanLink> read = co_await Link(of);
    TIDELOG_CO_RETURN_IF_ERROR(read.status());
    absl::StatusOr<walimpls::LogState> state = co_await read->backend->Info();
    co_return state;
  }
  const ChainLink link = *backends().Find(of);
  const absl::StatusOr<LinkPlace> place = PlaceOf(link);
  TIDELOG_CO_RETURN_IF_ERROR(place.status());
  absl::StatusOr<walimpls::LogState> state = co_await FenceLink(*place);
  if (state.ok()) {
    fenced_links_.insert(of);
    co_return state;
  }
  absl::Status why = co_await WhyNotInOlderLink(link, state.status());
  co_return why;
}

Future<absl::StatusOr<std::optional<Position>>> WritableLog::TruncateOlderLink(
    ChainLink link, std::optional<Position> through) {
  const absl::StatusOr<LinkPlace> place = PlaceOf(link);
  TIDELOG_CO_RETURN_IF_ERROR(place.status());
  absl::StatusOr<std::optional<Position>> reached = co_await TruncateLink(*place, through);
  if (GetWalErrorCode(reached.status()) == WalErrorCode::kChannelNotExist) co_return std::nullopt;
  if (reached.ok()) co_return reached;
  absl::Status why = co_await WhyNotInOlderLink(link, reached.status());
  co_return why;
}

Future<absl::Status> WritableLog::MayRegisterInOlderLink(std::string what, Position position) {
  absl::StrAppend(&what, " ", ToString(channel()));
  absl::StatusOr<ScanLink> oldest = co_await OldestLink();
  TIDELOG_CO_RETURN_IF_ERROR(oldest.status());
  const uint32_t of = position.last_confirmed.origin().epoch;
  if (of < oldest->epoch) co_return TruncatedAway(what, position, *oldest->mark);
  absl::StatusOr<walimpls::LogState> state = co_await StateOfOlderLink(of);
  TIDELOG_CO_RETURN_IF_ERROR(state.status());
  TIDELOG_CO_RETURN_IF_ERROR(CheckWithin(what, position, *state));
  if (!state->truncated || position.time_tick >= state->truncated->time_tick) {
    co_return absl::OkStatus();
  }
  co_return TruncatedAway(what, position, state->truncated);
}

bool WritableLog::MayDropOldestLink(uint32_t below) {
  const uint32_t oldest = backends().first().epoch;
  return checkpoints_ != nullptr && oldest < below && availability().reason().ok() &&
         !checkpoints_->InOlderLink(backends(), oldest + 1);
}

// Its data goes first: a crash between leaves a link that holds nothing, and the next truncation
// comes here again.
Future<absl::Status> WritableLog::DropOldestLink() {
  absl::StatusOr<std::optional<Position>> emptied =
      co_await TruncateOlderLink(backends().first(), std::nullopt);
  TIDELOG_CO_RETURN_IF_ERROR(emptied.status());
  TIDELOG_CO_RETURN_IF_ERROR(availability().reason());
  BackendChain rest = backends();
  rest.links.erase(rest.links.begin());
  std::string encoded = EncodeChain(rest);
  absl::Status put = co_await checkpoints_->PutChain(std::move(encoded));
  // Where nobody knows, storage may have it, and will with the next change: then nobody must be
  // told of a checkpoint in what is not in the chain.
  if (EffectOf(put) != Effect::kNotDone) set_backends(std::move(rest));
  co_return put;
}

Detached WritableLog::RunDropOlderLinks(uint32_t below) {
  const std::shared_ptr<ReadableLog> self = shared_from_this();
  Entries::Entry entry(&entries());
  while (MayDropOldestLink(below)) {
    const ChainLink oldest = backends().first();
    absl::Status dropped = co_await DropOldestLink();
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

// G3, on a link that is not appended to any more: nothing in it is replayed by an open.  As far as
// checkpoints let: the oldest one may be in a link in front.
Future<absl::StatusOr<Position>> WritableLog::TruncateOlderLinkInTurn(Position through) {
  // Whoever has lost the log must not empty what is another's.
  absl::Status looked = co_await LookAtStorage();
  TIDELOG_CO_RETURN_IF_ERROR(availability().reason());
  TIDELOG_CO_RETURN_IF_ERROR(looked);
  const uint32_t of = through.last_confirmed.origin().epoch;
  if (backends().Find(of) == nullptr) {
    // It was dropped, by who had the turn before perhaps; and marks do not go back.
    absl::StatusOr<ScanLink> oldest = co_await OldestLink();
    TIDELOG_CO_RETURN_IF_ERROR(oldest.status());
    if (*oldest->mark) co_return **oldest->mark;
    co_return TruncatedAway(absl::StrCat("truncate ", ToString(channel())), through, std::nullopt);
  }
  const std::optional<Position> older = checkpoints_->InOlderLink(backends(), of);
  Position to = older.value_or(through);
  checkpoints_->HoldBack(&to);
  const ChainLink link = *backends().Find(to.last_confirmed.origin().epoch);
  absl::StatusOr<std::optional<Position>> reached = co_await TruncateOlderLink(link, to);
  TIDELOG_CO_RETURN_IF_ERROR(reached.status());
  // Scans that are in it are told.
  (void)co_await Link(link.epoch);
  for (const std::shared_ptr<LogScan>& scan : scans()) scan->OnTruncated();
  co_return reached->value_or(to);
}

}  // namespace tidelog::adaptor
