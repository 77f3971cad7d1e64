#include "adaptor/flow/flow_controller.h"

#include <cstdint>
#include <vector>

#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "wal/flow_control.h"

namespace tidelog::adaptor {
namespace {

using ::testing::ElementsAre;
using State = FlowState;

// From 800 by halves to 100; rejects after 5 s there; recovers from 200 by 300 to 1000.
constexpr FlowPace kPace = {absl::ZeroDuration(), 800, 100,  absl::Seconds(10), 50,
                            absl::Seconds(5),     200, 1000, absl::Seconds(1),  300,
                            absl::Seconds(4)};

class FlowControllerTest : public ::testing::Test {
 protected:
  explicit FlowControllerTest(const FlowPace& pace = kPace) : controller_(pace) {}

  // One sample, so many seconds after the one before.
  State After(int seconds, Pressure pressure, uint64_t start = kUnlimitedRate) {
    now_ += absl::Seconds(seconds);
    controller_.Take(now_, {pressure, start});
    return controller_.state();
  }
  // Samples every second; the rates that they lead to, each once.
  std::vector<uint64_t> RatesOf(int seconds, Pressure pressure) {
    std::vector<uint64_t> rates;
    for (int i = 0; i < seconds; ++i) {
      After(1, pressure);
      if (rates.empty() || rates.back() != controller_.rate()) rates.push_back(controller_.rate());
    }
    return rates;
  }
  uint64_t rate() const { return controller_.rate(); }

  FlowController controller_;
  absl::Duration now_ = absl::ZeroDuration();
};

TEST_F(FlowControllerTest, IsNormalWhileThereIsNoPressure) {
  EXPECT_EQ(After(1, Pressure::kNone), State::kNormal);
  EXPECT_EQ(After(1, Pressure::kEasing), State::kNormal);
  EXPECT_EQ(rate(), kUnlimitedRate);
}

TEST_F(FlowControllerTest, SlowsDownStepByStepToItsLowestRateAndThenRejects) {
  EXPECT_THAT(RatesOf(31, Pressure::kHigh), ElementsAre(800, 400, 200, 100));
  EXPECT_EQ(After(4, Pressure::kHigh), State::kSlowed);
  EXPECT_EQ(After(1, Pressure::kHigh), State::kRejecting);
  EXPECT_EQ(rate(), 0u);
}

TEST_F(FlowControllerTest, BeginsNoHigherThanWhereItIsToldToAndNoLowerThanItsLowestRate) {
  After(1, Pressure::kHigh, 300);
  EXPECT_EQ(rate(), 300u);
  FlowController other(kPace);
  other.Take(absl::ZeroDuration(), {Pressure::kHigh, 1});
  EXPECT_EQ(other.rate(), 100u);
}

TEST_F(FlowControllerTest, DoesNotMakeUpForSamplesThatItWasNotGiven) {
  After(1, Pressure::kHigh);
  After(3600, Pressure::kHigh);
  EXPECT_EQ(rate(), 400u);
}

TEST_F(FlowControllerTest, RecoversStepByStepAndIsNormalWhenItWasAtTheTopForLong) {
  After(1, Pressure::kCritical);
  EXPECT_EQ(After(1, Pressure::kNone), State::kRecovering);
  EXPECT_EQ(rate(), 200u);
  EXPECT_THAT(RatesOf(3, Pressure::kNone), ElementsAre(500, 800, 1000));
  EXPECT_EQ(After(3, Pressure::kNone), State::kRecovering);
  EXPECT_EQ(After(1, Pressure::kNone), State::kNormal);
  EXPECT_EQ(rate(), kUnlimitedRate);
}

TEST_F(FlowControllerTest, RecoversFromTheRateThatItHas) {
  After(1, Pressure::kHigh);
  After(1, Pressure::kNone);
  EXPECT_EQ(rate(), 800u);
}

TEST_F(FlowControllerTest, SlowsDownAgainFromTheRateThatItHasRecoveredTo) {
  After(1, Pressure::kCritical);
  After(1, Pressure::kNone);
  After(1, Pressure::kNone);
  EXPECT_EQ(After(1, Pressure::kHigh), State::kSlowed);
  EXPECT_EQ(rate(), 500u);
}

TEST_F(FlowControllerTest, RejectsAtOnceWhatIsCritical) {
  EXPECT_EQ(After(1, Pressure::kCritical), State::kRejecting);
  EXPECT_EQ(After(100, Pressure::kHigh), State::kRejecting);
}

// In Milvus a slow-down that has come to its lowest rate ends in a rejection though what it is for
// is catching up.
TEST_F(FlowControllerTest, NeverRejectsWhatIsEasing) {
  RatesOf(31, Pressure::kHigh);
  ASSERT_EQ(rate(), 100u);
  for (int i = 0; i < 100; ++i) ASSERT_EQ(After(1, Pressure::kEasing), State::kSlowed);
  // And what it was near to is forgotten.
  EXPECT_EQ(After(1, Pressure::kHigh), State::kSlowed);
  EXPECT_EQ(After(4, Pressure::kHigh), State::kSlowed);
  EXPECT_EQ(After(1, Pressure::kHigh), State::kRejecting);
}

TEST_F(FlowControllerTest, DoesNotShrinkWhileItEases) {
  After(1, Pressure::kHigh);
  for (int i = 0; i < 100; ++i) After(1, Pressure::kEasing);
  EXPECT_EQ(rate(), 800u);
  EXPECT_THAT(RatesOf(10, Pressure::kHigh), ElementsAre(800, 400));
}

TEST_F(FlowControllerTest, EndsARejectionWhenItEases) {
  After(1, Pressure::kCritical);
  EXPECT_EQ(After(1, Pressure::kEasing), State::kSlowed);
  EXPECT_EQ(rate(), 100u);
}

TEST_F(FlowControllerTest, GoesOnRecoveringWhileItEases) {
  After(1, Pressure::kHigh);
  After(1, Pressure::kNone);
  EXPECT_EQ(After(1, Pressure::kEasing), State::kRecovering);
  EXPECT_EQ(rate(), 1000u);
  EXPECT_EQ(After(4, Pressure::kEasing), State::kNormal);
}

// Nobody is to blame for that it does not get better.
TEST_F(FlowControllerTest, NeverRejectsByTimeWhileItIsIdle) {
  RatesOf(31, Pressure::kHigh);
  for (int i = 0; i < 100; ++i) {
    now_ += absl::Seconds(1);
    controller_.Take(now_, {.pressure = Pressure::kHigh, .idle = true});
    ASSERT_EQ(controller_.state(), State::kSlowed);
  }
  EXPECT_EQ(After(1, Pressure::kHigh), State::kSlowed);
  EXPECT_EQ(After(4, Pressure::kHigh), State::kSlowed);
  EXPECT_EQ(After(1, Pressure::kHigh), State::kRejecting);
}

class FlowStartTest : public FlowControllerTest {
 protected:
  FlowStartTest() : FlowControllerTest(Delayed()) {}
  static FlowPace Delayed() {
    FlowPace pace = kPace;
    pace.startup_delay = absl::Seconds(30);
    return pace;
  }
};

TEST_F(FlowStartTest, WaitsBeforeItsFirstSlowDownOnly) {
  EXPECT_EQ(After(1, Pressure::kHigh), State::kNormal);
  EXPECT_EQ(After(29, Pressure::kHigh), State::kNormal);
  EXPECT_EQ(After(1, Pressure::kHigh), State::kSlowed);
  After(1, Pressure::kNone);
  RatesOf(10, Pressure::kNone);
  ASSERT_EQ(controller_.state(), State::kNormal);
  EXPECT_EQ(After(1, Pressure::kHigh), State::kSlowed);
}

TEST_F(FlowStartTest, BeginsToWaitAnewWhenThePressureWasGone) {
  After(1, Pressure::kHigh);
  After(20, Pressure::kNone);
  After(1, Pressure::kHigh);
  EXPECT_EQ(After(29, Pressure::kHigh), State::kNormal);
  EXPECT_EQ(After(1, Pressure::kHigh), State::kSlowed);
}

TEST_F(FlowStartTest, DoesNotWaitWithWhatIsCritical) {
  EXPECT_EQ(After(1, Pressure::kCritical), State::kRejecting);
}

TEST(FlowPaceTest, WithoutADelayForItNeverRejectsByTime) {
  FlowController controller(kMemoryFlow);
  for (int i = 0; i < 10000; ++i) {
    controller.Take(absl::Seconds(i), {Pressure::kHigh, kUnlimitedRate});
    ASSERT_EQ(controller.state(), State::kSlowed);
  }
  EXPECT_EQ(controller.rate(), 256 * kKiB);
}

}  // namespace
}  // namespace tidelog::adaptor
