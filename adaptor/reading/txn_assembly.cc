#include "adaptor/reading/txn_assembly.h"

#include <utility>

#include "wal/base/mutant.h"
#include "wal/message/message_block.h"
#include "wal/message/record.h"

namespace tidelog::adaptor {
namespace {

// Larger records are worth the block that they keep alive.
constexpr size_t kCopiedSizeMax = 16 << 10;

// `message`, for as long as its transaction is open.
ImmutableMessage Kept(const ImmutableMessage& message) {
  if (message.record().size() > kCopiedSizeMax) return message;
  MessageBlockRef block = MessageBlock::Copy(message.record().bytes());
  const RecordView record = RecordView::Trusted(block->bytes());
  return ImmutableMessage(std::move(block), record, message.id());
}

}  // namespace

TxnAssembly::Members TxnAssembly::Release(const TransactionTable::Outcome& outcome) {
  Members members;
  for (const TransactionTable::Ended& ended : outcome.ended) {
    const auto found = members_.find(ended.transaction.id);
    if (found == members_.end()) continue;
    members = std::move(found->second);
    members_.erase(found);
  }
  return members;
}

TxnAssembly::Result TxnAssembly::TakeMember(const TransactionTable::Outcome& outcome,
                                            ImmutableMessage& message, bool wanted) {
  Members members = Release(outcome);
  switch (outcome.role) {
    case Role::kNone:
      return Result::kMessage;
    case Role::kBegun:
      if (wanted) members_[message.time_tick()].push_back(Kept(message));
      return Result::kNothing;
    case Role::kJoined: {
      const auto found = members_.find(message.record().txn()->id);
      if (found == members_.end()) return Result::kNothing;
      found->second.push_back(Kept(message));
      return MutantIs(Mutant::kBodyDeliveredEarly) ? Result::kMessage : Result::kNothing;
    }
    case Role::kCommitted:
      if (members.empty()) return Result::kNothing;
      members.push_back(std::move(message));
      message = ImmutableMessage::Transaction(std::move(members));
      return Result::kMessage;
    case Role::kMismatched:
      if (members.empty()) return Result::kNothing;
      mismatch_begin_ = members.front().id();
      return Result::kMismatch;
    case Role::kRolledBack:
      if (!MutantIs(Mutant::kRolledBackDelivered) || members.size() < 2) return Result::kNothing;
      message = std::move(members.back()).WithId(message.id()).WithTimeTick(message.time_tick());
      return Result::kMessage;
    case Role::kOrphan:
      break;
  }
  return Result::kNothing;
}

size_t TxnAssembly::count() const {
  size_t count = 0;
  for (const auto& [id, members] : members_) count += members.size();
  return count;
}

size_t SizeOf(const ImmutableMessage& message) {
  size_t size = message.record().size();
  for (const ImmutableMessage& member : message.transaction()) size += member.record().size();
  return size;
}

}  // namespace tidelog::adaptor
