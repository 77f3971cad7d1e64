#include "adaptor/flow/flow_monitor.h"

#include <cstdint>
#include <limits>

#include "absl/time/time.h"
#include "adaptor/flow/flow_controller.h"
#include "adaptor/options.h"
#include "gtest/gtest.h"
#include "wal/flow_control.h"

namespace tidelog::adaptor {
namespace {

using State = FlowState;

class FlowMonitorTest : public ::testing::Test {
 protected:
  static LogOptions Limited() {
    LogOptions options;
    options.flow_memory_bytes_max = 1000;
    options.flow_append_rate_max = 800;
    options.flow_lag_max = absl::Seconds(20);
    return options;
  }

  State Look(const FlowReadings& readings, absl::Duration after = absl::Seconds(1)) {
    now_ += after;
    has_changed_ = monitor_.Look(now_, readings);
    return monitor_.status().state;
  }
  State Memory(uint64_t bytes) { return Look({.memory_bytes = bytes}); }
  static FlowReadings Lag(int seconds) { return {.checkpoint_lag = absl::Seconds(seconds)}; }

  State LookWhileAppending(int lag_seconds) {
    FlowReadings readings = Lag(lag_seconds);
    readings.stored_bytes = stored_ += 100;
    return Look(readings);
  }

  uint64_t stored_ = 0;
  FlowMonitor monitor_{Limited()};
  absl::Duration now_ = absl::Hours(1);
  bool has_changed_ = false;
};

TEST_F(FlowMonitorTest, SlowsDownRejectsAndRecoversByTheMemoryOfTheLog) {
  EXPECT_EQ(Memory(850), State::kNormal);
  EXPECT_EQ(Memory(851), State::kSlowed);
  EXPECT_EQ(monitor_.status().rate, 4 * kMiB);
  EXPECT_EQ(monitor_.status().source, "memory");
  EXPECT_EQ(Memory(901), State::kRejecting);
  EXPECT_EQ(Memory(800), State::kSlowed);
  EXPECT_EQ(Memory(799), State::kRecovering);
}

TEST_F(FlowMonitorTest, TakesTheNodesMemoryForItsOwn) {
  EXPECT_EQ(Look({.node_memory = 0.85}), State::kNormal);
  EXPECT_EQ(Look({.memory_bytes = 10, .node_memory = 0.86}), State::kSlowed);
  EXPECT_EQ(Look({.node_memory = 0.91}), State::kRejecting);
}

TEST_F(FlowMonitorTest, WithoutLimitsOnlyTheNodesMemoryCounts) {
  FlowMonitor monitor{LogOptions()};
  const FlowReadings much = {.memory_bytes = uint64_t{1} << 60,
                             .stored_bytes = uint64_t{1} << 60,
                             .checkpoint_lag = absl::Hours(1000),
                             .consumer_lag = absl::Hours(1000)};
  for (int i = 0; i < 1000; ++i) {
    monitor.Look(absl::Seconds(i), much);
    ASSERT_EQ(monitor.status(), FlowStatus());
  }
  monitor.Look(absl::Seconds(1000), {.node_memory = 0.95, .stored_bytes = uint64_t{1} << 60});
  EXPECT_EQ(monitor.status().state, State::kRejecting);
}

TEST_F(FlowMonitorTest, SlowsDownByTheRateOfAppendsFromTheRateThereIs) {
  EXPECT_EQ(Look({.stored_bytes = 8000}), State::kNormal);
  EXPECT_EQ(Look({.stored_bytes = 18000}), State::kSlowed);
  EXPECT_EQ(monitor_.status().source, "append rate");
  EXPECT_EQ(monitor_.status().rate, 800u);
  EXPECT_EQ(Look({.stored_bytes = 18000}, absl::Seconds(20)), State::kRecovering);
}

// From the limit down to a sixteenth of it, whatever it is.
TEST_F(FlowMonitorTest, PacesAppendsInProportionToTheirLimit) {
  for (const uint64_t most : {16 * kKiB, 32 * kMiB, 1024 * kMiB}) {
    LogOptions options;
    options.flow_append_rate_max = most;
    FlowMonitor monitor(options);
    uint64_t stored = 0;
    absl::Duration now = absl::Hours(1);
    const auto look = [&](uint64_t rate) {
      monitor.Look(now += absl::Seconds(1), {.stored_bytes = stored += rate});
      return monitor.status();
    };
    for (int i = 0; i < 15 && monitor.status().state == State::kNormal; ++i) look(2 * most);
    EXPECT_EQ(monitor.status().rate, most);
    for (int i = 0; i < 600; ++i) look(2 * most);
    EXPECT_EQ(monitor.status().rate, most / 16);
    for (int i = 0; i < 15 && monitor.status().state == State::kSlowed; ++i) look(0);
    EXPECT_EQ(monitor.status().rate, most / 8);
    EXPECT_EQ((look(0), look(0).rate), most / 8 + 2 * (most / 64));
  }
}

// A lowest rate of a source above it is none.
TEST_F(FlowMonitorTest, NeverLetsInMoreThanTheHighestRateThatIsSet) {
  LogOptions options = Limited();
  options.flow_append_rate_max = 0;
  options.flow_rate_max = 1000;
  FlowMonitor monitor(options);
  absl::Duration now = absl::Hours(1);
  const FlowReadings readings[] = {{.memory_bytes = 860},
                                   {.memory_bytes = 950},
                                   {.memory_bytes = 1},
                                   Lag(21),
                                   {.consumer_lag = absl::Seconds(21)}};
  for (const FlowReadings& reading : readings) {
    for (int i = 0; i < 60; ++i) {
      monitor.Look(now += absl::Seconds(1), reading);
      if (monitor.status().state == State::kNormal) continue;
      ASSERT_LE(monitor.status().rate, 1000u) << monitor.status().source;
    }
  }
}

TEST_F(FlowMonitorTest, TakesWhatIsNoNumberForNothing) {
  const double no_number = std::numeric_limits<double>::quiet_NaN();
  EXPECT_EQ(Look({.memory_bytes = 1, .node_memory = no_number}), State::kNormal);
  EXPECT_EQ(Look({.memory_bytes = 950, .node_memory = no_number}), State::kRejecting);
  EXPECT_EQ(Look({.memory_bytes = 1, .node_memory = -1}), State::kRecovering);
}

TEST_F(FlowMonitorTest, SlowsDownByACheckpointThatIsTooFarBehind) {
  EXPECT_EQ(Look(Lag(21)), State::kNormal);  // For 30 s: what has just begun may be behind.
  EXPECT_EQ(Look(Lag(21), absl::Seconds(30)), State::kSlowed);
  EXPECT_EQ(monitor_.status().source, "checkpoints");
  EXPECT_EQ(Look(Lag(10)), State::kRecovering);
}

TEST_F(FlowMonitorTest, RejectsWhenACheckpointStandsAndNotWhenItCatchesUp) {
  int lag = 5000;
  for (int i = 0; i < 2000; ++i) {
    --lag;
    ASSERT_NE(LookWhileAppending(lag), State::kRejecting) << i;
  }
  State state{};
  for (int i = 0; i < 1000 && state != State::kRejecting; ++i) state = LookWhileAppending(lag);
  EXPECT_EQ(state, State::kRejecting);
  // It moves again.
  for (int i = 0; i < 11; ++i) state = LookWhileAppending(--lag);
  EXPECT_EQ(state, State::kSlowed);
}

// A reader that filters, or has nothing to read, stays where it is.
TEST_F(FlowMonitorTest, NeverRejectsBecauseACheckpointStandsWhileNothingIsAppended) {
  for (int i = 0; i < 2000; ++i) ASSERT_NE(Look(Lag(5000)), State::kRejecting) << i;
  State state{};
  for (int i = 0; i < 100 && state != State::kRejecting; ++i) state = LookWhileAppending(5000);
  EXPECT_EQ(state, State::kRejecting);
}

TEST_F(FlowMonitorTest, SlowsDownByAConsumerThatIsTooFarBehind) {
  const FlowReadings behind = {.consumer_lag = absl::Seconds(21)};
  Look(behind);
  EXPECT_EQ(Look(behind, absl::Seconds(10)), State::kSlowed);
  EXPECT_EQ(monitor_.status().source, "consumers");
  EXPECT_EQ(monitor_.status().rate, 16 * kMiB);
}

TEST_F(FlowMonitorTest, TellsTheMostRestrictiveOfAll) {
  const FlowReadings behind = {.consumer_lag = absl::Seconds(21)};
  Look(behind);
  Look(behind, absl::Seconds(10));
  EXPECT_EQ(Look({.memory_bytes = 860, .consumer_lag = absl::Seconds(21)}), State::kSlowed);
  EXPECT_EQ(monitor_.status().source, "memory");
  EXPECT_EQ(Look({.memory_bytes = 950, .consumer_lag = absl::Seconds(21)}), State::kRejecting);
  Look({.memory_bytes = 1});
  EXPECT_EQ(monitor_.status().source, "memory");
  EXPECT_EQ(monitor_.status().rate, kMiB);
}

TEST_F(FlowMonitorTest, TellsTheLowestRateOfTwoThatSlowDown) {
  EXPECT_EQ(Look({.memory_bytes = 860}), State::kSlowed);
  EXPECT_EQ(monitor_.status().rate, 4 * kMiB);
  EXPECT_EQ(Look({.memory_bytes = 860, .stored_bytes = 18000}), State::kSlowed);
  EXPECT_EQ(monitor_.status().source, "append rate");
  EXPECT_EQ(monitor_.status().rate, 800u);
}

TEST_F(FlowMonitorTest, SaysWhenSomethingHasChanged) {
  Memory(1);
  EXPECT_FALSE(has_changed_);
  Memory(860);
  EXPECT_TRUE(has_changed_);
  Memory(860);
  EXPECT_FALSE(has_changed_);
  Look({.memory_bytes = 860}, absl::Seconds(10));
  EXPECT_TRUE(has_changed_);  // The rate.
}

TEST_F(FlowMonitorTest, IsNormalOnceItIsStopped) {
  EXPECT_EQ(Memory(950), State::kRejecting);
  monitor_.Stop();
  EXPECT_EQ(monitor_.status(), FlowStatus());
  EXPECT_EQ(Memory(950), State::kNormal);
  EXPECT_FALSE(has_changed_);
}

TEST_F(FlowMonitorTest, TakesRatesAndIntervalsFromTheSettings) {
  LogOptions options = Limited();
  options.flow_rate_min = 100;
  options.flow_rate_max = 3200;
  options.flow_slow_interval = absl::Milliseconds(10);
  options.flow_recover_interval = absl::Milliseconds(20);
  options.flow_reject_delay = absl::Milliseconds(30);
  FlowMonitor monitor(options);
  absl::Duration now = absl::ZeroDuration();
  const auto look = [&](int after_ms, uint64_t bytes) {
    now += absl::Milliseconds(after_ms);
    monitor.Look(now, {.memory_bytes = bytes, .stored_bytes = ++stored_});
    return monitor.status();
  };
  EXPECT_EQ(look(0, 860).rate, 3200u);
  EXPECT_EQ(look(10, 860).rate, 2560u);
  for (int i = 0; i < 20; ++i) look(10, 860);
  EXPECT_EQ(monitor.status().state, State::kRejecting);
  EXPECT_EQ(look(1, 1).rate, 100u);
  EXPECT_EQ(look(20, 1).rate, 200u);
}

}  // namespace
}  // namespace tidelog::adaptor
