// The log runs on the kernel unchanged: repeatably, to an orderly end, and through any crash.
#include <cstdint>
#include <set>

#include "absl/time/time.h"
#include "gtest/gtest.h"
#include "sim/kernel/arena.h"
#include "sim/kernel/kernel.h"
#include "sim/kernel/log_workload.h"
#include "sim/kernel/scheduler.h"

namespace tidelog::sim {
namespace {

constexpr absl::Duration kLimit = absl::Minutes(1);

Kernel::Options With(SchedulerKind kind, uint64_t seed) {
  Kernel::Options options{.seed = seed, .time_grain = absl::Microseconds(50)};
  options.scheduler.kind = kind;
  return options;
}

uint64_t HashOfARun(const Kernel::Options& options) {
  Kernel kernel(options);
  LogRun run(&kernel, 200, 16);
  EXPECT_TRUE(kernel.RunUntil([&] { return run.done(); }, kLimit));
  EXPECT_EQ(run.appended(), 200);
  EXPECT_EQ(run.End(), Leftovers{});
  return kernel.trace().hash();
}

TEST(LogOnKernelTest, OneSeedIsOneRunAndLeavesNothing) {
  std::set<uint64_t> hashes;
  for (const SchedulerKind kind :
       {SchedulerKind::kFifo, SchedulerKind::kRandomReady, SchedulerKind::kPct}) {
    for (uint64_t seed = 1; seed <= 10; ++seed) {
      const uint64_t hash = HashOfARun(With(kind, seed));
      EXPECT_EQ(HashOfARun(With(kind, seed)), hash);
      hashes.insert(hash);
    }
  }
  EXPECT_GE(hashes.size(), 10u);
}

TEST(LogOnKernelTest, TheLogMayDieAtAnyStep) {
#ifdef TIDELOG_SANITIZE
  constexpr uint64_t kStride = 20;  // There the dead keep their memory.
#else
  constexpr uint64_t kStride = 1;
#endif
  for (uint64_t steps = 0; steps < 400; steps += kStride) {
    Kernel kernel(With(SchedulerKind::kRandomReady, 1));
    LogRun run(&kernel, 50, 8);
    LogRun other(&kernel, 50, 8);
    for (uint64_t i = 0; i < steps && kernel.Step(); ++i) {
    }
    kernel.Kill(run.process());
    ASSERT_EQ(run.process()->memory().count, 0);
    ASSERT_TRUE(kernel.RunUntil([&] { return other.done(); }, kLimit)) << steps;
    ASSERT_EQ(other.End(), Leftovers{}) << steps;
  }
}

}  // namespace
}  // namespace tidelog::sim
