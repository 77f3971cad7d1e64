// Logs that are slowed down, reject and recover (G5).
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "adaptor/testing/flow_world.h"
#include "adaptor/testing/log_world.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "wal/async/future.h"
#include "wal/flow_control.h"
#include "wal/message/message.h"
#include "wal/message/testing/messages.h"
#include "wal/observer.h"
#include "wal/status.h"
#include "wal/types.h"
#include "wal/wal.h"

namespace tidelog::adaptor {
namespace {

using ::testing::AllOf;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

class FlowTest : public FlowWorld {};

TEST_F(FlowTest, IsNormalWhileNothingAsksForMore) {
  EXPECT_EQ(SetMemory(kFine), State::kNormal);
  world_.MustAppend(*wal_, "a");
  EXPECT_EQ(Flow(), FlowStatus());
  EXPECT_EQ(world_.events().CountOf(Event::Kind::kFlowChanged), 0u);
  EXPECT_EQ(signals_.asked_of, "orders@1");
}

// Rejecting.

TEST_F(FlowTest, RejectsDataAsNotDoneAndSaysWhy) {
  ASSERT_EQ(SetMemory(kTooMuch), State::kRejecting);
  const Result refused = Append(LogWorld::Message("refused"));
  EXPECT_EQ(CodeOf(refused), WalErrorCode::kRateLimitRejected);
  EXPECT_EQ(refused.status().code(), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(EffectOf(refused.status()), Effect::kNotDone);
  EXPECT_THAT(refused.status().message(), AllOf(HasSubstr("orders@1"), HasSubstr("memory")));
  EXPECT_EQ(CodeOf(AppendOf(MessageType::kDelete)), WalErrorCode::kRateLimitRejected);
  EXPECT_EQ(CodeOf(AppendOf(MessageType{4711})), WalErrorCode::kRateLimitRejected);
  SetMemory(kFine);
  world_.MustAppend(*wal_, "taken");
  EXPECT_THAT(world_.ReadAll(*wal_), ElementsAre("taken"));
}

TEST_F(FlowTest, LetsPassWhatControlsTheLogWhileItRejects) {
  const Position position = world_.MustAppend(*wal_, "before").position();
  ASSERT_EQ(SetMemory(kTooMuch), State::kRejecting);
  const Result begin = Append(tidelog::testing::MakeBegin("v"));
  ASSERT_TRUE(begin.ok()) << begin.status();
  EXPECT_EQ(CodeOf(Append(tidelog::testing::MakeBody("b", "v", begin->txn))),
            WalErrorCode::kRateLimitRejected);
  EXPECT_TRUE(Append(tidelog::testing::MakeCommit("v", begin->txn, 0)).ok());
  const Result other = Append(tidelog::testing::MakeBegin("v"));
  EXPECT_TRUE(Append(tidelog::testing::MakeRollback("v", other->txn)).ok());
  for (const MessageType type : {MessageType::kManualFlush, MessageType::kCreateCollection,
                                 MessageType::kFlush, MessageType{30}}) {
    EXPECT_TRUE(AppendOf(type).ok()) << MessageTypeName(type);
  }
  EXPECT_TRUE(world_.Run([&] { return wal_->RegisterCheckpoint("c", position); }).ok());
  EXPECT_TRUE(world_.Run([&] { return wal_->Truncate(position); }).ok());
  const TimeTick ticked = world_.Run([&] { return wal_->Info(); })->newest_tick;
  EXPECT_TRUE(AppendOf(MessageType::kFlush).ok());
  Pass(absl::Milliseconds(400));
  EXPECT_GT(world_.Run([&] { return wal_->Info(); })->newest_tick, ticked);
  EXPECT_EQ(Flow().state, State::kRejecting);
}

TEST_F(FlowTest, RejectsABatchThatHasDataInIt) {
  SetMemory(kTooMuch);
  std::vector<MutableMessage> messages;
  messages.push_back(tidelog::testing::MakeMessage(MessageType::kFlush, "f", "v"));
  messages.push_back(LogWorld::Message("data"));
  const BatchResult result =
      world_.Run([&] { return wal_->AppendBatch(std::move(messages), AppendOptions()); });
  EXPECT_EQ(CodeOf(result.rest), WalErrorCode::kRateLimitRejected);
  EXPECT_TRUE(result.done.empty());
  EXPECT_EQ(result.unknown, 0u);
}

// It writes nothing.
TEST_F(FlowTest, AnswersARepeatWhileItRejects) {
  const Result first = Append(tidelog::testing::MakeKeyed("k", "a", "v"));
  SetMemory(kTooMuch);
  const Result repeat = Append(tidelog::testing::MakeKeyed("k", "a", "v"));
  ASSERT_TRUE(repeat.ok()) << repeat.status();
  EXPECT_TRUE(repeat->duplicate);
  EXPECT_EQ(repeat->id, first->id);
  // And a key that was refused is free.
  EXPECT_EQ(CodeOf(Append(tidelog::testing::MakeKeyed("l", "b", "v"))),
            WalErrorCode::kRateLimitRejected);
  SetMemory(kFine);
  EXPECT_FALSE(Append(tidelog::testing::MakeKeyed("l", "b", "v"))->duplicate);
}

// Slowed down.

TEST_F(FlowTest, LetsDataInAtTheRateInTheOrderOfTheCalls) {
  ASSERT_EQ(SetMemory(kMuch), State::kSlowed);
  std::vector<Future<Result>> results;
  for (int i = 1; i <= 4; ++i) results.push_back(Start(i));
  EXPECT_EQ(CountReady(results), 1);
  for (int ready = 2; ready <= 4; ++ready) {
    Pass(absl::Milliseconds(990));
    EXPECT_EQ(CountReady(results), ready - 1);
    Pass(absl::Milliseconds(10));
    EXPECT_EQ(CountReady(results), ready);
  }
  EXPECT_THAT(world_.ReadAll(*wal_), ElementsAre(Payload(1), Payload(2), Payload(3), Payload(4)));
  for (Future<Result>& result : results) EXPECT_TRUE(std::move(result).Take().ok());
}

TEST_F(FlowTest, LetsPassWhatControlsTheLogWhileDataWaits) {
  SetMemory(kMuch);
  Future<Result> first = Start(1);
  Future<Result> second = Start(2);
  EXPECT_TRUE(AppendOf(MessageType::kFlush).ok());
  EXPECT_FALSE(second.ready());
  Pass(absl::Seconds(1));
  EXPECT_TRUE(second.ready());
}

TEST_F(FlowTest, WithdrawsWhoseDeadlineComesWhileItWaits) {
  SetMemory(kMuch);
  Future<Result> first = Start(1);
  Future<Result> late = Start(2, {.timeout = absl::Milliseconds(300)});
  Future<Result> third = Start(3);
  Pass(absl::Milliseconds(300));
  ASSERT_TRUE(late.ready());
  EXPECT_EQ(CodeOf(std::move(late).Take()), WalErrorCode::kDeadlineExceeded);
  // Its turn is the next one's.
  Pass(absl::Milliseconds(700));
  EXPECT_TRUE(third.ready());
  EXPECT_THAT(world_.ReadAll(*wal_), ElementsAre(Payload(1), Payload(3)));
}

TEST_F(FlowTest, EndsWhoWaitsWhenItCloses) {
  SetMemory(kMuch);
  Future<Result> first = Start(1);
  Future<Result> second = Start(2);
  Future<Result> third = Start(3);
  const absl::Duration begin = world_.runtime().Now();
  world_.MustClose(*wal_);
  EXPECT_LT(world_.runtime().Now() - begin, absl::Milliseconds(500));
  EXPECT_EQ(CodeOf(std::move(second).Take()), WalErrorCode::kOnShutdown);
  EXPECT_EQ(CodeOf(std::move(third).Take()), WalErrorCode::kOnShutdown);
  EXPECT_THAT(world_.Stored(), Not(Contains(Payload(2))));
}

TEST_F(FlowTest, EndsWhoWaitsWhenItIsFenced) {
  SetMemory(kMuch);
  Future<Result> first = Start(1);
  Future<Result> second = Start(2);
  std::unique_ptr<Wal> next = world_.MustOpen(Term{2});
  Pass(absl::Milliseconds(200));
  ASSERT_TRUE(second.ready());
  EXPECT_EQ(CodeOf(std::move(second).Take()), WalErrorCode::kChannelFenced);
  (void)world_.Close(*wal_);
  wal_ = std::move(next);
}

TEST_F(FlowTest, RefusesWhatWouldWaitForMoreThanTenSecondsUnlessItAskedTo) {
  SetMemory(kMuch);
  std::vector<Future<Result>> results;
  for (int i = 1; i <= 11; ++i) results.push_back(Start(i));
  Future<Result> refused = Start(12);
  ASSERT_TRUE(refused.ready());
  const Result why = std::move(refused).Take();
  EXPECT_EQ(CodeOf(why), WalErrorCode::kRateLimitRejected);
  EXPECT_THAT(why.status().message(), HasSubstr("wait_when_full"));
  Future<Result> patient = Start(13, {.wait_when_full = true});
  EXPECT_FALSE(patient.ready());
  Pass(absl::Seconds(11));
  EXPECT_TRUE(patient.ready());
  EXPECT_EQ(CountReady(results), 11);
}

TEST_F(FlowTest, RefusesWhoWaitsWhenItBeginsToReject) {
  SetMemory(kMuch);
  Future<Result> first = Start(1);
  Future<Result> second = Start(2);
  ASSERT_EQ(SetMemory(kTooMuch), State::kRejecting);
  ASSERT_TRUE(second.ready());
  EXPECT_EQ(CodeOf(std::move(second).Take()), WalErrorCode::kRateLimitRejected);
}

TEST_F(FlowTest, LetsAllInWhenItIsNormalAgain) {
  SetMemory(kMuch);
  std::vector<Future<Result>> results;
  for (int i = 1; i <= 5; ++i) results.push_back(Start(i, {.wait_when_full = true}));
  for (int i = 6; i <= 40; ++i) results.push_back(Start(i, {.wait_when_full = true}));
  EXPECT_EQ(SetMemory(kFine), State::kRecovering);
  EXPECT_LT(CountReady(results), 3);
  // Ten seconds at the highest rate, and then all that is left at once.
  Pass(absl::Seconds(11));
  EXPECT_EQ(Flow().state, State::kNormal);
  EXPECT_EQ(CountReady(results), 40);
}

// What is told.

TEST_F(FlowTest, TellsTheObserverInfoAndMetrics) {
  SetMemory(kMuch);
  EXPECT_THAT(world_.events().TextOf(Event::Kind::kFlowChanged),
              AllOf(HasSubstr("orders@1 is slowed to "), HasSubstr("because of the memory")));
  const FlowStatus slowed = {State::kSlowed, SizeOf(1), "memory"};
  EXPECT_EQ(world_.events().events().back().flow, slowed);
  EXPECT_EQ(Flow(), slowed);
  Future<Result> first = Start(1);
  Future<Result> second = Start(2);
  SetMemory(kMuch);
  EXPECT_EQ(MetricOf("tidelog_wal_flow_state"), 2);
  EXPECT_EQ(MetricOf("tidelog_wal_flow_rate_bytes"), static_cast<double>(SizeOf(1)));
  EXPECT_EQ(MetricOf("tidelog_wal_flow_waiting"), 1);
  EXPECT_EQ(MetricOf("tidelog_wal_flow_paced_total"), 1);
  EXPECT_EQ(world_.events().CountOf(Event::Kind::kFlowChanged), 1u);  // It is the same.
  SetMemory(kTooMuch);
  EXPECT_THAT(world_.events().TextOf(Event::Kind::kFlowChanged), HasSubstr("is rejecting"));
  EXPECT_EQ(MetricOf("tidelog_wal_flow_state"), 3);
  EXPECT_EQ(MetricOf("tidelog_wal_flow_refused_total"), 1);
  SetMemory(kFine);
  Pass(absl::Seconds(11));
  EXPECT_THAT(world_.events().TextOf(Event::Kind::kFlowChanged), HasSubstr("is normal"));
  EXPECT_EQ(MetricOf("tidelog_wal_flow_state"), 0);
  EXPECT_EQ(MetricOf("tidelog_wal_flow_rate_bytes"), 0);
}

TEST_F(FlowTest, TellsOfNoneOnceTheLogIsLost) {
  ASSERT_EQ(SetMemory(kTooMuch), State::kRejecting);
  world_.fake().Fence(Term{2});
  Pass(absl::Milliseconds(400));
  ASSERT_EQ(CodeOf(Append(LogWorld::Message("a"))), WalErrorCode::kChannelFenced);
  EXPECT_EQ(MetricOf("tidelog_wal_flow_state"), 0);
  EXPECT_EQ(world_.events().CountOf(Event::Kind::kFlowChanged), 1u);
}

TEST_F(FlowTest, CostsAnIdleLogNoWritesAndNoEvents) {
  Pass(absl::Seconds(1));
  const size_t stored = world_.Stored().size();
  SetMemory(kMuch);
  Pass(absl::Minutes(1));
  EXPECT_EQ(world_.Stored().size(), stored);
  EXPECT_EQ(world_.events().CountOf(Event::Kind::kFlowChanged), 1u);
}

}  // namespace
}  // namespace tidelog::adaptor
