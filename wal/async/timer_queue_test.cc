#include "wal/async/timer_queue.h"

#include <cstdint>
#include <map>
#include <utility>
#include <vector>

#include "absl/time/time.h"
#include "gtest/gtest.h"
#include "wal/async/executor.h"
#include "wal/async/random_stream.h"

namespace tidelog {
namespace {

struct TestTimer : Timer {
  TestTimer() {
    fire = [](Timer*) {};
  }
};

TEST(TimerQueueTest, PopsByTimeAndThenInTheOrderArmed) {
  TimerQueue queue;
  TestTimer a, b, c, d;
  queue.Arm(&a, absl::Seconds(2));
  queue.Arm(&b, absl::Seconds(1));
  queue.Arm(&c, absl::Seconds(2));
  queue.Arm(&d, absl::Seconds(1));
  for (Timer* expected : std::vector<Timer*>{&b, &d, &a, &c}) {
    EXPECT_EQ(queue.PopDue(absl::Seconds(2)), expected);
    EXPECT_FALSE(expected->armed());
  }
  EXPECT_TRUE(queue.empty());
}

TEST(TimerQueueTest, PopsNothingBeforeItsTime) {
  TimerQueue queue;
  TestTimer timer;
  EXPECT_EQ(queue.next(), absl::InfiniteDuration());
  queue.Arm(&timer, absl::Seconds(1));
  EXPECT_EQ(queue.next(), absl::Seconds(1));
  EXPECT_EQ(queue.PopDue(absl::Seconds(1) - absl::Nanoseconds(1)), nullptr);
  EXPECT_TRUE(timer.armed());
  EXPECT_EQ(queue.PopDue(absl::Seconds(1)), &timer);
}

TEST(TimerQueueTest, ACancelledTimerIsNotPoppedAndMayBeArmedAgain) {
  TimerQueue queue;
  TestTimer timer;
  queue.Cancel(&timer);  // Not armed: nothing happens.
  queue.Arm(&timer, absl::Seconds(1));
  queue.Cancel(&timer);
  EXPECT_FALSE(timer.armed());
  EXPECT_EQ(queue.PopDue(absl::Hours(1)), nullptr);
  queue.Arm(&timer, absl::Seconds(3));
  EXPECT_EQ(queue.PopDue(absl::Seconds(3)), &timer);
}

// Goal: any mix of arming, cancelling and popping agrees with a sorted map.
TEST(TimerQueueTest, AgreesWithASortedMap) {
  RandomStream random(1, "timers");
  TimerQueue queue;
  std::vector<TestTimer> timers(50);
  std::map<std::pair<int64_t, uint64_t>, Timer*> model;
  std::map<Timer*, std::pair<int64_t, uint64_t>> keys;
  uint64_t sequence = 0;
  for (int step = 0; step < 20000; ++step) {
    Timer* timer = &timers[random.Below(timers.size())];
    if (!timer->armed()) {
      const auto when = static_cast<int64_t>(random.Below(20));
      queue.Arm(timer, absl::Seconds(when));
      keys[timer] = {when, sequence++};
      model[keys[timer]] = timer;
    } else if (random.OneIn(1, 2)) {
      queue.Cancel(timer);
      model.erase(keys[timer]);
    } else {
      const auto now = static_cast<int64_t>(random.Below(20));
      Timer* expected = nullptr;
      if (model.begin()->first.first <= now) {
        expected = model.begin()->second;
        model.erase(model.begin());
      }
      ASSERT_EQ(queue.PopDue(absl::Seconds(now)), expected);
    }
    ASSERT_EQ(queue.size(), model.size());
  }
  while (queue.PopDue(absl::Seconds(20)) != nullptr) {
  }
}

TEST(TimerQueueDeathTest, MisuseAborts) {
  TimerQueue queue, other;
  TestTimer timer;
  queue.Arm(&timer, absl::Seconds(1));
  EXPECT_DEATH(queue.Arm(&timer, absl::Seconds(1)), "armed already");
  EXPECT_DEATH(other.Cancel(&timer), "armed elsewhere");
  EXPECT_DEATH(TimerQueue().Arm(&timer, absl::Seconds(1)), "armed already");
  Timer idle;
  EXPECT_DEATH(queue.Arm(&idle, absl::Seconds(1)), "nothing to run");
  queue.Cancel(&timer);
  EXPECT_DEATH(
      {
        TimerQueue dropped;
        dropped.Arm(&timer, absl::Seconds(1));
      },
      "1 timers are still armed");
}

}  // namespace
}  // namespace tidelog
