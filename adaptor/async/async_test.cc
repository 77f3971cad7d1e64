#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "absl/time/time.h"
#include "adaptor/async/detached.h"
#include "adaptor/async/entries.h"
#include "adaptor/async/intrusive_list.h"
#include "adaptor/async/ready_within.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "wal/async/coroutine.h"
#include "wal/async/future.h"
#include "wal/async/test_runtime.h"

namespace tidelog::adaptor {
namespace {

using testing::ElementsAre;

// Yields whether `future` was ready within a second, and when that was known.
struct Outcome {
  bool in_time = false;
  absl::Duration at;
};
Future<Outcome> AwaitForASecond(TestRuntime* runtime, Future<int>* future) {
  const bool in_time = co_await ReadyWithin(future, absl::Seconds(1));
  co_return Outcome{in_time, runtime->Now()};
}

Detached SetAfter(TestRuntime* runtime, Promise<int> promise, absl::Duration delay) {
  co_await EnterExecutor(runtime->executor());
  co_await SleepFor(delay);
  promise.Set(7);
}

TEST(ReadyWithinTest, IsTrueAtOnceForAFutureThatIsReady) {
  TestRuntime runtime;
  Future<int> future = MakeReadyFuture(7);
  const absl::Duration begin = runtime.Now();
  const Outcome outcome = runtime.Run([&] { return AwaitForASecond(&runtime, &future); });
  EXPECT_TRUE(outcome.in_time);
  EXPECT_EQ(outcome.at, begin);
}

TEST(ReadyWithinTest, IsTrueWhenTheFutureBecomesReadyInTime) {
  TestRuntime runtime;
  Promise<int> promise("test");
  Future<int> future = promise.future();
  const absl::Duration begin = runtime.Now();
  SetAfter(&runtime, std::move(promise), absl::Milliseconds(300));
  const Outcome outcome = runtime.Run([&] { return AwaitForASecond(&runtime, &future); });
  EXPECT_TRUE(outcome.in_time);
  EXPECT_EQ(outcome.at - begin, absl::Milliseconds(300));
  EXPECT_EQ(std::move(future).Take(), 7);
}

TEST(ReadyWithinTest, IsFalseAtTheLimitAndLeavesTheFutureToBeAwaitedAgain) {
  TestRuntime runtime;
  Promise<int> promise("test");
  Future<int> future = promise.future();
  const absl::Duration begin = runtime.Now();
  const Outcome first = runtime.Run([&] { return AwaitForASecond(&runtime, &future); });
  EXPECT_FALSE(first.in_time);
  EXPECT_EQ(first.at - begin, absl::Seconds(1));
  promise.Set(7);
  const Outcome second = runtime.Run([&] { return AwaitForASecond(&runtime, &future); });
  EXPECT_TRUE(second.in_time);
}

// The value and the limit come at the same instant; the seed decides which is seen first.
TEST(ReadyWithinTest, ResumesOnceWhenValueAndLimitCoincide) {
  int in_time = 0;
  for (uint64_t seed = 1; seed <= 100; ++seed) {
    TestRuntime runtime(seed);
    Promise<int> promise("test");
    Future<int> future = promise.future();
    SetAfter(&runtime, std::move(promise), absl::Seconds(1));
    const Outcome outcome = runtime.Run([&] { return AwaitForASecond(&runtime, &future); });
    if (outcome.in_time) ++in_time;
    runtime.RunUntilIdle();
  }
  EXPECT_GT(in_time, 0);
}

Future<Unit> LeaveAfter(TestRuntime* runtime, Entries* entries, absl::Duration delay) {
  Entries::Entry entry(entries);
  co_await EnterExecutor(runtime->executor());
  co_await SleepFor(delay);
  co_return Unit{};
}

Future<Unit> WaitUntilEmpty(Entries* entries) {
  while (entries->count() > 0) co_await entries->WhenLeft();
  co_return Unit{};
}

TEST(EntriesTest, CountFromTheCallUntilTheFrameIsGone) {
  TestRuntime runtime;
  Entries entries;
  const absl::Duration begin = runtime.Now();
  Future<Unit> left = LeaveAfter(&runtime, &entries, absl::Seconds(2));
  EXPECT_EQ(entries.count(), 1);
  Future<Unit> also_left = LeaveAfter(&runtime, &entries, absl::Seconds(1));
  EXPECT_EQ(entries.count(), 2);
  runtime.Run([&] { return WaitUntilEmpty(&entries); });
  EXPECT_EQ(runtime.Now() - begin, absl::Seconds(2));
}

TEST(EntriesTest, CanBeLeftBeforeTheirTime) {
  Entries entries;
  Entries::Entry entry(&entries);
  entry.Leave();
  EXPECT_EQ(entries.count(), 0);
  entry.Leave();
  EXPECT_EQ(entries.count(), 0);
}

struct Red;
struct Blue;
struct Item : ListElement<Item, Red>, ListElement<Item, Blue> {
  explicit Item(int n) : number(n) {}
  int number;
};

template <class Tag>
std::vector<int> NumbersIn(const IntrusiveList<Item, Tag>& list) {
  std::vector<int> numbers;
  for (Item* item = list.first(); item != nullptr; item = IntrusiveList<Item, Tag>::after(*item)) {
    numbers.push_back(item->number);
  }
  return numbers;
}

TEST(IntrusiveListTest, KeepsTheOrderOfAddingAndRemovesAnywhere) {
  Item one(1), two(2), three(3);
  IntrusiveList<Item, Red> red;
  IntrusiveList<Item, Blue> blue;
  for (Item* item : {&one, &two, &three}) red.PushBack(*item);
  for (Item* item : {&three, &one}) blue.PushBack(*item);
  EXPECT_THAT(NumbersIn(red), ElementsAre(1, 2, 3));
  red.Remove(two);
  red.Remove(two);
  EXPECT_THAT(NumbersIn(red), ElementsAre(1, 3));
  EXPECT_EQ(red.size(), 2u);
  red.Remove(one);
  red.Remove(three);
  EXPECT_TRUE(red.empty());
  EXPECT_THAT(NumbersIn(blue), ElementsAre(3, 1));
  red.PushBack(two);
  EXPECT_THAT(NumbersIn(red), ElementsAre(2));
  red.Remove(two);
  blue.Remove(one);
  blue.Remove(three);
}

void DestroyInAList() {
  IntrusiveList<Item, Red> red;
  Item item(1);
  red.PushBack(item);
}

TEST(IntrusiveListDeathTest, AbortsWhenAnElementDiesInAList) {
  EXPECT_DEATH(DestroyInAList(), "destroyed while in a list");
}

}  // namespace
}  // namespace tidelog::adaptor
