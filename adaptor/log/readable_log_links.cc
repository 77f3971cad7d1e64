// The backends that a log has lain in, one behind the other (G6), as its readers meet them.
#include <algorithm>
#include <memory>
#include <optional>
#include <utility>
#include <variant>
#include <vector>

#include "absl/strings/str_cat.h"
#include "adaptor/async/ready_within.h"
#include "adaptor/log/readable_log.h"
#include "wal/async/coroutine.h"
#include "wal/base/status_macros.h"
#include "wal/status.h"

namespace tidelog::adaptor {

// What is on its way in a store that hangs keeps the log alive, and nobody waiting.
Detached ReadableLog::RunLook(Promise<absl::StatusOr<CheckpointSet>> seen) {
  const std::shared_ptr<ReadableLog> self = shared_from_this();
  Entries::Entry entry(&entries_);
  absl::StatusOr<CheckpointSet> set =
      co_await opener_->environment.checkpoints->Read(log_.channel.name);
  seen.Set(std::move(set));
}

Future<absl::StatusOr<CheckpointSet>> ReadableLog::LookAtStore() {
  if (opener_->environment.checkpoints == nullptr) co_return CheckpointSet();
  Promise<absl::StatusOr<CheckpointSet>> promise("a look at checkpoints");
  Future<absl::StatusOr<CheckpointSet>> looked = promise.future();
  RunLook(std::move(promise));
  const bool in_time = co_await ReadyWithin(&looked, log_.options.open_step_limit);
  if (!in_time) co_return OpenHung("the look at its checkpoints");
  co_return std::move(looked).Take();
}

absl::StatusOr<BackendChain> ReadableLog::ChainOf(const CheckpointSet& set) const {
  absl::StatusOr<BackendChain> chain = DecodeChain(set.chain, opener_->backend_name);
  if (!chain.ok()) {
    return WalErrorFrom(GetWalErrorCode(chain.status()),
                        absl::StrCat("open ", ToString(log_.channel)), chain.status());
  }
  const ChainLink* begin = chain->Find(0);
  if (begin == nullptr || begin->target.backend == opener_->backend_name) return chain;
  return WalError(
      WalErrorCode::kInvalidArgument,
      absl::StrCat("open ", ToString(log_.channel), ": it began in backend ", begin->target.backend,
                   ", and this opener is one of ", opener_->backend_name,
                   ": open it where it began, and it is found where it is now"));
}

absl::StatusOr<walimpls::OpenerImpls*> ReadableLog::OpenerOf(const ChainLink& link) {
  if (link.epoch == 0) return opener_->backend.get();
  return opener_->links->Get(link.target);
}

absl::StatusOr<LinkPlace> ReadableLog::PlaceOf(const ChainLink& link) {
  const absl::StatusOr<walimpls::OpenerImpls*> from = OpenerOf(link);
  if (!from.ok()) return from.status();
  LinkPlace place{*from, channel(), {}, link.log};
  place.options.strand = executor();
  place.options.epoch = link.epoch;
  return place;
}

// A disk that is not mounted, more likely than anything else.  It must not be taken for empty.
absl::Status ReadableLog::LinkMissing(const ChainLink& link, const absl::Status& why) const {
  return WalErrorFrom(
      WalErrorCode::kUnavailable,
      absl::StrCat("open ", ToString(channel()), ": its part in backend ", TargetText(link.target),
                   ", epoch ", link.epoch, ", is not there"),
      why);
}

// A log that was never switched can be read without its store, as ever: that is down perhaps, and
// readers need nothing of it.
Future<absl::Status> ReadableLog::OpenSteps() {
  absl::StatusOr<CheckpointSet> set = co_await LookAtStore();
  if (set.ok()) {
    absl::StatusOr<BackendChain> chain = ChainOf(*set);
    TIDELOG_CO_RETURN_IF_ERROR(chain.status());
    backends_ = *std::move(chain);
  }
  uint32_t epoch = backends_.last().epoch;
  absl::Status opened = co_await OpenBackend(epoch);
  if (GetWalErrorCode(opened) == WalErrorCode::kChannelNotExist && !link().log &&
      epoch > backends_.first().epoch) {
    // It is in the chain, but its first owner has not come so far.
    opened = co_await OpenBackend(--epoch);
  }
  if (opened.ok() && link().log) opened = co_await CheckBackend();
  if (GetWalErrorCode(opened) == WalErrorCode::kChannelNotExist && link().log) {
    co_return LinkMissing(link(), opened);
  }
  TIDELOG_CO_RETURN_IF_ERROR(opened);
  if (set.ok()) co_return absl::OkStatus();
  absl::StatusOr<bool> ends_here = co_await EndsHere();
  TIDELOG_CO_RETURN_IF_ERROR(ends_here.status());
  if (!*ends_here) co_return absl::OkStatus();
  co_return set.status();
}

Future<absl::Status> ReadableLog::CheckBackend() {
  absl::StatusOr<walimpls::LogState> state = co_await backend_->Info();
  TIDELOG_CO_RETURN_IF_ERROR(state.status());
  const absl::StatusOr<LinkPlace> place = PlaceOf(link());
  TIDELOG_CO_RETURN_IF_ERROR(place.status());
  co_return CheckIsLink(*place, state->tail_id);
}

Future<absl::StatusOr<bool>> ReadableLog::EndsHere() {
  absl::StatusOr<walimpls::LogState> state = co_await backend_->Info();
  TIDELOG_CO_RETURN_IF_ERROR(state.status());
  if (!state->tail_id) co_return false;
  walimpls::ScanOptions options;
  options.from = walimpls::ScanFrom{*state->tail_id};
  options.until = state->tail_id;
  options.name = "the newest record";
  absl::StatusOr<std::unique_ptr<walimpls::ScannerImpls>> scanner =
      co_await backend_->Read(std::move(options));
  TIDELOG_CO_RETURN_IF_ERROR(scanner.status());
  Future<absl::StatusOr<walimpls::RawBatch>> next = (*scanner)->Next(walimpls::RawBatch());
  absl::StatusOr<walimpls::RawBatch> batch = co_await std::move(next);
  (void)co_await (*scanner)->Close();
  TIDELOG_CO_RETURN_IF_ERROR(batch.status());
  co_return std::any_of(batch->messages.begin(), batch->messages.end(), [](const auto& message) {
    return message.type() == MessageType::kAlterWal;
  });
}

ScanLink ReadableLog::ThisLink() {
  return {epoch_, backend_.get(), buffer(), &mark_, unstored_tick()};
}

absl::Status ReadableLog::NotThereYet(uint32_t epoch) const {
  return WalError(WalErrorCode::kUnavailable,
                  absl::StrCat("read ", ToString(log_.channel), ": it goes on in epoch ", epoch,
                               ", which nobody has opened for writing yet"));
}

absl::Status ReadableLog::DroppedError(uint32_t epoch,
                                       const std::optional<Position>& oldest) const {
  return PositionGoneError(absl::StrCat("read ", ToString(log_.channel), " in epoch ", epoch,
                                        ": what lay there was truncated away"),
                           oldest);
}

// kChannelNotExist: it is not in the chain yet, or of no log of this name.
Future<absl::StatusOr<ChainLink>> ReadableLog::FindLink(uint32_t epoch) {
  if (const ChainLink* known = backends_.Find(epoch)) co_return *known;
  if (opener_->environment.checkpoints == nullptr) {
    co_return WalError(WalErrorCode::kInvalidArgument,
                       absl::StrCat("read ", ToString(log_.channel),
                                    ": it goes on in another backend, and only its store of "
                                    "checkpoints knows in which"));
  }
  absl::StatusOr<CheckpointSet> set = co_await LookAtStore();
  TIDELOG_CO_RETURN_IF_ERROR(set.status());
  absl::StatusOr<BackendChain> chain = ChainOf(*set);
  TIDELOG_CO_RETURN_IF_ERROR(chain.status());
  if (const ChainLink* found = chain->Find(epoch)) co_return *found;
  if (epoch < chain->first().epoch) co_return DroppedError(epoch);
  co_return WalError(WalErrorCode::kChannelNotExist, absl::StrCat("no epoch ", epoch, " yet"));
}

// A scan that is open during a switch asks until somebody has completed it.
Future<absl::StatusOr<ScanLink>> ReadableLog::Link(uint32_t epoch) {
  if (epoch == epoch_) co_return ThisLink();
  absl::StatusOr<ChainLink> found = co_await FindLink(epoch);
  if (GetWalErrorCode(found.status()) == WalErrorCode::kChannelNotExist) {
    co_return NotThereYet(epoch);
  }
  TIDELOG_CO_RETURN_IF_ERROR(found.status());
  absl::StatusOr<ScanLink> link = co_await OpenOtherLink(*std::move(found));
  co_return link;
}

// What is known here may be old: the link may have been dropped since, and its place be another's.
Future<absl::Status> ReadableLog::WhyNotThere(ChainLink link, absl::Status why) {
  if (GetWalErrorCode(why) != WalErrorCode::kChannelNotExist) co_return why;
  absl::StatusOr<CheckpointSet> set = co_await LookAtStore();
  TIDELOG_CO_RETURN_IF_ERROR(set.status());
  absl::StatusOr<BackendChain> chain = ChainOf(*set);
  TIDELOG_CO_RETURN_IF_ERROR(chain.status());
  const ChainLink* now = chain->Find(link.epoch);
  if (now == nullptr && link.epoch < chain->first().epoch) co_return DroppedError(link.epoch);
  if (now == nullptr || !now->log) co_return NotThereYet(link.epoch);
  co_return LinkMissing(*now, why);
}

Future<absl::StatusOr<ScanLink>> ReadableLog::OpenOtherLink(ChainLink link) {
  if (!other_links_.contains(link.epoch)) {
    const absl::StatusOr<LinkPlace> place = PlaceOf(link);
    TIDELOG_CO_RETURN_IF_ERROR(place.status());
    OpenedBackend opened = co_await place->from->OpenReadOnly(log_.channel, place->options);
    absl::Status status = opened.status();
    if (status.ok()) {
      absl::StatusOr<walimpls::LogState> there = co_await (*opened)->Info();
      status = there.ok() ? CheckIsLink(*place, there->tail_id) : there.status();
      // Another scan may have been faster; and whoever closes this log does not wait for one more.
      if (!status.ok() || close_begun_ || other_links_.contains(link.epoch)) {
        (void)co_await (*opened)->Close(walimpls::CloseMode::kAbandon);
        if (close_begun_) co_return ClosedError("read");
      } else {
        auto other = std::make_unique<OtherLink>();
        other->backend = *std::move(opened);
        other_links_.emplace(link.epoch, std::move(other));
      }
    }
    if (!status.ok()) {
      status = co_await WhyNotThere(std::move(link), std::move(status));
      co_return status;
    }
  }
  OtherLink& other = *other_links_.find(link.epoch)->second;
  absl::StatusOr<walimpls::LogState> state = co_await other.backend->Info();
  TIDELOG_CO_RETURN_IF_ERROR(state.status());
  other.mark = state->truncated;
  co_return ScanLink{link.epoch, other.backend.get(), nullptr, &other.mark, nullptr};
}

Future<absl::StatusOr<ScanLink>> ReadableLog::FirstLink(DeliverPolicy policy) {
  uint32_t epoch = epoch_;
  const Position* position = nullptr;
  if (const From* from = std::get_if<From>(&policy)) position = &from->position;
  if (const After* after = std::get_if<After>(&policy)) position = &after->position;
  if (position != nullptr && position->last_confirmed.has_value()) {
    epoch = position->last_confirmed.origin().epoch;
  }
  const bool has_chain = opener_->environment.checkpoints != nullptr;
  if (std::holds_alternative<Earliest>(policy) && backends_.links.size() > 1) {
    absl::StatusOr<ScanLink> oldest = co_await OldestLink();
    co_return oldest;
  }
  if (epoch == epoch_ || !has_chain) co_return ThisLink();
  absl::StatusOr<ChainLink> found = co_await FindLink(epoch);
  // A position of another log: MakeScanPlan() says so.
  if (GetWalErrorCode(found.status()) == WalErrorCode::kChannelNotExist) co_return ThisLink();
  TIDELOG_CO_RETURN_IF_ERROR(found.status());
  if (epoch < epoch_) {
    absl::StatusOr<ScanLink> oldest = co_await OldestLink();
    TIDELOG_CO_RETURN_IF_ERROR(oldest.status());
    if (epoch < oldest->epoch) {
      co_return DroppedError(epoch, *oldest->mark);
    }
  }
  absl::StatusOr<ScanLink> link = co_await OpenOtherLink(*std::move(found));
  co_return link;
}

Future<absl::StatusOr<ScanLink>> ReadableLog::OldestLink() {
  absl::StatusOr<ScanBounds> bounds = co_await Bounds();  // Brings mark_ up to date.
  TIDELOG_CO_RETURN_IF_ERROR(bounds.status());
  ScanLink oldest = ThisLink();
  while (!*oldest.mark && oldest.epoch > backends_.first().epoch) {
    absl::StatusOr<ScanLink> before = co_await Link(oldest.epoch - 1);
    TIDELOG_CO_RETURN_IF_ERROR(before.status());
    oldest = *before;
  }
  co_return oldest;
}

Future<absl::StatusOr<ScanBounds>> ReadableLog::BoundsAt(ScanLink link) {
  absl::StatusOr<ScanBounds> bounds = co_await Bounds();
  TIDELOG_CO_RETURN_IF_ERROR(bounds.status());
  if (link.epoch == epoch_) co_return bounds;
  absl::StatusOr<walimpls::LogState> state = co_await link.backend->Info();
  TIDELOG_CO_RETURN_IF_ERROR(state.status());
  ScanBounds at;
  at.mark = state->truncated;
  at.tail = state->tail;
  at.tail_id = state->tail_id;
  if (link.epoch > epoch_) co_return at;  // The newer one: this log was opened before the switch.
  at.tail_is_known = true;
  const TimeTick end = bounds->tail ? bounds->tail->time_tick : this->link().after;
  at.end = ScanBounds::End{end, bounds->tail_id};
  co_return at;
}

Future<absl::Status> ReadableLog::LeaveBackend(walimpls::CloseMode mode) {
  co_await CloseBackend(mode);
  if (closing_) co_return OpenHung("the close of the backend that it was in before");
  backend_.reset();
  co_return absl::OkStatus();
}

Future<Unit> ReadableLog::CloseOtherLinks() {
  for (auto& [epoch, other] : other_links_) {
    closing_others_.push_back(other->backend->Close(walimpls::CloseMode::kAbandon));
  }
  const absl::Duration end = strand_->Now() + log_.options.close_step_limit;
  for (Future<absl::Status>& closing : closing_others_) {
    const bool in_time = co_await ReadyWithin(&closing, end - strand_->Now());
    if (in_time) continue;
    NoteHung("the close of a backend that it was in before");
    co_return Unit{};
  }
  closing_others_.clear();
  co_return Unit{};
}

}  // namespace tidelog::adaptor
