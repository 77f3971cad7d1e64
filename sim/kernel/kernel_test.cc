#include "sim/kernel/kernel.h"

#include <memory>

#include "absl/time/time.h"
#include "gtest/gtest.h"
#include "wal/async/coroutine.h"
#include "wal/async/executor.h"
#include "wal/async/future.h"
#include "wal/async/runtime.h"

namespace tidelog::sim {
namespace {

Future<Unit> SleepOften(Executor* executor, int count) {
  co_await EnterExecutor(executor);
  for (int i = 0; i < count; ++i) co_await SleepFor(absl::Milliseconds(1));
  co_return Unit{};
}

TEST(KernelTest, AProcessThatEndsInOrderLeavesNothing) {
  Kernel kernel({.seed = 1});
  Process* process = kernel.Spawn("server");
  std::unique_ptr<Executor> executor;
  bool done = false;
  process->Enter([&] {
    executor = process->runtime()->MakeExecutor("log");
    Then<Unit>(SleepOften(executor.get(), 10), executor.get(), [&](Unit) { done = true; });
  });
  EXPECT_FALSE(kernel.RunUntil([&] { return done; }, absl::Milliseconds(5)));
  EXPECT_TRUE(kernel.RunUntil([&] { return done; }, absl::Milliseconds(6)));
  executor.reset();
  EXPECT_EQ(kernel.End(process), Leftovers{});
}

}  // namespace
}  // namespace tidelog::sim
