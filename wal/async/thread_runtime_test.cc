#include "wal/async/thread_runtime.h"

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/synchronization/blocking_counter.h"
#include "absl/synchronization/notification.h"
#include "absl/time/time.h"
#include "gtest/gtest.h"
#include "wal/async/coroutine.h"
#include "wal/async/executor.h"
#include "wal/async/future.h"
#include "wal/async/job.h"
#include "wal/async/runtime.h"

namespace tidelog {
namespace {

using Urgency = Runtime::Urgency;

void PostCall(Executor* executor, absl::AnyInvocable<void()> call) {
  Then<Unit>(MakeReadyFuture(Unit{}), executor, [call = std::move(call)](Unit) mutable { call(); });
}

// Runs `call`, which may block, and is ready after that.
Future<Unit> BlockingCall(Runtime* runtime, Urgency urgency, absl::AnyInvocable<void()> call) {
  struct Call : Job {
    absl::AnyInvocable<void()> call;
    Promise<Unit> promise{"a blocking call"};
  };
  auto* job = new Call;
  job->call = std::move(call);
  job->run = [](Job* base) {
    const std::unique_ptr<Call> self(static_cast<Call*>(base));
    self->call();
    self->promise.Set(Unit{});
  };
  Future<Unit> done = job->promise.future();
  runtime->RunBlocking(job, urgency);
  return done;
}

// One blocking call, awaited on `executor`.
Future<Unit> Float(Runtime* runtime, Executor* executor, Urgency urgency,
                   absl::AnyInvocable<void()> call) {
  co_await EnterExecutor(executor);
  co_await BlockingCall(runtime, urgency, std::move(call));
  co_return Unit{};
}

Future<std::thread::id> WhichThread(Executor* executor) {
  co_await EnterExecutor(executor);
  co_return std::this_thread::get_id();
}

Future<Unit> Touch(Executor* executor) {
  co_await EnterExecutor(executor);
  co_return Unit{};
}

// A job that posts itself until told to stop.
struct Spinner : Job {
  explicit Spinner(Executor* e) : executor(e) {
    run = [](Job* job) {
      auto* self = static_cast<Spinner*>(job);
      if (self->stop.load()) {
        self->stopped.Notify();
      } else {
        self->executor->Post(self);
      }
    };
    executor->Post(this);
  }
  ~Spinner() {
    stop.store(true);
    stopped.WaitForNotification();
  }
  Executor* const executor;
  std::atomic<bool> stop{false};
  absl::Notification stopped;
};

std::unique_ptr<ThreadRuntime> OneThreadWithoutLending() {
  return ThreadRuntime::Create({.executor_threads = 1, .blocking_threads_max = 4, .lend = false});
}

class ThreadRuntimeTest : public testing::TestWithParam<bool> {
 protected:
  const std::unique_ptr<ThreadRuntime> runtime_ =
      ThreadRuntime::Create({.executor_threads = 2, .blocking_threads_max = 8, .lend = GetParam()});
};

INSTANTIATE_TEST_SUITE_P(Lending, ThreadRuntimeTest, testing::Bool(),
                         [](const testing::TestParamInfo<bool>& lend) {
                           return lend.param ? std::string("On") : std::string("Off");
                         });

Future<int> CountTo(Executor* executor, int count) {
  co_await EnterExecutor(executor);
  int n = 0;
  while (n < count) {
    co_await Yield();
    ++n;
  }
  co_return n;
}

TEST_P(ThreadRuntimeTest, BlockingReturnsTheValue) {
  const std::unique_ptr<Executor> executor = runtime_->MakeExecutor("log");
  EXPECT_EQ(executor->name(), "log");
  EXPECT_EQ(Blocking(executor.get(), [&] { return CountTo(executor.get(), 1000); }), 1000);
  EXPECT_EQ(Blocking(executor.get(), [] { return MakeReadyFuture(3); }), 3);
}

TEST_P(ThreadRuntimeTest, JobsNeverOverlapAndKeepTheOrderOfTheirPoster) {
  constexpr int kPosters = 4;
  constexpr int kJobs = 3000;
  const std::unique_ptr<Executor> executor = runtime_->MakeExecutor("log");
  std::vector<int> last(kPosters, 0);  // Of no mutex: the executor must do.
  int out_of_order = 0;
  absl::BlockingCounter done(kPosters * kJobs);
  std::vector<std::thread> posters;
  for (int p = 0; p < kPosters; ++p) {
    posters.emplace_back([&, p] {
      for (int i = 1; i <= kJobs; ++i) {
        PostCall(executor.get(), [&, p, i] {
          out_of_order += last[p] + 1 != i;
          last[p] = i;
          done.DecrementCount();
        });
      }
    });
  }
  for (std::thread& poster : posters) poster.join();
  done.Wait();
  EXPECT_EQ(out_of_order, 0);
  EXPECT_EQ(last, std::vector<int>(kPosters, kJobs));
}

Future<int> PassRound(std::vector<Executor*> ring, int laps) {
  int hops = 0;
  for (int lap = 0; lap < laps; ++lap) {
    for (Executor* executor : ring) {
      co_await EnterExecutor(executor);
      ++hops;
    }
  }
  co_return hops;
}

TEST_P(ThreadRuntimeTest, ManyStrandsAndThreadsLoseNothing) {
  constexpr int kThreads = 8;
  std::vector<std::unique_ptr<Executor>> executors;
  std::vector<Executor*> ring;
  for (int i = 0; i < 50; ++i) {
    executors.push_back(runtime_->MakeExecutor("ring " + std::to_string(i)));
    ring.push_back(executors.back().get());
  }
  std::vector<std::thread> threads;
  std::atomic<int> hops{0};
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back(
        [&, t] { hops += Blocking(ring[t], [&] { return PassRound(ring, 20); }); });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(hops, kThreads * 20 * 50);
}

// Goal: a strand may go as soon as somebody learned that its last job is done (the worker is
// then still inside of it).  Method: many strands, each destroyed at once.
TEST_P(ThreadRuntimeTest, AStrandMayBeDestroyedRightAfterItsLastCompletion) {
  for (int i = 0; i < 3000; ++i) {
    const std::unique_ptr<Executor> executor = runtime_->MakeExecutor("short");
    Blocking(executor.get(), [&] { return Touch(executor.get()); });
  }
  for (int i = 0; i < 300; ++i) {
    std::unique_ptr<Executor> executor = runtime_->MakeExecutor("short");
    absl::Notification done;
    PostCall(executor.get(), [&] { done.Notify(); });
    done.WaitForNotification();
  }
}

TEST_P(ThreadRuntimeTest, AStrandMayBeDestroyedByItsOwnLastJob) {
  absl::Notification done;
  std::unique_ptr<Executor> executor = runtime_->MakeExecutor("suicidal");
  PostCall(executor.get(), [&] {
    executor.reset();
    done.Notify();
  });
  done.WaitForNotification();
}

// Goal: the runtime may go as soon as its executors have, while threads are leaving them.
TEST_P(ThreadRuntimeTest, ARuntimeMayBeDestroyedRightAfterItsLastCompletion) {
  for (int i = 0; i < 200; ++i) {
    const std::unique_ptr<ThreadRuntime> runtime =
        ThreadRuntime::Create({.executor_threads = 2, .lend = GetParam()});
    const std::unique_ptr<Executor> executor = runtime->MakeExecutor("short");
    absl::Notification seen;
    std::thread other([&] {
      Blocking(executor.get(), [&] { return Touch(executor.get()); });
      seen.Notify();
    });
    Blocking(executor.get(), [&] { return Touch(executor.get()); });
    seen.WaitForNotification();
    other.join();
  }
}

TEST(ThreadRuntimeFairnessTest, AJobThatPostsItselfStarvesNoOtherPoster) {
  const std::unique_ptr<ThreadRuntime> runtime = OneThreadWithoutLending();
  const std::unique_ptr<Executor> executor = runtime->MakeExecutor("busy");
  const Spinner spinner(executor.get());
  Blocking(executor.get(), [&] { return Touch(executor.get()); });
}

TEST(ThreadRuntimeFairnessTest, AJobThatPostsItselfStarvesNoOtherStrand) {
  const std::unique_ptr<ThreadRuntime> runtime = OneThreadWithoutLending();
  const std::unique_ptr<Executor> busy = runtime->MakeExecutor("busy");
  const std::unique_ptr<Executor> other = runtime->MakeExecutor("other");
  const Spinner spinner(busy.get());
  Blocking(other.get(), [&] { return Touch(other.get()); });
  // And one that is made runnable on the busy thread itself.
  absl::Notification done;
  PostCall(busy.get(), [&] { PostCall(other.get(), [&] { done.Notify(); }); });
  done.WaitForNotification();
}

TEST(ThreadRuntimeFairnessTest, AJobThatPostsItselfStarvesNoBlockingCallOfItsStrand) {
  const std::unique_ptr<ThreadRuntime> runtime = OneThreadWithoutLending();
  const std::unique_ptr<Executor> busy = runtime->MakeExecutor("busy");
  const Spinner spinner(busy.get());
  Blocking(busy.get(), [&] { return Float(runtime.get(), busy.get(), Urgency::kWhenIdle, [] {}); });
}

// Goal: what one job makes runnable spreads over the threads.  Method: a job that waits, as no
// job should, for one of another strand that would stand behind it on one thread.
TEST(ThreadRuntimeFairnessTest, StrandsMadeRunnableByOneJobRunInParallel) {
  const std::unique_ptr<ThreadRuntime> runtime = ThreadRuntime::Create({.executor_threads = 2});
  const std::unique_ptr<Executor> a = runtime->MakeExecutor("a");
  const std::unique_ptr<Executor> b = runtime->MakeExecutor("b");
  const std::unique_ptr<Executor> c = runtime->MakeExecutor("c");
  absl::Notification c_ran, b_ran;
  PostCall(a.get(), [&] {
    PostCall(b.get(), [&] {
      c_ran.WaitForNotification();
      b_ran.Notify();
    });
    PostCall(c.get(), [&] { c_ran.Notify(); });
  });
  b_ran.WaitForNotification();
}

struct CallJob : Job {
  explicit CallJob(absl::AnyInvocable<void()> c) : call(std::move(c)) {
    run = [](Job* job) { static_cast<CallJob*>(job)->call(); };
  }
  absl::AnyInvocable<void()> call;
};

TEST(ThreadRuntimeAtIdleTest, RunsWhenTheJobsOfStrandAndThreadAreDone) {
  const std::unique_ptr<ThreadRuntime> runtime = OneThreadWithoutLending();
  const std::unique_ptr<Executor> log = runtime->MakeExecutor("log");
  const std::unique_ptr<Executor> client = runtime->MakeExecutor("client");
  std::vector<std::string> order;
  absl::Notification done;
  CallJob flush([&] {
    order.push_back("flush");
    done.Notify();
  });
  PostCall(log.get(), [&] {
    log->AtIdle(&flush);
    PostCall(log.get(), [&] { order.push_back("append 1"); });
    // The client is to run on this thread, and appends as well.
    PostCall(client.get(), [&] { PostCall(log.get(), [&] { order.push_back("append 2"); }); });
  });
  done.WaitForNotification();
  EXPECT_EQ(order, (std::vector<std::string>{"append 1", "append 2", "flush"}));
}

TEST(ThreadRuntimeAtIdleTest, IsNotPutOffForLong) {
  const std::unique_ptr<ThreadRuntime> runtime = OneThreadWithoutLending();
  const std::unique_ptr<Executor> log = runtime->MakeExecutor("log");
  const std::unique_ptr<Executor> busy = runtime->MakeExecutor("busy");
  const std::unique_ptr<Executor> busy_too = runtime->MakeExecutor("busy too");
  const Spinner spinner(busy.get());
  const Spinner spinner_too(busy_too.get());
  absl::Notification done;
  CallJob flush([&] { done.Notify(); });
  PostCall(log.get(), [&] { log->AtIdle(&flush); });
  done.WaitForNotification();
}

TEST_P(ThreadRuntimeTest, TheStrandIsFreeDuringItsBlockingCall) {
  const std::unique_ptr<Executor> executor = runtime_->MakeExecutor("log");
  for (const Urgency urgency : {Urgency::kWhenIdle, Urgency::kNow}) {
    bool touched = false;
    Blocking(executor.get(), [&] {
      return Float(runtime_.get(), executor.get(), urgency, [&] {
        EXPECT_EQ(Executor::Current(), nullptr);
        // As no blocking job should, it waits for a job of the strand it came from.
        std::thread([&] {
          Blocking(executor.get(), [&] { return Touch(executor.get()); });
          touched = true;
        }).join();
      });
    });
    EXPECT_TRUE(touched);
  }
}

TEST(ThreadRuntimeBlockingTest, TheThreadThatRanTheStrandDoesItsBlockingCall) {
  const std::unique_ptr<ThreadRuntime> runtime = OneThreadWithoutLending();
  const std::unique_ptr<Executor> executor = runtime->MakeExecutor("log");
  std::thread::id strand_thread, call_thread;
  absl::Notification done;
  PostCall(executor.get(), [&] {
    strand_thread = std::this_thread::get_id();
    Then<Unit>(BlockingCall(runtime.get(), Urgency::kWhenIdle,
                            [&] { call_thread = std::this_thread::get_id(); }),
               executor.get(), [&](Unit) { done.Notify(); });
  });
  done.WaitForNotification();
  EXPECT_EQ(call_thread, strand_thread);
}

Future<Unit> SleepOn(Executor* executor, absl::Duration duration) {
  co_await EnterExecutor(executor);
  co_await SleepFor(duration);
  co_return Unit{};
}

// Goal (H2): hung system calls on all channels but one keep neither that one nor any deadline
// from running.
TEST(ThreadRuntimeBlockingTest, HungCallsLeaveThreadsForStrandsAndTimers) {
  constexpr int kMax = 3;
  const std::unique_ptr<ThreadRuntime> runtime =
      ThreadRuntime::Create({.executor_threads = 1, .blocking_threads_max = kMax, .lend = false});
  std::vector<std::unique_ptr<Executor>> executors;
  absl::Notification hang;
  absl::BlockingCounter hung(kMax);
  std::atomic<int> running{0}, running_max{0}, done{0};
  std::vector<Future<Unit>> calls;
  for (int i = 0; i < 10; ++i) {
    executors.push_back(runtime->MakeExecutor("hung " + std::to_string(i)));
    calls.push_back(Float(runtime.get(), executors.back().get(), Urgency::kWhenIdle, [&] {
      const int now_running = ++running;
      if (now_running > running_max) running_max = now_running;
      if (now_running <= kMax && done == 0) hung.DecrementCount();
      hang.WaitForNotification();
      ++done;
      --running;
    }));
  }
  hung.Wait();
  const std::unique_ptr<Executor> alive = runtime->MakeExecutor("alive");
  Blocking(alive.get(), [&] { return Touch(alive.get()); });
  Blocking(alive.get(), [&] { return SleepOn(alive.get(), absl::Milliseconds(1)); });
  EXPECT_EQ(runtime->stats().blocking_threads, kMax);
  EXPECT_LE(runtime->stats().threads, kMax + 1);
  hang.Notify();
  for (Future<Unit>& call : calls) {
    Blocking(alive.get(), [&] { return std::move(call); });
  }
  EXPECT_EQ(done, 10);
  EXPECT_EQ(running_max, kMax);
}

TEST(ThreadRuntimeBlockingTest, CallsOfOneStrandOverlap) {
  const std::unique_ptr<ThreadRuntime> runtime =
      ThreadRuntime::Create({.executor_threads = 1, .blocking_threads_max = 4});
  const std::unique_ptr<Executor> executor = runtime->MakeExecutor("log");
  absl::BlockingCounter all_in(4);
  absl::Notification go_on;
  absl::BlockingCounter done(4);
  PostCall(executor.get(), [&] {
    for (int i = 0; i < 4; ++i) {
      Then<Unit>(BlockingCall(runtime.get(), Urgency::kWhenIdle,
                              [&] {
                                all_in.DecrementCount();
                                go_on.WaitForNotification();
                              }),
                 executor.get(), [&](Unit) { done.DecrementCount(); });
    }
  });
  all_in.Wait();
  go_on.Notify();
  done.Wait();
}

TEST(ThreadRuntimeBlockingTest, MayBeAskedForByAThreadOfItsOwn) {
  const std::unique_ptr<ThreadRuntime> runtime = ThreadRuntime::Create();
  const std::unique_ptr<Executor> executor = runtime->MakeExecutor("log");
  std::thread::id call_thread;
  Blocking(executor.get(), [&] {
    return BlockingCall(runtime.get(), Urgency::kNow,
                        [&] { call_thread = std::this_thread::get_id(); });
  });
  EXPECT_NE(call_thread, std::thread::id());
}

TEST(ThreadRuntimeLendingTest, ALoneCallerDoesEverythingItself) {
  const std::unique_ptr<ThreadRuntime> runtime = ThreadRuntime::Create();
  const std::unique_ptr<Executor> executor = runtime->MakeExecutor("log");
  std::thread::id call_thread;
  for (int i = 0; i < 100; ++i) {
    const std::thread::id strand_thread =
        Blocking(executor.get(), [&] { return WhichThread(executor.get()); });
    EXPECT_EQ(strand_thread, std::this_thread::get_id());
    Blocking(executor.get(), [&] {
      return Float(runtime.get(), executor.get(), Urgency::kWhenIdle,
                   [&] { call_thread = std::this_thread::get_id(); });
    });
    EXPECT_EQ(call_thread, std::this_thread::get_id());
  }
  EXPECT_EQ(runtime->stats().threads, 0);
}

TEST(ThreadRuntimeLendingTest, WhatALentThreadLeavesBehindIsDoneByThePool) {
  const std::unique_ptr<ThreadRuntime> runtime = ThreadRuntime::Create();
  const std::unique_ptr<Executor> executor = runtime->MakeExecutor("log");
  const std::unique_ptr<Executor> other = runtime->MakeExecutor("other");
  absl::BlockingCounter done(3);
  CallJob flush([&] { done.DecrementCount(); });
  Blocking(executor.get(), [&] {
    EXPECT_EQ(Executor::Current(), executor.get());
    executor->AtIdle(&flush);
    PostCall(other.get(), [&] { done.DecrementCount(); });
    return MakeReadyFuture(Unit{});
  });
  Then<Unit>(Float(runtime.get(), executor.get(), Urgency::kWhenIdle, [] {}), executor.get(),
             [&](Unit) { done.DecrementCount(); });
  done.Wait();
}

// A group commit in small: appends wait for the write under way and then go out together.
class Committer {
 public:
  Committer(Runtime* runtime, Executor* executor) : runtime_(runtime), executor_(executor) {}

  Future<int> Append(int value) {
    co_await EnterExecutor(executor_);
    Promise<int> promise("append");
    Future<int> done = promise.future();
    open_.push_back({value, std::move(promise)});
    if (!writing_ && !armed_) {
      armed_ = true;
      executor_->AtIdle(&flush_);
    }
    const int stored = co_await std::move(done);
    co_return stored;
  }
  int group_count() const { return group_count_; }

 private:
  struct Entry {
    int value;
    Promise<int> promise;
  };

  void Flush() {
    armed_ = false;
    const Future<Unit> written = Write();
  }

  Future<Unit> Write() {
    writing_ = true;
    while (!open_.empty()) {
      std::vector<Entry> group = std::exchange(open_, {});
      co_await BlockingCall(runtime_, Urgency::kWhenIdle, [] {});
      ++group_count_;
      for (Entry& entry : group) entry.promise.Set(entry.value);
    }
    writing_ = false;
    co_return Unit{};
  }

  Runtime* const runtime_;
  Executor* const executor_;
  CallJob flush_{[this] { Flush(); }};
  bool armed_ = false;
  bool writing_ = false;
  std::vector<Entry> open_;
  int group_count_ = 0;
};

TEST_P(ThreadRuntimeTest, ManyBlockingCallersOfManyLogsAllGetTheirAnswers) {
  constexpr int kLogs = 4;
  constexpr int kThreads = 32;
  constexpr int kAppends = 60;
  std::vector<std::unique_ptr<Executor>> executors;
  std::vector<std::unique_ptr<Committer>> logs;
  for (int i = 0; i < kLogs; ++i) {
    executors.push_back(runtime_->MakeExecutor("log"));
    logs.push_back(std::make_unique<Committer>(runtime_.get(), executors.back().get()));
  }
  std::atomic<int> wrong{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < kAppends; ++i) {
        const int log = (t + i) % kLogs;
        const int value = t * kAppends + i;
        const int stored = Blocking(executors[log].get(), [&] { return logs[log]->Append(value); });
        wrong += stored != value;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(wrong, 0);
  for (int i = 0; i < kLogs; ++i) {
    const std::unique_ptr<Executor> executor = std::move(executors[i]);
    Blocking(executor.get(), [&] { return Touch(executor.get()); });
    EXPECT_GT(logs[i]->group_count(), 0);
  }
}

struct TestTimer : Timer {
  explicit TestTimer(absl::AnyInvocable<void(Timer*)> c) : call(std::move(c)) {
    fire = [](Timer* timer) { static_cast<TestTimer*>(timer)->call(timer); };
  }
  absl::AnyInvocable<void(Timer*)> call;
};

TEST_P(ThreadRuntimeTest, TimersFireInOrderOnTheirExecutorAndNotBeforeTheirTime) {
  const std::unique_ptr<Executor> executor = runtime_->MakeExecutor("log");
  std::vector<int> order;
  absl::BlockingCounter done(3);
  const auto note = [&](int number, absl::Duration when) {
    EXPECT_EQ(Executor::Current(), executor.get());
    EXPECT_GE(runtime_->Now(), when);
    order.push_back(number);
    done.DecrementCount();
  };
  const absl::Duration now = runtime_->Now();
  TestTimer late([&](Timer*) { note(3, now + absl::Milliseconds(20)); });
  TestTimer early([&](Timer*) { note(2, now + absl::Milliseconds(10)); });
  TestTimer past([&](Timer*) { note(1, now); });
  PostCall(executor.get(), [&] {
    executor->PostAt(&late, now + absl::Milliseconds(20));
    executor->PostAt(&early, now + absl::Milliseconds(10));
    executor->PostAt(&past, now - absl::Hours(1));
  });
  done.Wait();
  EXPECT_EQ(order, (std::vector<int>{1, 2, 3}));
}

TEST_P(ThreadRuntimeTest, ACancelledTimerDoesNotFireAndATimerMayArmItselfAgain) {
  const std::unique_ptr<Executor> executor = runtime_->MakeExecutor("log");
  int fired = 0, cancelled_fired = 0;
  absl::Notification done;
  TestTimer cancelled([&](Timer*) { ++cancelled_fired; });
  TestTimer periodic([&](Timer* timer) {
    if (++fired == 5) {
      done.Notify();
    } else {
      executor->PostAt(timer, executor->Now() + absl::Milliseconds(1));
    }
  });
  PostCall(executor.get(), [&] {
    executor->PostAt(&cancelled, executor->Now() + absl::Milliseconds(1));
    executor->PostAt(&periodic, executor->Now() + absl::Milliseconds(2));
    executor->Cancel(&cancelled);
    executor->Cancel(&cancelled);
  });
  done.WaitForNotification();
  Blocking(executor.get(), [&] { return Touch(executor.get()); });
  EXPECT_EQ(fired, 5);
  EXPECT_EQ(cancelled_fired, 0);
}

TEST_P(ThreadRuntimeTest, ATimerThatIsAlwaysDueStarvesNobody) {
  const std::unique_ptr<Executor> executor = runtime_->MakeExecutor("log");
  bool stop = false;
  absl::Notification stopped;
  TestTimer timer([&](Timer* self) {
    if (stop) {
      stopped.Notify();
    } else {
      executor->PostAt(self, absl::ZeroDuration());
    }
  });
  PostCall(executor.get(), [&] { executor->PostAt(&timer, absl::ZeroDuration()); });
  Blocking(executor.get(), [&] { return Touch(executor.get()); });
  PostCall(executor.get(), [&] { stop = true; });
  stopped.WaitForNotification();
}

Future<int> ManyDeadlines(Executor* executor, uint64_t salt) {
  co_await EnterExecutor(executor);
  int fired = 0;
  for (int i = 0; i < 200; ++i) {
    TestTimer met([](Timer*) { FAIL() << "a cancelled timer fired"; });
    executor->PostAt(&met, executor->Now() + absl::Seconds(100));
    co_await SleepFor(absl::Microseconds((salt + static_cast<uint64_t>(i)) * 37 % 200));
    executor->Cancel(&met);
    ++fired;
  }
  co_return fired;
}

TEST_P(ThreadRuntimeTest, TimersOfManyStrandsAtOnce) {
  std::vector<std::unique_ptr<Executor>> executors;
  std::vector<std::thread> threads;
  std::atomic<int> fired{0};
  for (uint64_t t = 0; t < 6; ++t) {
    executors.push_back(runtime_->MakeExecutor("log"));
    threads.emplace_back([&fired, t, executor = executors.back().get()] {
      fired += Blocking(executor, [&] { return ManyDeadlines(executor, t); });
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(fired, 6 * 200);
}

// Goal: an idle runtime costs nothing.  Method: count wake-ups over a time in which one timer is
// all that happens; a thread that polls or spins would make hundreds.
TEST(ThreadRuntimeIdleTest, AnIdleRuntimeDoesNotWakeUp) {
  const std::unique_ptr<ThreadRuntime> runtime =
      ThreadRuntime::Create({.executor_threads = 4, .lend = false});
  std::vector<std::unique_ptr<Executor>> executors;
  for (int i = 0; i < 100; ++i) {
    executors.push_back(runtime->MakeExecutor("idle"));
    Blocking(executors[i].get(), [&] { return Touch(executors[i].get()); });
  }
  const uint64_t before = runtime->stats().wakes;
  Blocking(executors[0].get(),
           [&] { return SleepOn(executors[0].get(), absl::Milliseconds(300)); });
  // A worker for the call, the timers' thread to be told and when it rings, a worker for that.
  EXPECT_LE(runtime->stats().wakes - before, 8u);
}

TEST(ThreadRuntimeIdleTest, NowIsMonotonicAndTheSameForExecutors) {
  const std::unique_ptr<ThreadRuntime> runtime = ThreadRuntime::Create();
  const std::unique_ptr<Executor> executor = runtime->MakeExecutor("log");
  const absl::Duration first = runtime->Now();
  const absl::Duration second = executor->Now();
  const absl::Duration third = runtime->Now();
  EXPECT_LE(first, second);
  EXPECT_LE(second, third);
  EXPECT_GT(runtime->WallNow(), absl::FromUnixSeconds(1577836800));
}

TEST(ThreadRuntimeRandomTest, StreamsDifferEvenOfOneName) {
  const std::unique_ptr<ThreadRuntime> runtime = ThreadRuntime::Create();
  RandomStream first = runtime->MakeRandom("a");
  RandomStream second = runtime->MakeRandom("a");
  EXPECT_NE(first.Next(), second.Next());
}

TEST(DefaultRuntimeTest, IsOneForTheProcess) {
  EXPECT_EQ(DefaultRuntime(), DefaultRuntime());
  const std::unique_ptr<Executor> executor = DefaultRuntime()->MakeExecutor("log");
  EXPECT_EQ(Blocking(executor.get(), [&] { return CountTo(executor.get(), 3); }), 3);
}

// The child of a fork has none of the runtime's threads: these start the program again.
class ThreadRuntimeDeathTest : public testing::Test {
 protected:
  ThreadRuntimeDeathTest() { GTEST_FLAG_SET(death_test_style, "threadsafe"); }
};

TEST_F(ThreadRuntimeDeathTest, DestroyingARuntimeBeforeItsExecutorsAborts) {
  EXPECT_DEATH(
      {
        std::unique_ptr<Executor> executor;
        const std::unique_ptr<ThreadRuntime> runtime = ThreadRuntime::Create();
        executor = runtime->MakeExecutor("log");
      },
      "destroyed before its executors");
}

TEST_F(ThreadRuntimeDeathTest, DestroyingAnExecutorWithATimerArmedAborts) {
  EXPECT_DEATH(
      {
        const std::unique_ptr<ThreadRuntime> runtime = ThreadRuntime::Create();
        auto* timer = new Timer;
        timer->fire = [](Timer*) {};
        const std::unique_ptr<Executor> executor = runtime->MakeExecutor("log");
        Blocking(executor.get(), [&] {
          executor->PostAt(timer, executor->Now() + absl::Hours(1));
          return MakeReadyFuture(Unit{});
        });
      },
      "executor log was destroyed with timers armed");
}

TEST_F(ThreadRuntimeDeathTest, AtIdleAndTimersOffTheExecutorAbort) {
  const std::unique_ptr<ThreadRuntime> runtime = ThreadRuntime::Create();
  const std::unique_ptr<Executor> executor = runtime->MakeExecutor("log");
  Job job;
  Timer timer;
  EXPECT_DEATH(executor->AtIdle(&job), "AtIdle\\(\\) off executor log");
  EXPECT_DEATH(executor->PostAt(&timer, absl::ZeroDuration()), "PostAt\\(\\) off executor log");
  EXPECT_DEATH(executor->Cancel(&timer), "Cancel\\(\\) off executor log");
}

TEST_F(ThreadRuntimeDeathTest, BlockingInABlockingJobAborts) {
  EXPECT_DEATH(
      {
        const std::unique_ptr<ThreadRuntime> runtime = ThreadRuntime::Create();
        const std::unique_ptr<Executor> executor = runtime->MakeExecutor("log");
        Blocking(executor.get(), [&] {
          return Float(runtime.get(), executor.get(), Urgency::kNow,
                       [&] { Blocking(executor.get(), [&] { return Touch(executor.get()); }); });
        });
      },
      "executor log was waited for inside a blocking job");
}

}  // namespace
}  // namespace tidelog
