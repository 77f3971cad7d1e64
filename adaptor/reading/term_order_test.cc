#include "adaptor/reading/term_order.h"

#include <string>
#include <utility>

#include "adaptor/log/log_context.h"
#include "adaptor/testing/log_world.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "wal/async/test_runtime.h"
#include "wal/message/chunks.h"
#include "wal/message/message.h"
#include "wal/message/message_factory.h"
#include "wal/message/message_id.h"
#include "wal/message/message_stamper.h"
#include "wal/status.h"
#include "wal/types.h"

namespace tidelog::adaptor {
namespace {

using testing::HasSubstr;

class TermOrderTest : public testing::Test {
 protected:
  static MessageId Id(uint64_t number) {
    return MessageId::FromNumber({LogKind::kSimulated, 1, 0}, number);
  }
  static ImmutableMessage Record(uint64_t number, Term term, uint64_t tick) {
    MutableMessage message = LogWorld::Message("x");
    MessageStamper::Stamp(message, term, TimeTick{tick}, nullptr);
    return MessageStamper::Seal(std::move(message)).WithId(Id(number));
  }
  static ImmutableMessage ChunkAt(uint64_t number, uint64_t tick, size_t index) {
    MutableMessage message = LogWorld::Message(std::string(100, 'x'));
    MessageStamper::Stamp(message, Term{1}, TimeTick{tick}, nullptr);
    return SplitIntoChunks(message.view(), 100)[index].WithId(Id(number));
  }
  static ImmutableMessage Barrier(uint64_t number, Term term) {
    return MessageStamper::Seal(MessageFactory::FenceBarrier(term, std::nullopt, "w"))
        .WithId(Id(number));
  }
  bool Takes(const ImmutableMessage& message) {
    const absl::StatusOr<bool> counts = order_.Take(message);
    CHECK_OK(counts);
    return *counts;
  }

  TestRuntime runtime_;
  EventLog events_;
  const LogContext log_{{"orders", Term{1}}, &runtime_, runtime_.executor(), &events_, nullptr, {}};
  TermOrder order_{&log_};
};

TEST_F(TermOrderTest, TakesRecordsInOrder) {
  EXPECT_TRUE(Takes(Record(1, Term{1}, 10)));
  EXPECT_TRUE(Takes(Record(5, Term{2}, 11)));
  EXPECT_EQ(order_.last_id(), Id(5));
  EXPECT_EQ(order_.last_tick(), TimeTick{11});
  EXPECT_EQ(order_.highest_term(), Term{2});
}

// A backend may read again what it has delivered, when it comes back from an error.
TEST_F(TermOrderTest, DropsWhatItHasTakenBefore) {
  EXPECT_TRUE(Takes(Record(1, Term{1}, 10)));
  EXPECT_TRUE(Takes(Record(2, Term{1}, 11)));
  EXPECT_FALSE(Takes(Record(1, Term{1}, 10)));
  EXPECT_FALSE(Takes(Record(2, Term{1}, 11)));
  EXPECT_TRUE(Takes(Record(3, Term{1}, 12)));
  EXPECT_EQ(order_.violation_count(), 0u);
}

// A5.
TEST_F(TermOrderTest, DropsAndCountsAndReportsARecordOfALowerTerm) {
  EXPECT_TRUE(Takes(Record(1, Term{7}, 10)));
  EXPECT_FALSE(Takes(Record(2, Term{6}, 11)));
  EXPECT_EQ(order_.violation_count(), 1u);
  EXPECT_THAT(events_.TextOf(Event::Kind::kTermViolation), HasSubstr("of term 6"));
  EXPECT_TRUE(Takes(Record(3, Term{7}, 11)));
}

TEST_F(TermOrderTest, DropsABarrierThatRaisesTheTermAllTheSame) {
  EXPECT_TRUE(Takes(Record(1, Term{1}, 10)));
  EXPECT_FALSE(Takes(Barrier(2, Term{2})));
  EXPECT_FALSE(Takes(Record(3, Term{1}, 11)));
  EXPECT_EQ(order_.violation_count(), 1u);
  EXPECT_TRUE(Takes(Record(4, Term{2}, 11)));
}

// D8.
TEST_F(TermOrderTest, TakesATickThatDoesNotAscendForCorruption) {
  EXPECT_TRUE(Takes(Record(1, Term{1}, 10)));
  const absl::StatusOr<bool> same = order_.Take(Record(2, Term{1}, 10));
  EXPECT_EQ(GetWalErrorCode(same.status()), WalErrorCode::kCorrupt);
  EXPECT_THAT(same.status().message(), HasSubstr("has tick 10"));
}

// F9.
TEST_F(TermOrderTest, TakesTheSameTickOnlyBehindAChunk) {
  EXPECT_TRUE(Takes(ChunkAt(1, 10, 0)));
  EXPECT_TRUE(Takes(ChunkAt(2, 10, 1)));
  EXPECT_TRUE(Takes(ChunkAt(3, 10, 2)));
  const absl::StatusOr<bool> plain = order_.Take(Record(4, Term{1}, 10));
  EXPECT_EQ(GetWalErrorCode(plain.status()), WalErrorCode::kCorrupt);
  EXPECT_TRUE(Takes(Record(5, Term{1}, 11)));
  const absl::StatusOr<bool> behind_plain = order_.Take(ChunkAt(6, 11, 1));
  EXPECT_EQ(GetWalErrorCode(behind_plain.status()), WalErrorCode::kCorrupt);
  EXPECT_TRUE(Takes(ChunkAt(7, 12, 0)));
  const absl::StatusOr<bool> anew = order_.Take(ChunkAt(8, 12, 0));
  EXPECT_EQ(GetWalErrorCode(anew.status()), WalErrorCode::kCorrupt);
  EXPECT_TRUE(Takes(ChunkAt(9, 13, 0)));
  const absl::StatusOr<bool> lower = order_.Take(ChunkAt(10, 12, 1));
  EXPECT_EQ(GetWalErrorCode(lower.status()), WalErrorCode::kCorrupt);
}

}  // namespace
}  // namespace tidelog::adaptor
