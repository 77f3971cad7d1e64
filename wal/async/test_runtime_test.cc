#include "wal/async/test_runtime.h"

#include <cstdint>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/time/time.h"
#include "gtest/gtest.h"
#include "wal/async/coroutine.h"
#include "wal/async/executor.h"
#include "wal/async/future.h"
#include "wal/async/job.h"
#include "wal/async/random_stream.h"
#include "wal/async/runtime.h"

namespace tidelog {
namespace {

using Trail = std::vector<std::string>;

struct Note : Job {
  Note(Trail* t, std::string w) : trail(t), what(std::move(w)) {
    run = [](Job* job) {
      auto* self = static_cast<Note*>(job);
      self->trail->push_back(self->what);
    };
  }
  Trail* trail;
  std::string what;
};

TEST(TestRuntimeTest, AnExecutorRunsItsJobsInTheOrderPosted) {
  TestRuntime runtime;
  Trail trail;
  Note a(&trail, "a"), b(&trail, "b"), c(&trail, "c");
  for (Note* note : {&a, &b, &c}) runtime.executor()->Post(note);
  EXPECT_EQ(trail, Trail{});
  runtime.RunUntilIdle();
  EXPECT_EQ(trail, (Trail{"a", "b", "c"}));
}

TEST(TestRuntimeTest, SeedsRunExecutorsInDifferentOrders) {
  std::set<Trail> orders;
  for (uint64_t seed = 0; seed < 50; ++seed) {
    TestRuntime runtime(seed);
    const std::unique_ptr<Executor> first = runtime.MakeExecutor("first");
    const std::unique_ptr<Executor> second = runtime.MakeExecutor("second");
    Trail trail;
    Note a(&trail, "a"), b(&trail, "b"), c(&trail, "c");
    first->Post(&a);
    first->Post(&b);
    second->Post(&c);
    runtime.RunUntilIdle();
    orders.insert(trail);
  }
  EXPECT_EQ(orders, (std::set<Trail>{{"a", "b", "c"}, {"a", "c", "b"}, {"c", "a", "b"}}));
}

TEST(TestRuntimeTest, AtIdleRunsAfterTheExecutorsJobs) {
  for (uint64_t seed = 0; seed < 10; ++seed) {
    TestRuntime runtime(seed);
    Trail trail;
    Note idle(&trail, "idle"), first(&trail, "first"), second(&trail, "second");
    runtime.Run([&] {
      Executor::Current()->AtIdle(&idle);
      Executor::Current()->Post(&first);
      Executor::Current()->Post(&second);
      return MakeReadyFuture(Unit{});
    });
    runtime.RunUntilIdle();
    EXPECT_EQ(trail, (Trail{"first", "second", "idle"}));
  }
}

Future<Unit> SleepAndNote(absl::Duration duration, Trail* trail, std::string what) {
  co_await SleepFor(duration);
  trail->push_back(std::move(what));
  co_return Unit{};
}

TEST(TestRuntimeTest, AdvanceFiresTheTimersOfItsSpanInOrder) {
  TestRuntime runtime;
  Trail trail;
  runtime.Run([&] {
    const Future<Unit> c = SleepAndNote(absl::Seconds(3), &trail, "3");
    const Future<Unit> b = SleepAndNote(absl::Seconds(2), &trail, "2");
    const Future<Unit> a = SleepAndNote(absl::Seconds(1), &trail, "1");
    return MakeReadyFuture(Unit{});
  });
  const absl::Time wall = runtime.WallNow();
  runtime.Advance(absl::Seconds(2));
  EXPECT_EQ(runtime.Now(), absl::Seconds(2));
  EXPECT_EQ(runtime.WallNow() - wall, absl::Seconds(2));
  EXPECT_EQ(trail, (Trail{"1", "2"}));
  runtime.RunUntilIdle();  // Does not wait for timers.
  EXPECT_EQ(trail, (Trail{"1", "2"}));
  runtime.Advance(absl::Seconds(1));
  EXPECT_EQ(trail, (Trail{"1", "2", "3"}));
}

TEST(TestRuntimeTest, TheWallClockMayJump) {
  TestRuntime runtime;
  const absl::Time wall = runtime.WallNow();
  runtime.JumpWall(-absl::Hours(1));
  EXPECT_EQ(runtime.WallNow(), wall - absl::Hours(1));
  EXPECT_EQ(runtime.Now(), absl::ZeroDuration());
}

struct Blocked : Job {
  explicit Blocked(Runtime* r) : runtime(r) {
    run = [](Job* job) {
      auto* self = static_cast<Blocked*>(job);
      self->executor = Executor::Current();
      Promise<absl::Duration> promise = std::move(self->promise);
      promise.Set(self->runtime->Now());
    };
  }
  Runtime* const runtime;
  Executor* executor = nullptr;
  Promise<absl::Duration> promise{"blocked"};
};

TEST(TestRuntimeTest, ABlockingJobRunsOffAnyExecutorAfterADelayThatTheSeedPicks) {
  std::set<absl::Duration> delays;
  for (uint64_t seed = 0; seed < 20; ++seed) {
    TestRuntime runtime(seed);
    Blocked job(&runtime);
    job.executor = runtime.executor();
    const absl::Duration delay = runtime.Run([&] {
      runtime.RunBlocking(&job, Runtime::Urgency::kWhenIdle);
      return job.promise.future();
    });
    EXPECT_EQ(job.executor, nullptr);
    EXPECT_LE(delay, TestRuntime::kBlockingMax);
    delays.insert(delay);
  }
  EXPECT_GT(delays.size(), 5u);
}

TEST(TestRuntimeTest, RunUntilIdleWaitsForBlockingJobs) {
  TestRuntime runtime;
  Blocked first(&runtime), second(&runtime);
  const Future<absl::Duration> a = first.promise.future();
  const Future<absl::Duration> b = second.promise.future();
  runtime.RunBlocking(&first, Runtime::Urgency::kNow);
  runtime.RunBlocking(&second, Runtime::Urgency::kNow);
  runtime.RunUntilIdle();
  EXPECT_TRUE(a.ready());
  EXPECT_TRUE(b.ready());
}

// Goal: callers of Blocking() meet both what an idle executor does and what a busy one does.
TEST(TestRuntimeTest, BlockingIsLentToAnExecutorOrNotAsTheSeedPicks) {
  std::set<bool> lent;
  for (uint64_t seed = 0; seed < 20; ++seed) {
    TestRuntime runtime(seed);
    Blocking(runtime.executor(), [&] {
      lent.insert(Executor::Current() != nullptr);
      return MakeReadyFuture(Unit{});
    });
  }
  EXPECT_EQ(lent, (std::set<bool>{false, true}));
}

TEST(TestRuntimeTest, RandomStreamsDependOnSeedAndNameAlone) {
  TestRuntime first(1), second(1), other(2);
  first.MakeRandom("x");
  const uint64_t number = first.MakeRandom("disk").Next();
  EXPECT_EQ(second.MakeRandom("disk").Next(), number);
  EXPECT_NE(second.MakeRandom("clock").Next(), number);
  EXPECT_NE(other.MakeRandom("disk").Next(), number);
}

TEST(TestRuntimeTest, AnExecutorMayBeDestroyedByItsOwnJob) {
  TestRuntime runtime;
  std::unique_ptr<Executor> executor = runtime.MakeExecutor("short");
  Then<Unit>(MakeReadyFuture(Unit{}), executor.get(), [&](Unit) { executor.reset(); });
  runtime.RunUntilIdle();
  EXPECT_EQ(executor, nullptr);
}

Future<uint64_t> Client(Runtime* runtime, std::vector<Executor*> executors, uint64_t id) {
  RandomStream random = runtime->MakeRandom("client " + std::to_string(id));
  uint64_t sum = 0;
  for (int i = 0; i < 20; ++i) {
    const uint64_t choice = random.Below(executors.size());
    co_await EnterExecutor(executors[choice]);
    const uint64_t delay_us = random.Below(50);
    co_await SleepFor(absl::Microseconds(delay_us));
    co_await Yield();
    Blocked job(runtime);
    runtime->RunBlocking(&job, Runtime::Urgency::kWhenIdle);
    const absl::Duration done = co_await job.promise.future();
    sum += static_cast<uint64_t>(absl::ToInt64Nanoseconds(done));
  }
  co_return sum;
}

uint64_t TraceOf(uint64_t seed) {
  TestRuntime runtime(seed);
  const std::unique_ptr<Executor> a = runtime.MakeExecutor("a");
  const std::unique_ptr<Executor> b = runtime.MakeExecutor("b");
  const std::unique_ptr<Executor> c = runtime.MakeExecutor("c");
  runtime.Run([&] {
    for (uint64_t id = 0; id < 5; ++id) {
      const Future<uint64_t> client = Client(&runtime, {a.get(), b.get(), c.get()}, id);
    }
    return MakeReadyFuture(Unit{});
  });
  runtime.Advance(absl::Seconds(1));
  EXPECT_GT(runtime.step_count(), 400u);
  return runtime.trace_hash();
}

TEST(TestRuntimeTest, OneSeedIsOneSchedule) {
  EXPECT_EQ(TraceOf(1), TraceOf(1));
  EXPECT_NE(TraceOf(1), TraceOf(2));
}

// With any compiler, in any build: argument evaluation, hashing and the standard library's
// distributions are where they might differ.
TEST(TestRuntimeTest, TheScheduleIsTheRecordedOne) { EXPECT_EQ(TraceOf(1), 16670648483618331779u); }

// Every abort.

TEST(TestRuntimeDeathTest, AFutureThatNothingWillSetIsALostWakeUp) {
  TestRuntime runtime;
  Promise<int> promise;
  EXPECT_DEATH(runtime.Run([&] { return promise.future(); }),
               "lost wake-up: the future that executor test was asked for");
  promise.Set(1);
}

Future<int> TickForEver() {
  while (true) co_await SleepFor(absl::Minutes(1));
  co_return 0;
}

TEST(TestRuntimeDeathTest, TimersDoNotHideALostWakeUp) {
  TestRuntime runtime;
  EXPECT_DEATH(runtime.Run([&] { return TickForEver(); }), "only timers keep firing");
}

TEST(TestRuntimeDeathTest, LeavingThingsBehindAborts) {
  Trail trail;
  Note note(&trail, "never");
  EXPECT_DEATH(
      {
        TestRuntime runtime;
        const std::unique_ptr<Executor> executor = runtime.MakeExecutor("log");
        executor->Post(&note);
      },
      "executor log was destroyed with jobs posted");
  EXPECT_DEATH(
      {
        TestRuntime runtime;
        runtime.RunBlocking(&note, Runtime::Urgency::kNow);
      },
      "1 blocking jobs outlive their runtime");
  EXPECT_DEATH(
      {
        std::unique_ptr<Executor> executor;
        TestRuntime runtime;
        executor = runtime.MakeExecutor("log");
      },
      "executor log outlives its runtime");
}

TEST(TestRuntimeDeathTest, RunningInsideAJobAborts) {
  TestRuntime runtime;
  EXPECT_DEATH(runtime.Run([&] {
    runtime.RunUntilIdle();
    return MakeReadyFuture(Unit{});
  }),
               "RunUntilIdle\\(\\) inside a job");
}

}  // namespace
}  // namespace tidelog
