#include "wal/async/thread_runtime.h"

#include <atomic>
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
#include "wal/async/job.h"
#include "wal/async/random_stream.h"
#include "wal/async/thread_runtime_test_jobs.h"

namespace tidelog {
namespace {

class ThreadRuntimeTest : public testing::TestWithParam<bool> {
 protected:
  const std::unique_ptr<ThreadRuntime> runtime_ =
      ThreadRuntime::Create({.executor_threads = 2, .blocking_threads_max = 8, .lend = GetParam()});
};

INSTANTIATE_TEST_SUITE_P(Lending, ThreadRuntimeTest, testing::Bool(),
                         [](const testing::TestParamInfo<bool>& lend) {
                           return lend.param ? std::string("On") : std::string("Off");
                         });

Future<int> CountTo(Executor* executor, int count) {
  co_await EnterExecutor(executor);
  int n = 0;
  while (n < count) {
    co_await Yield();
    ++n;
  }
  co_return n;
}

TEST_P(ThreadRuntimeTest, BlockingReturnsTheValue) {
  const std::unique_ptr<Executor> executor = runtime_->MakeExecutor("log");
  EXPECT_EQ(executor->name(), "log");
  EXPECT_EQ(Blocking(executor.get(), [&] { return CountTo(executor.get(), 1000); }), 1000);
  EXPECT_EQ(Blocking(executor.get(), [] { return MakeReadyFuture(3); }), 3);
}

TEST_P(ThreadRuntimeTest, JobsNeverOverlapAndKeepTheOrderOfTheirPoster) {
  constexpr int kPosters = 4;
  constexpr int kJobs = 3000;
  const std::unique_ptr<Executor> executor = runtime_->MakeExecutor("log");
  std::vector<int> last(kPosters, 0);  // Of no mutex: the executor must do.
  int out_of_order = 0;
  absl::BlockingCounter done(kPosters * kJobs);
  std::vector<std::thread> posters;
  for (int p = 0; p < kPosters; ++p) {
    posters.emplace_back([&, p] {
      for (int i = 1; i <= kJobs; ++i) {
        PostCall(executor.get(), [&, p, i] {
          out_of_order += last[p] + 1 != i;
          last[p] = i;
          done.DecrementCount();
        });
      }
    });
  }
  for (std::thread& poster : posters) poster.join();
  done.Wait();
  EXPECT_EQ(out_of_order, 0);
  EXPECT_EQ(last, std::vector<int>(kPosters, kJobs));
}

Future<int> PassRound(std::vector<Executor*> ring, int laps) {
  int hops = 0;
  for (int lap = 0; lap < laps; ++lap) {
    for (Executor* executor : ring) {
      co_await EnterExecutor(executor);
      ++hops;
    }
  }
  co_return hops;
}

TEST_P(ThreadRuntimeTest, ManyStrandsAndThreadsLoseNothing) {
  constexpr int kThreads = 8;
  std::vector<std::unique_ptr<Executor>> executors;
  std::vector<Executor*> ring;
  for (int i = 0; i < 50; ++i) {
    executors.push_back(runtime_->MakeExecutor("ring " + std::to_string(i)));
    ring.push_back(executors.back().get());
  }
  std::vector<std::thread> threads;
  std::atomic<int> hops{0};
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back(
        [&, t] { hops += Blocking(ring[t], [&] { return PassRound(ring, 20); }); });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(hops, kThreads * 20 * 50);
}

// Goal: a strand may go as soon as somebody learned that its last job is done (the worker is
// then still inside of it).  Method: many strands, each destroyed at once.
TEST_P(ThreadRuntimeTest, AStrandMayBeDestroyedRightAfterItsLastCompletion) {
  for (int i = 0; i < 3000; ++i) {
    const std::unique_ptr<Executor> executor = runtime_->MakeExecutor("short");
    Blocking(executor.get(), [&] { return Touch(executor.get()); });
  }
  for (int i = 0; i < 300; ++i) {
    std::unique_ptr<Executor> executor = runtime_->MakeExecutor("short");
    absl::Notification done;
    PostCall(executor.get(), [&] { done.Notify(); });
    done.WaitForNotification();
  }
}

TEST_P(ThreadRuntimeTest, AStrandMayBeDestroyedByItsOwnLastJob) {
  absl::Notification done;
  std::unique_ptr<Executor> executor = runtime_->MakeExecutor("suicidal");
  PostCall(executor.get(), [&] {
    executor.reset();
    done.Notify();
  });
  done.WaitForNotification();
}

// Goal: the runtime may go as soon as its executors have, while threads are leaving them.
TEST_P(ThreadRuntimeTest, ARuntimeMayBeDestroyedRightAfterItsLastCompletion) {
  for (int i = 0; i < 200; ++i) {
    const std::unique_ptr<ThreadRuntime> runtime =
        ThreadRuntime::Create({.executor_threads = 2, .lend = GetParam()});
    const std::unique_ptr<Executor> executor = runtime->MakeExecutor("short");
    absl::Notification seen;
    std::thread other([&] {
      Blocking(executor.get(), [&] { return Touch(executor.get()); });
      seen.Notify();
    });
    Blocking(executor.get(), [&] { return Touch(executor.get()); });
    seen.WaitForNotification();
    other.join();
  }
}

// A job that posts itself until told to stop.
struct Spinner : Job {
  explicit Spinner(Executor* e) : executor(e) {
    run = [](Job* job) {
      auto* self = static_cast<Spinner*>(job);
      if (self->stop.load()) {
        self->stopped.Notify();
      } else {
        self->executor->Post(self);
      }
    };
    executor->Post(this);
  }
  ~Spinner() {
    stop.store(true);
    stopped.WaitForNotification();
  }
  Executor* const executor;
  std::atomic<bool> stop{false};
  absl::Notification stopped;
};

TEST(ThreadRuntimeFairnessTest, AJobThatPostsItselfStarvesNoOtherPoster) {
  const std::unique_ptr<ThreadRuntime> runtime = OneThreadWithoutLending();
  const std::unique_ptr<Executor> executor = runtime->MakeExecutor("busy");
  const Spinner spinner(executor.get());
  Blocking(executor.get(), [&] { return Touch(executor.get()); });
}

TEST(ThreadRuntimeFairnessTest, AJobThatPostsItselfStarvesNoOtherStrand) {
  const std::unique_ptr<ThreadRuntime> runtime = OneThreadWithoutLending();
  const std::unique_ptr<Executor> busy = runtime->MakeExecutor("busy");
  const std::unique_ptr<Executor> other = runtime->MakeExecutor("other");
  const Spinner spinner(busy.get());
  Blocking(other.get(), [&] { return Touch(other.get()); });
  // And one that is made runnable on the busy thread itself.
  absl::Notification done;
  PostCall(busy.get(), [&] { PostCall(other.get(), [&] { done.Notify(); }); });
  done.WaitForNotification();
}

TEST(ThreadRuntimeFairnessTest, AJobThatPostsItselfStarvesNoBlockingCallOfItsStrand) {
  const std::unique_ptr<ThreadRuntime> runtime = OneThreadWithoutLending();
  const std::unique_ptr<Executor> busy = runtime->MakeExecutor("busy");
  const Spinner spinner(busy.get());
  Blocking(busy.get(),
           [&] { return Float(runtime.get(), busy.get(), Runtime::Urgency::kWhenIdle, [] {}); });
}

// Goal: what one job makes runnable spreads over the threads.  Method: a job that waits, as no
// job should, for one of another strand that would stand behind it on one thread.
TEST(ThreadRuntimeFairnessTest, StrandsMadeRunnableByOneJobRunInParallel) {
  const std::unique_ptr<ThreadRuntime> runtime = ThreadRuntime::Create({.executor_threads = 2});
  const std::unique_ptr<Executor> a = runtime->MakeExecutor("a");
  const std::unique_ptr<Executor> b = runtime->MakeExecutor("b");
  const std::unique_ptr<Executor> c = runtime->MakeExecutor("c");
  absl::Notification c_ran, b_ran;
  PostCall(a.get(), [&] {
    PostCall(b.get(), [&] {
      c_ran.WaitForNotification();
      b_ran.Notify();
    });
    PostCall(c.get(), [&] { c_ran.Notify(); });
  });
  b_ran.WaitForNotification();
}

TEST(ThreadRuntimeAtIdleTest, RunsWhenTheJobsOfStrandAndThreadAreDone) {
  const std::unique_ptr<ThreadRuntime> runtime = OneThreadWithoutLending();
  const std::unique_ptr<Executor> log = runtime->MakeExecutor("log");
  const std::unique_ptr<Executor> client = runtime->MakeExecutor("client");
  std::vector<std::string> order;
  absl::Notification done;
  CallJob flush([&] {
    order.push_back("flush");
    done.Notify();
  });
  PostCall(log.get(), [&] {
    log->AtIdle(&flush);
    PostCall(log.get(), [&] { order.push_back("append 1"); });
    // The client is to run on this thread, and appends as well.
    PostCall(client.get(), [&] { PostCall(log.get(), [&] { order.push_back("append 2"); }); });
  });
  done.WaitForNotification();
  EXPECT_EQ(order, (std::vector<std::string>{"append 1", "append 2", "flush"}));
}

TEST(ThreadRuntimeAtIdleTest, IsNotPutOffForLong) {
  const std::unique_ptr<ThreadRuntime> runtime = OneThreadWithoutLending();
  const std::unique_ptr<Executor> log = runtime->MakeExecutor("log");
  const std::unique_ptr<Executor> busy = runtime->MakeExecutor("busy");
  const std::unique_ptr<Executor> busy_too = runtime->MakeExecutor("busy too");
  const Spinner spinner(busy.get());
  const Spinner spinner_too(busy_too.get());
  absl::Notification done;
  CallJob flush([&] { done.Notify(); });
  PostCall(log.get(), [&] { log->AtIdle(&flush); });
  done.WaitForNotification();
}

TEST(ThreadRuntimeIdleTest, NowIsMonotonicAndTheSameForExecutors) {
  const std::unique_ptr<ThreadRuntime> runtime = ThreadRuntime::Create();
  const std::unique_ptr<Executor> executor = runtime->MakeExecutor("log");
  const absl::Duration first = runtime->Now();
  const absl::Duration second = executor->Now();
  const absl::Duration third = runtime->Now();
  EXPECT_LE(first, second);
  EXPECT_LE(second, third);
  EXPECT_GT(runtime->WallNow(), absl::FromUnixSeconds(1577836800));
}

TEST(ThreadRuntimeRandomTest, StreamsDifferEvenOfOneName) {
  const std::unique_ptr<ThreadRuntime> runtime = ThreadRuntime::Create();
  RandomStream first = runtime->MakeRandom("a");
  RandomStream second = runtime->MakeRandom("a");
  EXPECT_NE(first.Next(), second.Next());
}

TEST(DefaultRuntimeTest, IsOneForTheProcess) {
  EXPECT_EQ(DefaultRuntime(), DefaultRuntime());
  const std::unique_ptr<Executor> executor = DefaultRuntime()->MakeExecutor("log");
  EXPECT_EQ(Blocking(executor.get(), [&] { return CountTo(executor.get(), 3); }), 3);
}

// The child of a fork has none of the runtime's threads: these start the program again.
class ThreadRuntimeDeathTest : public testing::Test {
 protected:
  ThreadRuntimeDeathTest() { GTEST_FLAG_SET(death_test_style, "threadsafe"); }
};

TEST_F(ThreadRuntimeDeathTest, DestroyingARuntimeBeforeItsExecutorsAborts) {
  EXPECT_DEATH(
      {
        std::unique_ptr<Executor> executor;
        const std::unique_ptr<ThreadRuntime> runtime = ThreadRuntime::Create();
        executor = runtime->MakeExecutor("log");
      },
      "destroyed before its executors");
}

TEST_F(ThreadRuntimeDeathTest, DestroyingAnExecutorWithATimerArmedAborts) {
  EXPECT_DEATH(
      {
        const std::unique_ptr<ThreadRuntime> runtime = ThreadRuntime::Create();
        auto* timer = new Timer;
        timer->fire = [](Timer*) {};
        const std::unique_ptr<Executor> executor = runtime->MakeExecutor("log");
        Blocking(executor.get(), [&] {
          executor->PostAt(timer, executor->Now() + absl::Hours(1));
          return MakeReadyFuture(Unit{});
        });
      },
      "executor log was destroyed with timers armed");
}

TEST_F(ThreadRuntimeDeathTest, AtIdleAndTimersOffTheExecutorAbort) {
  const std::unique_ptr<ThreadRuntime> runtime = ThreadRuntime::Create();
  const std::unique_ptr<Executor> executor = runtime->MakeExecutor("log");
  Job job;
  Timer timer;
  EXPECT_DEATH(executor->AtIdle(&job), "AtIdle\\(\\) off executor log");
  EXPECT_DEATH(executor->PostAt(&timer, absl::ZeroDuration()), "PostAt\\(\\) off executor log");
  EXPECT_DEATH(executor->Cancel(&timer), "Cancel\\(\\) off executor log");
}

TEST_F(ThreadRuntimeDeathTest, BlockingInABlockingJobAborts) {
  EXPECT_DEATH(
      {
        const std::unique_ptr<ThreadRuntime> runtime = ThreadRuntime::Create();
        const std::unique_ptr<Executor> executor = runtime->MakeExecutor("log");
        Blocking(executor.get(), [&] {
          return Float(runtime.get(), executor.get(), Runtime::Urgency::kNow,
                       [&] { Blocking(executor.get(), [&] { return Touch(executor.get()); }); });
        });
      },
      "executor log was waited for inside a blocking job");
}

}  // namespace
}  // namespace tidelog
