// Logs that are slowed down, reject and recover (G5).
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "adaptor/testing/log_world.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "wal/async/future.h"
#include "wal/flow_control.h"
#include "wal/message/message.h"
#include "wal/message/testing/messages.h"
#include "wal/metrics.h"
#include "wal/observer.h"
#include "wal/status.h"
#include "wal/testing/memory_checkpoint_store.h"
#include "wal/types.h"
#include "wal/wal.h"

namespace tidelog::adaptor {
namespace {

using ::testing::AllOf;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
using Result = absl::StatusOr<AppendResult>;
using State = FlowState;

class Signals : public FlowSignals {
 public:
  double MemoryUsed() override { return memory; }
  absl::Duration ConsumerLag(const PChannel& channel) override {
    asked_of = ToString(channel);
    return lag;
  }
  double memory = 0;
  absl::Duration lag = absl::ZeroDuration();
  std::string asked_of;
};

constexpr double kFine = 0.5;
constexpr double kMuch = 0.87;
constexpr double kTooMuch = 0.95;

std::string Payload(int number) { return absl::StrCat(number, std::string(99, 'x')); }
size_t SizeOf(int number) { return LogWorld::Message(Payload(number)).encoded_size(); }

// At the rate of one Payload() a second, when it is slowed.
class FlowTest : public ::testing::Test {
 protected:
  explicit FlowTest(const Config& more = {})
      : world_({.config = WithRate(more),
                .checkpoints = &store_,
                .metrics = &metrics_,
                .flow = &signals_}),
        wal_(world_.MustOpen(Term{1})) {}
  ~FlowTest() override { (void)world_.Close(*wal_); }

  static Config WithRate(Config config) {
    const std::string rate = absl::StrCat(SizeOf(1));
    config.emplace("wal.flow_rate_min", rate);
    config.emplace("wal.flow_rate_max", rate);
    return config;
  }

  void Settle() { world_.runtime().RunUntilIdle(); }
  void Pass(absl::Duration time) { world_.runtime().Advance(time); }
  // The next time tick looks.
  State SetMemory(double memory) {
    signals_.memory = memory;
    Pass(absl::Milliseconds(200));
    return Flow().state;
  }
  FlowStatus Flow() {
    return world_.Run([&] { return wal_->Info(); })->flow;
  }
  Future<Result> Start(int number, AppendOptions options = {}) {
    Future<Result> result = LogWorld::StartAppend(*wal_, Payload(number), options);
    Settle();
    return result;
  }
  Future<Result> StartBody(std::string_view payload, const TxnContext& txn) {
    Future<Result> result =
        wal_->Append(tidelog::testing::MakeBody(payload, "v", txn), {.wait_when_full = true});
    Settle();
    return result;
  }
  Result Append(MutableMessage message) { return world_.Append(*wal_, std::move(message)); }
  Result AppendOf(MessageType type) {
    return Append(tidelog::testing::MakeMessage(type, "m", "v"));
  }
  static int CountReady(const std::vector<Future<Result>>& results) {
    int count = 0;
    for (const Future<Result>& result : results) count += result.ready() ? 1 : 0;
    return count;
  }
  double MetricOf(std::string_view name) {
    for (const Metric& metric : metrics_.Collect()) {
      if (metric.name == name) return metric.value;
    }
    ADD_FAILURE() << "there is no metric " << name;
    return -1;
  }

  Signals signals_;
  MemoryCheckpointStore store_;
  MetricRegistry metrics_;
  LogWorld world_;
  std::unique_ptr<Wal> wal_;
};

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

TEST_F(FlowTest, LetsACommitWaitForABodyThatWaits) {
  const Result begin = Append(tidelog::testing::MakeBegin("v"));
  SetMemory(kMuch);
  Future<Result> first = Start(1);
  Future<Result> body = wal_->Append(tidelog::testing::MakeBody("body", "v", begin->txn), {});
  Settle();
  Future<Result> commit = wal_->Append(tidelog::testing::MakeCommit("v", begin->txn, 1), {});
  Settle();
  EXPECT_FALSE(body.ready());
  EXPECT_FALSE(commit.ready());
  Pass(absl::Seconds(1));
  ASSERT_TRUE(commit.ready());
  EXPECT_TRUE(std::move(commit).Take().ok());
}

// Of transactions, whose leases go on while their bodies wait.

TEST_F(FlowTest, LetsATransactionCommitThoughOthersHaveFilledTheLine) {
  SetMemory(kMuch);
  std::vector<Future<Result>> others;
  for (int i = 1; i <= 30; ++i) others.push_back(Start(i, {.wait_when_full = true}));
  const Result begin = Append(tidelog::testing::MakeBegin("v"));
  Future<Result> body = StartBody("body", begin->txn);
  EXPECT_FALSE(body.ready());
  Future<Result> commit = wal_->Append(tidelog::testing::MakeCommit("v", begin->txn, 1), {});
  Pass(absl::Seconds(5));
  ASSERT_TRUE(commit.ready());
  const Result committed = std::move(commit).Take();
  EXPECT_TRUE(committed.ok()) << committed.status();
  // And the others go on.
  const int ready = CountReady(others);
  Pass(absl::Seconds(5));
  EXPECT_GE(CountReady(others), ready + 4);
}

// More of them than fit into the lease, but each renews it.
TEST_F(FlowTest, LetsATransactionCommitWhoseOwnBodiesAreMany) {
  SetMemory(kMuch);
  const Result begin = Append(tidelog::testing::MakeBegin("v"));
  std::vector<Future<Result>> bodies;
  for (int i = 0; i < 30; ++i) bodies.push_back(StartBody(Payload(i), begin->txn));
  Future<Result> commit = wal_->Append(tidelog::testing::MakeCommit("v", begin->txn, 30), {});
  Pass(absl::Seconds(15));
  EXPECT_FALSE(commit.ready());
  Pass(absl::Seconds(30));
  ASSERT_TRUE(commit.ready());
  const Result committed = std::move(commit).Take();
  EXPECT_TRUE(committed.ok()) << committed.status();
}

TEST_F(FlowTest, RefusesABodyInsteadOfLettingItsLeaseRunOut) {
  SetMemory(kMuch);
  const Result begin = Append(tidelog::testing::MakeBegin("v"));
  // The next turn is in six seconds, and the lease has ten.
  ASSERT_TRUE(Append(LogWorld::Message(std::string(SizeOf(1) * 6, 'x'))).ok());
  Future<Result> body = StartBody("body", begin->txn);
  ASSERT_TRUE(body.ready());
  const Result refused = std::move(body).Take();
  EXPECT_EQ(CodeOf(refused), WalErrorCode::kRateLimitRejected);
  EXPECT_THAT(refused.status().message(), HasSubstr("lease"));
  Pass(absl::Seconds(7));
  Future<Result> again = StartBody("body", begin->txn);
  ASSERT_TRUE(again.ready());
  EXPECT_TRUE(std::move(again).Take().ok());
  EXPECT_TRUE(Append(tidelog::testing::MakeCommit("v", begin->txn, 1)).ok());
}

TEST_F(FlowTest, TakesNothingOfTheRateForABodyWhoseTransactionHasEnded) {
  const Result begin = Append(tidelog::testing::MakeBegin("v"));
  SetMemory(kMuch);
  Future<Result> first = Start(1);
  Future<Result> body = StartBody(Payload(2), begin->txn);
  Future<Result> third = Start(3);
  ASSERT_TRUE(AppendOf(MessageType::kManualFlush).ok());  // It ends the transaction.
  Pass(absl::Seconds(1));
  ASSERT_TRUE(body.ready());
  EXPECT_EQ(CodeOf(std::move(body).Take()), WalErrorCode::kTransactionExpired);
  EXPECT_TRUE(third.ready());
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

class FallingFlowTest : public FlowTest {
 protected:
  FallingFlowTest()
      : FlowTest({{"wal.flow_rate_min", absl::StrCat(SizeOf(1) / 10)},
                  {"wal.flow_rate_max", absl::StrCat(SizeOf(1) * 10)},
                  {"wal.flow_slow_interval", "200ms"}}) {}
};

TEST_F(FallingFlowTest, RefusesABodyThatWouldMissItsLeaseAtTheRateThereIsNow) {
  SetMemory(kMuch);
  const Result begin = Append(tidelog::testing::MakeBegin("v"));
  ASSERT_TRUE(Append(LogWorld::Message(std::string(SizeOf(1) * 40, 'x'))).ok());
  Future<Result> body = StartBody("body", begin->txn);
  EXPECT_FALSE(body.ready());
  Pass(absl::Seconds(3));
  ASSERT_TRUE(body.ready());
  EXPECT_EQ(CodeOf(std::move(body).Take()), WalErrorCode::kRateLimitRejected);
  EXPECT_TRUE(Append(tidelog::testing::MakeCommit("v", begin->txn, 0)).ok());
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

// What asks for it.

class FlowOfMemoryTest : public FlowTest {
 protected:
  FlowOfMemoryTest()
      : FlowTest({{"wal.flow_memory_bytes_max", "10000"},
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

class FlowOfKeysTest : public FlowTest {
 protected:
  FlowOfKeysTest()
      : FlowTest({{"wal.flow_memory_bytes_max", "10000"},
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

class FlowOfRateTest : public FlowTest {
 protected:
  FlowOfRateTest() : FlowTest({{"wal.flow_append_rate_max", "1000"}}) {}
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

class FlowOfLagTest : public FlowTest {
 protected:
  FlowOfLagTest() : FlowTest({{"wal.flow_lag_max", "10s"}, {"wal.flow_slow_interval", "1s"}}) {}
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
