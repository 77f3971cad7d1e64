#include "wal/utility/idempotency_table.h"

#include <algorithm>

#include "wal/base/mutant.h"

namespace tidelog {
namespace {

// As ImmutableMessage::last_confirmed().
MessageId LastConfirmedOf(const RecordView& record, const MessageId& id) {
  if (record.flags() & kLastConfirmedIsSelf) return id;
  const std::string_view key = record.last_confirmed_key();
  return key.empty() ? MessageId() : MessageId(id.origin(), key);
}

// Whether its key is that of something that readers see.
bool Counts(const RecordView& record, const TransactionTable::Outcome& outcome) {
  using Role = TransactionTable::Role;
  if (record.type() == MessageType::kTimeTick) return false;
  return outcome.role == Role::kNone || outcome.role == Role::kCommitted;
}

}  // namespace

const IdempotencyTable::Result* IdempotencyTable::Find(const IdempotencyKey& key) const {
  const auto found = index_.find(key);
  return found == index_.end() ? nullptr : &found->second->result;
}

void IdempotencyTable::Take(const IdempotencyKey& key, const RecordView& record,
                            const MessageId& id, const TransactionTable::Outcome& outcome) {
  if (record.flags() & kNotInTheLog) return;
  Pass(record);
  if (!Counts(record, outcome)) return;
  if (outcome.role == TransactionTable::Role::kCommitted) {
    const MessageId& begin = outcome.ended.front().transaction.begin;
    while (!begins_.empty() && BeforeWithinLog(begin, begins_.back().id)) begins_.pop_back();
    begins_.push_back({record.time_tick(), begin});
  }
  Remember(key, record, id);
}

void IdempotencyTable::Remember(const IdempotencyKey& key, const RecordView& record,
                                const MessageId& id) {
  Entry& entry = entries_.emplace_back();
  entry.text.reserve(key.vchannel.size() + key.key.size());
  entry.text.append(key.vchannel).append(key.key);
  entry.vchannel_size = key.vchannel.size();
  const bool is_limited = limits_.log_bytes_max < kNoLogBytesMax - log_bytes_;
  entry.log_bytes_max = is_limited ? log_bytes_ + limits_.log_bytes_max : kNoLogBytesMax;
  entry.result.id = id;
  entry.result.last_confirmed = LastConfirmedOf(record, id);
  entry.result.time_tick = record.time_tick();
  if (record.flags() & kHasTxn) entry.result.txn = *record.txn();
  bytes_ += entry.bytes();
  // The view in the index must be of this entry's text, which stays longer.
  index_.erase(entry.key());
  index_.emplace(entry.key(), &entry);
  while (entries_.size() > 1 &&
         (entries_.size() > limits_.keys_max || bytes_ > limits_.bytes_max)) {
    ForgetOldest();
  }
  NoteOldest();
}

void IdempotencyTable::Expire(TimeTick tick) {
  while (!entries_.empty() &&
         (tick >= ExpiryOf(entries_.front().result.time_tick, limits_.window) ||
          log_bytes_ > entries_.front().log_bytes_max)) {
    ForgetOldest();
  }
  NoteOldest();
}

void IdempotencyTable::ForgetOldest() {
  const Entry& oldest = entries_.front();
  const auto found = index_.find(oldest.key());
  if (found != index_.end() && found->second == &oldest) index_.erase(found);
  if (!begins_.empty() && begins_.front().commit <= oldest.result.time_tick) begins_.pop_front();
  bytes_ -= oldest.bytes();
  entries_.pop_front();
}

void IdempotencyTable::NoteOldest() {
  oldest_expiry_ = kNeverExpires;
  oldest_log_bytes_max_ = kNoLogBytesMax;
  if (entries_.empty()) return;
  oldest_expiry_ = ExpiryOf(entries_.front().result.time_tick, limits_.window);
  oldest_log_bytes_max_ = entries_.front().log_bytes_max;
}

std::optional<MessageId> IdempotencyTable::StartAt(TimeTick tick) const {
  const auto first =
      std::partition_point(entries_.begin(), entries_.end(), [this, tick](const Entry& entry) {
        return tick >= ExpiryOf(entry.result.time_tick, limits_.window);
      });
  if (first == entries_.end()) return std::nullopt;
  if (MutantIs(Mutant::kWindowStartWithoutBegin)) return first->result.id;
  const TimeTick from = first->result.time_tick;
  const auto begin = std::partition_point(begins_.begin(), begins_.end(),
                                          [from](const Begin& b) { return b.commit < from; });
  if (begin != begins_.end() && BeforeWithinLog(begin->id, first->result.id)) return begin->id;
  return first->result.id;
}

}  // namespace tidelog
