// Which keys a log remembers, and from where on (G4, D6).
#include "wal/utility/idempotency_table.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "absl/log/check.h"
#include "absl/time/time.h"
#include "gtest/gtest.h"
#include "wal/message/message.h"
#include "wal/message/message_factory.h"
#include "wal/message/message_id.h"
#include "wal/message/record.h"
#include "wal/message/testing/messages.h"
#include "wal/types.h"
#include "wal/utility/transaction_table.h"

namespace tidelog {
namespace {

using testing::MakeInsert;
using testing::MakeKeyed;
using testing::MakeKeyedCommit;

constexpr absl::Duration kWindow = absl::Milliseconds(100);

// A tick so many milliseconds after the beginning.
TimeTick At(uint64_t ms) { return MakeTimeTick(1000 + ms, 0); }

class IdempotencyTableTest : public ::testing::Test {
 protected:
  explicit IdempotencyTableTest(const IdempotencyTable::Limits& limits = {kWindow, 100, 1u << 20,
                                                                          1u << 30})
      : table_(limits) {}

  // Feeds `message` as the next record, and yields its id.
  MessageId Feed(uint64_t ms, MutableMessage message) {
    const MessageId id = MessageId::FromNumber({LogKind::kMemory, 1, 0}, ++last_id_);
    FeedStored(testing::Stored(std::move(message), Term{1}, At(ms), id));
    return id;
  }
  void FeedStored(const ImmutableMessage& message) {
    const TransactionTable::Outcome outcome = transactions_.Feed(message.record(), message.id());
    table_.Feed(message.record(), message.id(), outcome);
  }
  void Tick(uint64_t ms) { Feed(ms, MessageFactory::StoredTimeTick()); }

  bool Has(std::string_view key, std::string_view vchannel = "v") const {
    return table_.Find({vchannel, key}) != nullptr;
  }
  MessageId IdOf(std::string_view key, std::string_view vchannel = "v") const {
    const IdempotencyTable::Result* result = table_.Find({vchannel, key});
    return result == nullptr ? MessageId() : result->id;
  }

  TransactionTable transactions_;
  IdempotencyTable table_;
  uint64_t last_id_ = 0;
};

TEST_F(IdempotencyTableTest, RemembersWhatTheFirstAppendWasTold) {
  const MessageId p = Feed(1, MakeInsert("p"));
  const MessageId a = MessageId::FromNumber(p.origin(), ++last_id_);
  FeedStored(testing::Stored(MakeKeyed("k", "a", "v"), Term{1}, At(2), a, &p));
  const IdempotencyTable::Result* result = table_.Find({"v", "k"});
  ASSERT_NE(result, nullptr);
  EXPECT_EQ(result->id, a);
  EXPECT_EQ(result->last_confirmed, p);
  EXPECT_EQ(result->time_tick, At(2));
  EXPECT_EQ(result->txn, TxnContext());
  const MessageId b = Feed(3, MakeKeyed("own", "b", "v"));
  EXPECT_EQ(table_.Find({"v", "own"})->last_confirmed, b);
}

TEST_F(IdempotencyTableTest, KeepsTheKeysOfVChannelsApart) {
  const MessageId v = Feed(1, MakeKeyed("k", "a", "v"));
  const MessageId none = Feed(2, MakeKeyed("k", "a", ""));
  const MessageId split = Feed(3, MakeKeyed("vk", "a", ""));
  EXPECT_EQ(IdOf("k", "v"), v);
  EXPECT_EQ(IdOf("k", ""), none);
  EXPECT_EQ(IdOf("vk", ""), split);
  EXPECT_FALSE(Has("k", "w"));
  EXPECT_EQ(table_.size(), 3u);
}

TEST_F(IdempotencyTableTest, RemembersACommitThatCommits) {
  Feed(1, testing::MakeBegin("v"));
  const TxnContext txn{At(1), absl::Seconds(1)};
  Feed(2, testing::MakeBody("a", "v", txn));
  const MessageId commit = Feed(3, MakeKeyedCommit("k", "v", txn, 1));
  EXPECT_EQ(IdOf("k"), commit);
  EXPECT_EQ(table_.Find({"v", "k"})->txn, txn);
}

TEST_F(IdempotencyTableTest, RemembersNoCommitThatDoesNotCommit) {
  Feed(1, testing::MakeBegin("v"));
  const TxnContext txn{At(1), absl::Seconds(1)};
  Feed(2, MakeKeyedCommit("elsewhere", "w", txn, 0));
  Feed(3, MakeKeyedCommit("mismatched", "v", txn, 1));
  Feed(4, MakeKeyedCommit("orphan", "v", txn, 0));
  EXPECT_FALSE(Has("elsewhere", "w"));
  EXPECT_FALSE(Has("mismatched"));
  EXPECT_FALSE(Has("orphan"));
  EXPECT_EQ(table_.size(), 0u);
  EXPECT_EQ(table_.StartAt(At(5)), std::nullopt);
}

TEST_F(IdempotencyTableTest, SaysFromWhichTickOnItWouldForget) {
  EXPECT_FALSE(table_.HasExpiredAt(At(1000000)));
  Feed(1, MakeKeyed("k", "a", "v"));
  Feed(2, MakeKeyed("l", "b", "v"));
  EXPECT_FALSE(table_.HasExpiredAt(At(100)));
  EXPECT_TRUE(table_.HasExpiredAt(At(101)));
  Tick(101);
  EXPECT_FALSE(table_.HasExpiredAt(At(101)));
  EXPECT_TRUE(table_.HasExpiredAt(At(102)));
}

TEST_F(IdempotencyTableTest, TakesNoNoticeOfWhatIsNotInTheLog) {
  Feed(1, MakeKeyed("k", "a", "v"));
  MutableMessage::Builder builder = MessageFactory::AnyBuilder(MessageType::kTimeTick);
  builder.IdempotencyKey("tick");
  Feed(2, *std::move(builder).Build(""));
  Feed(500, MessageFactory::UnstoredTimeTick());
  Feed(500, MessageFactory::FenceBarrier(Term{1}, std::nullopt, "w"));
  EXPECT_TRUE(Has("k"));
  EXPECT_FALSE(Has("tick", ""));
}

TEST_F(IdempotencyTableTest, ForgetsByTheTicksOfWhateverIsStoredBehind) {
  Feed(1, MakeKeyed("a", "", "v"));
  Feed(2, MakeKeyed("b", "", "v"));
  Feed(100, MakeInsert("p"));
  EXPECT_TRUE(Has("a"));
  Feed(101, MakeInsert("p"));
  EXPECT_FALSE(Has("a"));
  EXPECT_TRUE(Has("b"));
  Tick(102);
  EXPECT_FALSE(Has("b"));
  EXPECT_EQ(table_.bytes(), 0u);
}

TEST_F(IdempotencyTableTest, ForgetsByTheTickOfARecordThatHasAKeyItself) {
  Feed(1, MakeKeyed("a", "", "v"));
  const MessageId again = Feed(101, MakeKeyed("b", "", "v"));
  EXPECT_FALSE(Has("a"));
  EXPECT_EQ(table_.StartAt(At(102)), again);
}

// So that a feed that begins behind the older one comes to the same.
TEST_F(IdempotencyTableTest, RemembersTheNewerOfTwoWithOneKey) {
  Feed(1, MakeKeyed("k", "", "v"));
  const MessageId newer = Feed(2, MakeKeyed("k", "", "v"));
  EXPECT_EQ(IdOf("k"), newer);
  EXPECT_EQ(table_.size(), 1u);
  Tick(101);
  EXPECT_EQ(IdOf("k"), newer);
  Tick(102);
  EXPECT_FALSE(Has("k"));
}

// D6.

TEST_F(IdempotencyTableTest, IsRebuiltFromAnywhereWhenItIsEmpty) {
  EXPECT_EQ(table_.StartAt(At(0)), std::nullopt);
  Feed(1, MakeInsert("p"));
  EXPECT_EQ(table_.StartAt(At(2)), std::nullopt);
}

TEST_F(IdempotencyTableTest, IsRebuiltFromTheOldestKeyThatIsRememberedThen) {
  const MessageId a = Feed(1, MakeKeyed("a", "", "v"));
  const MessageId b = Feed(2, MakeKeyed("b", "", "v"));
  EXPECT_EQ(table_.StartAt(At(3)), a);
  EXPECT_EQ(table_.StartAt(At(100)), a);
  EXPECT_EQ(table_.StartAt(At(101)), b);
  EXPECT_EQ(table_.StartAt(At(102)), std::nullopt);
  EXPECT_TRUE(Has("a"));
}

TEST_F(IdempotencyTableTest, IsRebuiltFromTheBeginOfACommit) {
  const MessageId begin = Feed(1, testing::MakeBegin("v", absl::Seconds(1)));
  const TxnContext txn{At(1), absl::Seconds(1)};
  const MessageId a = Feed(2, MakeKeyed("a", "", "v"));
  EXPECT_EQ(table_.StartAt(At(3)), a);
  Feed(50, MakeKeyedCommit("k", "v", txn, 0));
  EXPECT_EQ(table_.StartAt(At(51)), begin);
  EXPECT_EQ(table_.StartAt(At(102)), begin);
  Tick(102);
  EXPECT_EQ(table_.StartAt(At(149)), begin);
  EXPECT_EQ(table_.StartAt(At(150)), std::nullopt);
}

TEST_F(IdempotencyTableTest, IsRebuiltFromTheLowestBeginOfItsCommits) {
  const MessageId first = Feed(1, testing::MakeBegin("v", absl::Seconds(1)));
  const MessageId second = Feed(2, testing::MakeBegin("v", absl::Seconds(1)));
  Feed(3, MakeKeyedCommit("b", "v", {At(2), absl::Seconds(1)}, 0));
  EXPECT_EQ(table_.StartAt(At(4)), second);
  Feed(10, MakeKeyedCommit("a", "v", {At(1), absl::Seconds(1)}, 0));
  EXPECT_EQ(table_.StartAt(At(11)), first);
  EXPECT_EQ(table_.StartAt(At(105)), first);
  Tick(105);
  EXPECT_EQ(table_.StartAt(At(106)), first);
}

// Limits besides the ticks.

class SmallIdempotencyTableTest : public IdempotencyTableTest {
 protected:
  static constexpr size_t kBytes = 3 * (IdempotencyTable::kEntryBytes + 2);
  SmallIdempotencyTableTest() : IdempotencyTableTest({absl::Hours(1), 4, kBytes, 1u << 30}) {}
};

TEST_F(SmallIdempotencyTableTest, ForgetsTheOldestWhenThereAreTooManyBytes) {
  for (const char* key : {"a", "b", "c"}) Feed(1 + last_id_, MakeKeyed(key, "", "v"));
  EXPECT_TRUE(Has("a"));
  EXPECT_EQ(table_.bytes(), kBytes);
  Feed(9, MakeKeyed("d", "", "v"));
  EXPECT_FALSE(Has("a"));
  EXPECT_TRUE(Has("b"));
  EXPECT_EQ(table_.bytes(), kBytes);
}

TEST_F(SmallIdempotencyTableTest, RemembersTheNewestWhateverItsSize) {
  const std::string large(2 * kBytes, 'k');
  Feed(1, MakeKeyed("a", "", "v"));
  Feed(2, MakeKeyed(large, "", "v"));
  EXPECT_FALSE(Has("a"));
  EXPECT_TRUE(Has(large));
  Feed(3, MakeKeyed("b", "", "v"));
  EXPECT_FALSE(Has(large));
  EXPECT_TRUE(Has("b"));
}

class FewIdempotencyKeysTest : public IdempotencyTableTest {
 protected:
  FewIdempotencyKeysTest() : IdempotencyTableTest({absl::Hours(1), 2, 1u << 20, 1u << 30}) {}
};

TEST_F(FewIdempotencyKeysTest, ForgetsTheOldestWhenThereAreTooMany) {
  Feed(1, MakeKeyed("a", "", "v"));
  Feed(2, MakeInsert("p"));
  const MessageId b = Feed(3, MakeKeyed("b", "", "v"));
  Feed(4, MakeKeyed("c", "", "v"));
  EXPECT_FALSE(Has("a"));
  EXPECT_TRUE(Has("b"));
  EXPECT_EQ(table_.StartAt(At(5)), b);
}

class ShortLogIdempotencyTableTest : public IdempotencyTableTest {
 protected:
  static constexpr size_t kLogBytes = 5000;
  ShortLogIdempotencyTableTest()
      : IdempotencyTableTest({absl::Hours(1), 100, 1u << 20, kLogBytes}) {}

  // A record of kLogBytes.
  static MutableMessage Large() {
    const ImmutableMessage empty = testing::Stored(
        MakeInsert(""), Term{1}, At(1), MessageId::FromNumber({LogKind::kMemory, 1, 0}, 1));
    return MakeInsert(std::string(kLogBytes - empty.record().size(), 'p'));
  }
};

TEST_F(ShortLogIdempotencyTableTest, ForgetsAKeyWhenTooManyBytesOfTheLogLieBehindIt) {
  Feed(1, MakeKeyed("a", std::string(2 * kLogBytes, 'p'), "v"));
  Feed(2, Large());
  EXPECT_TRUE(Has("a"));  // Its own bytes do not count.
  const MessageId b = Feed(3, MakeKeyed("b", "", "v"));
  EXPECT_FALSE(Has("a"));
  EXPECT_EQ(table_.StartAt(At(4)), b);
  Feed(4, Large());
  Feed(5, MessageFactory::UnstoredTimeTick());
  EXPECT_TRUE(Has("b"));
  Tick(6);
  EXPECT_FALSE(Has("b"));
  EXPECT_EQ(table_.StartAt(At(7)), std::nullopt);
  EXPECT_EQ(table_.bytes(), 0u);
}

}  // namespace
}  // namespace tidelog
