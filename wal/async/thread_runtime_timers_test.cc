// Timers of ThreadRuntime, and its rest.

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/synchronization/blocking_counter.h"
#include "absl/synchronization/notification.h"
#include "absl/time/time.h"
#include "gtest/gtest.h"
#include "wal/async/coroutine.h"
#include "wal/async/executor.h"
#include "wal/async/future.h"
#include "wal/async/thread_runtime.h"
#include "wal/async/thread_runtime_test_jobs.h"

namespace tidelog {
namespace {

class ThreadRuntimeTimersTest : public testing::TestWithParam<bool> {
 protected:
  const std::unique_ptr<ThreadRuntime> runtime_ =
      ThreadRuntime::Create({.executor_threads = 2, .blocking_threads_max = 8, .lend = GetParam()});
};

INSTANTIATE_TEST_SUITE_P(Lending, ThreadRuntimeTimersTest, testing::Bool(),
                         [](const testing::TestParamInfo<bool>& lend) {
                           return lend.param ? std::string("On") : std::string("Off");
                         });

struct TestTimer : Timer {
  explicit TestTimer(absl::AnyInvocable<void(Timer*)> c) : call(std::move(c)) {
    fire = [](Timer* timer) { static_cast<TestTimer*>(timer)->call(timer); };
  }
  absl::AnyInvocable<void(Timer*)> call;
};

TEST_P(ThreadRuntimeTimersTest, TimersFireInOrderOnTheirExecutorAndNotBeforeTheirTime) {
  const std::unique_ptr<Executor> executor = runtime_->MakeExecutor("log");
  std::vector<int> order;
  absl::BlockingCounter done(3);
  const auto note = [&](int number, absl::Duration when) {
    EXPECT_EQ(Executor::Current(), executor.get());
    EXPECT_GE(runtime_->Now(), when);
    order.push_back(number);
    done.DecrementCount();
  };
  const absl::Duration now = runtime_->Now();
  TestTimer late([&](Timer*) { note(3, now + absl::Milliseconds(20)); });
  TestTimer early([&](Timer*) { note(2, now + absl::Milliseconds(10)); });
  TestTimer past([&](Timer*) { note(1, now); });
  PostCall(executor.get(), [&] {
    executor->PostAt(&late, now + absl::Milliseconds(20));
    executor->PostAt(&early, now + absl::Milliseconds(10));
    executor->PostAt(&past, now - absl::Hours(1));
  });
  done.Wait();
  EXPECT_EQ(order, (std::vector<int>{1, 2, 3}));
}

TEST_P(ThreadRuntimeTimersTest, ACancelledTimerDoesNotFireAndATimerMayArmItselfAgain) {
  const std::unique_ptr<Executor> executor = runtime_->MakeExecutor("log");
  int fired = 0, cancelled_fired = 0;
  absl::Notification done;
  TestTimer cancelled([&](Timer*) { ++cancelled_fired; });
  TestTimer periodic([&](Timer* timer) {
    if (++fired == 5) {
      done.Notify();
    } else {
      executor->PostAt(timer, executor->Now() + absl::Milliseconds(1));
    }
  });
  PostCall(executor.get(), [&] {
    executor->PostAt(&cancelled, executor->Now() + absl::Milliseconds(1));
    executor->PostAt(&periodic, executor->Now() + absl::Milliseconds(2));
    executor->Cancel(&cancelled);
    executor->Cancel(&cancelled);
  });
  done.WaitForNotification();
  Blocking(executor.get(), [&] { return Touch(executor.get()); });
  EXPECT_EQ(fired, 5);
  EXPECT_EQ(cancelled_fired, 0);
}

TEST_P(ThreadRuntimeTimersTest, ATimerThatIsAlwaysDueStarvesNobody) {
  const std::unique_ptr<Executor> executor = runtime_->MakeExecutor("log");
  bool stop = false;
  absl::Notification stopped;
  TestTimer timer([&](Timer* self) {
    if (stop) {
      stopped.Notify();
    } else {
      executor->PostAt(self, absl::ZeroDuration());
    }
  });
  PostCall(executor.get(), [&] { executor->PostAt(&timer, absl::ZeroDuration()); });
  Blocking(executor.get(), [&] { return Touch(executor.get()); });
  PostCall(executor.get(), [&] { stop = true; });
  stopped.WaitForNotification();
}

Future<int> ManyDeadlines(Executor* executor, uint64_t salt) {
  co_await EnterExecutor(executor);
  int fired = 0;
  for (int i = 0; i < 200; ++i) {
    TestTimer met([](Timer*) { FAIL() << "a cancelled timer fired"; });
    executor->PostAt(&met, executor->Now() + absl::Seconds(100));
    co_await SleepFor(absl::Microseconds((salt + static_cast<uint64_t>(i)) * 37 % 200));
    executor->Cancel(&met);
    ++fired;
  }
  co_return fired;
}

TEST_P(ThreadRuntimeTimersTest, TimersOfManyStrandsAtOnce) {
  std::vector<std::unique_ptr<Executor>> executors;
  std::vector<std::thread> threads;
  std::atomic<int> fired{0};
  for (uint64_t t = 0; t < 6; ++t) {
    executors.push_back(runtime_->MakeExecutor("log"));
    threads.emplace_back([&fired, t, executor = executors.back().get()] {
      fired += Blocking(executor, [&] { return ManyDeadlines(executor, t); });
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(fired, 6 * 200);
}

Future<Unit> SleepOn(Executor* executor, absl::Duration duration) {
  co_await EnterExecutor(executor);
  co_await SleepFor(duration);
  co_return Unit{};
}

// Goal: an idle runtime costs nothing.  Method: count wake-ups over a time in which one timer is
// all that happens; a thread that polls or spins would make hundreds.
TEST(ThreadRuntimeIdleTest, AnIdleRuntimeDoesNotWakeUp) {
  const std::unique_ptr<ThreadRuntime> runtime =
      ThreadRuntime::Create({.executor_threads = 4, .lend = false});
  std::vector<std::unique_ptr<Executor>> executors;
  for (int i = 0; i < 100; ++i) {
    executors.push_back(runtime->MakeExecutor("idle"));
    Blocking(executors[i].get(), [&] { return Touch(executors[i].get()); });
  }
  const uint64_t before = runtime->stats().wakes;
  Blocking(executors[0].get(),
           [&] { return SleepOn(executors[0].get(), absl::Milliseconds(300)); });
  // A worker for the call, the timers' thread to be told and when it rings, a worker for that.
  EXPECT_LE(runtime->stats().wakes - before, 8u);
}

}  // namespace
}  // namespace tidelog
