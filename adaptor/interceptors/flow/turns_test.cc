#include "adaptor/interceptors/flow/turns.h"

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "adaptor/interceptors/append_op.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "wal/async/future.h"
#include "wal/message/message.h"
#include "wal/message/testing/messages.h"
#include "wal/types.h"
#include "wal/wal.h"

namespace tidelog::adaptor {
namespace {

using ::testing::ElementsAre;

class TurnsTest : public ::testing::Test {
 protected:
  ~TurnsTest() override {
    while (!turns_.empty()) Pop();
  }

  // Comes to its line; yields its number.
  size_t Push(size_t bytes, std::optional<TimeTick> txn) {
    std::vector<MutableMessage> messages;
    TxnContext context;
    context.id = txn.value_or(TimeTick{0});
    messages.push_back(txn ? tidelog::testing::MakeBody("x", "v", context)
                           : tidelog::testing::MakeInsert("x"));
    ops_.push_back(std::make_unique<AppendOp>(messages, AppendOptions()));
    Promise<absl::Status> promise("a turn");
    futures_.push_back(promise.future());
    turns_.Push({ops_.back().get(), bytes, txn, std::move(promise)});
    return ops_.size() - 1;
  }
  size_t Member(size_t bytes, uint64_t txn = 1) { return Push(bytes, TimeTick{txn}); }
  size_t Other(size_t bytes) { return Push(bytes, std::nullopt); }

  size_t Pop() { return End(turns_.Pop()); }
  size_t End(Turns::Waiting waiting) {
    waiting.promise.Set(absl::OkStatus());
    for (size_t i = 0; i < ops_.size(); ++i) {
      if (ops_[i].get() == waiting.op) return i;
    }
    return ops_.size();
  }
  std::vector<size_t> PopAll() {
    std::vector<size_t> order;
    while (!turns_.empty()) order.push_back(Pop());
    return order;
  }

  std::vector<std::unique_ptr<AppendOp>> ops_;
  std::vector<Future<absl::Status>> futures_;
  Turns turns_;
};

TEST_F(TurnsTest, ServesOneLineInTheOrderInWhichItCame) {
  Other(1), Other(9), Other(1);
  EXPECT_EQ(turns_.bytes(), 11u);
  EXPECT_THAT(PopAll(), ElementsAre(0, 1, 2));
  Member(1), Member(9), Member(1);
  EXPECT_THAT(PopAll(), ElementsAre(3, 4, 5));
  EXPECT_EQ(turns_.bytes(), 0u);
  EXPECT_EQ(turns_.count(), 0u);
}

TEST_F(TurnsTest, SharesTheRateByHalvesWhileBothWait) {
  for (int i = 0; i < 4; ++i) Other(10);
  for (int i = 0; i < 4; ++i) Member(10);
  EXPECT_THAT(PopAll(), ElementsAre(4, 0, 5, 1, 6, 2, 7, 3));
}

// By bytes, not by appends.
TEST_F(TurnsTest, LetsNoLineHaveMoreBecauseItsAppendsAreLarger) {
  Other(10), Other(10), Other(10), Other(10);
  Member(30), Member(30);
  EXPECT_THAT(PopAll(), ElementsAre(4, 0, 1, 2, 5, 3));
}

TEST_F(TurnsTest, OwesNothingToWhoWasNotThere) {
  Member(10), Member(10), Member(10);
  Pop(), Pop();
  Other(10), Other(10);
  EXPECT_THAT(PopAll(), ElementsAre(2, 3, 4));
}

TEST_F(TurnsTest, TakesOutWhoIsNotWantedAnyMore) {
  Other(10), Member(10), Other(20);
  std::optional<Turns::Waiting> removed = turns_.Remove(*ops_[2]);
  ASSERT_TRUE(removed.has_value());
  EXPECT_EQ(End(std::move(*removed)), 2u);
  EXPECT_EQ(turns_.bytes(), 20u);
  EXPECT_FALSE(turns_.Remove(*ops_[2]).has_value());
  removed = turns_.Remove(*ops_[1]);
  ASSERT_TRUE(removed.has_value());
  EXPECT_EQ(End(std::move(*removed)), 1u);
  EXPECT_EQ(turns_.BytesBehind(TimeTick{1}), std::nullopt);
  EXPECT_THAT(PopAll(), ElementsAre(0));
}

TEST_F(TurnsTest, SaysWhatIsBeforeOneThatCameNow) {
  EXPECT_EQ(turns_.BytesAhead(true), 0u);
  for (int i = 0; i < 9; ++i) Other(10);
  EXPECT_EQ(turns_.BytesAhead(false), 90u);
  // At most one of the others.
  EXPECT_EQ(turns_.BytesAhead(true), 10u);
  Member(20);
  // Members have 20, others 20 and what they begin with that.
  EXPECT_EQ(turns_.BytesAhead(true), 50u);
  EXPECT_EQ(turns_.BytesAhead(false), 110u);
}

// The bound is one: whoever comes behind it, it has its turn by then.
TEST_F(TurnsTest, NeverLetsAMemberWaitForMoreThanItSaid) {
  for (int i = 0; i < 20; ++i) Other(7);
  for (int i = 0; i < 5; ++i) Member(13, i);
  size_t ahead = turns_.BytesAhead(true);
  const size_t last = Member(13);
  for (int i = 0; i < 20; ++i) Other(7);
  while (&*turns_.next().op != ops_[last].get()) {
    const size_t bytes = turns_.next().bytes;
    ASSERT_LE(bytes, ahead);
    ahead -= bytes;
    Pop();
  }
}

TEST_F(TurnsTest, SaysWhatIsBehindTheNewestMemberOfATransaction) {
  EXPECT_EQ(turns_.BytesBehind(TimeTick{1}), std::nullopt);
  Member(10, 1), Member(20, 1), Member(30, 2);
  EXPECT_EQ(turns_.BytesBehind(TimeTick{1}), 30u);
  EXPECT_EQ(turns_.BytesBehind(TimeTick{2}), 0u);
  Pop(), Pop();
  EXPECT_EQ(turns_.BytesBehind(TimeTick{1}), std::nullopt);
  EXPECT_EQ(turns_.BytesBehind(TimeTick{2}), 0u);
}

TEST_F(TurnsTest, TakesTheOneBeforeForTheNewestWhenThatIsTakenOut) {
  Member(10, 1), Member(30, 2), Member(20, 1);
  EXPECT_EQ(turns_.BytesBehind(TimeTick{1}), 0u);
  std::optional<Turns::Waiting> removed = turns_.Remove(*ops_[2]);
  ASSERT_TRUE(removed.has_value());
  End(std::move(*removed));
  EXPECT_GE(turns_.BytesBehind(TimeTick{1}).value_or(0), 30u);
  EXPECT_THAT(PopAll(), ElementsAre(0, 1));
}

}  // namespace
}  // namespace tidelog::adaptor
