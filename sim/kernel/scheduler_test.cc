#include "sim/kernel/scheduler.h"

#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "gtest/gtest.h"
#include "sim/kernel/kernel.h"
#include "wal/async/coroutine.h"
#include "wal/async/executor.h"
#include "wal/async/future.h"
#include "wal/async/runtime.h"

namespace tidelog::sim {
namespace {

Future<Unit> TakeSteps(Executor* executor, char name, int count, std::string* trail) {
  co_await EnterExecutor(executor);
  for (int i = 0; i < count; ++i) {
    trail->push_back(name);
    co_await Yield();
  }
  co_return Unit{};
}

// Letters of strands a, b and c, each of which takes `count` steps.
std::string Trail(const Kernel::Options& options, int count) {
  Kernel kernel(options);
  Process* process = kernel.Spawn("process");
  std::string trail;
  trail.reserve(1000);
  process->Enter([&] {
    for (const char name : {'a', 'b', 'c'}) {
      Executor* executor = process->runtime()->MakeExecutor("strand").release();
      const Future<Unit> ignored = TakeSteps(executor, name, count, &trail);
    }
  });
  kernel.RunFor(absl::Seconds(1));
  return trail;
}

Kernel::Options With(SchedulerKind kind, uint64_t seed) {
  Kernel::Options options{.seed = seed};
  options.scheduler.kind = kind;
  options.scheduler.step_count = 10;
  return options;
}

TEST(SchedulerTest, FifoGivesEverybodyATurn) {
  EXPECT_EQ(Trail(With(SchedulerKind::kFifo, 1), 3), "abcabcabc");
}

// Of two steps each of three strands there are 6!/(2!2!2!) orders.
TEST(SchedulerTest, RandomReachesEveryOrder) {
  std::set<std::string> orders;
  for (uint64_t seed = 1; seed <= 2000; ++seed) {
    orders.insert(Trail(With(SchedulerKind::kRandomReady, seed), 2));
  }
  EXPECT_EQ(orders.size(), 90u);
}

// Without a change point it runs one strand after the other; with each one there are more orders.
TEST(SchedulerTest, PctReachesMoreOrdersWithDepth) {
  std::vector<size_t> counts;
  for (int depth = 1; depth <= 3; ++depth) {
    std::set<std::string> orders;
    for (uint64_t seed = 1; seed <= 2000; ++seed) {
      Kernel::Options options = With(SchedulerKind::kPct, seed);
      options.scheduler.depth = depth;
      orders.insert(Trail(options, 2));
    }
    counts.push_back(orders.size());
  }
  EXPECT_EQ(counts[0], 6u);
  EXPECT_GT(counts[1], counts[0]);
  EXPECT_GT(counts[2], counts[1]);
}

TEST(SchedulerTest, TheVictimOfStarvationComesLast) {
  for (uint64_t victim = 1; victim <= 3; ++victim) {
    Kernel::Options options = With(SchedulerKind::kStarve, 1);
    options.scheduler.victim = victim;
    const char* trails[] = {"bcbcbcaaa", "acacacbbb", "abababccc"};
    EXPECT_EQ(Trail(options, 3), trails[victim - 1]);
  }
}

TEST(SchedulerTest, NobodyWaitsForEver) {
  Kernel::Options options = With(SchedulerKind::kStarve, 1);
  options.scheduler.victim = 1;
  options.scheduler.wait_steps_max = 10;
  const std::string trail = Trail(options, 100);
  const size_t first = trail.find('a');
  EXPECT_GT(first, 5u);
  EXPECT_LT(first, 15u);
  EXPECT_LT(trail.find('a', first + 1), first + 15);
}

// A bug of depth two: between a look of one strand and its use, another strand must go all the
// way; and it must not have begun before.
struct Planted {
  bool begun = false;
  bool ended = false;
  bool found = false;
};

Future<Unit> LookAndUse(Executor* executor, Planted* planted) {
  co_await EnterExecutor(executor);
  const bool begun = planted->begun;
  co_await Yield();
  planted->found = !begun && planted->ended;
  co_return Unit{};
}

Future<Unit> GoAllTheWay(Executor* executor, Planted* planted) {
  co_await EnterExecutor(executor);
  planted->begun = true;
  for (int i = 0; i < 20; ++i) co_await Yield();
  planted->ended = true;
  co_return Unit{};
}

int CountFound(SchedulerKind kind) {
  int count = 0;
  for (uint64_t seed = 1; seed <= 1000; ++seed) {
    Kernel::Options options = With(kind, seed);
    options.scheduler.depth = 2;
    options.scheduler.step_count = 25;
    Kernel kernel(options);
    Process* process = kernel.Spawn("process");
    Planted planted;
    process->Enter([&] {
      Executor* one = process->runtime()->MakeExecutor("one").release();
      Executor* other = process->runtime()->MakeExecutor("other").release();
      const Future<Unit> ignored = LookAndUse(one, &planted);
      const Future<Unit> too = GoAllTheWay(other, &planted);
    });
    kernel.RunFor(absl::Seconds(1));
    if (planted.found) ++count;
  }
  return count;
}

TEST(SchedulerTest, PctFindsWhatNeedsTwoOrderings) {
  // One of two priorities, and one of 25 steps: 20 in 1,000.
  EXPECT_GT(CountFound(SchedulerKind::kPct), 10);
  EXPECT_EQ(CountFound(SchedulerKind::kFifo), 0);
  EXPECT_EQ(CountFound(SchedulerKind::kRandomReady), 0);
}

// An executor with both a timer due and a job: either may come first.
Future<Unit> SleepAndNote(std::string* trail) {
  co_await SleepFor(absl::ZeroDuration());
  trail->push_back('t');
  co_return Unit{};
}
Future<Unit> YieldAndNote(std::string* trail) {
  co_await Yield();
  trail->push_back('j');
  co_return Unit{};
}

TEST(SchedulerTest, ATimerThatIsDueAndAJobRunInEitherOrder) {
  std::set<std::string> trails;
  for (uint64_t seed = 1; seed <= 20; ++seed) {
    Kernel kernel(With(SchedulerKind::kRandomReady, seed));
    Process* process = kernel.Spawn("process");
    std::string trail;
    process->Enter([&] {
      Executor* executor = process->runtime()->MakeExecutor("strand").release();
      Then<Unit>(MakeReadyFuture(Unit{}), executor, [&](Unit) {
        const Future<Unit> ignored = SleepAndNote(&trail);
        const Future<Unit> too = YieldAndNote(&trail);
      });
    });
    kernel.RunFor(absl::Seconds(1));
    trails.insert(trail);
  }
  EXPECT_EQ(trails, (std::set<std::string>{"jt", "tj"}));
}

}  // namespace
}  // namespace tidelog::sim
