#include "adaptor/timetick/tick_allocator.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "wal/async/test_runtime.h"
#include "wal/environment.h"
#include "wal/status.h"
#include "wal/types.h"

namespace tidelog::adaptor {
namespace {

class TickAllocatorTest : public testing::Test {
 protected:
  uint64_t WallMs() const { return absl::ToUnixMillis(runtime_.WallNow()); }
  TickAllocator Make(TimeTick highest = TimeTick{0}) {
    return TickAllocator(&runtime_, nullptr, highest);
  }
  TimeTick Allocate(TickAllocator& ticks, TimeTick barrier = TimeTick{0}) {
    return ticks.Allocate(barrier, runtime_.Now());
  }
  TestRuntime runtime_;
};

TEST_F(TickAllocatorTest, PlacesTheFirstTickByTheWallClock) {
  TickAllocator ticks = Make();
  EXPECT_EQ(Allocate(ticks), MakeTimeTick(WallMs(), 0));
}

TEST_F(TickAllocatorTest, PlacesTheFirstTickAboveTheHighestStoredIfTheWallClockFellBehind) {
  const TimeTick highest = MakeTimeTick(WallMs() + 5000, 3);
  TickAllocator ticks = Make(highest);
  EXPECT_EQ(Allocate(ticks), Next(highest));
}

TEST_F(TickAllocatorTest, CountsWithinOneMillisecond) {
  TickAllocator ticks = Make();
  const TimeTick first = Allocate(ticks);
  EXPECT_EQ(Allocate(ticks), Next(first));
  EXPECT_EQ(ticks.last(), Next(first));
}

TEST_F(TickAllocatorTest, AdvancesWithTheMonotonicClockWhateverTheWallClockDoes) {
  TickAllocator ticks = Make();
  const TimeTick first = Allocate(ticks);
  runtime_.JumpWall(-absl::Hours(5));
  runtime_.Advance(absl::Milliseconds(250));
  EXPECT_EQ(PhysicalMs(Allocate(ticks)), PhysicalMs(first) + 250);
  runtime_.JumpWall(absl::Hours(50));
  EXPECT_EQ(PhysicalMs(Allocate(ticks)), PhysicalMs(first) + 250);
}

TEST_F(TickAllocatorTest, AdvancesWithTimeAlsoFromAHighestTickInTheFuture) {
  const TimeTick highest = MakeTimeTick(WallMs() + 5000, 0);
  TickAllocator ticks = Make(highest);
  runtime_.Advance(absl::Milliseconds(250));
  EXPECT_EQ(PhysicalMs(Allocate(ticks)), PhysicalMs(highest) + 250);
}

TEST_F(TickAllocatorTest, GoesAboveABarrier) {
  TickAllocator ticks = Make();
  const TimeTick barrier = MakeTimeTick(WallMs() + 9000, 17);
  ASSERT_TRUE(ticks.CheckBarrier(barrier).ok());
  EXPECT_EQ(Allocate(ticks, barrier), Next(barrier));
  EXPECT_EQ(Allocate(ticks), Next(Next(barrier)));
}

TEST_F(TickAllocatorTest, TakesABarrierTenSecondsAheadAndNoneFurther) {
  TickAllocator ticks = Make();
  EXPECT_TRUE(ticks.CheckBarrier(MakeTimeTick(WallMs() + 10000, 0)).ok());
  const absl::Status error = ticks.CheckBarrier(MakeTimeTick(WallMs() + 10001, 0));
  EXPECT_EQ(GetWalErrorCode(error), WalErrorCode::kInvalidArgument);
  EXPECT_THAT(error.message(), testing::HasSubstr("10001 ms ahead"));
}

// Each barrier is measured against the clock, so a row of them cannot run away from it.
TEST_F(TickAllocatorTest, MeasuresBarriersFromTheClockAndNotFromTheLastTick) {
  TickAllocator ticks = Make();
  const TimeTick far = MakeTimeTick(WallMs() + 10000, 0);
  (void)Allocate(ticks, far);
  EXPECT_FALSE(ticks.CheckBarrier(MakeTimeTick(WallMs() + 20000, 0)).ok());
}

class FixedTicks : public TimeTickSource {
 public:
  TimeTick Now() override { return now; }
  TimeTick now{1000};
};

TEST_F(TickAllocatorTest, TakesTheTicksOfASourceAndStaysAboveItsOwn) {
  FixedTicks source;
  TickAllocator ticks(&runtime_, &source, TimeTick{500});
  EXPECT_EQ(Allocate(ticks), TimeTick{1000});
  EXPECT_EQ(Allocate(ticks), TimeTick{1001});
  source.now = TimeTick{2000};
  EXPECT_EQ(Allocate(ticks), TimeTick{2000});
  source.now = TimeTick{10};
  EXPECT_EQ(Allocate(ticks), TimeTick{2001});
}

}  // namespace
}  // namespace tidelog::adaptor
