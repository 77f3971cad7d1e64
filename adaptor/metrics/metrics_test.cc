// What a log counts (H4), and what it says of slow appends.
#include "wal/metrics.h"

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "adaptor/metrics/latency_histogram.h"
#include "adaptor/testing/log_world.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "wal/async/future.h"
#include "wal/types.h"
#include "wal/wal.h"

namespace tidelog::adaptor {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using Result = absl::StatusOr<AppendResult>;

constexpr absl::Duration kInterval = absl::Milliseconds(200);

class MetricsTest : public testing::Test {
 protected:
  explicit MetricsTest(Config config = {})
      : world_({.config = std::move(config), .metrics = &registry_}),
        wal_(world_.MustOpen(Term{7})) {}
  ~MetricsTest() override {
    if (wal_ != nullptr) (void)world_.Close(*wal_);
  }

  void Tick() { world_.runtime().Advance(kInterval); }
  // The series of that name whose last label has that value, or that has only the channel.
  std::optional<Metric> Find(std::string_view name, std::string_view label = "orders") const {
    for (Metric& metric : registry_.Collect()) {
      if (metric.name != absl::StrCat("tidelog_wal_", name)) continue;
      if (metric.labels.back().second == label) return std::move(metric);
    }
    return std::nullopt;
  }
  // -1: there is none.
  double Value(std::string_view name, std::string_view label = "orders") const {
    const std::optional<Metric> metric = Find(name, label);
    return metric ? metric->value : -1;
  }
  static uint64_t CountOf(const Metric& metric) {
    uint64_t count = 0;
    for (const uint64_t bucket : metric.histogram.counts) count += bucket;
    return count;
  }
  double SecondsOf(TimeTick tick) const { return static_cast<double>(PhysicalMs(tick)) / 1000; }

  MetricRegistry registry_;
  LogWorld world_;
  std::unique_ptr<Wal> wal_;
};

// Where they come from and where they go.

TEST_F(MetricsTest, AreThereFromTheOpenToTheClose) {
  EXPECT_EQ(Value("term"), 7);
  EXPECT_EQ(Value("info", "fake"), 1);
  world_.MustClose(*wal_);
  EXPECT_THAT(registry_.Collect(), IsEmpty());
  wal_ = nullptr;
}

TEST_F(MetricsTest, GoAlsoWhenTheCloseHangs) {
  world_.fake().HangCloses();
  EXPECT_EQ(CodeOf(world_.Close(*wal_)), WalErrorCode::kUnavailable);
  EXPECT_THAT(registry_.Collect(), IsEmpty());
  world_.fake().ReleaseCloses();
}

TEST_F(MetricsTest, HaveNoLabelsThatGrow) {
  world_.MustAppend(*wal_, "a", "a-vchannel");
  std::unique_ptr<Scanner> scanner = world_.MustRead(*wal_, {.name = "a-scanner"});
  Tick();
  for (const Metric& metric : registry_.Collect()) {
    ASSERT_FALSE(metric.labels.empty());
    EXPECT_EQ(metric.labels[0].first, "channel");
    for (const auto& [name, value] : metric.labels) {
      EXPECT_THAT(value, AllOf(Not(HasSubstr("vchannel")), Not(HasSubstr("scanner"))));
    }
  }
  world_.MustClose(*scanner);
}

TEST_F(MetricsTest, StayAsTheyWereAtTheLastTick) {
  const double before = Value("append_message_total", "done");
  world_.MustAppend(*wal_, "a");
  EXPECT_EQ(Value("append_message_total", "done"), before);
  Tick();
  EXPECT_EQ(Value("append_message_total", "done"), before + 1);
}

TEST_F(MetricsTest, SayWhenTheLogIsLost) {
  EXPECT_EQ(Value("available"), 1);
  world_.fake().Fence(Term{8});
  Tick();
  EXPECT_EQ(Value("available"), 0);
}

// What is counted.

TEST_F(MetricsTest, CountAppendsByWhatBecameOfThem) {
  world_.MustAppend(*wal_, "a");
  world_.MustAppend(*wal_, "b");
  AppendOptions late;
  late.timeout = absl::ZeroDuration();
  EXPECT_FALSE(world_.Append(*wal_, LogWorld::Message("c"), late).ok());
  world_.fake().HoldAppends();
  Future<Result> unknown = LogWorld::StartAppend(*wal_, "d");
  world_.runtime().RunUntilIdle();
  Tick();
  EXPECT_EQ(Value("append_message_total", "done"), 2);
  EXPECT_EQ(Value("append_message_total", "not_done"), 1);
  EXPECT_EQ(Value("append_message_total", "unknown"), 0);
  EXPECT_EQ(Value("append_in_flight"), 1);
  EXPECT_GT(Value("append_in_flight_bytes"), 0);
  world_.fake().Fence(Term{8});
  Tick();
  world_.runtime().RunUntilIdle();
  EXPECT_FALSE(std::move(unknown).Take().ok());
  EXPECT_EQ(Value("append_message_total", "unknown"), 1);
  EXPECT_EQ(Value("append_in_flight"), 0);
}

TEST_F(MetricsTest, CountAttemptsAtABackendThatFails) {
  world_.fake().FailAppends(2, WalErrorCode::kUnavailable);
  world_.MustAppend(*wal_, "a");
  Tick();
  EXPECT_EQ(Value("impls_append_message_retry_total"), 2);
  EXPECT_EQ(Value("append_message_total", "done"), 1);
}

TEST_F(MetricsTest, TellOfTicks) {
  const AppendResult a = world_.MustAppend(*wal_, "a");
  Tick();
  Tick();
  Tick();
  EXPECT_EQ(Value("sync_time_tick_total", "persistent"), 2);
  EXPECT_GE(Value("sync_time_tick_total", "memory"), 1);
  EXPECT_EQ(Value("acknowledge_time_tick_total", "common"), 1);
  EXPECT_EQ(Value("acknowledge_time_tick_total", "sync"), 2);
  EXPECT_GE(Value("last_confirmed_time_tick_seconds"), SecondsOf(a.time_tick));
  EXPECT_GT(Value("last_allocated_time_tick_seconds"), Value("last_confirmed_time_tick_seconds"));
  EXPECT_EQ(Value("sync_time_tick_seconds", "persistent"),
            SecondsOf(world_.fake().records().back().time_tick()));
}

TEST_F(MetricsTest, TellOfTheBufferAndOfScans) {
  std::unique_ptr<Scanner> scanner = world_.MustRead(*wal_);
  world_.MustAppend(*wal_, "a");
  world_.MustAppend(*wal_, "b");
  EXPECT_THAT(world_.Take(*scanner, 2), ElementsAre("a", "b"));
  Tick();
  Tick();
  EXPECT_EQ(Value("write_ahead_buffer_entries"), 4);  // With both ticks.
  EXPECT_GT(Value("write_ahead_buffer_size_bytes"), 0);
  EXPECT_EQ(Value("write_ahead_buffer_capacity_bytes"), size_t{64} << 20);
  EXPECT_EQ(Value("scanners"), 1);
  EXPECT_EQ(Value("scan_message_total"), 4);
  EXPECT_EQ(Value("scan_pass_message_total"), 2);
  EXPECT_EQ(Value("scan_term_violation_message_total"), 0);
  world_.MustClose(*scanner);
  Tick();
  EXPECT_EQ(Value("scanners"), 0);
  EXPECT_EQ(Value("scan_pass_message_total"), 2);
}

// How long it took.

TEST(LatencyHistogramTest, PutsEachTimeIntoTheFirstBucketThatHoldsIt) {
  LatencyHistogram histogram;
  histogram.Add(absl::Microseconds(100));
  histogram.Add(absl::Microseconds(101));
  histogram.Add(absl::Seconds(11));
  EXPECT_EQ(histogram.counts()[0], 1u);
  EXPECT_EQ(histogram.counts()[1], 1u);
  EXPECT_EQ(histogram.counts().back(), 1u);
  EXPECT_DOUBLE_EQ(histogram.sum(), 0.0001 + 0.000101 + 11);
}

class SampledMetricsTest : public MetricsTest {
 protected:
  SampledMetricsTest() : MetricsTest({{"wal.sampling_rate", "1"}}) {}
};

TEST_F(SampledMetricsTest, TimeAppendsAndTheBackend) {
  world_.fake().HoldAppends();
  Future<Result> append = LogWorld::StartAppend(*wal_, "a");
  world_.runtime().Advance(absl::Milliseconds(70));
  world_.fake().StopHoldingAppends();
  Tick();
  ASSERT_TRUE(std::move(append).Take().ok());
  for (const char* name :
       {"append_message_duration_seconds", "impls_append_message_duration_seconds"}) {
    const std::optional<Metric> histogram = Find(name);
    ASSERT_TRUE(histogram.has_value());
    EXPECT_EQ(CountOf(*histogram), 1u) << name;
    EXPECT_DOUBLE_EQ(histogram->histogram.sum, 0.07) << name;
  }
}

// Others at the backend keep an old reading of the clock in force.
TEST_F(SampledMetricsTest, TimeTheBackendFromTheHandOverOn) {
  world_.fake().HoldAppends();
  Future<Result> first = LogWorld::StartAppend(*wal_, "a");
  world_.runtime().Advance(absl::Milliseconds(90));
  Future<Result> second = LogWorld::StartAppend(*wal_, "b");
  world_.runtime().Advance(absl::Milliseconds(50));
  world_.fake().StopHoldingAppends();
  Tick();
  EXPECT_DOUBLE_EQ(Find("impls_append_message_duration_seconds")->histogram.sum, 0.14 + 0.05);
}

TEST_F(SampledMetricsTest, TellWaitsApartFromTheBackend) {
  world_.fake().FailAppends(1, WalErrorCode::kUnavailable);
  world_.MustAppend(*wal_, "a");
  Tick();
  EXPECT_EQ(Find("append_message_duration_seconds")->histogram.sum,
            Find("impls_append_message_duration_seconds")->histogram.sum);
  EXPECT_GE(Value("interceptor_sampled_total", "admission"), 1);
}

// Slow appends: D5 tells of those that wait, this of where the time went.

class SlowAppendTest : public MetricsTest {
 protected:
  SlowAppendTest() : SlowAppendTest("1s") {}
  explicit SlowAppendTest(std::string limit)
      : MetricsTest(
            {{"wal.slow_append_limit", std::move(limit)}, {"wal.in_flight_count_max", "2"}}) {}
  size_t told() { return world_.events().CountOf(Event::Kind::kSlowAppendEnded); }
  std::string text() { return world_.events().TextOf(Event::Kind::kSlowAppendEnded); }
  void HoldFor(absl::Duration time) {
    world_.fake().HoldAppends();
    Future<Result> append = LogWorld::StartAppend(*wal_, "a");
    world_.runtime().Advance(time);
    world_.fake().StopHoldingAppends();
    world_.runtime().RunUntilIdle();
    ASSERT_TRUE(std::move(append).Take().ok());
  }
};

TEST_F(SlowAppendTest, IsToldWithWhereTheTimeWent) {
  HoldFor(absl::Milliseconds(1500));
  EXPECT_EQ(told(), 1u);
  EXPECT_THAT(text(), AllOf(HasSubstr("an append to orders@7 at tick"), HasSubstr("took 1.5s: "),
                            HasSubstr("0 in interceptors, 0 in line, 1.5s at the backend")));
  Tick();
  EXPECT_EQ(Value("slow_append_total"), 1);
}

TEST_F(SlowAppendTest, IsNoneThatIsQuickerThanTheLimit) {
  HoldFor(absl::Milliseconds(950));
  EXPECT_EQ(told(), 0u);
}

TEST_F(SlowAppendTest, MayHaveWaitedInAnInterceptor) {
  world_.fake().HoldAppends();
  std::vector<Future<Result>> full;
  for (int i = 0; i < 2; ++i) full.push_back(LogWorld::StartAppend(*wal_, "a"));
  AppendOptions waits;
  waits.wait_when_full = true;
  Future<Result> late = LogWorld::StartAppend(*wal_, "b", waits);
  world_.runtime().Advance(absl::Milliseconds(900));
  world_.fake().ReleaseAppends(2);
  world_.runtime().Advance(absl::Milliseconds(300));
  EXPECT_EQ(told(), 0u);
  world_.fake().StopHoldingAppends();
  world_.runtime().RunUntilIdle();
  ASSERT_TRUE(std::move(late).Take().ok());
  EXPECT_THAT(text(), HasSubstr("took 1.2s: 900ms in interceptors (last in admission), 0 in line, "
                                "300ms at the backend"));
}

TEST_F(SlowAppendTest, MayHaveWaitedInLineAndBeenTriedAgain) {
  world_.fake().HoldAppends();
  world_.fake().FailAppends(1, WalErrorCode::kUnavailable);
  Future<Result> first = LogWorld::StartAppend(*wal_, "a");
  world_.runtime().Advance(absl::Milliseconds(1200));
  world_.fake().ReleaseAppends(1);
  world_.runtime().Advance(absl::Milliseconds(100));
  world_.fake().StopHoldingAppends();
  world_.runtime().RunUntilIdle();
  ASSERT_TRUE(std::move(first).Take().ok());
  EXPECT_THAT(text(), HasSubstr("1.3s at the backend in 2 attempts"));
}

// A stall makes everything slow that is in flight.
TEST_F(SlowAppendTest, IsNamedOnceASecondAndTheOthersCounted) {
  for (int round = 0; round < 2; ++round) {
    world_.fake().HoldAppends();
    std::vector<Future<Result>> held;
    for (int i = 0; i < 2; ++i) held.push_back(LogWorld::StartAppend(*wal_, "a"));
    world_.runtime().Advance(absl::Seconds(2));
    world_.fake().StopHoldingAppends();
    world_.runtime().RunUntilIdle();
  }
  EXPECT_EQ(told(), 2u);
  EXPECT_THAT(text(), HasSubstr("1 more were slow since the last report"));
  Tick();
  EXPECT_EQ(Value("slow_append_total"), 4);
}

class LowLimitTest : public SlowAppendTest {
 protected:
  LowLimitTest() : SlowAppendTest("5ms") {}
};

// Goal: the limit that is set is the one that counts, also where it is finer than the ticks that
// refresh the clock.  Method: a second append behind one that keeps the first reading in force.
TEST_F(LowLimitTest, IsTheOneThatWasSet) {
  HoldFor(absl::Milliseconds(4));
  EXPECT_EQ(told(), 0u);
  world_.runtime().Advance(absl::Seconds(2));
  HoldFor(absl::Milliseconds(6));
  EXPECT_EQ(told(), 1u);
  world_.runtime().Advance(absl::Milliseconds(1050));
  world_.fake().HoldAppends();
  Future<Result> first = LogWorld::StartAppend(*wal_, "a");
  world_.runtime().Advance(absl::Milliseconds(4));
  Future<Result> second = LogWorld::StartAppend(*wal_, "b");
  world_.runtime().Advance(absl::Milliseconds(4));
  world_.fake().StopHoldingAppends();
  world_.runtime().RunUntilIdle();
  Tick();
  EXPECT_EQ(Value("slow_append_total"), 2);  // Not the second.
}

}  // namespace
}  // namespace tidelog::adaptor
