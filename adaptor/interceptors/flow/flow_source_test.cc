// What makes a log slow down or reject, and how it gets out of that (G5).
#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "adaptor/testing/flow_world.h"
#include "adaptor/testing/log_world.h"
#include "gtest/gtest.h"
#include "wal/async/future.h"
#include "wal/message/message.h"
#include "wal/message/testing/messages.h"
#include "wal/status.h"
#include "wal/types.h"
#include "wal/wal.h"

namespace tidelog::adaptor {
namespace {

class FlowOfMemoryTest : public FlowWorld {
 protected:
  FlowOfMemoryTest()
      : FlowWorld({{"wal.flow_memory_bytes_max", "10000"},
                   {"wal.buffer_bytes_max", "1000"},
                   {"wal.in_flight_count_max", "1"}}) {}
};

TEST_F(FlowOfMemoryTest, RejectsBecauseOfWhatIsInFlightUntilThatIsGone) {
  world_.fake().HoldAppends();
  Future<Result> large = LogWorld::StartAppend(*wal_, std::string(9000, 'x'));
  Pass(absl::Milliseconds(200));
  EXPECT_EQ(Flow().state, State::kRejecting);
  world_.fake().StopHoldingAppends();
  Pass(absl::Milliseconds(400));
  EXPECT_TRUE(large.ready());
  EXPECT_EQ(Flow().state, State::kRecovering);
  EXPECT_TRUE(Append(LogWorld::Message("a")).ok());
}

TEST_F(FlowOfMemoryTest, RefusesDataThatWaitsForRoomWhenItBeginsToReject) {
  world_.fake().HoldAppends();
  std::vector<Future<Result>> waiting;
  Future<Result> first = LogWorld::StartAppend(*wal_, "a");
  for (int i = 0; i < 10; ++i) {
    waiting.push_back(
        LogWorld::StartAppend(*wal_, std::string(1000, 'x'), {.wait_when_full = true}));
  }
  Future<Result> control = wal_->Append(
      tidelog::testing::MakeMessage(MessageType::kFlush, "f", "v"), {.wait_when_full = true});
  Settle();
  EXPECT_EQ(CountReady(waiting), 0);
  Pass(absl::Milliseconds(200));
  ASSERT_EQ(CountReady(waiting), 10);
  for (Future<Result>& one : waiting) {
    EXPECT_EQ(CodeOf(std::move(one).Take()), WalErrorCode::kRateLimitRejected);
  }
  EXPECT_FALSE(first.ready());
  EXPECT_FALSE(control.ready());
  world_.fake().StopHoldingAppends();
  Pass(absl::Milliseconds(400));
  EXPECT_TRUE(std::move(first).Take().ok());
  EXPECT_TRUE(std::move(control).Take().ok());
  EXPECT_EQ(Flow().state, State::kRecovering);
}

class FlowOfKeysTest : public FlowWorld {
 protected:
  FlowOfKeysTest()
      : FlowWorld({{"wal.flow_memory_bytes_max", "10000"},
                   {"wal.buffer_bytes_max", "1000"},
                   {"wal.idempotency_window", "1m"}}) {}
};

// Keys are forgotten when something is stored, and a log that rejects lets nothing in.
TEST_F(FlowOfKeysTest, RejectsBecauseOfKeysUntilTheirTimeHasPassed) {
  for (int i = 0; i < 35; ++i) {
    ASSERT_TRUE(Append(tidelog::testing::MakeKeyed(absl::StrCat("k", i), "", "v")).ok());
  }
  Pass(absl::Milliseconds(400));
  ASSERT_EQ(Flow().state, State::kRejecting);
  const size_t stored = world_.Stored().size();
  Pass(absl::Seconds(59));
  EXPECT_EQ(Flow().state, State::kRejecting);
  EXPECT_EQ(world_.Stored().size(), stored);
  Pass(absl::Seconds(2));
  EXPECT_EQ(Flow().state, State::kRecovering);
  EXPECT_EQ(world_.Stored().size(), stored + 1);
  EXPECT_TRUE(Append(tidelog::testing::MakeKeyed("k0", "", "v")).ok());
}

class FlowOfRateTest : public FlowWorld {
 protected:
  FlowOfRateTest() : FlowWorld({{"wal.flow_append_rate_max", "1000"}}) {}
};

TEST_F(FlowOfRateTest, SlowsDownByTheRateOfAppends) {
  world_.MustAppend(*wal_, std::string(9000, 'x'));
  Pass(absl::Milliseconds(200));
  EXPECT_EQ(Flow().state, State::kNormal);
  world_.MustAppend(*wal_, std::string(2000, 'x'));
  Pass(absl::Milliseconds(200));
  EXPECT_EQ(Flow().state, State::kSlowed);
  EXPECT_EQ(Flow().source, "append rate");
  Pass(absl::Seconds(10));
  EXPECT_EQ(Flow().state, State::kRecovering);
}

class FlowOfLagTest : public FlowWorld {
 protected:
  FlowOfLagTest() : FlowWorld({{"wal.flow_lag_max", "10s"}, {"wal.flow_slow_interval", "1s"}}) {}
};

TEST_F(FlowOfLagTest, SlowsDownByACheckpointThatStaysBehindUntilItIsMoved) {
  const Position position = world_.MustAppend(*wal_, "a").position();
  ASSERT_TRUE(world_.Run([&] { return wal_->RegisterCheckpoint("c", position); }).ok());
  Pass(absl::Seconds(11));
  // Nothing came since: nobody is behind.
  EXPECT_EQ(Flow().state, State::kNormal);
  const Position newest = world_.MustAppend(*wal_, "b").position();
  Pass(absl::Milliseconds(200));
  EXPECT_EQ(Flow().state, State::kSlowed);
  EXPECT_EQ(Flow().source, "checkpoints");
  ASSERT_TRUE(world_.Run([&] { return wal_->RegisterCheckpoint("c", newest); }).ok());
  Pass(absl::Milliseconds(200));
  EXPECT_EQ(Flow().state, State::kRecovering);
}

TEST_F(FlowOfLagTest, ForgetsACheckpointThatIsRemoved) {
  const Position position = world_.MustAppend(*wal_, "a").position();
  ASSERT_TRUE(world_.Run([&] { return wal_->RegisterCheckpoint("c", position); }).ok());
  Pass(absl::Seconds(11));
  world_.MustAppend(*wal_, "b");
  // Nobody catches up, but nothing comes either.
  Pass(absl::Seconds(300));
  EXPECT_EQ(Flow().state, State::kSlowed);
  // At the lowest rate for 90 s.
  for (int i = 0; i < 20; ++i) {
    (void)Append(LogWorld::Message("c"));
    Pass(absl::Seconds(5));
  }
  EXPECT_EQ(Flow().state, State::kRejecting);
  ASSERT_TRUE(world_.Run([&] { return wal_->UnregisterCheckpoint("c"); }).ok());
  Pass(absl::Milliseconds(200));
  EXPECT_EQ(Flow().state, State::kRecovering);
}

TEST_F(FlowOfLagTest, SlowsDownByAConsumerThatSaysHowFarItIsBehind) {
  signals_.lag = absl::Seconds(11);
  Pass(absl::Milliseconds(200));
  EXPECT_EQ(Flow().state, State::kSlowed);
  EXPECT_EQ(Flow().source, "consumers");
}

}  // namespace
}  // namespace tidelog::adaptor
