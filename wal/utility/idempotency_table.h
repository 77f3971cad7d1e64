// IdempotencyTable: the idempotency keys that a log remembers, as its stored records make them
// (G4).
//
//   IdempotencyTable table(limits);
//   for (each stored record, in log order) {
//     table.Feed(record, id, transactions.Feed(record, id));
//   }
//   const IdempotencyTable::Result* first = table.Find({"orders_v1", "order 4711"});
#ifndef TIDELOG_WAL_UTILITY_IDEMPOTENCY_TABLE_H_
#define TIDELOG_WAL_UTILITY_IDEMPOTENCY_TABLE_H_

#include <cstddef>
#include <cstdint>
#include <deque>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/time/time.h"
#include "wal/message/message_id.h"
#include "wal/message/record.h"
#include "wal/types.h"
#include "wal/utility/transaction_table.h"

namespace tidelog {

// A key and its scope.  A view.
struct IdempotencyKey {
  std::string_view vchannel;  // Empty: a scope of its own.
  std::string_view key;

  // Of a message that has one.
  static std::optional<IdempotencyKey> Of(const RecordView& record) {
    const std::optional<std::string_view> key = record.idempotency_key();
    if (!key) [[likely]] {
      return std::nullopt;
    }
    return IdempotencyKey{record.vchannel(), *key};
  }

  friend bool operator==(const IdempotencyKey&, const IdempotencyKey&) = default;
  template <typename H>
  friend H AbslHashValue(H h, const IdempotencyKey& of) {
    return H::combine(std::move(h), of.vchannel, of.key);
  }
};

// Pure: no clock, no I/O.  Thread-compatible.
//
// What makes it so: the window is a suffix of the records with keys, and which suffix follows from
// the records in and behind it.  So a feed that begins later, at or below StartAt(), comes to the
// same. Of two records with one key the newer one is remembered, for the same reason; a log that
// keeps its promise has no two of them in its window.
class IdempotencyTable {
 public:
  // How far back keys are remembered: the first that is reached counts; but the newest key is
  // remembered whatever its size.
  struct Limits {
    absl::Duration window;  // In ticks, to the newest record.
    size_t keys_max;
    size_t bytes_max;  // Of keys and names of VChannels, and kEntryBytes for each.
    // Of the records behind the one with the key, keys or not: what a replay reads for it.  The
    // newest key is no exception.
    uint64_t log_bytes_max;
  };
  static constexpr size_t kEntryBytes = 256;
  static constexpr uint64_t kNoLogBytesMax = std::numeric_limits<uint64_t>::max();

  // What the append of a record was told.
  struct Result {
    MessageId id;
    MessageId last_confirmed;  // No id: the record has none.
    TimeTick time_tick{};
    TxnContext txn;  // Of a commit.
  };

  explicit IdempotencyTable(const Limits& limits) : limits_(limits) {}
  IdempotencyTable(const IdempotencyTable&) = delete;
  IdempotencyTable& operator=(const IdempotencyTable&) = delete;

  // Takes the next record of the log, and what it is to transactions: a commit's key is remembered
  // if it commits.  What has no effect on transactions has none here; what was dropped by its term
  // must not be fed (A5).
  //
  // A record without a key costs a few instructions.
  void Feed(const RecordView& record, const MessageId& id,
            const TransactionTable::Outcome& outcome) {
    const std::optional<IdempotencyKey> key = IdempotencyKey::Of(record);
    if (key) [[unlikely]] {
      return Take(*key, record, id, outcome);
    }
    Pass(record);
  }
  // As Feed(), of a record that has no key.
  void Pass(const RecordView& record) {
    if (record.flags() & kNotInTheLog) [[unlikely]] {
      return;
    }
    log_bytes_ += record.size();
    if (record.time_tick() >= oldest_expiry_ || log_bytes_ > oldest_log_bytes_max_) [[unlikely]] {
      Expire(record.time_tick());
    }
  }

  // Null: it is not remembered.  Valid until the next Feed().
  const Result* Find(const IdempotencyKey& key) const;

  // From where on a feed comes to what this table will be when a record at `tick` is fed next, or
  // records before that; none: from anywhere.  The begin counts to a commit.
  std::optional<MessageId> StartAt(TimeTick tick) const;

  // Whether a TimeTick at `tick` would make it forget a key.
  bool HasExpiredAt(TimeTick tick) const { return tick >= oldest_expiry_; }

  // Of the keys that are remembered.
  size_t size() const { return index_.size(); }
  size_t bytes() const { return bytes_; }

 private:
  static constexpr uint16_t kNotInTheLog = kNotPersisted | kFenceBarrier;
  struct Entry {
    std::string text;  // The VChannel's name, and behind it the key.
    size_t vchannel_size;
    uint64_t log_bytes_max;  // Of log_bytes_, until which it is remembered.
    Result result;

    IdempotencyKey key() const {
      const std::string_view view = text;
      return {view.substr(0, vchannel_size), view.substr(vchannel_size)};
    }
    size_t bytes() const { return text.size() + kEntryBytes; }
  };
  // Where a transaction of the window begins.
  struct Begin {
    TimeTick commit;  // The tick of its commit.
    MessageId id;
  };

  void Take(const IdempotencyKey& key, const RecordView& record, const MessageId& id,
            const TransactionTable::Outcome& outcome);
  void Remember(const IdempotencyKey& key, const RecordView& record, const MessageId& id);
  // The log has come to `tick` and log_bytes_.
  void Expire(TimeTick tick);
  void ForgetOldest();
  void NoteOldest();

  const Limits limits_;
  // In log order.  No entry ever moves: the index has views of their texts.
  std::deque<Entry> entries_;
  absl::flat_hash_map<IdempotencyKey, const Entry*> index_;  // The newest entry of each key.
  // Of the window's transactions those that begin below all behind them: so the ids increase.
  std::deque<Begin> begins_;
  size_t bytes_ = 0;
  uint64_t log_bytes_ = 0;                  // Of all records that were fed.
  TimeTick oldest_expiry_ = kNeverExpires;  // From which tick on the oldest entry is forgotten.
  uint64_t oldest_log_bytes_max_ = kNoLogBytesMax;  // As Entry::log_bytes_max, of the oldest.
};

}  // namespace tidelog

#endif  // TIDELOG_WAL_UTILITY_IDEMPOTENCY_TABLE_H_
