// What a tracer is told (H4).
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "adaptor/testing/log_world.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "wal/async/future.h"
#include "wal/message/message.h"
#include "wal/message/testing/messages.h"
#include "wal/scanner.h"
#include "wal/status.h"
#include "wal/tracer.h"
#include "wal/types.h"
#include "wal/wal.h"
#include "walimpls/wal.h"

namespace tidelog::adaptor {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using testing::MakeMessage;
using Result = absl::StatusOr<AppendResult>;

struct Told {
  std::string payload;
  std::string context;
  absl::Duration total;
  absl::Duration in_interceptors;
  std::string interceptor;
  absl::Duration at_backend;
  int attempts;
  TimeTick tick;
  WalErrorCode code;
};

class Recorder : public Tracer {
 public:
  void OnAppended(const AppendTrace& trace) override {
    EXPECT_EQ(trace.channel.name, LogWorld::kChannel);
    appended.push_back({std::string(trace.record.payload()), std::string(trace.context),
                        trace.total, trace.in_interceptors, std::string(trace.interceptor),
                        trace.at_backend, trace.attempts, trace.tick,
                        GetWalErrorCode(trace.status)});
  }
  void OnDelivered(const DeliveryTrace& trace) override { delivered.emplace_back(trace.context); }

  std::vector<Told> appended;
  std::vector<std::string> delivered;
};

MutableMessage Traced(std::string_view payload, std::string_view context,
                      std::string_view vchannel = "v") {
  MutableMessage::Builder builder(MessageType::kInsert);
  builder.VChannel(vchannel).Property(kTraceProperty, context);
  return std::move(builder).Build(payload).value();
}

class TracingTest : public ::testing::Test {
 protected:
  TracingTest() : world_({.tracer = &tracer_}) {
    walimpls::Traits traits = world_.backend().traits();
    traits.group_count_max = 1;
    world_.backend().set_traits(traits);
    wal_ = world_.MustOpen(Term{1});
    world_.runtime().Advance(absl::Seconds(1));  // No clock stands at 0.
  }
  ~TracingTest() override { (void)world_.Close(*wal_); }

  Future<Result> Start(MutableMessage message, AppendOptions options = {}) {
    Future<Result> started = wal_->Append(std::move(message), options);
    world_.runtime().RunUntilIdle();
    return started;
  }

  Recorder tracer_;
  LogWorld world_;
  std::unique_ptr<Wal> wal_;
};

TEST_F(TracingTest, TellsOfATracedAppendWhereItsTimeWent) {
  world_.fake().HoldAppends();
  Future<Result> append = Start(Traced("a", "00-ab-cd-01"));
  world_.runtime().Advance(absl::Milliseconds(30));
  EXPECT_THAT(tracer_.appended, IsEmpty());
  world_.fake().StopHoldingAppends();
  world_.runtime().RunUntilIdle();
  ASSERT_EQ(tracer_.appended.size(), 1u);
  const Told& told = tracer_.appended[0];
  EXPECT_EQ(told.payload, "a");
  EXPECT_EQ(told.context, "00-ab-cd-01");
  EXPECT_EQ(told.total, absl::Milliseconds(30));
  EXPECT_EQ(told.at_backend, absl::Milliseconds(30));
  EXPECT_EQ(told.in_interceptors, absl::ZeroDuration());
  EXPECT_EQ(told.interceptor, "");
  EXPECT_EQ(told.attempts, 1);
  EXPECT_EQ(told.code, WalErrorCode::kOk);
  EXPECT_EQ(told.tick, std::move(append).Take()->time_tick);
}

TEST_F(TracingTest, TellsWhichInterceptorItWaitedIn) {
  world_.fake().HoldAppends();
  Future<Result> exclusive = Start(MakeMessage(MessageType::kManualFlush, "e", "v"));
  Future<Result> append = Start(Traced("a", "context"));
  world_.runtime().Advance(absl::Milliseconds(30));
  world_.fake().StopHoldingAppends();
  world_.runtime().RunUntilIdle();
  ASSERT_EQ(tracer_.appended.size(), 1u);
  EXPECT_EQ(tracer_.appended[0].in_interceptors, absl::Milliseconds(30));
  EXPECT_EQ(tracer_.appended[0].interceptor, "lock");
  EXPECT_EQ(tracer_.appended[0].at_backend, absl::ZeroDuration());
  EXPECT_EQ(tracer_.appended[0].total, absl::Milliseconds(30));
}

TEST_F(TracingTest, TellsNothingOfWhatIsNotTraced) {
  world_.MustAppend(*wal_, "a");
  world_.runtime().Advance(absl::Seconds(1));  // With time ticks.
  std::unique_ptr<Scanner> scanner = world_.MustRead(*wal_);
  EXPECT_THAT(world_.Take(*scanner, 1), ElementsAre("a"));
  world_.MustClose(*scanner);
  EXPECT_THAT(tracer_.appended, IsEmpty());
  EXPECT_THAT(tracer_.delivered, IsEmpty());
}

TEST_F(TracingTest, TellsOfWhatWasNeverHandedOver) {
  const size_t most = wal_->limits().message_bytes_max;
  Future<Result> append = Start(Traced(std::string(most + 1, 'x'), "context"));
  EXPECT_EQ(CodeOf(std::move(append).Take()), WalErrorCode::kTooLarge);
  ASSERT_EQ(tracer_.appended.size(), 1u);
  EXPECT_EQ(tracer_.appended[0].code, WalErrorCode::kTooLarge);
  EXPECT_EQ(tracer_.appended[0].attempts, 0);
  EXPECT_EQ(tracer_.appended[0].tick, TimeTick{0});
  EXPECT_EQ(tracer_.appended[0].at_backend, absl::ZeroDuration());
}

// The caller has been told before, and less.
TEST_F(TracingTest, TellsWhatBecameOfAnAppendBehindItsDeadline) {
  world_.fake().HoldAppends();
  Future<Result> append = Start(Traced("a", "context"), {.timeout = absl::Milliseconds(10)});
  world_.runtime().Advance(absl::Milliseconds(10));
  EXPECT_EQ(CodeOf(std::move(append).Take()), WalErrorCode::kOutcomeUnknown);
  EXPECT_THAT(tracer_.appended, IsEmpty());
  world_.fake().StopHoldingAppends();
  world_.runtime().RunUntilIdle();
  ASSERT_EQ(tracer_.appended.size(), 1u);
  EXPECT_EQ(tracer_.appended[0].code, WalErrorCode::kOk);
}

TEST_F(TracingTest, TellsOfAnUnknownOutcome) {
  world_.fake().HoldAppends();
  Future<Result> append = Start(Traced("a", "context"));
  world_.fake().Fence(Term{2});
  world_.runtime().Advance(absl::Milliseconds(200));
  ASSERT_EQ(tracer_.appended.size(), 1u);
  EXPECT_EQ(tracer_.appended[0].code, WalErrorCode::kOutcomeUnknown);
  EXPECT_NE(tracer_.appended[0].tick, TimeTick{0});
}

TEST_F(TracingTest, TellsOfEachTracedMessageOfABatch) {
  std::vector<MutableMessage> messages;
  messages.push_back(Traced("a", "first"));
  messages.push_back(LogWorld::Message("b", "v"));
  messages.push_back(Traced("c", "third"));
  const BatchResult result =
      world_.Run([&] { return wal_->AppendBatch(std::move(messages), AppendOptions()); });
  ASSERT_EQ(result.done.size(), 3u);
  ASSERT_EQ(tracer_.appended.size(), 2u);
  EXPECT_EQ(tracer_.appended[0].context, "first");
  EXPECT_EQ(tracer_.appended[0].tick, result.done[0].time_tick);
  EXPECT_EQ(tracer_.appended[1].context, "third");
  EXPECT_EQ(tracer_.appended[1].tick, result.done[2].time_tick);
}

TEST_F(TracingTest, TellsOfEachMessageWhatBecameOfIt) {
  world_.fake().HoldAppends();
  std::vector<MutableMessage> messages;
  for (const char* context : {"done", "unknown"}) messages.push_back(Traced("a", context));
  Future<BatchResult> batch = wal_->AppendBatch(std::move(messages), AppendOptions());
  world_.runtime().RunUntilIdle();
  world_.fake().ReleaseAppends(1);
  world_.runtime().RunUntilIdle();
  world_.fake().Fence(Term{2});
  world_.runtime().Advance(absl::Milliseconds(200));
  ASSERT_EQ(std::move(batch).Take().done.size(), 1u);
  ASSERT_EQ(tracer_.appended.size(), 2u);
  EXPECT_EQ(tracer_.appended[0].code, WalErrorCode::kOk);
  EXPECT_EQ(tracer_.appended[1].code, WalErrorCode::kOutcomeUnknown);
}

TEST_F(TracingTest, TellsOfWhatAReaderIsGivenAndNotOfWhatItFilters) {
  (void)Start(Traced("a", "of v", "v"));
  (void)Start(Traced("b", "of w", "w"));
  std::unique_ptr<Scanner> all = world_.MustRead(*wal_);
  EXPECT_THAT(world_.Take(*all, 2), ElementsAre("a", "b"));
  EXPECT_THAT(tracer_.delivered, ElementsAre("of v", "of w"));
  tracer_.delivered.clear();
  std::unique_ptr<Scanner> some = world_.MustRead(*wal_, {.vchannel = "w"});
  EXPECT_THAT(world_.Take(*some, 1), ElementsAre("b"));
  EXPECT_THAT(tracer_.delivered, ElementsAre("of w"));
  world_.MustClose(*all);
  world_.MustClose(*some);
}

}  // namespace
}  // namespace tidelog::adaptor
