#include "adaptor/append/submitter.h"

#include <algorithm>
#include <optional>
#include <string_view>
#include <utility>

#include "absl/log/check.h"
#include "absl/strings/str_cat.h"
#include "wal/backend_switch.h"
#include "wal/base/mutant.h"
#include "wal/base/status_macros.h"
#include "wal/message/message_stamper.h"
#include "wal/status.h"
#include "wal/utility/transaction_table.h"

namespace tidelog::adaptor {

// A reading may be as old as a tick interval.  To who wants to hear of appends that are hardly
// slower than that it matters (D5), and the reading is his price.
Submitter::Submitter(const Parts& parts)
    : parts_(parts),
      appends_per_reading_(parts.log->options.slow_append_limit <
                                   4 * parts.log->options.tick_interval
                               ? 1
                               : kAppendsPerClockReading) {
  reopen_.submitter = this;
}

Submitter::~Submitter() {
  CHECK(outstanding_.empty() && waiting_.empty())
      << ToString(parts_.log->channel) << ": destroyed with appends in flight";
}

bool Submitter::MayGo(const AppendRun& run) const {
  if (failing_ || stopped_ || ending_) return false;
  return waiting_.empty() || waiting_.begin()->first == run.sequence;
}

Future<Unit> Submitter::WaitTurn(AppendRun& run) {
  if (run.sequence == 0) run.sequence = next_sequence_++;
  std::optional<Promise<Unit>>& place = waiting_[run.sequence];
  CHECK(!place) << "an append waits twice for its turn";
  place.emplace("the turn of an append");
  Future<Unit> turn = place->future();
  // It may be behind one that was woken and has not run yet; else nothing would wake it.
  if (stopped_) Withdraw(run);
  return turn;
}

void Submitter::LeaveTurn(AppendRun& run) {
  if (!waiting_.empty() && waiting_.erase(run.sequence) > 0) WakeFirst();
}

void Submitter::Withdraw(const AppendRun& run) {
  const auto found = waiting_.find(run.sequence);
  if (found == waiting_.end() || !found->second) return;
  std::exchange(found->second, std::nullopt)->Set(Unit{});
}

void Submitter::WakeFirst() {
  if (failing_ || stopped_ || ending_ || waiting_.empty()) return;
  std::optional<Promise<Unit>>& first = waiting_.begin()->second;
  if (first) std::exchange(first, std::nullopt)->Set(Unit{});
}

bool Submitter::EndsLog(const AppendRun& run) {
  return run.op().exclusive() && run.record(0).type() == MessageType::kAlterWal;
}

absl::Status Submitter::HandOver(AppendRun& run) {
  CHECK(!handing_over_ && MayGo(run))
      << ToString(parts_.log->channel) << ": an append is handed over out of turn (D8)";
  handing_over_ = true;
  if (run.sequence == 0) run.sequence = next_sequence_++;
  if (!waiting_.empty()) waiting_.erase(run.sequence);
  run.groups.clear();
  run.ForgetStatus();
  absl::Status stamped = StampAll(run);
  if (stamped.ok()) {
    outstanding_.PushBack(run);
    ending_ = EndsLog(run);
    SubmitGroups(run);
  }
  handing_over_ = false;
  WakeFirst();
  return stamped;
}

void Submitter::SubmitGroups(AppendRun& run) {
  size_t first = run.op().done_count();
  const size_t count = run.op().count();
  const bool may_chunk = parts_.chunk_bytes_max != 0;
  if (count - first == 1 && !(may_chunk && IsInChunks(run.record(first)))) {
    return SubmitGroup(run, first, 1);
  }
  const walimpls::Traits& traits = parts_.backend->traits();
  size_t bytes = 0;
  for (size_t i = first; i < count; ++i) {
    const size_t size = run.record(i).size();
    const bool in_chunks = may_chunk && IsInChunks(run.record(i));
    const bool full = i - first == traits.group_count_max || bytes + size > traits.group_bytes_max;
    if ((full || in_chunks) && i > first) {
      SubmitGroup(run, first, i - first);
      first = i;
      bytes = 0;
    }
    if (in_chunks) {
      SubmitChunks(run, i);
      first = i + 1;
    } else {
      bytes += size;
    }
  }
  if (first < count) SubmitGroup(run, first, count - first);
}

void Submitter::RefreshClock() {
  now_ = parts_.log->strand->Now();
  appends_since_reading_ = 0;
  if (parts_.buffer != nullptr) parts_.buffer->EvictOld(now_);
}

absl::Duration Submitter::Now() {
  if (outstanding_.empty() || ++appends_since_reading_ >= appends_per_reading_) RefreshClock();
  return now_;
}

const MessageId* Submitter::LastConfirmed() const {
  const MessageId* newest = newest_ ? &newest_->id : nullptr;
  // What is open may be committed behind everything, and must be met then.
  const MessageId* begin = parts_.transactions->oldest_begin();
  if (begin == nullptr || MutantIs(Mutant::kLastConfirmedPastTransaction)) [[likely]] {
    return newest;
  }
  return newest != nullptr && BeforeWithinLog(*newest, *begin) ? newest : begin;
}

std::optional<MessageId> Submitter::ReplayStart(TimeTick tick,
                                                const MessageId* last_confirmed) const {
  std::optional<MessageId> start = parts_.boundary;
  if (newest_) start = *last_confirmed;
  const std::optional<MessageId> window = parts_.idempotency->WindowStart(tick);
  if (window && (!start || BeforeWithinLog(*window, *start))) start = window;
  return start;
}

std::optional<MessageId> Submitter::NextReplayStart() {
  RefreshClock();
  return ReplayStart(parts_.ticks->Allocate(TimeTick{0}, now_), LastConfirmed());
}

absl::Status Submitter::StampAll(AppendRun& run) {
  const MessageId* last_confirmed = LastConfirmed();
  const size_t first = run.op().done_count();
  // A lease begins, and is renewed, at the present (E2): not where the last reading was.
  if (run.op().in_transaction()) [[unlikely]] {
    RefreshClock();
  }
  run.handed_over_at = Now();
  if (++run.times.attempts == 1) {
    run.times.first_handed_over_at = run.handed_over_at;
  } else {
    ++counts_.retries;
  }
  for (size_t i = first; i < run.op().count(); ++i) {
    MutableMessage& message = run.Open(i);
    const RecordView record = message.view();
    const TimeTick barrier = record.barrier_time_tick().value_or(TimeTick{0});
    const TimeTick tick = parts_.ticks->Allocate(barrier, run.handed_over_at);
    CHECK(tick > last_handed_over_)
        << "tick " << ToInt(tick) << " of " << ToString(parts_.log->channel) << " is not above "
        << ToInt(last_handed_over_) << " (D8)";
    last_handed_over_ = tick;
    if (i == first) run.first_tick = tick;
    // A tick may be left unused.
    if (record.flags() & kHasTxn) [[unlikely]] {
      TIDELOG_RETURN_IF_ERROR(parts_.transactions->CheckMember(record, tick));
    }
    const bool keeps = MutantIs(Mutant::kRetryKeepsTick) && run.times.attempts > 1;
    MessageStamper::Stamp(message, parts_.log->channel.term, keeps ? record.time_tick() : tick,
                          last_confirmed);
    if (record.type() == MessageType::kTimeTick) {
      const std::optional<MessageId> start = ReplayStart(tick, last_confirmed);
      MessageStamper::SetReplayStart(message, start ? &*start : nullptr);
    }
  }
  run.last_confirmed = last_confirmed != nullptr ? *last_confirmed : MessageId();
  run.reported_slow = false;
  if (run.op().in_transaction()) [[unlikely]] {
    for (size_t i = first; i < run.op().count(); ++i) {
      parts_.transactions->OnHandOver(run.record(i));
    }
  }
  return absl::OkStatus();
}

void Submitter::SubmitGroup(AppendRun& run, size_t first, size_t count) {
  walimpls::Group group;
  group.reserve(count);
  for (size_t i = first; i < first + count; ++i) group.push_back(run.Seal(i));
  run.groups.push_back({first, count, parts_.backend->Append(std::move(group)), {}});
  ++run.groups_left;
  if (MutantIs(Mutant::kBufferedBeforeAcknowledged)) BufferUnacknowledged(run, first, count);
  if (MutantIs(Mutant::kKeyBeforeAcknowledged)) RememberUnacknowledged(run, first, count);
}

void Submitter::Settle(AppendRun& run, size_t index, const absl::StatusOr<walimpls::Ids>& ids) {
  AppendRun::Group& group = run.groups[index];
  if (--run.groups_left == 0) outstanding_.Remove(run);
  if (ids.ok()) {
    Stored(run, group, *ids);
  } else {
    Failed(run, group, ids.status());
  }
  if (!group.chunks.empty()) [[unlikely]] {
    LetGoOfChunks(group);
  }
  if (outstanding_.empty()) MaybeReopen();
  if (settled_.count() > 0) settled_.NotifyAll();
}

void Submitter::Stored(AppendRun& run, const AppendRun::Group& group, const walimpls::Ids& ids) {
  CHECK_EQ(ids.size(), group.chunks.empty() ? group.count : group.chunks.size())
      << ToString(parts_.log->channel) << ": the backend yields ids for another number of messages";
  retry_delay_ = absl::ZeroDuration();
  if (!group.chunks.empty()) return StoredChunks(run, group, ids);
  for (size_t i = 0; i < group.count; ++i) {
    counts_.bytes += run.record(group.first + i).size();
    AppendResult& result = Acknowledge(run, ids[i], ids[i]);
    const bool is_last = i + 1 == group.count;
    if (MutantIs(Mutant::kLastConfirmedTooFar) && !is_last) result.last_confirmed = ids.back();
    if (parts_.buffer != nullptr) Buffer(run, run.sealed(group.first + i), ids[i]);
  }
  if (EndsLog(run)) [[unlikely]] {
    DeclareEnded(run.record(0));
  }
}

// In the same job as its acknowledgement: who waits behind it is told before anybody else comes.
void Submitter::DeclareEnded(const RecordView& end) {
  const absl::StatusOr<BackendTarget> target = TargetOf(end);
  parts_.availability->Declare(WalError(
      WalErrorCode::kChannelFenced,
      absl::StrCat(ToString(parts_.log->channel), " ended at tick ", ToInt(end.time_tick()),
                   ", and goes on in backend ", target.ok() ? target->backend : "unknown",
                   ": open it again, under a higher term")));
}

AppendResult& Submitter::Acknowledge(AppendRun& run, const MessageId& id,
                                     const MessageId& last_id) {
  const RecordView record = run.record(run.op().done_count());
  ++counts_.records;
  AppendResult& result = run.AddResult();
  result.id = id;
  result.last_confirmed = run.last_confirmed.has_value() ? run.last_confirmed : id;
  result.time_tick = record.time_tick();
  if (record.flags() & kHasTxn) result.txn = *record.txn();
  // What is open depends on it.
  CHECK(!newest_ || BeforeWithinLog(newest_->last_id, id))
      << ToString(parts_.log->channel) << ": appends do not complete in log order (D8)";
  CountIn(run, record, result);
  newest_ = Newest{id, result.position(), last_id};
  return result;
}

void Submitter::CountIn(const AppendRun& run, const RecordView& record,
                        const AppendResult& result) {
  using Role = TransactionTable::Role;
  const TransactionTable::Outcome outcome = parts_.transactions->OnStored(record, result.id);
  if (run.op().keyed()) [[unlikely]] {
    parts_.idempotency->OnStored(record, result.id, outcome);
  } else {
    parts_.idempotency->OnStoredWithoutKey(record);
  }
  const Role role = outcome.role;
  if (record.type() == MessageType::kAlterWal) [[unlikely]] {
    return mvcc_.OnTimeTick(result.time_tick);  // It is its own covering tick (G6).
  }
  if (record.type() == MessageType::kTimeTick) {
    ++counts_.time_ticks;
    mvcc_.OnTimeTick(result.time_tick);
    // As the replay of an open does that finds it.
    MessageId from = result.last_confirmed;
    const std::string_view replay_start = record.replay_start_key();
    if (!replay_start.empty() && !MutantIs(Mutant::kTruncatedPastWindow)) {
      from = std::min(from, MessageId(from.origin(), replay_start), BeforeWithinLog);
    }
    newest_time_tick_ = Covering{result.time_tick, from};
  } else if (role == Role::kNone || role == Role::kCommitted) {
    mvcc_.OnMessage(record.vchannel(), result.time_tick);
  } else {
    mvcc_.OnUncommitted(result.time_tick);
  }
}

// Behind the backend's word that it is durable, so that nobody is given it before (C1), and in the
// same job as the caller's answer, which no reader overtakes.
void Submitter::Buffer(AppendRun& run, const ImmutableMessage& message, const MessageId& id) {
  const bool is_there = MutantIs(Mutant::kBufferedBeforeAcknowledged) &&
                        parts_.buffer->size() > 0 &&
                        !BeforeWithinLog(parts_.buffer->newest().id(), id);
  if (!is_there) parts_.buffer->Push(message, id, run.handed_over_at);
}

// The bug of kBufferedBeforeAcknowledged: at the ids that they will have if all goes well.
void Submitter::BufferUnacknowledged(AppendRun& run, size_t first, size_t count) {
  if (parts_.buffer == nullptr) return;
  for (size_t i = first; i < first + count && parts_.buffer->size() > 0; ++i) {
    const MessageId newest = parts_.buffer->newest().id();
    const absl::StatusOr<uint64_t> number = newest.ToNumber();
    if (!number.ok()) return;
    parts_.buffer->Push(run.sealed(i), MessageId::FromNumber(newest.origin(), *number + 1),
                        run.handed_over_at);
  }
}

// The bug of kKeyBeforeAcknowledged: at the ids that they may have if all goes well.
void Submitter::RememberUnacknowledged(const AppendRun& run, size_t first, size_t count) {
  if (!newest_ || !run.op().keyed()) return;
  const absl::StatusOr<uint64_t> number = newest_->id.ToNumber();
  if (!number.ok()) return;
  for (size_t i = 0; i < count; ++i) {
    const MessageId id = MessageId::FromNumber(newest_->id.origin(), *number + 1 + i);
    parts_.idempotency->OnStored(run.record(first + i), id, TransactionTable::Outcome());
  }
}

void Submitter::Failed(AppendRun& run, const AppendRun::Group& group, const absl::Status& status) {
  const WalErrorCode code = GetWalErrorCode(status);
  if (EffectOf(status) == Effect::kUnknown) {
    run.AddUnknown(group.count);
    has_unknown_ = true;
    if (parts_.buffer != nullptr) parts_.buffer->Seal();  // It may be stored, and is not in there.
  }
  // What may be stored is the end all the same.
  if (EffectOf(status) != Effect::kUnknown && EndsLog(run)) ending_ = false;
  // Of a message in chunks the last group decides: without that it is not done.
  const bool decides = group.count > 0 || EffectOf(status) != Effect::kUnknown;
  if (decides) run.SetStatus(status);
  parts_.transactions->OnFailure();
  if (code == WalErrorCode::kChannelFenced || code == WalErrorCode::kInner) {
    parts_.availability->Declare(status);
  }
  if (failing_) return;
  failing_ = true;
  pause_ = code == WalErrorCode::kUnavailable;
  if (pause_) {
    parts_.log->Report(Event::Kind::kBackendTrouble,
                       absl::StrCat("an append to ", ToString(parts_.log->channel),
                                    " is tried again: ", status.message()));
  }
}

bool Submitter::WantsRetry(const AppendRun& run) const {
  // Nobody would hear of an append whose caller has been told that he cannot know.
  return run.may_retry && !stopped_ && !run.answered() && run.cut_count < kCutsMax &&
         GetWalErrorCode(run.op().status()) == WalErrorCode::kUnavailable;
}

void Submitter::MaybeReopen() {
  if (!failing_ || stopped_ || reopen_.armed()) return;
  const LogOptions& options = parts_.log->options;
  absl::Duration delay = absl::ZeroDuration();
  if (pause_) {
    retry_delay_ = std::clamp(2 * retry_delay_, options.retry_delay_min, options.retry_delay_max);
    delay = retry_delay_;
  }
  reopen_.fire = [](Timer* timer) {
    Submitter* self = static_cast<Reopen*>(timer)->submitter;
    self->failing_ = false;
    self->parts_.backend->AcceptAgain();
    self->WakeFirst();
  };
  parts_.log->strand->PostAt(&reopen_, parts_.log->strand->Now() + delay);
}

void Submitter::Stop() {
  stopped_ = true;
  parts_.log->strand->Cancel(&reopen_);
  for (auto& [sequence, promise] : waiting_) {
    if (promise) std::exchange(promise, std::nullopt)->Set(Unit{});
  }
}

}  // namespace tidelog::adaptor
