// What the Runtime of a simulated process promises, as wal/async/test_runtime_test.cc of its own.
#include <cstdint>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/time/time.h"
#include "gtest/gtest.h"
#include "sim/kernel/arena.h"
#include "sim/kernel/kernel.h"
#include "sim/kernel/scheduler.h"
#include "wal/async/coroutine.h"
#include "wal/async/executor.h"
#include "wal/async/future.h"
#include "wal/async/job.h"
#include "wal/async/random_stream.h"
#include "wal/async/runtime.h"

namespace tidelog::sim {
namespace {

using Trail = std::vector<std::string>;

struct Note : Job {
  Note(Trail* t, std::string w) : trail(t), what(std::move(w)) {
    run = [](Job* job) {
      auto* self = static_cast<Note*>(job);
      const WorldScope world;
      self->trail->push_back(self->what);
    };
  }
  Trail* trail;
  std::string what;
};

Kernel::Options RandomOrder(uint64_t seed) {
  Kernel::Options options{.seed = seed};
  options.scheduler.kind = SchedulerKind::kRandomReady;
  return options;
}

class SimRuntimeTest : public testing::Test {
 protected:
  explicit SimRuntimeTest(const Kernel::Options& options = {})
      : kernel_(options), process_(kernel_.Spawn("server")) {
    executor_ = MakeExecutor("log");
  }

  std::unique_ptr<Executor> MakeExecutor(const char* name) { return runtime()->MakeExecutor(name); }
  Runtime* runtime() { return process_->runtime(); }

  // Calls `f` in a job of executor_, and returns once that and what it posted has run.
  template <class F>
  void InAJob(F f) {
    process_->Enter(
        [&] { Then<Unit>(MakeReadyFuture(Unit{}), executor_.get(), [&](Unit) { f(); }); });
    kernel_.RunFor(absl::Microseconds(100));
  }

  Kernel kernel_;
  Process* const process_;
  std::unique_ptr<Executor> executor_;
  Trail trail_;
};

TEST_F(SimRuntimeTest, AnExecutorRunsItsJobsInTheOrderPosted) {
  Note a(&trail_, "a"), b(&trail_, "b"), c(&trail_, "c");
  process_->Enter([&] {
    for (Note* note : {&a, &b, &c}) executor_->Post(note);
  });
  EXPECT_EQ(trail_, Trail{});
  while (kernel_.Step()) {
  }
  EXPECT_EQ(trail_, (Trail{"a", "b", "c"}));
  EXPECT_EQ(kernel_.step_count(), 3u);
}

TEST_F(SimRuntimeTest, AJobRunsInTheMemoryOfItsProcess) {
  const Arena* arena = nullptr;
  const Executor* executor = nullptr;
  InAJob([&] {
    arena = Arena::Current();
    executor = Executor::Current();
  });
  EXPECT_NE(arena, nullptr);
  EXPECT_EQ(executor, executor_.get());
  EXPECT_EQ(Arena::Current(), nullptr);
  EXPECT_EQ(Executor::Current(), nullptr);
}

TEST_F(SimRuntimeTest, AtIdleRunsAfterTheExecutorsJobs) {
  Note idle(&trail_, "idle"), first(&trail_, "first"), second(&trail_, "second");
  InAJob([&] {
    executor_->AtIdle(&idle);
    executor_->Post(&first);
    executor_->Post(&second);
  });
  EXPECT_EQ(trail_, (Trail{"first", "second", "idle"}));
}

Future<Unit> SleepAndNote(absl::Duration duration, Trail* trail, std::string what) {
  co_await SleepFor(duration);
  const WorldScope world;
  trail->push_back(std::move(what));
  co_return Unit{};
}

TEST_F(SimRuntimeTest, TimersFireInTheirOrderAndNeverEarly) {
  InAJob([&] {
    const Future<Unit> c = SleepAndNote(absl::Seconds(3), &trail_, "3");
    const Future<Unit> b = SleepAndNote(absl::Seconds(2), &trail_, "2");
    const Future<Unit> a = SleepAndNote(absl::Seconds(1), &trail_, "1");
    const Future<Unit> d = SleepAndNote(absl::Nanoseconds(1) / 4, &trail_, "fraction");
  });
  EXPECT_EQ(trail_, (Trail{"fraction"}));
  kernel_.RunUntil([&] { return trail_.size() == 2; }, absl::Seconds(10));
  EXPECT_GE(kernel_.Now(), absl::Seconds(1));
  EXPECT_LT(kernel_.Now(), absl::Seconds(1.1));
  kernel_.RunFor(absl::Seconds(1));
  EXPECT_EQ(trail_, (Trail{"fraction", "1", "2"}));
  kernel_.RunFor(absl::Seconds(1));
  EXPECT_EQ(trail_, (Trail{"fraction", "1", "2", "3"}));
}

TEST_F(SimRuntimeTest, ATimerThatIsCancelledDoesNotFire) {
  struct Mark : Timer {
    bool fired = false;
  };
  Mark early, late;
  early.fire = late.fire = [](Timer* timer) { static_cast<Mark*>(timer)->fired = true; };
  InAJob([&] {
    executor_->PostAt(&early, kernel_.Now() + absl::Seconds(1));
    executor_->PostAt(&late, kernel_.Now() + absl::Seconds(2));
  });
  InAJob([&] { executor_->Cancel(&early); });
  InAJob([&] { executor_->Cancel(&early); });
  kernel_.RunFor(absl::Seconds(3));
  EXPECT_FALSE(early.fired);
  EXPECT_TRUE(late.fired);
}

TEST_F(SimRuntimeTest, TimersMayBeLate) {
  process_->SetLateTimers(absl::Seconds(1));
  std::set<absl::Duration> times;
  for (int i = 0; i < 20; ++i) {
    InAJob([&] { const Future<Unit> a = SleepAndNote(absl::Seconds(1), &trail_, "late"); });
    const absl::Duration begin = kernel_.Now();
    trail_.clear();
    ASSERT_TRUE(kernel_.RunUntil([&] { return !trail_.empty(); }, absl::Seconds(3)));
    times.insert(kernel_.Now() - begin);
  }
  EXPECT_GE(*times.begin(), absl::Seconds(0.99));
  EXPECT_LE(*times.rbegin(), absl::Seconds(2));
  EXPECT_GT(*times.rbegin() - *times.begin(), absl::Seconds(0.3));
}

TEST_F(SimRuntimeTest, EveryStepTakesALittleTime) {
  Note a(&trail_, "a"), b(&trail_, "b");
  process_->Enter([&] {
    executor_->Post(&a);
    executor_->Post(&b);
  });
  EXPECT_EQ(runtime()->Now(), absl::ZeroDuration());
  kernel_.Step();
  EXPECT_EQ(runtime()->Now(), absl::Nanoseconds(100));
  kernel_.Step();
  EXPECT_EQ(executor_->Now(), absl::Nanoseconds(200));
}

TEST_F(SimRuntimeTest, TheWallClockJumpsAndDriftsAndTheOtherDoesNot) {
  const absl::Time wall = runtime()->WallNow();
  process_->JumpWall(-absl::Hours(1));
  EXPECT_EQ(runtime()->WallNow(), wall - absl::Hours(1));
  EXPECT_EQ(runtime()->Now(), absl::ZeroDuration());
  process_->SetWallDrift(1000);
  kernel_.RunFor(absl::Seconds(1000));
  EXPECT_EQ(runtime()->WallNow(), wall - absl::Hours(1) + absl::Seconds(1001));
  process_->SetWallDrift(0);
  EXPECT_EQ(runtime()->WallNow(), wall - absl::Hours(1) + absl::Seconds(1001));
  kernel_.RunFor(absl::Seconds(1));
  EXPECT_EQ(runtime()->WallNow(), wall - absl::Hours(1) + absl::Seconds(1002));
  EXPECT_EQ(runtime()->Now(), absl::Seconds(1001));
  EXPECT_EQ(kernel_.Spawn("other")->runtime()->WallNow(), wall + absl::Seconds(1001));
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

TEST_F(SimRuntimeTest, ABlockingJobRunsOffAnyExecutorAfterADelay) {
  std::set<absl::Duration> delays;
  process_->SetBlockingMax(absl::Milliseconds(5));
  for (int i = 0; i < 50; ++i) {
    Blocked job(runtime());
    job.executor = executor_.get();
    const absl::Duration begin = kernel_.Now();
    const absl::Duration end = Blocking(executor_.get(), [&] {
      runtime()->RunBlocking(&job, Runtime::Urgency::kWhenIdle);
      return job.promise.future();
    });
    EXPECT_EQ(job.executor, nullptr);
    delays.insert(end - begin);
  }
  EXPECT_LT(*delays.begin(), absl::Microseconds(1));
  EXPECT_GT(*delays.rbegin(), absl::Milliseconds(2));
  EXPECT_LE(*delays.rbegin(), absl::Milliseconds(5));
  EXPECT_GT(delays.size(), 25u);
}

// Goal: callers of Blocking() meet both what an idle executor does and what a busy one does.
TEST(SimRuntimeSeedTest, BlockingIsLentToAnExecutorOrNotAsTheSeedPicks) {
  std::set<bool> lent;
  for (uint64_t seed = 0; seed < 20; ++seed) {
    Kernel kernel(RandomOrder(seed));
    const std::unique_ptr<Executor> executor =
        kernel.Spawn("server")->runtime()->MakeExecutor("log");
    Blocking(executor.get(), [&] {
      {
        const WorldScope world;
        lent.insert(Executor::Current() != nullptr);
      }
      return MakeReadyFuture(Unit{});
    });
  }
  EXPECT_EQ(lent, (std::set<bool>{false, true}));
}

TEST(SimRuntimeSeedTest, RandomStreamsDependOnSeedProcessAndName) {
  const auto draw = [](uint64_t seed, uint32_t process, std::string_view name) {
    Kernel kernel(RandomOrder(seed));
    for (uint32_t i = 1; i < process; ++i) kernel.Spawn("other");
    Runtime* runtime = kernel.Spawn("server")->runtime();
    runtime->MakeRandom("unrelated");
    return runtime->MakeRandom(name).Next();
  };
  const uint64_t number = draw(1, 1, "disk");
  EXPECT_EQ(draw(1, 1, "disk"), number);
  EXPECT_NE(draw(1, 1, "clock"), number);
  EXPECT_NE(draw(1, 2, "disk"), number);
  EXPECT_NE(draw(2, 1, "disk"), number);
}

TEST(SimRuntimeSeedTest, StreamsOfTheWorldDependOnSeedAndName) {
  const auto draw = [](uint64_t seed, std::string_view name) {
    return Kernel(RandomOrder(seed)).Stream(name).Next();
  };
  const uint64_t number = draw(1, "disk");
  EXPECT_EQ(draw(1, "disk"), number);
  EXPECT_NE(draw(1, "clock"), number);
  EXPECT_NE(draw(2, "disk"), number);
}

TEST_F(SimRuntimeTest, AnExecutorMayBeDestroyedByItsOwnJob) {
  InAJob([&] { executor_.reset(); });
  EXPECT_EQ(executor_, nullptr);
  EXPECT_EQ(kernel_.End(process_), Leftovers{});
}

// Every abort.

class SimRuntimeDeathTest : public SimRuntimeTest {};

TEST_F(SimRuntimeDeathTest, AFutureThatNothingWillSetIsALostWakeUp) {
  Promise<int> promise;
  EXPECT_DEATH(Blocking(executor_.get(), [&] { return promise.future(); }),
               "lost wake-up: the future that executor log was asked for");
  promise.Set(1);
}

Future<int> TickForEver() {
  while (true) co_await SleepFor(absl::Minutes(1));
  co_return 0;
}

Future<int> EnterAndTick(Executor* executor) {
  co_await EnterExecutor(executor);
  const int never = co_await TickForEver();
  co_return never;
}

TEST_F(SimRuntimeDeathTest, TimersDoNotHideALostWakeUp) {
  EXPECT_DEATH(Blocking(executor_.get(), [&] { return EnterAndTick(executor_.get()); }),
               "only timers keep firing");
}

TEST_F(SimRuntimeDeathTest, BlockingInsideAStepAborts) {
  kernel_.At(absl::ZeroDuration(),
             [&] { Blocking(executor_.get(), [] { return MakeReadyFuture(Unit{}); }); });
  EXPECT_DEATH(kernel_.Step(), "Blocking\\(\\) on executor log inside a step");
}

TEST_F(SimRuntimeDeathTest, AnExecutorDestroyedWithWorkAborts) {
  EXPECT_DEATH(
      {
        Note note(&trail_, "never");
        process_->Enter([&] { executor_->Post(&note); });
        executor_.reset();
      },
      "executor log was destroyed with jobs posted");
  EXPECT_DEATH(
      {
        InAJob([&] { const Future<Unit> a = SleepAndNote(absl::Seconds(1), &trail_, "never"); });
        executor_.reset();
      },
      "executor log was destroyed with timers armed");
}

TEST_F(SimRuntimeDeathTest, ArmingOffTheExecutorAborts) {
  Timer timer;
  timer.fire = [](Timer*) {};
  EXPECT_DEATH(executor_->PostAt(&timer, absl::ZeroDuration()), "PostAt\\(\\) off executor log");
  EXPECT_DEATH(executor_->Cancel(&timer), "Cancel\\(\\) off executor log");
}

}  // namespace
}  // namespace tidelog::sim
