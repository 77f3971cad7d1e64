// What coroutines await besides futures: an executor, a turn, time.
//
//   co_await EnterExecutor(executor);
//   co_await Yield();
//   co_await SleepFor(absl::Milliseconds(10));
#ifndef TIDELOG_WAL_ASYNC_COROUTINE_H_
#define TIDELOG_WAL_ASYNC_COROUTINE_H_

#include <coroutine>

#include "absl/time/time.h"
#include "wal/async/executor.h"
#include "wal/async/future_state.h"
#include "wal/async/job.h"

namespace tidelog {

// Goes on on `executor`: at once if it is there already, else in a job.  The only thing that a
// coroutine may await when it is on no executor.
class [[nodiscard]] EnterExecutor : private Job {
 public:
  explicit EnterExecutor(Executor* executor) : executor_(executor) {}

  bool await_ready() const { return Executor::Current() == executor_; }
  void await_suspend(std::coroutine_handle<> handle) {
    handle_ = handle;
    run = [](Job* job) { static_cast<EnterExecutor*>(job)->handle_.resume(); };
    executor_->Post(this);  // The frame may be gone already.
  }
  void await_resume() const {}

 private:
  Executor* executor_;
  std::coroutine_handle<> handle_;
};

// Goes on behind the jobs that wait on the executor at hand.  For long computations, so that
// others get their turn.  Requires: on an executor.
class [[nodiscard]] Yield : private Job {
 public:
  Yield() = default;

  bool await_ready() const { return false; }
  void await_suspend(std::coroutine_handle<> handle) {
    Executor* executor = Executor::Current();
    if (executor == nullptr) internal::DieAwaitingOffExecutor();
    handle_ = handle;
    run = [](Job* job) { static_cast<Yield*>(job)->handle_.resume(); };
    executor->Post(this);  // The frame may be gone already.
  }
  void await_resume() const {}

 private:
  std::coroutine_handle<> handle_;
};

// Goes on on the executor at hand once `duration` has passed; in a later job even if it is
// zero or less.  Requires: on an executor.  Cannot be cut short: what must end early waits for
// a Signal with a timeout instead.
class [[nodiscard]] SleepFor : private Timer {
 public:
  explicit SleepFor(absl::Duration duration) : duration_(duration) {}

  bool await_ready() const { return false; }
  void await_suspend(std::coroutine_handle<> handle) {
    Executor* executor = Executor::Current();
    if (executor == nullptr) internal::DieAwaitingOffExecutor();
    handle_ = handle;
    fire = [](Timer* timer) { static_cast<SleepFor*>(timer)->handle_.resume(); };
    executor->PostAt(this, executor->Now() + duration_);
  }
  void await_resume() const {}

 private:
  absl::Duration duration_;
  std::coroutine_handle<> handle_;
};

}  // namespace tidelog

#endif  // TIDELOG_WAL_ASYNC_COROUTINE_H_
