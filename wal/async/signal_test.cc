#include "wal/async/signal.h"

#include <algorithm>
#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "gtest/gtest.h"
#include "wal/async/future.h"
#include "wal/async/test_runtime.h"

namespace tidelog {
namespace {

TEST(SignalTest, NotifyAllWakesThoseWhoWaitAndNobodyLater) {
  Signal signal;
  const Future<Unit> first = signal.Wait();
  const Future<Unit> second = signal.Wait();
  EXPECT_FALSE(first.ready());
  signal.NotifyAll();
  EXPECT_TRUE(first.ready());
  EXPECT_TRUE(second.ready());
  const Future<Unit> late = signal.Wait();
  EXPECT_FALSE(late.ready());
  signal.NotifyAll();
  EXPECT_TRUE(late.ready());
}

TEST(SignalTest, ANotificationThatNobodyWaitsForIsNotKept) {
  Signal signal;
  signal.NotifyAll();
  const Future<Unit> wait = signal.Wait();
  EXPECT_FALSE(wait.ready());
  signal.Close();
}

TEST(SignalTest, CloseWakesAllForGood) {
  Signal signal;
  const Future<Unit> before = signal.Wait();
  signal.Close();
  const Future<Unit> after = signal.Wait();
  EXPECT_TRUE(before.ready());
  EXPECT_TRUE(after.ready());
  EXPECT_TRUE(signal.closed());
  signal.Close();
}

Future<Unit> Note(Signal* signal, std::string name, std::vector<std::string>* order) {
  co_await signal->Wait();
  order->push_back(std::move(name));
  co_return Unit{};
}

TEST(SignalTest, WaitersGoOnInTheOrderInWhichTheyCame) {
  TestRuntime runtime;
  Signal signal;
  std::vector<std::string> order;
  runtime.Run([&] {
    const Future<Unit> a = Note(&signal, "a", &order);
    const Future<Unit> b = Note(&signal, "b", &order);
    Future<Unit> c = Note(&signal, "c", &order);
    signal.NotifyAll();
    return c;
  });
  EXPECT_EQ(order, (std::vector<std::string>{"a", "b", "c"}));
}

TEST(SignalTest, ThoseWhoGaveUpDoNotPileUp) {
  Signal signal;
  const Future<Unit> kept = signal.Wait();
  size_t count_max = 0;
  for (int i = 0; i < 1000; ++i) {
    { const Future<Unit> dropped = signal.Wait(); }
    count_max = std::max(count_max, signal.count());
  }
  EXPECT_LE(count_max, 16u);
  EXPECT_FALSE(kept.ready());
  signal.NotifyAll();
  EXPECT_TRUE(kept.ready());
}

TEST(SignalDeathTest, DestroyingASignalThatSomebodyWaitsForAborts) {
  EXPECT_DEATH(
      {
        Future<Unit> wait = MakeReadyFuture(Unit{});
        Signal signal;
        wait = signal.Wait();
      },
      "signal was destroyed with 1 waiters");
}

}  // namespace
}  // namespace tidelog
