#include "tools/simulator/canary.h"

#include <cstdint>

#include "gtest/gtest.h"
#include "sim/check/history.h"
#include "sim/check/registry.h"
#include "sim/check/testing/story.h"
#include "sim/trial/summary.h"

namespace tidelog::simulator {
namespace {

sim::check::History TrueHistory() {
  sim::check::Story story;
  story.Writer(1, /*term=*/1).Append(1, 1).Append(1, 2).StoreTick(1).Final();
  return story.history;
}

TEST(CanaryTest, OneSeedInAHundredIsOne) {
  int count = 0;
  for (uint64_t seed = 1; seed <= 100'000; ++seed) count += IsCanarySeed(seed) ? 1 : 0;
  EXPECT_GT(count, 900);
  EXPECT_LT(count, 1100);
}

TEST(CanaryTest, ALieInATrueHistoryIsNoticed) {
  ASSERT_TRUE(sim::check::Check(TrueHistory()).empty());
  sim::RunSummary summary;
  FlyCanary(TrueHistory(), &summary);
  EXPECT_TRUE(summary.is_canary);
  EXPECT_TRUE(summary.canary_noticed);
  EXPECT_FALSE(summary.failed());
}

// Nobody would miss a body of a transaction that was not committed.
TEST(CanaryTest, TheLieIsOfWhatIsReadByItself) {
  sim::check::Story story;
  story.Writer(1, /*term=*/1).Append(1, 1).Begin(1, 2).Body(1, 3, 2).StoreTick(1).Final();
  ASSERT_TRUE(sim::check::Check(story.history).empty());
  sim::RunSummary summary;
  FlyCanary(story.history, &summary);
  EXPECT_TRUE(summary.is_canary);
  EXPECT_TRUE(summary.canary_noticed);
}

TEST(CanaryTest, WhereNothingWasAcknowledgedThereIsNoLieToTell) {
  sim::check::Story story;
  story.Writer(1, /*term=*/1).Final();
  sim::RunSummary summary;
  FlyCanary(story.history, &summary);
  EXPECT_FALSE(summary.is_canary);
}

TEST(CanaryTest, ARunWithoutFinalScansCannotTell) {
  sim::check::Story story;
  story.Writer(1, /*term=*/1).Append(1, 1);
  sim::RunSummary summary;
  FlyCanary(story.history, &summary);
  EXPECT_FALSE(summary.is_canary);
}

}  // namespace
}  // namespace tidelog::simulator
