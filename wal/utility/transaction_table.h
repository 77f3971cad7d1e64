// TransactionTable: the state of a log's transactions, as its stored records make it (E6).
//
//   TransactionTable table;
//   for (each stored record, in log order) {
//     const TransactionTable::Outcome outcome = table.Feed(record, id);
//     if (outcome.role == TransactionTable::Role::kCommitted) ...
//   }
//
// The one function by which the writer, recovery and every scanner decide about a transaction: they
// cannot disagree about what is committed.
#ifndef TIDELOG_WAL_UTILITY_TRANSACTION_TABLE_H_
#define TIDELOG_WAL_UTILITY_TRANSACTION_TABLE_H_

#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/container/btree_map.h"
#include "absl/time/time.h"
#include "wal/message/message_id.h"
#include "wal/message/record.h"
#include "wal/types.h"

namespace tidelog {

// The lease of a stored begin that asks for the default.  The log stamps its own default, so only
// other writers' begins do.
inline constexpr absl::Duration kDefaultLease = absl::Seconds(10);

// The expiry of what never expires.
inline constexpr TimeTick kNeverExpires{std::numeric_limits<uint64_t>::max()};

// From which tick on nothing counts in a transaction whose last member has `tick` (E2).
TimeTick ExpiryOf(TimeTick tick, absl::Duration lease);

// One transaction.
struct Transaction {
  TimeTick id{};         // Of its begin.
  std::string vchannel;  // Empty: the whole log's.
  MessageId begin;
  absl::Duration lease = kDefaultLease;
  TimeTick newest{};        // Of the last member that counts.
  uint32_t body_count = 0;  // Of those that count.
  uint64_t body_bytes = 0;  // Sizes of their records.

  TimeTick expiry() const { return ExpiryOf(newest, lease); }
};

// Why a transaction is not open any more.
enum class TransactionEnd : uint8_t {
  kCommitted,
  kMismatched,  // Its commit counts other bodies in than are stored (E3).
  kRolledBack,
  kExclusive,  // An exclusive message in its scope (E5).
  kExpired,    // A stored TimeTick at or above its expiry.
};

// Pure: no clock, no I/O.  Thread-compatible.
//
// What makes it so: a transaction's state follows from the records between its begin and its end,
// and from no others.  So a feed that begins later, at or below the begin, comes to the same (D3).
class TransactionTable {
 public:
  // What a record is to transactions.
  enum class Role : uint8_t {
    kNone,    // Nothing: it is delivered as it is, if it is not a TimeTick.
    kBegun,   // The begin of a transaction.
    kJoined,  // A body that counts.
    // A body, commit or rollback that does not count: its transaction is not open or is of another
    // VChannel, or its tick is at or above the expiry.  No effect.
    kOrphan,
    kCommitted,   // `ended` is the transaction.
    kMismatched,  // The same; it is not committed.
    kRolledBack,  // The same.
  };
  struct Ended {
    Transaction transaction;
    TransactionEnd reason{};
  };
  struct Outcome {
    Role role = Role::kNone;
    // Transactions that ended by this record, oldest first.  Valid until the next Feed().
    std::span<const Ended> ended;
  };

  // Takes the next record of the log.  Fence barriers and TimeTicks that are not persisted have no
  // effect (D2); what was dropped by its term must not be fed (A5).  An exclusive message ends what
  // is open in its scope, though it may name a transaction itself, which counts for nothing.  A
  // transaction without a VChannel is in the scope of every exclusive message.
  //
  // A record outside transactions costs a few instructions while none is open, and little more
  // while some are.
  Outcome Feed(const RecordView& record, const MessageId& id) {
    const bool is_member = record.flags() & kHasTxn;
    if (!is_member && open_.empty() && record.type() < MessageType::kBeginTxn) [[likely]] {
      return {};
    }
    return is_member || Concerns(record.type()) ? Take(record, id) : Outcome();
  }

  // Those that are open, oldest first.
  const absl::btree_map<TimeTick, Transaction>& open() const { return open_; }
  // Null: none of that id is open.
  const Transaction* Find(TimeTick id) const;
  // Where the oldest open one begins; null: none is open.
  const MessageId* oldest_begin() const {
    return open_.empty() ? nullptr : &open_.begin()->second.begin;
  }
  // Whether a stored TimeTick at `tick` would end any.
  bool HasExpiredAt(TimeTick tick) const;

 private:
  using Open = absl::btree_map<TimeTick, Transaction>;

  // Of records that name no transaction.
  static bool Concerns(MessageType type) {
    return type == MessageType::kTimeTick || IsExclusive(type) || FramesTransaction(type);
  }
  Outcome Take(const RecordView& record, const MessageId& id);
  Outcome Begin(const RecordView& record, const MessageId& id);
  Outcome Join(const RecordView& record);
  Outcome Commit(const RecordView& record);
  Outcome RollBack(const RecordView& record);
  void EndScope(std::string_view vchannel);
  void EndExpired(TimeTick tick);
  // The open transaction in which `record` counts; end() if there is none.
  Open::iterator Counting(const RecordView& record);
  Open::iterator End(Open::iterator transaction, TransactionEnd reason);

  Open open_;
  std::vector<Ended> ended_;
};

}  // namespace tidelog

#endif  // TIDELOG_WAL_UTILITY_TRANSACTION_TABLE_H_
