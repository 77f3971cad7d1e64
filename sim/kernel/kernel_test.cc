#include "sim/kernel/kernel.h"

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/time/time.h"
#include "gtest/gtest.h"
#include "sim/kernel/arena.h"
#include "sim/kernel/test_workload.h"
#include "wal/async/coroutine.h"
#include "wal/async/executor.h"
#include "wal/async/future.h"
#include "wal/async/runtime.h"

namespace tidelog::sim {
namespace {

// Counts in world memory: a step every millisecond, for ever.
Future<Unit> CountForEver(Executor* executor, int* count) {
  co_await EnterExecutor(executor);
  while (true) {
    ++*count;
    co_await SleepFor(absl::Milliseconds(1));
  }
  co_return Unit{};
}

class KernelTest : public testing::Test {
 protected:
  // A process that counts.
  Process* Count(int* count) {
    Process* process = kernel_.Spawn("counter");
    process->Enter([&] {
      Executor* executor = process->runtime()->MakeExecutor("log").release();
      const Future<Unit> ignored = CountForEver(executor, count);
    });
    return process;
  }

  Kernel kernel_{{}};
};

TEST_F(KernelTest, AnOrderlyEndLeavesNothing) {
  EchoServer server(&kernel_);
  EchoRun run(&kernel_, &server);
  EXPECT_TRUE(kernel_.RunUntil([&] { return run.done(); }, absl::Seconds(1)));
  EXPECT_GT(run.process()->memory().bytes_max, 1000);
  EXPECT_EQ(run.End(), Leftovers{});
  EXPECT_FALSE(run.process()->alive());
}

TEST_F(KernelTest, RunUntilStopsWhenItIsDone) {
  int count = 0;
  Count(&count);
  EXPECT_TRUE(kernel_.RunUntil([&] { return count == 5; }, absl::Seconds(1)));
  EXPECT_LT(kernel_.Now(), absl::Milliseconds(5));
}

TEST_F(KernelTest, RunUntilStopsAtItsLimit) {
  int count = 0;
  Count(&count);
  EXPECT_FALSE(kernel_.RunUntil([] { return false; }, absl::Milliseconds(10)));
  EXPECT_FALSE(kernel_.idle());
  EXPECT_GE(count, 10);
  EXPECT_LE(count, 11);
  EXPECT_LE(kernel_.Now(), absl::Milliseconds(10) + absl::Nanoseconds(100));  // A step at the end.
}

TEST_F(KernelTest, RunUntilStopsWhenNothingIsLeft) {
  EXPECT_TRUE(kernel_.idle());
  kernel_.At(absl::Seconds(1), [] {});
  EXPECT_FALSE(kernel_.idle());
  EXPECT_FALSE(kernel_.RunUntil([] { return false; }, absl::InfiniteDuration()));
  EXPECT_TRUE(kernel_.idle());
  EXPECT_EQ(kernel_.step_count(), 1u);
}

TEST_F(KernelTest, ALimitMayBeInfinite) {
  kernel_.RunFor(absl::Seconds(1));
  kernel_.At(absl::Hours(24 * 365 * 100), [] {});
  kernel_.RunFor(absl::InfiniteDuration());
  EXPECT_GT(kernel_.Now(), absl::Hours(24 * 365 * 100));
  EXPECT_LT(kernel_.Now(), absl::Hours(24 * 365 * 101));
  int count = 0;
  Count(&count);
  EXPECT_TRUE(kernel_.RunUntil([&] { return count == 5; }, absl::InfiniteDuration()));
}

TEST_F(KernelTest, EventsOfTheWorldRunInTheirOrder) {
  std::string trail;
  kernel_.At(absl::Seconds(2), [&] { trail += "c"; });
  kernel_.At(absl::Seconds(1), [&] { trail += "a"; });
  kernel_.At(absl::Seconds(1), [&] {
    trail += "b";
    EXPECT_EQ(Arena::Current(), nullptr);
    kernel_.At(absl::ZeroDuration(), [&] { trail += "now"; });
  });
  kernel_.RunFor(absl::Seconds(1.5));
  EXPECT_EQ(trail, "abnow");
  EXPECT_EQ(kernel_.Now(), absl::Seconds(1.5));
  kernel_.RunFor(absl::Seconds(1.5));
  EXPECT_EQ(trail, "abnowc");
}

TEST_F(KernelTest, WhatFallsIntoOneGrainOfTimeIsReadyTogetherAndNeverEarly) {
  Kernel kernel({.time_grain = absl::Milliseconds(1)});
  std::vector<absl::Duration> times;
  for (const int us : {2100, 1, 2900, 3000, 3001}) {
    kernel.At(absl::Microseconds(us), [&] { times.push_back(kernel.Now()); });
  }
  while (kernel.Step()) {
  }
  const absl::Duration step = absl::Nanoseconds(100);
  EXPECT_EQ(times, (std::vector<absl::Duration>{
                       absl::Milliseconds(1), absl::Milliseconds(3), absl::Milliseconds(3) + step,
                       absl::Milliseconds(3) + step * 2, absl::Milliseconds(4)}));
}

TEST_F(KernelTest, AProcessThatIsStoppedDoesNothingAndItsClocksGoOn) {
  int stopped = 0, other = 0;
  Process* process = Count(&stopped);
  Count(&other);
  kernel_.RunFor(absl::Milliseconds(10));
  kernel_.Pause(process);
  kernel_.Pause(process);
  EXPECT_TRUE(process->paused());
  const int before = stopped;
  const absl::Time wall = process->runtime()->WallNow();
  kernel_.RunFor(absl::Seconds(1));
  EXPECT_EQ(stopped, before);
  EXPECT_GT(other, 900);
  EXPECT_GE(process->runtime()->WallNow() - wall, absl::Seconds(1));
  kernel_.Resume(process);
  kernel_.Resume(process);
  kernel_.RunFor(absl::Milliseconds(10));
  // The timer that was missed fires once and at once.
  EXPECT_GE(stopped, before + 10);
  EXPECT_LE(stopped, before + 11);
}

// Jobs, timers, blocking calls and answers: all of them wait, and none is lost.
TEST_F(KernelTest, AProcessMayBeStoppedAtEveryStep) {
  for (int steps = 0; steps < 250; ++steps) {
    Kernel kernel({.seed = 1, .time_grain = absl::Microseconds(20)});
    EchoServer server(&kernel);
    EchoRun run(&kernel, &server);
    for (int i = 0; i < steps && !run.done(); ++i) kernel.Step();
    kernel.Pause(run.process());
    const uint64_t count = kernel.step_count();
    kernel.RunFor(absl::Minutes(1));
    EXPECT_LT(kernel.step_count() - count, 20u);  // Events of the world only.
    kernel.Resume(run.process());
    ASSERT_TRUE(kernel.RunUntil([&] { return run.done(); }, absl::Seconds(1))) << steps;
    ASSERT_EQ(run.End(), Leftovers{}) << steps;
  }
}

TEST_F(KernelTest, WorkGivenToAStoppedProcessWaits) {
  Process* process = kernel_.Spawn("server");
  kernel_.Pause(process);
  int count = 0;
  process->Enter([&] {
    Executor* executor = process->runtime()->MakeExecutor("log").release();
    const Future<Unit> ignored = CountForEver(executor, &count);
  });
  kernel_.Deliver(process->id(), [&] { count += 100; });
  EXPECT_FALSE(kernel_.Step());
  EXPECT_EQ(count, 0);
  kernel_.Resume(process);
  kernel_.RunFor(absl::Microseconds(1));
  EXPECT_EQ(count, 101);
}

TEST_F(KernelTest, ADeliveryRunsAsCodeOfTheProcess) {
  Process* process = kernel_.Spawn("server");
  const std::string* text = nullptr;
  kernel_.Deliver(process->id(), [&] { text = std::make_unique<std::string>(100, 'x').release(); });
  EXPECT_EQ(text, nullptr);
  EXPECT_TRUE(kernel_.Step());
  EXPECT_EQ(*text, std::string(100, 'x'));
  EXPECT_EQ(kernel_.End(process).blocks, 2);
}

TEST_F(KernelTest, ADeliveryToTheDeadIsDropped) {
  Process* process = kernel_.Spawn("server");
  auto token = std::make_shared<int>(1);
  kernel_.Deliver(process->id(), [token] { FAIL(); });
  kernel_.Kill(process);
  kernel_.Deliver(process->id(), [token] { FAIL(); });
  EXPECT_FALSE(kernel_.Step());
  EXPECT_EQ(token.use_count(), 1);  // And so is what it held.
}

TEST_F(KernelTest, ProcessesAreKeptByNumber) {
  Process* first = kernel_.Spawn("server");
  Process* second = kernel_.Spawn("server");
  kernel_.Kill(first);
  EXPECT_EQ(kernel_.process(first->id()), first);
  EXPECT_EQ(kernel_.process(ProcessId{2}), second);
  EXPECT_EQ(second->name(), "server");
  EXPECT_FALSE(first->alive());
  EXPECT_TRUE(second->alive());
}

TEST_F(KernelTest, EnterGivesBackWhatWasMade) {
  Process* process = kernel_.Spawn("server");
  std::string text = process->Enter([] { return std::string(100, 'x'); });
  EXPECT_EQ(process->memory().count, 2);  // The quarantine, and this.
  text = std::string();
  text.shrink_to_fit();
  EXPECT_EQ(process->memory().count, 1);
}

// Every abort.

using KernelDeathTest = KernelTest;

TEST_F(KernelDeathTest, AStepInsideAStepAborts) {
  kernel_.At(absl::ZeroDuration(), [&] { kernel_.Step(); });
  EXPECT_DEATH(kernel_.Step(), "a step inside a step");
}

TEST_F(KernelDeathTest, WorldMemoryIsAskedForWhereItIsKept) {
  Process* process = kernel_.Spawn("server");
  EXPECT_DEATH(process->Enter([&] { kernel_.At(absl::ZeroDuration(), [] {}); }),
               "planned under a WorldScope");
  EXPECT_DEATH(process->Enter([&] { kernel_.Deliver(process->id(), [] {}); }),
               "given under a WorldScope");
}

TEST_F(KernelDeathTest, ProcessesDoNotEnterEachOther) {
  Process* one = kernel_.Spawn("one");
  Process* two = kernel_.Spawn("two");
  EXPECT_DEATH(one->Enter([&] { two->Enter([] {}); }), "code of process one enters process two");
}

TEST_F(KernelDeathTest, TheDeadAreNotEntered) {
  Process* process = kernel_.Spawn("server");
  kernel_.Kill(process);
  EXPECT_DEATH(process->Enter([] {}), "process server is dead");
  EXPECT_DEATH(kernel_.End(process), "process server has ended already");
}

}  // namespace
}  // namespace tidelog::sim
