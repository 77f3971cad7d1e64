#include "wal/async/future.h"

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/time/time.h"
#include "gtest/gtest.h"
#include "wal/async/coroutine.h"
#include "wal/async/executor.h"
#include "wal/async/test_runtime.h"

namespace tidelog {
namespace {

using Trail = std::vector<std::string>;

// Move-only, without a default constructor, and tells when it dies.
class Token {
 public:
  Token(std::string name, Trail* trail) : name_(std::move(name)), trail_(trail) {}
  Token(Token&& other) noexcept
      : name_(std::move(other.name_)), trail_(std::exchange(other.trail_, nullptr)) {}
  Token& operator=(Token&&) = delete;
  ~Token() {
    if (trail_ != nullptr) trail_->push_back(name_ + " is gone");
  }
  const std::string& name() const { return name_; }

 private:
  std::string name_;
  Trail* trail_;
};

class FutureTest : public testing::Test {
 protected:
  TestRuntime runtime_;
  Trail trail_;
};

using FutureDeathTest = FutureTest;

Future<int> Await(Future<int> future, Trail* trail) {
  trail->push_back("waits");
  const int value = co_await std::move(future);
  trail->push_back("has " + std::to_string(value));
  co_return value;
}

TEST_F(FutureTest, AReadyFutureIsTakenWithoutAPost) {
  runtime_.Run([&] {
    Future<int> done = Await(MakeReadyFuture(7), &trail_);
    EXPECT_TRUE(done.ready());
    trail_.push_back("caller");
    return done;
  });
  EXPECT_EQ(trail_, (Trail{"waits", "has 7", "caller"}));
}

TEST_F(FutureTest, SetPostsTheWaiterAndDoesNotRunIt) {
  Promise<int> promise("number");
  const int value = runtime_.Run([&] {
    Future<int> done = Await(promise.future(), &trail_);
    promise.Set(3);
    trail_.push_back("set");
    EXPECT_FALSE(done.ready());
    return done;
  });
  EXPECT_EQ(value, 3);
  EXPECT_EQ(trail_, (Trail{"waits", "set", "has 3"}));
}

Future<Unit> ReportExecutor(Executor* first, Future<Unit> future, Trail* trail) {
  co_await EnterExecutor(first);
  co_await std::move(future);
  trail->push_back(std::string(Executor::Current()->name()));
  co_return Unit{};
}

TEST_F(FutureTest, AWaiterGoesOnOnTheExecutorItWaitedOn) {
  const std::unique_ptr<Executor> other = runtime_.MakeExecutor("other");
  Promise<Unit> promise;
  runtime_.Run([&] {
    Future<Unit> done = ReportExecutor(other.get(), promise.future(), &trail_);
    promise.Set(Unit{});
    return done;
  });
  EXPECT_EQ(trail_, (Trail{"other"}));
}

Future<Unit> Note(Future<Unit> future, std::string what, Trail* trail) {
  co_await std::move(future);
  trail->push_back(std::move(what));
  co_return Unit{};
}

// Notes, when it is destroyed, whether a future is ready.
struct Witness {
  explicit Witness(std::function<bool()> r) : ready(std::move(r)) {}
  Witness(Witness&& other) noexcept : ready(std::exchange(other.ready, nullptr)) {}
  ~Witness() {
    if (ready != nullptr) saw_ready.push_back(ready());
  }
  std::function<bool()> ready;
  static inline std::vector<bool> saw_ready;
};

Future<Unit> HoldWhileWaiting(Witness argument, Future<Unit> future) {
  const Witness local(argument.ready);
  co_await std::move(future);
  co_return Unit{};
}

// Goal: a guard held by a coroutine is released before its caller, who may be on another
// thread, can go on.
TEST_F(FutureTest, TheFrameIsGoneBeforeTheFutureIsReady) {
  Promise<Unit> promise;
  std::optional<Future<Unit>> held;
  runtime_.Run([&] {
    held.emplace(HoldWhileWaiting(Witness([&] { return held->ready(); }), promise.future()));
    promise.Set(Unit{});
    return MakeReadyFuture(Unit{});
  });
  runtime_.RunUntilIdle();
  EXPECT_TRUE(held->ready());
  EXPECT_EQ(Witness::saw_ready, (std::vector<bool>{false, false}));
}

Future<std::unique_ptr<Token>> MakeToken(Future<Unit> when, Trail* trail) {
  co_await std::move(when);
  co_return std::make_unique<Token>("made", trail);
}

TEST_F(FutureTest, CarriesValuesThatOnlyMove) {
  Promise<Unit> promise;
  const std::unique_ptr<Token> token = runtime_.Run([&] {
    Future<std::unique_ptr<Token>> future = MakeToken(promise.future(), &trail_);
    promise.Set(Unit{});
    return future;
  });
  EXPECT_EQ(token->name(), "made");
  EXPECT_EQ(trail_, Trail{});
}

TEST_F(FutureTest, CarriesValuesWithoutADefaultConstructor) {
  Promise<Token> promise;
  Future<Token> future = promise.future();
  Token token("token", &trail_);
  promise.Set(std::move(token));
  ASSERT_TRUE(future.ready());
  EXPECT_EQ(std::move(future).Take().name(), "token");
  EXPECT_EQ(trail_, Trail{"token is gone"});
}

TEST_F(FutureTest, DroppingAFutureNeitherCancelsNorLosesTheOperation) {
  Promise<Unit> promise;
  runtime_.Run([&] {
    { const Future<Unit> dropped = Note(promise.future(), "went on", &trail_); }
    promise.Set(Unit{});
    return Note(MakeReadyFuture(Unit{}), "caller", &trail_);
  });
  runtime_.RunUntilIdle();
  EXPECT_EQ(trail_, (Trail{"caller", "went on"}));
}

TEST_F(FutureTest, AValueThatNobodyWantsIsDestroyedOnce) {
  Promise<Token> promise;
  std::optional<Future<Token>> future(promise.future());
  EXPECT_FALSE(promise.abandoned());
  future.reset();
  EXPECT_TRUE(promise.abandoned());
  Token token("token", &trail_);
  promise.Set(std::move(token));
  EXPECT_EQ(trail_, Trail{"token is gone"});
}

TEST_F(FutureTest, APromiseMayBeSetThoughNobodyAskedForItsFuture) {
  Promise<Token> promise;
  promise.Set(Token("token", &trail_));
  EXPECT_EQ(trail_, Trail{"token is gone"});
}

TEST_F(FutureTest, AssigningDropsTheFutureBefore) {
  Promise<int> first;
  Future<int> future = first.future();
  {
    Future<int> second = MakeReadyFuture(2);
    future = std::move(second);
  }
  EXPECT_TRUE(first.abandoned());
  first.Set(1);
  EXPECT_EQ(std::move(future).Take(), 2);
}

TEST_F(FutureTest, ThenCallsExactlyOnceInAJobOfTheExecutor) {
  const std::unique_ptr<Executor> other = runtime_.MakeExecutor("other");
  Promise<int> promise;
  Then<int>(promise.future(), other.get(), [&](int value) {
    trail_.push_back(std::to_string(value) + " on " + std::string(Executor::Current()->name()));
  });
  Then<int>(MakeReadyFuture(2), other.get(), [&](int value) {
    trail_.push_back(std::to_string(value) + " on " + std::string(Executor::Current()->name()));
  });
  EXPECT_EQ(trail_, Trail{});
  runtime_.RunUntilIdle();
  EXPECT_EQ(trail_, Trail{"2 on other"});
  promise.Set(1);
  EXPECT_EQ(trail_, Trail{"2 on other"});
  runtime_.RunUntilIdle();
  EXPECT_EQ(trail_, (Trail{"2 on other", "1 on other"}));
}

TEST_F(FutureTest, ThenTakesWhatOnlyMovesAndFreesItsCaptures) {
  auto capture = std::make_unique<Token>("capture", &trail_);
  Promise<std::unique_ptr<int>> promise;
  Then<std::unique_ptr<int>>(promise.future(), runtime_.executor(),
                             [this, kept = std::move(capture)](std::unique_ptr<int> value) {
                               trail_.push_back(std::to_string(*value));
                             });
  promise.Set(std::make_unique<int>(5));
  runtime_.RunUntilIdle();
  EXPECT_EQ(trail_, (Trail{"5", "capture is gone"}));
}

Future<int> Sum(Executor* executor, int count) {
  co_await EnterExecutor(executor);
  int sum = 0;
  for (int i = 1; i <= count; ++i) {
    co_await Yield();
    sum += i;
  }
  co_return sum;
}

TEST_F(FutureTest, BlockingRunsAnOperationFromAThreadOfItsOwn) {
  EXPECT_EQ(Blocking(runtime_.executor(), [&] { return Sum(runtime_.executor(), 10); }), 55);
}

Future<Unit> Enter(Executor* a, Executor* b, Trail* trail) {
  co_await EnterExecutor(a);
  trail->push_back(std::string(Executor::Current()->name()));
  co_await EnterExecutor(b);
  trail->push_back(std::string(Executor::Current()->name()));
  co_await EnterExecutor(b);
  trail->push_back(std::string(Executor::Current()->name()));
  co_return Unit{};
}

TEST_F(FutureTest, EnterExecutorMovesBetweenExecutorsAndStaysIfThere) {
  const std::unique_ptr<Executor> a = runtime_.MakeExecutor("a");
  const std::unique_ptr<Executor> b = runtime_.MakeExecutor("b");
  const Future<Unit> done = Enter(a.get(), b.get(), &trail_);
  EXPECT_FALSE(done.ready());
  const uint64_t before = runtime_.step_count();
  runtime_.RunUntilIdle();
  EXPECT_TRUE(done.ready());
  EXPECT_EQ(runtime_.step_count() - before, 2u);
  EXPECT_EQ(trail_, (Trail{"a", "b", "b"}));
}

Future<Unit> Count(std::string name, Trail* trail) {
  for (int i = 0; i < 3; ++i) {
    trail->push_back(name + std::to_string(i));
    co_await Yield();
  }
  co_return Unit{};
}

TEST_F(FutureTest, YieldLetsTheOthersHaveATurn) {
  runtime_.Run([&] {
    const Future<Unit> a = Count("a", &trail_);
    return Count("b", &trail_);
  });
  runtime_.RunUntilIdle();
  EXPECT_EQ(trail_, (Trail{"a0", "b0", "a1", "b1", "a2", "b2"}));
}

Future<absl::Duration> SleepTwice(absl::Duration duration) {
  co_await SleepFor(duration);
  co_await SleepFor(duration);
  co_return Executor::Current()->Now();
}

TEST_F(FutureTest, SleepForGoesOnWhenTheTimeHasCome) {
  const absl::Duration begin = runtime_.Now();
  const absl::Duration end = runtime_.Run([&] { return SleepTwice(absl::Seconds(3)); });
  EXPECT_EQ(end - begin, absl::Seconds(6));
}

TEST_F(FutureTest, SleepForNoTimeGoesOnInALaterJob) {
  Future<absl::Duration> slept = MakeReadyFuture(absl::ZeroDuration());
  runtime_.Run([&] {
    slept = SleepTwice(-absl::Seconds(1));
    EXPECT_FALSE(slept.ready());
    return MakeReadyFuture(Unit{});
  });
  runtime_.RunUntilIdle();
  ASSERT_TRUE(slept.ready());
  EXPECT_EQ(std::move(slept).Take(), absl::ZeroDuration());
}

// Every abort, in the order of the headers.

TEST_F(FutureDeathTest, TakingWhatIsNotReadyAborts) {
  Promise<int> promise;
  EXPECT_DEATH((void)promise.future().Take(), "not ready");
  promise.Set(1);
}

TEST_F(FutureDeathTest, APromiseDroppedUnsetAbortsWithItsName) {
  EXPECT_DEATH({ const Promise<int> dropped("file write"); }, "promise dropped unset: file write");
}

TEST_F(FutureDeathTest, ASecondFutureOfAPromiseAborts) {
  Promise<int> promise("number");
  const Future<int> future = promise.future();
  EXPECT_DEATH((void)promise.future(), "a promise has one future: number");
  promise.Set(1);
}

TEST_F(FutureDeathTest, SettingTwiceAborts) {
  Promise<int> promise("number");
  const Future<int> future = promise.future();
  promise.Set(1);
  EXPECT_DEATH(promise.Set(2), "promise set twice: number");
}

TEST_F(FutureDeathTest, AwaitingOffAnyExecutorAbortsEvenIfReady) {
  EXPECT_DEATH((void)Await(MakeReadyFuture(1), &trail_), "off any executor.*EnterExecutor");
}

TEST_F(FutureDeathTest, YieldAndSleepOffAnyExecutorAbort) {
  EXPECT_DEATH((void)Count("a", &trail_), "off any executor");
  EXPECT_DEATH((void)SleepTwice(absl::Seconds(1)), "off any executor");
}

TEST_F(FutureDeathTest, BlockingInAJobAbortsWithTheExecutorsName) {
  EXPECT_DEATH(runtime_.Run([&] {
    const int value = Blocking(runtime_.executor(), [] { return MakeReadyFuture(1); });
    return MakeReadyFuture(int{value});
  }),
               "Blocking\\(\\) inside a job of executor test");
}

TEST_F(FutureDeathTest, DestroyingAnArmedTimerAborts) {
  EXPECT_DEATH(runtime_.Run([&] {
    Timer timer;
    timer.fire = [](Timer*) {};
    Executor::Current()->PostAt(&timer, absl::Seconds(1));
    return MakeReadyFuture(1);
  }),
               "timer was destroyed while armed");
}

}  // namespace
}  // namespace tidelog
