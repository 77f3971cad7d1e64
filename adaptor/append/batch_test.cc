// Batches (C8).
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/time/time.h"
#include "adaptor/async/detached.h"
#include "adaptor/testing/log_world.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "wal/async/coroutine.h"
#include "wal/async/future.h"
#include "wal/message/message.h"
#include "walimpls/wal.h"

namespace tidelog::adaptor {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

class BatchTest : public testing::Test {
 protected:
  BatchTest() {
    walimpls::Traits traits = world_.backend().traits();
    traits.group_count_max = 2;
    world_.backend().set_traits(traits);
    wal_ = world_.MustOpen(Term{1});
  }
  ~BatchTest() override { (void)world_.Close(*wal_); }

  Future<BatchResult> Start(std::vector<std::string> payloads, AppendOptions options = {}) {
    std::vector<MutableMessage> messages;
    for (const std::string& payload : payloads) messages.push_back(LogWorld::Message(payload));
    return wal_->AppendBatch(std::move(messages), options);
  }
  BatchResult Append(std::vector<std::string> payloads) {
    return world_.Run([&] { return Start(payloads); });
  }
  void Settle() { world_.runtime().RunUntilIdle(); }

  LogWorld world_;
  std::unique_ptr<Wal> wal_;
};

TEST_F(BatchTest, LandsAdjacentAndInOrderInGroupsOfWhatTheBackendTakes) {
  world_.fake().HoldAppends();
  Future<BatchResult> batch = Start({"a", "b", "c", "d", "e"});
  Future<absl::StatusOr<AppendResult>> single = LogWorld::StartAppend(*wal_, "f");
  Settle();
  EXPECT_EQ(world_.fake().outstanding(), 4u);  // 2 + 2 + 1, and the single one.
  world_.fake().StopHoldingAppends();
  Settle();
  const BatchResult result = std::move(batch).Take();
  EXPECT_TRUE(result.rest.ok()) << result.rest;
  EXPECT_EQ(result.unknown, 0u);
  EXPECT_THAT(world_.Stored(), ElementsAre("tick", "a", "b", "c", "d", "e", "f"));
  const std::vector<ImmutableMessage> records = world_.fake().records();
  ASSERT_EQ(result.done.size(), 5u);
  for (size_t i = 0; i < 5; ++i) {
    EXPECT_EQ(result.done[i].id, records[i + 1].id());
    EXPECT_EQ(result.done[i].time_tick, records[i + 1].time_tick());
  }
}

TEST_F(BatchTest, SplitsByBytesToo) {
  walimpls::Traits traits = world_.backend().traits();
  traits.group_count_max = 100;
  traits.group_bytes_max = 2 * LogWorld::Message("a").encoded_size();
  traits.message_bytes_max = traits.group_bytes_max;
  world_.MustClose(*wal_);
  world_.backend().set_traits(traits);
  wal_ = world_.MustOpen(Term{2});
  world_.fake().HoldAppends();
  Future<BatchResult> batch = Start({"a", "b", "c"});
  Settle();
  EXPECT_EQ(world_.fake().outstanding(), 2u);
  world_.fake().StopHoldingAppends();
  Settle();
  EXPECT_EQ(std::move(batch).Take().done.size(), 3u);
}

TEST_F(BatchTest, IsDoneAtOnceWhenEmpty) {
  Future<BatchResult> batch = Start({});
  ASSERT_TRUE(batch.ready());
  EXPECT_TRUE(std::move(batch).Take().rest.ok());
}

TEST_F(BatchTest, IsRefusedAsAWholeForOneBadMessage) {
  std::vector<MutableMessage> messages;
  messages.push_back(LogWorld::Message("a"));
  messages.push_back(*MutableMessage::Builder(MessageType::kAlterWal).Build(""));
  const BatchResult result =
      world_.Run([&] { return wal_->AppendBatch(std::move(messages), AppendOptions()); });
  EXPECT_EQ(CodeOf(result.rest), WalErrorCode::kInvalidArgument);
  EXPECT_THAT(result.done, IsEmpty());
  EXPECT_THAT(world_.Stored(), ElementsAre("tick"));
}

// The rest of a batch stays behind its beginning, whoever comes meanwhile.
TEST_F(BatchTest, StaysAdjacentWhenItsRestIsRetried) {
  world_.fake().HoldAppends();
  Future<BatchResult> batch = Start({"a", "b", "c", "d"});
  Future<absl::StatusOr<AppendResult>> single = LogWorld::StartAppend(*wal_, "e");
  Settle();
  world_.fake().ReleaseAppends(1);
  world_.fake().FailAppends(1, WalErrorCode::kUnavailable);
  world_.fake().StopHoldingAppends();
  Settle();
  EXPECT_THAT(world_.Stored(), ElementsAre("tick", "a", "b"));
  Future<absl::StatusOr<AppendResult>> late = LogWorld::StartAppend(*wal_, "f");
  world_.runtime().Advance(absl::Milliseconds(10));
  EXPECT_THAT(world_.Stored(), ElementsAre("tick", "a", "b", "c", "d", "e", "f"));
  const BatchResult result = std::move(batch).Take();
  EXPECT_TRUE(result.rest.ok()) << result.rest;
  EXPECT_EQ(result.done.size(), 4u);
}

Detached AppendAt(LogWorld* world, Wal* wal, absl::Duration when) {
  co_await EnterExecutor(world->runtime().executor());
  co_await SleepFor(when - world->runtime().Now());
  (void)LogWorld::StartAppend(*wal, "x");
}

// Others come at the very instant of the retry; the seed decides who runs first.
TEST(BatchSchedulesTest, StaysAdjacentUnderEverySchedule) {
  for (uint64_t seed = 1; seed <= 100; ++seed) {
    LogWorld world({.seed = seed});
    walimpls::Traits traits = world.backend().traits();
    traits.group_count_max = 1;
    world.backend().set_traits(traits);
    std::unique_ptr<Wal> wal = world.MustOpen(Term{1});
    world.fake().HoldAppends();
    std::vector<MutableMessage> messages;
    for (const char* payload : {"a", "b", "c"}) messages.push_back(LogWorld::Message(payload));
    Future<BatchResult> first = wal->AppendBatch(std::move(messages), AppendOptions());
    Future<absl::StatusOr<AppendResult>> second = LogWorld::StartAppend(*wal, "d");
    world.runtime().RunUntilIdle();
    world.fake().ReleaseAppends(1);
    world.fake().FailAppends(1, WalErrorCode::kUnavailable);
    world.fake().StopHoldingAppends();
    world.runtime().RunUntilIdle();
    for (int i = 0; i < 4; ++i) {
      AppendAt(&world, wal.get(), world.runtime().Now() + absl::Milliseconds(10));
    }
    world.runtime().Advance(absl::Milliseconds(20));
    const std::vector<std::string> stored = world.Stored();
    ASSERT_GE(stored.size(), 5u);
    // Also who was handed over behind it keeps his place.
    EXPECT_THAT(std::vector<std::string>(stored.begin() + 1, stored.begin() + 5),
                ElementsAre("a", "b", "c", "d"))
        << "seed " << seed;
    world.MustClose(*wal);
  }
}

TEST_F(BatchTest, LandsAsAPrefixWhenStorageIsFull) {
  world_.fake().HoldAppends();
  Future<BatchResult> batch = Start({"a", "b", "c", "d"});
  Settle();
  world_.fake().ReleaseAppends(1);
  world_.fake().FailAppends(1, WalErrorCode::kResourceExhausted);
  world_.fake().StopHoldingAppends();
  Settle();
  const BatchResult result = std::move(batch).Take();
  EXPECT_EQ(result.done.size(), 2u);
  EXPECT_EQ(result.unknown, 0u);
  EXPECT_EQ(CodeOf(result.rest), WalErrorCode::kResourceExhausted);
  EXPECT_THAT(world_.Stored(), ElementsAre("tick", "a", "b"));
}

TEST_F(BatchTest, CountsAtItsDeadlineWhatIsDoneAndWhatIsUnknown) {
  world_.fake().HoldAppends();
  Future<BatchResult> batch = Start({"a", "b", "c", "d", "e"}, {.timeout = absl::Seconds(1)});
  Settle();
  world_.fake().ReleaseAppends(1);
  world_.runtime().Advance(absl::Seconds(1));
  const BatchResult result = std::move(batch).Take();
  EXPECT_EQ(result.done.size(), 2u);
  EXPECT_EQ(result.unknown, 3u);
  EXPECT_EQ(CodeOf(result.rest), WalErrorCode::kOutcomeUnknown);
  world_.fake().StopHoldingAppends();
  Settle();
}

TEST_F(BatchTest, CountsAsUnknownWhatAFenceCutsOff) {
  world_.fake().HoldAppends();
  Future<BatchResult> batch = Start({"a", "b", "c", "d"});
  Settle();
  world_.fake().ReleaseAppends(1);
  Settle();
  world_.fake().Fence(Term{9});
  world_.runtime().Advance(absl::Milliseconds(200));
  const BatchResult result = std::move(batch).Take();
  EXPECT_EQ(result.done.size(), 2u);
  EXPECT_EQ(result.unknown, 2u);
  EXPECT_EQ(CodeOf(result.rest), WalErrorCode::kOutcomeUnknown);
}

TEST_F(BatchTest, EndsAtItsDeadlineWithAPrefixWhenItsRestCannotBeRetried) {
  world_.fake().HoldAppends();
  Future<BatchResult> batch = Start({"a", "b", "c"}, {.timeout = absl::Seconds(1)});
  Settle();
  world_.fake().ReleaseAppends(1);
  world_.fake().FailAppends(1000, WalErrorCode::kUnavailable);
  world_.fake().StopHoldingAppends();
  world_.runtime().Advance(absl::Seconds(1));
  const BatchResult result = std::move(batch).Take();
  EXPECT_EQ(result.done.size(), 2u);
  EXPECT_EQ(result.unknown, 0u);
  EXPECT_EQ(CodeOf(result.rest), WalErrorCode::kUnavailable);
}

}  // namespace
}  // namespace tidelog::adaptor
