// Blocking jobs and lent threads of ThreadRuntime.

#include <atomic>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/synchronization/blocking_counter.h"
#include "absl/synchronization/notification.h"
#include "absl/time/time.h"
#include "gtest/gtest.h"
#include "wal/async/coroutine.h"
#include "wal/async/executor.h"
#include "wal/async/future.h"
#include "wal/async/job.h"
#include "wal/async/runtime.h"
#include "wal/async/thread_runtime.h"
#include "wal/async/thread_runtime_test_jobs.h"

namespace tidelog {
namespace {

using Urgency = Runtime::Urgency;

class ThreadRuntimeBlockingTest : public testing::TestWithParam<bool> {
 protected:
  const std::unique_ptr<ThreadRuntime> runtime_ =
      ThreadRuntime::Create({.executor_threads = 2, .blocking_threads_max = 8, .lend = GetParam()});
};

INSTANTIATE_TEST_SUITE_P(Lending, ThreadRuntimeBlockingTest, testing::Bool(),
                         [](const testing::TestParamInfo<bool>& lend) {
                           return lend.param ? std::string("On") : std::string("Off");
                         });

TEST_P(ThreadRuntimeBlockingTest, TheStrandIsFreeDuringItsBlockingCall) {
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

TEST(ThreadRuntimeFloatTest, TheThreadThatRanTheStrandDoesItsBlockingCall) {
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
TEST(ThreadRuntimeFloatTest, HungCallsLeaveThreadsForStrandsAndTimers) {
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

// When the disk hangs may be too late to ask the system for a thread.
TEST(ThreadRuntimeFloatTest, AThreadForStrandsIsThereBeforeACallMayHang) {
  const std::unique_ptr<ThreadRuntime> runtime =
      ThreadRuntime::Create({.executor_threads = 1, .blocking_threads_max = 3, .lend = false});
  const std::unique_ptr<Executor> executor = runtime->MakeExecutor("log");
  int threads = 0;
  Blocking(executor.get(), [&] {
    return Float(runtime.get(), executor.get(), Urgency::kWhenIdle,
                 [&] { threads = runtime->stats().threads; });
  });
  EXPECT_EQ(threads, 2);
}

TEST(ThreadRuntimeFloatTest, CallsOfOneStrandOverlap) {
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

TEST(ThreadRuntimeFloatTest, MayBeAskedForByAThreadOfItsOwn) {
  const std::unique_ptr<ThreadRuntime> runtime = ThreadRuntime::Create();
  const std::unique_ptr<Executor> executor = runtime->MakeExecutor("log");
  std::thread::id call_thread;
  Blocking(executor.get(), [&] {
    return BlockingCall(runtime.get(), Urgency::kNow,
                        [&] { call_thread = std::this_thread::get_id(); });
  });
  EXPECT_NE(call_thread, std::thread::id());
}

Future<std::thread::id> WhichThread(Executor* executor) {
  co_await EnterExecutor(executor);
  co_return std::this_thread::get_id();
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
      const auto nothing = [] {};
      co_await BlockingCall(runtime_, Urgency::kWhenIdle, nothing);
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

TEST_P(ThreadRuntimeBlockingTest, ManyBlockingCallersOfManyLogsAllGetTheirAnswers) {
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

}  // namespace
}  // namespace tidelog
