// What each record does to transactions: E1 to E3, E5, E6.
#include "wal/utility/transaction_table.h"

#include <cstdint>
#include <limits>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/log/check.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "wal/message/message.h"
#include "wal/message/message_factory.h"
#include "wal/message/message_id.h"
#include "wal/message/record.h"
#include "wal/message/testing/messages.h"
#include "wal/types.h"

namespace tidelog {
namespace {

using Role = TransactionTable::Role;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr absl::Duration kLease = absl::Milliseconds(100);

// A tick so many milliseconds after the beginning.
TimeTick At(uint64_t ms) { return MakeTimeTick(1000 + ms, 0); }

class TransactionTableTest : public ::testing::Test {
 protected:
  // Feeds `message` as the next record, and keeps what it did.
  Role Feed(uint64_t ms, MutableMessage message) {
    return FeedStored(testing::Stored(std::move(message), Term{1}, At(ms), NextId()));
  }
  Role FeedStored(const ImmutableMessage& message) {
    const TransactionTable::Outcome outcome = table_.Feed(message.record(), message.id());
    ended_.assign(outcome.ended.begin(), outcome.ended.end());
    return outcome.role;
  }
  MessageId NextId() { return MessageId::FromNumber({LogKind::kMemory, 1, 0}, ++last_id_); }

  // A transaction that began at `ms`.
  TxnContext Begin(uint64_t ms, std::string_view vchannel = "v", absl::Duration lease = kLease) {
    CHECK(Feed(ms, testing::MakeBegin(vchannel, lease)) == Role::kBegun);
    return {At(ms), lease};
  }
  Role Body(uint64_t ms, const TxnContext& txn, std::string_view vchannel = "v") {
    return Feed(ms, testing::MakeBody("body", vchannel, txn));
  }
  Role Commit(uint64_t ms, const TxnContext& txn, uint32_t bodies,
              std::string_view vchannel = "v") {
    return Feed(ms, testing::MakeCommit(vchannel, txn, bodies));
  }
  Role RollBack(uint64_t ms, const TxnContext& txn, std::string_view vchannel = "v") {
    return Feed(ms, testing::MakeRollback(vchannel, txn));
  }
  Role Tick(uint64_t ms) { return Feed(ms, MessageFactory::StoredTimeTick()); }
  Role Exclusive(uint64_t ms, std::string_view vchannel) {
    return Feed(ms, testing::MakeMessage(MessageType::kManualFlush, "", vchannel));
  }

  // The ids and reasons of what ended by the last record.
  std::vector<std::pair<TimeTick, TransactionEnd>> Ended() const {
    std::vector<std::pair<TimeTick, TransactionEnd>> ended;
    for (const TransactionTable::Ended& one : ended_) {
      ended.emplace_back(one.transaction.id, one.reason);
    }
    return ended;
  }

  TransactionTable table_;
  std::vector<TransactionTable::Ended> ended_;
  uint64_t last_id_ = 0;
};

TEST_F(TransactionTableTest, KeepsWhatItsRecordsSay) {
  const TxnContext txn = Begin(0);
  const MessageId begin = *table_.oldest_begin();
  EXPECT_EQ(Body(10, txn), Role::kJoined);
  EXPECT_EQ(Body(20, txn), Role::kJoined);
  const Transaction* open = table_.Find(txn.id);
  ASSERT_NE(open, nullptr);
  EXPECT_EQ(open->vchannel, "v");
  EXPECT_EQ(open->begin, begin);
  EXPECT_EQ(open->lease, kLease);
  EXPECT_EQ(open->newest, At(20));
  EXPECT_EQ(open->expiry(), At(120));
  EXPECT_EQ(open->body_count, 2u);
  EXPECT_EQ(open->body_bytes, 2 * testing::MakeBody("body", "v", txn).encoded_size());
}

TEST_F(TransactionTableTest, CommitsWhatIsCountedRight) {
  const TxnContext txn = Begin(0);
  EXPECT_EQ(Body(10, txn), Role::kJoined);
  EXPECT_EQ(Commit(20, txn, 1), Role::kCommitted);
  EXPECT_THAT(Ended(), ElementsAre(std::pair(txn.id, TransactionEnd::kCommitted)));
  EXPECT_EQ(ended_[0].transaction.body_count, 1u);
  EXPECT_THAT(table_.open(), IsEmpty());
  EXPECT_EQ(table_.oldest_begin(), nullptr);
}

// E3.
TEST_F(TransactionTableTest, EndsUncommittedWhatIsCountedWrong) {
  for (const uint32_t count : {0u, 2u}) {
    const TxnContext txn = Begin(100 * count);
    EXPECT_EQ(Body(100 * count + 10, txn), Role::kJoined);
    EXPECT_EQ(Commit(100 * count + 20, txn, count), Role::kMismatched);
    EXPECT_THAT(Ended(), ElementsAre(std::pair(txn.id, TransactionEnd::kMismatched)));
    EXPECT_EQ(Commit(100 * count + 30, txn, 1), Role::kOrphan);
  }
}

// Written by others: nothing is said that could be wrong.
TEST_F(TransactionTableTest, CommitsAllThereIsWithoutACount) {
  const TxnContext txn = Begin(0);
  EXPECT_EQ(Body(10, txn), Role::kJoined);
  MutableMessage::Builder builder = MessageFactory::AnyBuilder(MessageType::kCommitTxn);
  builder.VChannel("v").Txn(txn);
  EXPECT_EQ(Feed(20, *std::move(builder).Build("")), Role::kCommitted);
}

TEST_F(TransactionTableTest, RollsBack) {
  const TxnContext txn = Begin(0);
  EXPECT_EQ(RollBack(10, txn), Role::kRolledBack);
  EXPECT_THAT(Ended(), ElementsAre(std::pair(txn.id, TransactionEnd::kRolledBack)));
  EXPECT_EQ(Commit(20, txn, 0), Role::kOrphan);
}

TEST_F(TransactionTableTest, KeepsTransactionsApart) {
  const TxnContext first = Begin(0);
  const TxnContext second = Begin(1);
  EXPECT_EQ(Body(2, second), Role::kJoined);
  EXPECT_EQ(Commit(3, first, 0), Role::kCommitted);
  EXPECT_EQ(*table_.oldest_begin(), table_.Find(second.id)->begin);
  EXPECT_EQ(Commit(4, second, 1), Role::kCommitted);
}

// E1.
TEST_F(TransactionTableTest, CountsNothingOfAnotherVChannelOrOfATransactionThatIsNotThere) {
  const TxnContext txn = Begin(0);
  EXPECT_EQ(Body(1, txn, "w"), Role::kOrphan);
  EXPECT_EQ(Commit(2, txn, 0, "w"), Role::kOrphan);
  EXPECT_EQ(RollBack(3, txn, ""), Role::kOrphan);
  EXPECT_EQ(Body(4, {At(3), kLease}), Role::kOrphan);
  EXPECT_EQ(table_.Find(txn.id)->newest, At(0));
}

// E2.

TEST_F(TransactionTableTest, RenewsTheLeaseByBodies) {
  const TxnContext txn = Begin(0);
  EXPECT_EQ(Body(99, txn), Role::kJoined);
  EXPECT_EQ(Body(198, txn), Role::kJoined);
  EXPECT_EQ(Commit(297, txn, 2), Role::kCommitted);
}

TEST_F(TransactionTableTest, CountsNoMemberAtOrAboveTheExpiry) {
  const TxnContext txn = Begin(0);
  EXPECT_EQ(Body(100, txn), Role::kOrphan);
  EXPECT_EQ(Commit(101, txn, 0), Role::kOrphan);
  EXPECT_EQ(RollBack(102, txn), Role::kOrphan);
  EXPECT_EQ(table_.open().size(), 1u);
}

TEST_F(TransactionTableTest, EndsAtAStoredTickAtTheExpiryAndNotBefore) {
  const TxnContext txn = Begin(0);
  EXPECT_EQ(Tick(99), Role::kNone);
  EXPECT_THAT(Ended(), IsEmpty());
  EXPECT_FALSE(table_.HasExpiredAt(At(99)));
  EXPECT_TRUE(table_.HasExpiredAt(At(100)));
  EXPECT_EQ(Tick(100), Role::kNone);
  EXPECT_THAT(Ended(), ElementsAre(std::pair(txn.id, TransactionEnd::kExpired)));
}

TEST_F(TransactionTableTest, TakesTicksThatAreNotPersistedAndFencesForNothing) {
  (void)Begin(0);
  EXPECT_EQ(Feed(200, MessageFactory::UnstoredTimeTick()), Role::kNone);
  const Position far{NextId(), At(300)};
  EXPECT_EQ(FeedStored(testing::Stored(MessageFactory::FenceBarrier(Term{1}, far, "w"), Term{1},
                                       At(300), NextId())),
            Role::kNone);
  EXPECT_EQ(table_.open().size(), 1u);
}

TEST_F(TransactionTableTest, NeverEndsAnInfiniteLeaseByATick) {
  const TxnContext txn = Begin(0, "v", absl::InfiniteDuration());
  EXPECT_EQ(Tick(uint64_t{1} << 44), Role::kNone);
  EXPECT_EQ(Commit((uint64_t{1} << 44) + 1, txn, 0), Role::kCommitted);
}

TEST_F(TransactionTableTest, TakesALeaseOfZeroForTenSeconds) {
  const TxnContext txn = Begin(0, "v", absl::ZeroDuration());
  EXPECT_EQ(table_.Find(txn.id)->expiry(), At(10000));
}

TEST(ExpiryTest, IsAnInstantAheadOrAtOnceOrNever) {
  EXPECT_EQ(ExpiryOf(TimeTick{7}, absl::Milliseconds(1)), TimeTick{7 + (1 << 18)});
  EXPECT_EQ(ExpiryOf(TimeTick{7}, absl::Milliseconds(-5)), TimeTick{7});
  EXPECT_EQ(ExpiryOf(TimeTick{7}, absl::InfiniteDuration()), kNeverExpires);
  // One that is as good as infinite does not wrap around.
  EXPECT_EQ(ExpiryOf(At(0), absl::Milliseconds((int64_t{1} << 46) - 1)), kNeverExpires);
  EXPECT_EQ(ExpiryOf(At(0), absl::Milliseconds(std::numeric_limits<int64_t>::max())),
            kNeverExpires);
}

// E5.

TEST_F(TransactionTableTest, EndsByAnExclusiveMessageOfItsVChannelOrOfTheLog) {
  const TxnContext v = Begin(0);
  const TxnContext w = Begin(1, "w");
  EXPECT_EQ(Exclusive(2, "u"), Role::kNone);
  EXPECT_THAT(Ended(), IsEmpty());
  EXPECT_EQ(Exclusive(3, "v"), Role::kNone);
  EXPECT_THAT(Ended(), ElementsAre(std::pair(v.id, TransactionEnd::kExclusive)));
  const TxnContext again = Begin(4);
  EXPECT_EQ(Exclusive(5, ""), Role::kNone);
  EXPECT_THAT(Ended(), ElementsAre(std::pair(w.id, TransactionEnd::kExclusive),
                                   std::pair(again.id, TransactionEnd::kExclusive)));
}

TEST_F(TransactionTableTest, EndsATransactionOfTheWholeLogByEveryExclusiveMessage) {
  const TxnContext all = Begin(0, "");
  EXPECT_EQ(Exclusive(1, "v"), Role::kNone);
  EXPECT_THAT(Ended(), ElementsAre(std::pair(all.id, TransactionEnd::kExclusive)));
}

TEST_F(TransactionTableTest, TakesAnExclusiveMessageForNoMember) {
  const TxnContext txn = Begin(0);
  MutableMessage::Builder builder(MessageType::kDropCollection);
  builder.VChannel("v").Txn(txn);
  EXPECT_EQ(Feed(1, *std::move(builder).Build("")), Role::kNone);
  EXPECT_THAT(Ended(), ElementsAre(std::pair(txn.id, TransactionEnd::kExclusive)));
}

// The list is part of the stored format.
TEST(ExclusiveTypesTest, AreThoseOfTheStoredFormat) {
  std::vector<int> exclusive;
  for (int type = -1; type <= 1000; ++type) {
    if (IsExclusive(MessageType{type})) exclusive.push_back(type);
  }
  EXPECT_THAT(exclusive, ElementsAre(5, 6, 7, 8, 9, 12, 13, 37, 38, 45, 46, 700, 800));
}

TEST_F(TransactionTableTest, LeavesMessagesOutsideTransactionsAlone) {
  EXPECT_EQ(Feed(0, testing::MakeInsert("a", "v")), Role::kNone);
  (void)Begin(1);
  EXPECT_EQ(Feed(2, testing::MakeInsert("a", "v")), Role::kNone);
  EXPECT_EQ(table_.open().size(), 1u);
}

}  // namespace
}  // namespace tidelog
