// TxnAssembly: the stage of a scan that puts transactions together (E1, E6).
#ifndef TIDELOG_ADAPTOR_READING_TXN_ASSEMBLY_H_
#define TIDELOG_ADAPTOR_READING_TXN_ASSEMBLY_H_

#include <cstddef>
#include <vector>

#include "absl/container/btree_map.h"
#include "wal/message/message.h"
#include "wal/message/message_id.h"
#include "wal/types.h"
#include "wal/utility/transaction_table.h"

namespace tidelog::adaptor {

// One a scan.  It must see every record that counts, of whatever VChannel and also below the scan's
// start: what is open there may be committed above it.  Confined to the channel's executor.
//
// Limits: it holds the members of open transactions, as many and as large as their writer allows
// (LogOptions); small ones are copied, so that none keeps alive what was read ahead around it.
class TxnAssembly {
 public:
  enum class Result {
    kMessage,   // It goes on: a message outside transactions, or one that is whole now.
    kNothing,   // It was kept, or belongs to nothing.
    kMismatch,  // Its commit counts other bodies in than were met (E3).
  };

  // Takes the next record, in log order.  A commit becomes its whole transaction.  `wanted`: its
  // VChannel is read; what is not wanted is neither kept nor reported.
  Result Take(ImmutableMessage& message, bool wanted) {
    const TransactionTable::Outcome outcome = table_.Feed(message.record(), message.id());
    if (outcome.role == TransactionTable::Role::kNone && outcome.ended.empty()) [[likely]] {
      return Result::kMessage;
    }
    return TakeMember(outcome, message, wanted);
  }

  // Where the transaction of the last mismatch begins.
  const MessageId& mismatch_begin() const { return mismatch_begin_; }

  // Messages that it holds.
  size_t count() const;

 private:
  using Role = TransactionTable::Role;
  using Members = std::vector<ImmutableMessage>;

  Result TakeMember(const TransactionTable::Outcome& outcome, ImmutableMessage& message,
                    bool wanted);
  // The transaction that `outcome` ended with, if it is kept; it is not kept any more.
  Members Release(const TransactionTable::Outcome& outcome);

  TransactionTable table_;
  absl::btree_map<TimeTick, Members> members_;  // Of open transactions that are wanted; by id.
  MessageId mismatch_begin_;
};

// What it occupies in memory; of a transaction, all of its members.
size_t SizeOf(const ImmutableMessage& message);

}  // namespace tidelog::adaptor

#endif  // TIDELOG_ADAPTOR_READING_TXN_ASSEMBLY_H_
