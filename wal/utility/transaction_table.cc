#include "wal/utility/transaction_table.h"

#include <algorithm>
#include <iterator>
#include <optional>
#include <utility>

namespace tidelog {

TimeTick ExpiryOf(TimeTick tick, absl::Duration lease) {
  if (lease == absl::InfiniteDuration()) return kNeverExpires;
  const int64_t ms = absl::ToInt64Milliseconds(lease);
  if (ms <= 0) return tick;
  const uint64_t room = ToInt(kNeverExpires) - ToInt(tick);
  if (static_cast<uint64_t>(ms) > room >> kTimeTickLogicalBits) return kNeverExpires;
  return TimeTick{ToInt(tick) + (static_cast<uint64_t>(ms) << kTimeTickLogicalBits)};
}

const Transaction* TransactionTable::Find(TimeTick id) const {
  const auto found = open_.find(id);
  return found == open_.end() ? nullptr : &found->second;
}

bool TransactionTable::HasExpiredAt(TimeTick tick) const {
  return std::any_of(open_.begin(), open_.end(),
                     [tick](const auto& open) { return tick >= open.second.expiry(); });
}

TransactionTable::Outcome TransactionTable::Take(const RecordView& record, const MessageId& id) {
  ended_.clear();
  if (record.flags() & (kNotPersisted | kFenceBarrier)) return {};
  const MessageType type = record.type();
  switch (type) {
    case MessageType::kTimeTick:
      EndExpired(record.time_tick());
      return {Role::kNone, ended_};
    case MessageType::kBeginTxn:
      return Begin(record, id);
    case MessageType::kCommitTxn:
      return Commit(record);
    case MessageType::kRollbackTxn:
      return RollBack(record);
    default:
      break;
  }
  if (!IsExclusive(type)) return Join(record);
  EndScope(record.vchannel());
  return {Role::kNone, ended_};
}

TransactionTable::Outcome TransactionTable::Begin(const RecordView& record, const MessageId& id) {
  Transaction transaction;
  transaction.id = record.time_tick();
  transaction.vchannel = std::string(record.vchannel());
  transaction.begin = id;
  transaction.newest = record.time_tick();
  const std::optional<TxnContext> txn = record.txn();
  if (txn && txn->keepalive != absl::ZeroDuration()) transaction.lease = txn->keepalive;
  open_.insert_or_assign(transaction.id, std::move(transaction));
  return {Role::kBegun, {}};
}

TransactionTable::Open::iterator TransactionTable::Counting(const RecordView& record) {
  const std::optional<TxnContext> txn = record.txn();
  if (!txn) return open_.end();
  const auto found = open_.find(txn->id);
  if (found == open_.end()) return found;
  const Transaction& transaction = found->second;
  const bool counts =
      transaction.vchannel == record.vchannel() && record.time_tick() < transaction.expiry();
  return counts ? found : open_.end();
}

TransactionTable::Outcome TransactionTable::Join(const RecordView& record) {
  const auto transaction = Counting(record);
  if (transaction == open_.end()) return {Role::kOrphan, {}};
  transaction->second.newest = record.time_tick();
  ++transaction->second.body_count;
  transaction->second.body_bytes += record.size();
  return {Role::kJoined, {}};
}

TransactionTable::Outcome TransactionTable::Commit(const RecordView& record) {
  const auto transaction = Counting(record);
  if (transaction == open_.end()) return {Role::kOrphan, {}};
  // Without a number, as other writers leave it out, all that is there counts in.
  const uint32_t stored = transaction->second.body_count;
  const bool matches = record.txn_bodies().value_or(stored) == stored;
  End(transaction, matches ? TransactionEnd::kCommitted : TransactionEnd::kMismatched);
  return {matches ? Role::kCommitted : Role::kMismatched, ended_};
}

TransactionTable::Outcome TransactionTable::RollBack(const RecordView& record) {
  const auto transaction = Counting(record);
  if (transaction == open_.end()) return {Role::kOrphan, {}};
  End(transaction, TransactionEnd::kRolledBack);
  return {Role::kRolledBack, ended_};
}

void TransactionTable::EndScope(std::string_view vchannel) {
  for (auto it = open_.begin(); it != open_.end();) {
    const bool in_scope = ScopesOverlap(it->second.vchannel, vchannel);
    it = in_scope ? End(it, TransactionEnd::kExclusive) : std::next(it);
  }
}

void TransactionTable::EndExpired(TimeTick tick) {
  for (auto it = open_.begin(); it != open_.end();) {
    it = tick >= it->second.expiry() ? End(it, TransactionEnd::kExpired) : std::next(it);
  }
}

TransactionTable::Open::iterator TransactionTable::End(Open::iterator transaction,
                                                       TransactionEnd reason) {
  ended_.push_back({std::move(transaction->second), reason});
  return open_.erase(transaction);
}

}  // namespace tidelog
