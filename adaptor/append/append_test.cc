// Appends to a log over a fake backend: C1 to C6, D1, D3, D8.
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/log/check.h"
#include "absl/time/time.h"
#include "adaptor/testing/log_world.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "wal/async/future.h"
#include "wal/message/message.h"
#include "wal/message/message_factory.h"

namespace tidelog::adaptor {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using Held = walimpls::FakeLog::Held;
using Result = absl::StatusOr<AppendResult>;

class AppendTest : public testing::Test {
 protected:
  explicit AppendTest(Config config = {})
      : world_({.config = std::move(config)}), wal_(world_.MustOpen(Term{1})) {}
  ~AppendTest() override { (void)world_.Close(*wal_); }

  Future<Result> Start(std::string_view payload, AppendOptions options = {}) {
    return LogWorld::StartAppend(*wal_, payload, options);
  }
  void Settle() { world_.runtime().RunUntilIdle(); }
  static WalErrorCode CodeOfReady(Future<Result> future) {
    CHECK(future.ready());
    return CodeOf(std::move(future).Take());
  }

  LogWorld world_;
  std::unique_ptr<Wal> wal_;
};

TEST_F(AppendTest, YieldsIdTickAndLastConfirmedAsTheyAreStored) {
  const AppendResult result = world_.MustAppend(*wal_, "a");
  const std::vector<ImmutableMessage> records = world_.fake().records();
  ASSERT_EQ(records.size(), 2u);
  EXPECT_EQ(result.id, records[1].id());
  EXPECT_EQ(result.time_tick, records[1].time_tick());
  EXPECT_EQ(result.last_confirmed, records[1].last_confirmed());
  EXPECT_EQ(records[1].term(), Term{1});
  EXPECT_FALSE(result.duplicate);
}

// C4.
TEST_F(AppendTest, GivesALaterAppendTheGreaterTickAndId) {
  const AppendResult first = world_.MustAppend(*wal_, "a");
  const AppendResult second = world_.MustAppend(*wal_, "b");
  EXPECT_LT(first.time_tick, second.time_tick);
  EXPECT_TRUE(BeforeWithinLog(first.id, second.id));
}

// D3: not what is handed over, but what is acknowledged is confirmed.
TEST_F(AppendTest, StampsTheNewestAcknowledgedIdAsLastConfirmed) {
  const AppendResult first = world_.MustAppend(*wal_, "a");
  world_.fake().HoldAppends();
  Future<Result> second = Start("b");
  Future<Result> third = Start("c");
  Settle();
  world_.fake().ReleaseAppends(1);
  Settle();
  Future<Result> fourth = Start("d");
  Settle();
  world_.fake().StopHoldingAppends();
  Settle();
  const AppendResult b = *std::move(second).Take();
  EXPECT_EQ(b.last_confirmed, first.id);
  EXPECT_EQ((*std::move(third).Take()).last_confirmed, first.id);
  EXPECT_EQ((*std::move(fourth).Take()).last_confirmed, b.id);
}

TEST_F(AppendTest, KeepsTheOrderOfItsCallers) {
  std::vector<Future<Result>> results;
  for (const char* payload : {"a", "b", "c", "d"}) results.push_back(Start(payload));
  Settle();
  EXPECT_THAT(world_.Stored(), ElementsAre("tick", "a", "b", "c", "d"));
}

// D1.
TEST_F(AppendTest, GivesAMessageATickAboveItsBarrier) {
  const AppendResult before = world_.MustAppend(*wal_, "a");
  const TimeTick barrier = MakeTimeTick(PhysicalMs(before.time_tick) + 5000, 0);
  MutableMessage::Builder builder(MessageType::kInsert);
  builder.BarrierTimeTick(barrier);
  const Result result = world_.Append(*wal_, *std::move(builder).Build("b"));
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_EQ(result->time_tick, Next(barrier));
}

TEST_F(AppendTest, RefusesABarrierMoreThanTenSecondsAhead) {
  const AppendResult before = world_.MustAppend(*wal_, "a");
  MutableMessage::Builder builder(MessageType::kInsert);
  builder.BarrierTimeTick(MakeTimeTick(PhysicalMs(before.time_tick) + 11000, 0));
  const Result result = world_.Append(*wal_, *std::move(builder).Build("b"));
  EXPECT_EQ(CodeOf(result), WalErrorCode::kInvalidArgument);
  EXPECT_THAT(world_.Stored(), ElementsAre("tick", "a"));
}

TEST_F(AppendTest, TellsItsLimitsAndRefusesWhatIsAboveThem) {
  EXPECT_EQ(wal_->limits().message_bytes_max, world_.backend().traits().message_bytes_max);
  const std::string large(wal_->limits().message_bytes_max, 'x');
  EXPECT_EQ(CodeOf(world_.Append(*wal_, LogWorld::Message(large))), WalErrorCode::kTooLarge);
  EXPECT_THAT(world_.Stored(), ElementsAre("tick"));
}

TEST_F(AppendTest, RefusesTheLogsOwnMessages) {
  EXPECT_EQ(CodeOf(world_.Append(*wal_, MessageFactory::StoredTimeTick())),
            WalErrorCode::kInvalidArgument);
}

// Full.

class FullAppendTest : public AppendTest {
 protected:
  FullAppendTest() : AppendTest({{"wal.in_flight_count_max", "2"}}) {
    world_.fake().HoldAppends();
    first_.emplace(Start("a"));
    second_.emplace(Start("b"));
    Settle();
  }
  std::optional<Future<Result>> first_, second_;
};

TEST_F(FullAppendTest, RefusesAtOnceWhoDoesNotWait) {
  Future<Result> third = Start("c");
  Settle();
  EXPECT_EQ(CodeOfReady(std::move(third)), WalErrorCode::kResourceExhausted);
  world_.fake().StopHoldingAppends();
  Settle();
  EXPECT_THAT(world_.Stored(), ElementsAre("tick", "a", "b"));
}

TEST_F(FullAppendTest, LetsInWhoWaitsWhenThereIsRoom) {
  Future<Result> third = Start("c", {.wait_when_full = true});
  Settle();
  EXPECT_FALSE(third.ready());
  world_.fake().ReleaseAppends(1);
  Settle();
  EXPECT_FALSE(third.ready());
  EXPECT_EQ(world_.fake().outstanding(), 2u);
  world_.fake().StopHoldingAppends();
  Settle();
  EXPECT_EQ(CodeOfReady(std::move(third)), WalErrorCode::kOk);
}

// C3.
TEST_F(FullAppendTest, WithdrawsWhoseDeadlineComesInTheQueue) {
  Future<Result> third = Start("c", {.timeout = absl::Seconds(1), .wait_when_full = true});
  Future<Result> fourth = Start("d", {.wait_when_full = true});
  Settle();
  world_.runtime().Advance(absl::Milliseconds(999));
  EXPECT_FALSE(third.ready());
  world_.runtime().Advance(absl::Milliseconds(1));
  EXPECT_EQ(CodeOfReady(std::move(third)), WalErrorCode::kDeadlineExceeded);
  world_.fake().StopHoldingAppends();
  Settle();
  EXPECT_EQ(CodeOfReady(std::move(fourth)), WalErrorCode::kOk);
  EXPECT_THAT(world_.Stored(), ElementsAre("tick", "a", "b", "d"));
}

TEST_F(FullAppendTest, EndsWhoWaitsNotDoneWhenTheLogCloses) {
  Future<Result> third = Start("c", {.wait_when_full = true});
  Settle();
  Future<absl::Status> closed = wal_->Close();
  Settle();
  EXPECT_EQ(CodeOfReady(std::move(third)), WalErrorCode::kOnShutdown);
  world_.fake().StopHoldingAppends();
  Settle();
  EXPECT_TRUE(std::move(closed).Take().ok());
  EXPECT_EQ(CodeOfReady(*std::move(first_)), WalErrorCode::kOk);
  EXPECT_THAT(world_.Stored(), ElementsAre("tick", "a", "b", "tick"));
}

TEST_F(FullAppendTest, EndsWhoWaitsNotDoneWhenTheChannelIsFenced) {
  Future<Result> third = Start("c", {.wait_when_full = true});
  Settle();
  world_.fake().Fence(Term{2});
  world_.runtime().Advance(absl::Milliseconds(200));  // The tick looks at the fence.
  EXPECT_EQ(CodeOfReady(std::move(third)), WalErrorCode::kChannelFenced);
  EXPECT_EQ(CodeOfReady(*std::move(first_)), WalErrorCode::kOutcomeUnknown);
}

// Deadlines after the hand-over (C3).

TEST_F(AppendTest, EndsTheWaitAtTheDeadlineAsUnknownAndTheAppendGoesOn) {
  world_.fake().HoldAppends();
  Future<Result> slow = Start("a", {.timeout = absl::Seconds(1)});
  Future<Result> behind = Start("b");
  world_.runtime().Advance(absl::Seconds(1));
  const Result result = std::move(slow).Take();
  EXPECT_EQ(CodeOf(result), WalErrorCode::kOutcomeUnknown);
  EXPECT_THAT(result.status().message(), HasSubstr("after it was handed to storage"));
  world_.fake().StopHoldingAppends();
  Settle();
  EXPECT_EQ(CodeOfReady(std::move(behind)), WalErrorCode::kOk);
  EXPECT_THAT(world_.ReadAll(*wal_), ElementsAre("a", "b"));
}

// What its caller does not wait for still counts: the room it takes, and what it confirms.
TEST_F(AppendTest, AccountsForAnAppendWhoseCallerHasGone) {
  world_.fake().HoldAppends();
  Future<Result> slow = Start("a", {.timeout = absl::Seconds(1)});
  world_.runtime().Advance(absl::Seconds(1));
  world_.fake().StopHoldingAppends();
  Settle();
  const AppendResult next = world_.MustAppend(*wal_, "b");
  EXPECT_EQ(next.last_confirmed, world_.fake().records()[1].id());
  EXPECT_EQ(world_.Run([&] { return wal_->LatestMvcc(""); })->time_tick, next.time_tick);
}

TEST_F(AppendTest, WithdrawsAtOnceWhatComesTooLate) {
  const Result result =
      world_.Append(*wal_, LogWorld::Message("a"), {.timeout = absl::ZeroDuration()});
  EXPECT_EQ(CodeOf(result), WalErrorCode::kDeadlineExceeded);
  EXPECT_THAT(world_.Stored(), ElementsAre("tick"));
}

TEST_F(AppendTest, DoesNotLeakAnAppendWhoseFutureWasDropped) {
  { Future<Result> dropped = Start("a"); }
  Settle();
  EXPECT_THAT(world_.Stored(), ElementsAre("tick", "a"));
}

// Failures of the backend (C2).

TEST_F(AppendTest, RetriesAPassingFailureWithAFreshTick) {
  world_.fake().FailAppends(1, WalErrorCode::kUnavailable);
  Future<Result> first = Start("a");
  Settle();
  EXPECT_FALSE(first.ready());
  world_.runtime().Advance(absl::Milliseconds(9));
  EXPECT_FALSE(first.ready());
  const TimeTick before = MakeTimeTick(absl::ToUnixMillis(world_.runtime().WallNow()), 0);
  world_.runtime().Advance(absl::Milliseconds(1));
  const Result result = std::move(first).Take();
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_GT(result->time_tick, before);
  EXPECT_EQ(world_.events().CountOf(Event::Kind::kBackendTrouble), 1u);
  EXPECT_THAT(world_.Stored(), ElementsAre("tick", "a"));
}

TEST_F(AppendTest, KeepsTheOldOrderWhenSeveralAreRetriedAndOthersCome) {
  world_.fake().HoldAppends();
  std::vector<Future<Result>> results;
  for (const char* payload : {"a", "b", "c"}) results.push_back(Start(payload));
  Settle();
  world_.fake().FailAppends(1, WalErrorCode::kUnavailable);
  world_.fake().StopHoldingAppends();
  Settle();
  results.push_back(Start("d"));
  Settle();
  EXPECT_THAT(world_.Stored(), ElementsAre("tick"));
  world_.runtime().Advance(absl::Milliseconds(10));
  EXPECT_THAT(world_.Stored(), ElementsAre("tick", "a", "b", "c", "d"));
  EXPECT_EQ(world_.fake().accept_again_count(), 1);
}

TEST_F(AppendTest, DoublesThePauseBetweenAttemptsAndForgetsItAtASuccess) {
  world_.fake().FailAppends(3, WalErrorCode::kUnavailable);
  Future<Result> first = Start("a");
  world_.runtime().Advance(absl::Milliseconds(69));  // 10 + 20 + 40 ms.
  EXPECT_FALSE(first.ready());
  world_.runtime().Advance(absl::Milliseconds(1));
  EXPECT_TRUE(first.ready());
  world_.fake().FailAppends(1, WalErrorCode::kUnavailable);
  Future<Result> second = Start("b");
  world_.runtime().Advance(absl::Milliseconds(10));
  EXPECT_TRUE(second.ready());
}

TEST_F(AppendTest, EndsAtItsDeadlineNotDoneWhenTheBackendGoesOnFailing) {
  world_.fake().FailAppends(1000, WalErrorCode::kUnavailable);
  Future<Result> first = Start("a", {.timeout = absl::Seconds(2)});
  world_.runtime().Advance(absl::Seconds(2));
  const Result result = std::move(first).Take();
  EXPECT_EQ(CodeOf(result), WalErrorCode::kUnavailable);
  EXPECT_THAT(result.status().message(), HasSubstr("ordered to fail"));
  world_.fake().FailAppends(0, WalErrorCode::kUnavailable);
  world_.runtime().Advance(absl::Seconds(10));
  EXPECT_THAT(world_.Stored(), ElementsAre("tick"));
}

TEST_F(AppendTest, DoesNotRetryWhatEndsNotDoneAfterItsCallerWasToldUnknown) {
  world_.fake().HoldAppends();
  Future<Result> slow = Start("a", {.timeout = absl::Seconds(1)});
  world_.runtime().Advance(absl::Seconds(1));
  EXPECT_EQ(CodeOfReady(std::move(slow)), WalErrorCode::kOutcomeUnknown);
  world_.fake().FailAppends(1, WalErrorCode::kUnavailable);
  world_.fake().StopHoldingAppends();
  world_.runtime().Advance(absl::Seconds(1));
  EXPECT_THAT(world_.Stored(), ElementsAre("tick"));
  world_.MustAppend(*wal_, "b");
}

TEST_F(AppendTest, DoesNotRetryWhenStorageIsFullAndTakesLaterAppends) {
  world_.fake().HoldAppends();
  Future<Result> first = Start("a");
  Future<Result> second = Start("b");
  Settle();
  world_.fake().FailAppends(1, WalErrorCode::kResourceExhausted);
  world_.fake().StopHoldingAppends();
  Settle();
  world_.runtime().Advance(absl::Milliseconds(1));
  EXPECT_EQ(CodeOfReady(std::move(first)), WalErrorCode::kResourceExhausted);
  EXPECT_EQ(CodeOfReady(std::move(second)), WalErrorCode::kOk);
  EXPECT_THAT(world_.Stored(), ElementsAre("tick", "b"));
}

TEST_F(AppendTest, EndsWithKInnerWhenTheBackendIsBrokenAndForEverAfter) {
  world_.fake().FailAppends(1, WalErrorCode::kInner);
  EXPECT_EQ(CodeOf(world_.Append(*wal_, LogWorld::Message("a"))), WalErrorCode::kInner);
  EXPECT_EQ(CodeOf(world_.Append(*wal_, LogWorld::Message("b"))), WalErrorCode::kInner);
  EXPECT_EQ(CodeOf(world_.Run([&] { return wal_->WhenUnavailable(); })), WalErrorCode::kInner);
}

TEST_F(AppendTest, EndsWhoWaitsForARetryWhenTheLogCloses) {
  world_.fake().FailAppends(1000, WalErrorCode::kUnavailable);
  Future<Result> first = Start("a");
  Settle();
  EXPECT_TRUE(world_.Close(*wal_).ok());
  EXPECT_EQ(CodeOfReady(std::move(first)), WalErrorCode::kOnShutdown);
}

// A fence that is met between two attempts.
TEST_F(AppendTest, EndsWhoWaitsForARetryWhenTheChannelIsFenced) {
  world_.fake().FailAppends(1, WalErrorCode::kUnavailable);
  Future<Result> first = Start("a");
  Settle();
  world_.fake().Fence(Term{2});
  world_.runtime().Advance(absl::Milliseconds(10));
  EXPECT_EQ(CodeOfReady(std::move(first)), WalErrorCode::kChannelFenced);
  EXPECT_THAT(world_.Stored(), ElementsAre("tick"));
}

// Fences.

TEST_F(AppendTest, EndsWithKChannelFencedOnceFencedForGood) {
  world_.fake().Fence(Term{2});
  EXPECT_EQ(CodeOf(world_.Append(*wal_, LogWorld::Message("a"))), WalErrorCode::kChannelFenced);
  EXPECT_EQ(CodeOf(world_.Append(*wal_, LogWorld::Message("b"))), WalErrorCode::kChannelFenced);
  EXPECT_EQ(CodeOf(world_.Run([&] { return wal_->WhenUnavailable(); })),
            WalErrorCode::kChannelFenced);
  EXPECT_EQ(CodeOf(world_.Run([&] { return wal_->LatestMvcc(""); })), WalErrorCode::kChannelFenced);
  EXPECT_EQ(world_.events().CountOf(Event::Kind::kFenced), 1u);
  EXPECT_THAT(world_.Stored(), ElementsAre("tick"));
}

TEST_F(AppendTest, EndsAsUnknownWhatWasHandedOverBeforeTheFence) {
  world_.fake().HoldAppends(Held::kStored);
  Future<Result> handed_over = Start("a");
  Settle();
  world_.fake().Fence(Term{2});
  world_.fake().ReleaseAppends();
  world_.runtime().Advance(absl::Milliseconds(200));
  EXPECT_EQ(CodeOfReady(std::move(handed_over)), WalErrorCode::kOutcomeUnknown);
  EXPECT_EQ(CodeOf(world_.Append(*wal_, LogWorld::Message("b"))), WalErrorCode::kChannelFenced);
}

}  // namespace
}  // namespace tidelog::adaptor
