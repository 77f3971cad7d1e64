#include "wal/async/timeout.h"

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/time/time.h"
#include "gtest/gtest.h"
#include "wal/async/executor.h"
#include "wal/async/future.h"
#include "wal/async/signal.h"
#include "wal/async/test_runtime.h"

namespace tidelog {
namespace {

using Trail = std::vector<std::string>;

class TimeoutTest : public testing::Test {
 protected:
  // Starts a wait on the executor and leaves it there.
  template <class T>
  Future<std::optional<T>> Start(Future<T> future, absl::Duration timeout,
                                 absl::AnyInvocable<void(T) &&> abandoned = nullptr) {
    std::optional<Future<std::optional<T>>> race;
    runtime_.Run([&] {
      race.emplace(AwaitWithTimeout<T>(std::move(future), timeout, std::move(abandoned)));
      return MakeReadyFuture(Unit{});
    });
    return *std::move(race);
  }

  TestRuntime runtime_;
  Trail trail_;
};

using TimeoutDeathTest = TimeoutTest;

TEST_F(TimeoutTest, YieldsAValueThatIsReady) {
  Future<std::optional<int>> race = Start(MakeReadyFuture(1), absl::Seconds(1));
  ASSERT_TRUE(race.ready());
  EXPECT_EQ(std::move(race).Take(), 1);
}

TEST_F(TimeoutTest, YieldsAValueThatComesInTime) {
  Promise<int> promise;
  Future<std::optional<int>> race = Start(promise.future(), absl::Seconds(1));
  runtime_.Advance(absl::Milliseconds(999));
  EXPECT_FALSE(race.ready());
  promise.Set(1);
  runtime_.RunUntilIdle();
  ASSERT_TRUE(race.ready());
  EXPECT_EQ(std::move(race).Take(), 1);
  runtime_.Advance(absl::Seconds(2));  // The timer is gone.
}

TEST_F(TimeoutTest, YieldsNothingAtTheDeadlineAndDropsALateValue) {
  Promise<std::unique_ptr<int>> promise;
  Future<std::optional<std::unique_ptr<int>>> race = Start(promise.future(), absl::Seconds(1));
  runtime_.Advance(absl::Seconds(1));
  ASSERT_TRUE(race.ready());
  EXPECT_EQ(std::move(race).Take(), std::nullopt);
  EXPECT_TRUE(promise.abandoned());
  promise.Set(std::make_unique<int>(1));
}

TEST_F(TimeoutTest, NeverTimesOutWithoutALimit) {
  Promise<int> promise;
  Future<std::optional<int>> race = Start(promise.future(), absl::InfiniteDuration());
  runtime_.Advance(absl::Hours(1000));
  EXPECT_FALSE(race.ready());
  promise.Set(1);
  runtime_.RunUntilIdle();
  EXPECT_EQ(std::move(race).Take(), 1);
}

TEST_F(TimeoutTest, ALateValueGoesToTheAbandonedCallbackEvenWithoutTheExecutor) {
  Promise<std::unique_ptr<int>> promise;
  std::unique_ptr<Executor> gone = runtime_.MakeExecutor("gone");
  runtime_.RunOn(gone.get(), [&] {
    return AwaitWithTimeout<std::unique_ptr<int>>(
        promise.future(), absl::Seconds(1),
        [this](std::unique_ptr<int> late) { trail_.push_back("late " + std::to_string(*late)); });
  });
  gone.reset();
  EXPECT_EQ(trail_, Trail{});
  promise.Set(std::make_unique<int>(7));
  EXPECT_EQ(trail_, Trail{"late 7"});
}

TEST_F(TimeoutTest, ACallbackForAValueInTimeIsDestroyedUncalled) {
  auto capture = std::make_shared<int>(1);
  Promise<int> promise;
  Future<std::optional<int>> race = Start<int>(
      promise.future(), absl::Seconds(1), [this, capture](int) { trail_.push_back("called"); });
  EXPECT_EQ(capture.use_count(), 2);
  promise.Set(1);
  runtime_.RunUntilIdle();
  EXPECT_EQ(capture.use_count(), 1);
  EXPECT_EQ(std::move(race).Take(), 1);
  EXPECT_EQ(trail_, Trail{});
}

struct SetsWhenFired : Timer {
  explicit SetsWhenFired(Promise<int>* p) : promise(p) {
    fire = [](Timer* timer) { static_cast<SetsWhenFired*>(timer)->promise->Set(1); };
  }
  Promise<int>* promise;
};

// Goal: when value and deadline come at one instant, the value is not lost, whichever the
// executor runs first.
TEST_F(TimeoutTest, AValueThatIsThereAtTheDeadlineCounts) {
  for (uint64_t seed = 0; seed < 20; ++seed) {
    TestRuntime runtime(seed);
    Promise<int> promise;
    SetsWhenFired setter(&promise);
    const std::optional<int> value = runtime.Run([&] {
      // Armed first, so it fires first; its post may run before or after the deadline.
      Executor::Current()->PostAt(&setter, absl::Seconds(1));
      return AwaitWithTimeout<int>(promise.future(), absl::Seconds(1));
    });
    EXPECT_EQ(value, 1) << "seed " << seed;
  }
}

TEST_F(TimeoutTest, TheWaitMayBeDropped) {
  Promise<int> in_time, late;
  {
    const Future<std::optional<int>> first = Start(in_time.future(), absl::Seconds(1));
    const Future<std::optional<int>> second = Start(late.future(), absl::Seconds(1));
  }
  in_time.Set(1);
  runtime_.Advance(absl::Seconds(2));
  late.Set(2);
}

// Waits for a signal that never comes must not pile up.
TEST_F(TimeoutTest, AWaitThatTimedOutLetsGoOfItsSignal) {
  Signal signal;
  for (int i = 0; i < 100; ++i) {
    const std::optional<Unit> woken =
        runtime_.Run([&] { return AwaitWithTimeout<Unit>(signal.Wait(), absl::Seconds(1)); });
    EXPECT_EQ(woken, std::nullopt);
  }
  EXPECT_LE(signal.count(), 16u);
}

TEST_F(TimeoutDeathTest, OffAnyExecutorAborts) {
  EXPECT_DEATH((void)AwaitWithTimeout<int>(MakeReadyFuture(1), absl::Seconds(1)),
               "off any executor");
}

}  // namespace
}  // namespace tidelog
