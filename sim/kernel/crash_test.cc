// A simulated crash: anything of a process may be under way, nothing of it is left.
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "gtest/gtest.h"
#include "sim/kernel/arena.h"
#include "sim/kernel/kernel.h"
#include "sim/kernel/scheduler.h"
#include "sim/kernel/test_workload.h"
#include "wal/async/coroutine.h"
#include "wal/async/executor.h"
#include "wal/async/future.h"
#include "wal/async/runtime.h"

namespace tidelog::sim {
namespace {

constexpr absl::Duration kLimit = absl::Seconds(10);

Kernel::Options RandomOrder(uint64_t seed) {
  Kernel::Options options{.seed = seed, .time_grain = absl::Microseconds(20)};
  options.scheduler.kind = SchedulerKind::kRandomReady;
  return options;
}

uint64_t StepsOfAWholeRun(uint64_t seed) {
  Kernel kernel(RandomOrder(seed));
  EchoServer server(&kernel);
  EchoRun run(&kernel, &server);
  EXPECT_TRUE(kernel.RunUntil([&] { return run.done(); }, kLimit));
  const uint64_t steps = kernel.step_count();
  EXPECT_EQ(run.End(), Leftovers{});
  EXPECT_FALSE(kernel.Step());
  return steps;
}

// A process crashes after `steps`; another does its work beside it, and a third one after it.
void CrashAfter(uint64_t seed, uint64_t steps) {
  Kernel kernel(RandomOrder(seed));
  EchoServer server(&kernel);
  EchoRun other(&kernel, &server);
  EchoRun victim(&kernel, &server);
  for (uint64_t i = 0; i < steps; ++i) kernel.Step();
  kernel.Kill(victim.process());
  ASSERT_FALSE(victim.process()->alive());
  ASSERT_EQ(victim.process()->memory().count, 0);
  ASSERT_EQ(victim.process()->memory().bytes, 0);
  EchoRun next(&kernel, &server);
  ASSERT_TRUE(kernel.RunUntil([&] { return other.done() && next.done(); }, kLimit));
  ASSERT_EQ(other.End(), Leftovers{});
  ASSERT_EQ(next.End(), Leftovers{});
  while (kernel.Step()) {
  }
  ASSERT_EQ(victim.process()->memory().count, 0);  // Nothing of it ran since.
}

TEST(CrashTest, AProcessMayDieAtEveryStep) {
  const uint64_t steps = 2 * StepsOfAWholeRun(1);
  EXPECT_GT(steps, 150u);
#ifndef TIDELOG_SANITIZE
  CrashAfter(1, 1);  // What is made once is made.
  const ArenaUsage before = Arena::WorldUsage();
#endif
  for (uint64_t step = 0; step <= steps; ++step) {
    CrashAfter(1, step);
    if (HasFatalFailure()) FAIL() << "at step " << step;
  }
#ifndef TIDELOG_SANITIZE
  EXPECT_EQ(Arena::WorldUsage().bytes, before.bytes);
  EXPECT_EQ(Arena::WorldUsage().count, before.count);
#endif
}

#ifndef TIDELOG_SANITIZE  // There the dead keep their memory.

TEST(CrashTest, AThousandRunsDoNotGrow) {
  CrashAfter(1, 50);
  const ArenaUsage before = Arena::WorldUsage();
  for (uint64_t seed = 1; seed <= 1000; ++seed) CrashAfter(seed, seed % 100);
  EXPECT_EQ(Arena::WorldUsage().bytes, before.bytes);
  EXPECT_EQ(Arena::WorldUsage().count, before.count);
}

#endif

// From within a call that a model gets, the crash comes at the end of the step.
TEST(CrashTest, AStepThatAsksForTheCrashOfItsProcessEndsFirst) {
  Kernel kernel({});
  Process* process = kernel.Spawn("server");
  int marks = 0;
  process->Enter([&] {
    Executor* executor = process->runtime()->MakeExecutor("log").release();
    Then<Unit>(MakeReadyFuture(Unit{}), executor, [&](Unit) {
      kernel.Kill(process);
      const std::string still_there(1000, 'x');
      marks += still_there.size() == 1000 ? 1 : 0;
    });
    Then<Unit>(MakeReadyFuture(Unit{}), executor, [&](Unit) { marks += 100; });
  });
  EXPECT_TRUE(kernel.Step());
  EXPECT_FALSE(process->alive());
  EXPECT_EQ(process->memory().count, 0);
  EXPECT_FALSE(kernel.Step());
  EXPECT_EQ(marks, 1);
}

TEST(CrashTest, SetUpCodeMayDieToo) {
  Kernel kernel({});
  Process* process = kernel.Spawn("server");
  process->Enter([&] { kernel.Kill(process); });
  EXPECT_FALSE(process->alive());
  EXPECT_EQ(process->memory().count, 0);
}

TEST(CrashTest, DyingTwiceIsDyingOnce) {
  Kernel kernel({});
  Process* process = kernel.Spawn("server");
  kernel.Kill(process);
  const uint64_t hash = kernel.trace().hash();
  kernel.Kill(process);
  EXPECT_EQ(kernel.trace().hash(), hash);
}

TEST(CrashTest, AProcessThatIsStoppedMayDie) {
  Kernel kernel(RandomOrder(1));
  EchoServer server(&kernel);
  EchoRun run(&kernel, &server);
  for (int i = 0; i < 30; ++i) kernel.Step();
  kernel.Pause(run.process());
  while (kernel.Step()) {
  }
  kernel.Kill(run.process());
  kernel.Resume(run.process());
  EXPECT_FALSE(kernel.Step());
  EXPECT_EQ(run.process()->memory().count, 0);
}

TEST(CrashTest, WhatAnEndLeftBehindIsNamed) {
  Kernel kernel({});
  Process* process = kernel.Spawn("server");
  process->Enter([&] {
    Executor* executor = process->runtime()->MakeExecutor("log").release();
    Then<Unit>(MakeReadyFuture(Unit{}), executor, [executor](Unit) {
      static Timer timer;
      timer.fire = [](Timer*) {};
      executor->PostAt(&timer, absl::Seconds(1));
    });
    process->runtime()->quarantine().Admit("a stuck call", std::make_shared<int>(1));
  });
  kernel.Step();
  const Leftovers left = kernel.End(process);
  EXPECT_EQ(left.executors, 1u);
  EXPECT_EQ(left.timers, 1u);
  EXPECT_EQ(left.jobs, 0u);
  EXPECT_EQ(left.events, 0u);
  EXPECT_EQ(left.quarantined, 1u);
  EXPECT_GE(left.blocks, 2);
  EXPECT_GT(left.bytes, 0);
}

TEST(CrashTest, WhatAnEndLeftUnderWayIsNamed) {
  Kernel kernel({});
  EchoServer server(&kernel);
  EchoRun run(&kernel, &server);
  kernel.RunUntil([&] { return server.asked() == 4; }, kLimit);
  const Leftovers left = kernel.End(run.process());
  EXPECT_EQ(left.executors, 3u);
  EXPECT_EQ(left.calls, 1u);
  EXPECT_GT(left.events + left.jobs + left.timers, 0u);
}

// Nobody closes what the world tells of its own accord.
TEST(CrashTest, AnAnswerUnderWayIsLeftBehindAndANotificationIsNot) {
  const auto left_by = [](auto send) {
    Kernel kernel({});
    Process* process = kernel.Spawn("server");
    send(kernel, process->id());
    return kernel.End(process).events;
  };
  EXPECT_EQ(left_by([](Kernel& kernel, ProcessId to) { kernel.Deliver(to, [] {}); }), 1u);
  EXPECT_EQ(left_by([](Kernel& kernel, ProcessId to) { kernel.Notify(to, [] {}); }), 0u);
}

// A leak is memory, even if nothing else is left.
TEST(CrashTest, MemoryThatAnOrderlyEndForgotIsALeak) {
  Kernel kernel({});
  Process* process = kernel.Spawn("server");
  const int64_t* lost = nullptr;
  process->Enter([&] { lost = std::make_unique<int64_t>(1).release(); });
  EXPECT_EQ(*lost, 1);
  const Leftovers left = kernel.End(process);
  Leftovers leak;
  leak.blocks = 1;
  leak.bytes = 8;
  EXPECT_EQ(left, leak);
}

}  // namespace
}  // namespace tidelog::sim
