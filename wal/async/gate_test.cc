#include "wal/async/gate.h"

#include <optional>
#include <utility>

#include "gtest/gtest.h"
#include "wal/async/future.h"
#include "wal/async/test_runtime.h"

namespace tidelog {
namespace {

TEST(GateTest, LetsInUntilItIsClosed) {
  Gate gate;
  std::optional<Gate::Pass> pass = gate.TryEnter();
  ASSERT_TRUE(pass.has_value());
  EXPECT_EQ(gate.count(), 1u);
  EXPECT_FALSE(gate.closed());
  const Future<Unit> closed = gate.Close();
  EXPECT_TRUE(gate.closed());
  EXPECT_FALSE(gate.TryEnter().has_value());
  EXPECT_EQ(gate.count(), 1u);
  pass.reset();
}

TEST(GateTest, CloseIsReadyWhenTheLastPassIsGone) {
  Gate gate;
  std::optional<Gate::Pass> first = gate.TryEnter();
  std::optional<Gate::Pass> second = gate.TryEnter();
  const Future<Unit> closed = gate.Close();
  first.reset();
  EXPECT_FALSE(closed.ready());
  second.reset();
  EXPECT_TRUE(closed.ready());
}

TEST(GateTest, ClosingAnEmptyGateIsReadyAtOnce) {
  Gate gate;
  const Future<Unit> closed = gate.Close();
  EXPECT_TRUE(closed.ready());
}

TEST(GateTest, ClosingAgainWaitsForTheSamePasses) {
  Gate gate;
  std::optional<Gate::Pass> pass = gate.TryEnter();
  const Future<Unit> first = gate.Close();
  const Future<Unit> second = gate.Close();
  EXPECT_FALSE(second.ready());
  pass.reset();
  EXPECT_TRUE(first.ready());
  EXPECT_TRUE(second.ready());
  const Future<Unit> third = gate.Close();
  EXPECT_TRUE(third.ready());
}

TEST(GateTest, AMovedPassCountsOnce) {
  Gate gate;
  std::optional<Gate::Pass> pass = gate.TryEnter();
  std::optional<Gate::Pass> moved = std::exchange(pass, std::nullopt);
  EXPECT_EQ(gate.count(), 1u);
  *moved = *gate.TryEnter();
  EXPECT_EQ(gate.count(), 1u);
  moved.reset();
  EXPECT_EQ(gate.count(), 0u);
}

Future<int> Pass(Gate* gate, Future<int> work) {
  const std::optional<Gate::Pass> pass = gate->TryEnter();
  if (!pass) co_return -1;
  int result = co_await std::move(work);
  co_return result;
}

// Goal: whoever sees the end of an operation sees its pass gone as well.
TEST(GateTest, APassInAFrameIsGoneWhenTheOperationIsReady) {
  TestRuntime runtime;
  Gate gate;
  Promise<int> work;
  const int result = runtime.Run([&] {
    Future<int> done = Pass(&gate, work.future());
    work.Set(4);
    EXPECT_EQ(gate.count(), 1u);
    return done;
  });
  EXPECT_EQ(result, 4);
  EXPECT_EQ(gate.count(), 0u);
}

TEST(GateDeathTest, DestroyingAGateWithPassesOutAborts) {
  EXPECT_DEATH(
      {
        std::optional<Gate> gate(std::in_place);
        const std::optional<Gate::Pass> pass = gate->TryEnter();
        gate.reset();
      },
      "gate was destroyed with passes out");
}

}  // namespace
}  // namespace tidelog
