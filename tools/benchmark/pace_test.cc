#include "tools/benchmark/pace.h"

#include "absl/time/time.h"
#include "gtest/gtest.h"

namespace tidelog::benchmark {
namespace {

using absl::Milliseconds;
using absl::Seconds;

TEST(PaceTest, WithoutADeadlineASliceIsAsLongAsWanted) {
  const Pace pace(Milliseconds(500), absl::InfiniteDuration(), 100, 10);
  EXPECT_EQ(pace.Slice(Seconds(1000)), Milliseconds(500));
  EXPECT_FALSE(pace.late(Seconds(1000)));
}

TEST(PaceTest, WhatIsLeftIsSharedByTheSamplesAhead) {
  Pace pace(Milliseconds(500), Seconds(10), 20, 0);
  EXPECT_EQ(pace.Slice(Seconds(0)), Milliseconds(250));
  for (int i = 0; i < 10; ++i) pace.PairDone();
  EXPECT_EQ(pace.Slice(Seconds(8)), Milliseconds(100));  // It was slower than thought.
  EXPECT_EQ(pace.Slice(Seconds(4)), Milliseconds(300));
}

TEST(PaceTest, WhatSettingUpTakesIsLearned) {
  Pace pace(Milliseconds(500), Seconds(10), 20, 3);
  pace.SetUpDone(Seconds(1));
  EXPECT_EQ(pace.Slice(Seconds(0)), Milliseconds(200));  // Two more of a second each.
}

TEST(PaceTest, ASliceDoesNotGetTooShortToSayAnything) {
  const Pace pace(Milliseconds(500), Seconds(10), 20, 0);
  EXPECT_EQ(pace.Slice(Seconds(11)), Milliseconds(60));
  EXPECT_TRUE(pace.late(Seconds(11)));
}

}  // namespace
}  // namespace tidelog::benchmark
