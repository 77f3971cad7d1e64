// Who must be shown what, and when (C1): the cases that one minimal history an anomaly leaves out.
#include "sim/check/visibility.h"

#include "gtest/gtest.h"
#include "sim/check/facts.h"
#include "sim/check/history.h"
#include "sim/check/testing/story.h"

namespace tidelog::sim::check {
namespace {

// What a reader in process 9 must be shown now.
Tick ShownToAnother(Story& s) {
  s.Reader(9).Info(9);
  const Facts facts(&s.history);
  return VisibleThrough(facts, 9, facts.event_count() - 1);
}

Story Bounded() {
  Story s;
  s.history.contract.visible_within = 10 * kMillisecond;
  return s;
}

TEST(VisibilityTest, OwnAcknowledgementsAreShownAtOnce) {
  Story s;
  s.Writer(1, 1).Append(1, 1).Info(1);
  const Facts facts(&s.history);
  EXPECT_EQ(VisibleThrough(facts, 1, facts.event_count() - 1), 20u);
}

TEST(VisibilityTest, WithoutABoundAnotherProcessIsPromisedNothing) {
  Story s;
  s.Writer(1, 1).Append(1, 1).Pass(1000 * kMillisecond);
  EXPECT_EQ(ShownToAnother(s), 0u);
}

TEST(VisibilityTest, ALivingWriterShowsWithinTheBound) {
  Story s = Bounded();
  s.Writer(1, 1).Append(1, 1).Pass(20 * kMillisecond).Append(1, 2);
  EXPECT_EQ(ShownToAnother(s), 20u);
}

TEST(VisibilityTest, AWriterThatDiesWithinTheBoundPromisesNothing) {
  Story s = Bounded();
  s.Writer(1, 1).Append(1, 1).Add(1, 0, ProcessCrash{}).Pass(20 * kMillisecond);
  EXPECT_EQ(ShownToAnother(s), 0u);
}

TEST(VisibilityTest, AWriterThatIsPausedWithinTheBoundPromisesNothing) {
  Story s = Bounded();
  s.Writer(1, 1).Append(1, 1).Add(1, 0, Pause{}).Pass(20 * kMillisecond).Add(1, 0, Resume{});
  EXPECT_EQ(ShownToAnother(s), 0u);
}

TEST(VisibilityTest, AWriterThatMeetsASuccessorWithinTheBoundPromisesNothing) {
  Story s = Bounded();
  s.Writer(1, 1).Append(1, 1).OpenCall(2, 2).Pass(20 * kMillisecond);
  EXPECT_EQ(ShownToAnother(s), 0u);
}

TEST(VisibilityTest, ATakeoverShowsWhatTheDeadHadAcknowledged) {
  Story s;
  s.Writer(1, 1).Append(1, 1).Add(1, 0, ProcessCrash{}).Writer(2, 2);
  EXPECT_EQ(ShownToAnother(s), 20u);
}

TEST(VisibilityTest, ATakeoverByALowerTermShowsNothing) {
  Story s;
  s.OpenCall(2, 1).Writer(1, 2).Append(1, 1).OpenYields(2, 1);
  EXPECT_EQ(ShownToAnother(s), 0u);
}

TEST(VisibilityTest, ACrashOfTheMachineTakesBackWhatWasShownUntilTheNextOpen) {
  Story s;
  s.Writer(1, 1).Append(1, 1).Writer(2, 2).Add(0, 0, MachineCrash{});
  EXPECT_EQ(ShownToAnother(s), 0u);
  s.Writer(3, 3);
  EXPECT_EQ(ShownToAnother(s), 20u);
}

}  // namespace
}  // namespace tidelog::sim::check
