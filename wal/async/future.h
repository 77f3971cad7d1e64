// Future and Promise: a value that comes later, exactly once.
//
//   Future<absl::StatusOr<size_t>> Log::Append(Message message) {
//     co_await EnterExecutor(executor_);
//     absl::Status written = co_await file_->Write(0, pieces);
//     if (!written.ok()) co_return written;
//     co_return size;
//   }
//
// A coroutine starts at once, on the caller's thread, and goes on, after each co_await that
// had to wait, in a job of the executor that it waited on.  Nothing is ever resumed inside
// Set().  When its future is ready, its frame, locals and arguments are gone.
//
// Write one co_await a statement, alone, and name aggregates and lambdas before they go into
// an awaited call: g++ 12 miscompiles the rest (coroutine_conformance_test.cc).
#ifndef TIDELOG_WAL_ASYNC_FUTURE_H_
#define TIDELOG_WAL_ASYNC_FUTURE_H_

#include <optional>
#include <type_traits>
#include <utility>

#include "absl/functional/any_invocable.h"
#include "absl/log/check.h"
#include "wal/async/block_pool.h"
#include "wal/async/executor.h"
#include "wal/async/future_state.h"

namespace tidelog {

// The value of an operation that has nothing to say but that it is done.
struct Unit {
  friend bool operator==(Unit, Unit) = default;
};

// Where the value will be.  Thread-compatible.  Dropping it neither cancels nor loses the
// operation; the value is destroyed where it is made.
template <class T>
class [[nodiscard]] Future {
 public:
  struct promise_type;
  class Awaiter;

  Future(Future&& other) noexcept : state_(std::exchange(other.state_, nullptr)) {}
  Future& operator=(Future&& other) noexcept {
    std::swap(state_, other.state_);
    return *this;
  }
  ~Future() {
    if (state_ != nullptr) state_->Drop();
  }

  bool ready() const { return state_->ready(); }

  // The value.  Requires: ready().  This future is spent then.
  T Take() && {
    CHECK(ready()) << "the future is not ready";
    Future spent(std::move(*this));
    return spent.state_->Take();
  }

  // co_await std::move(future).  Goes on at once if the future is ready, else in a job of
  // the executor at hand.  Requires: on an executor, ready or not.
  Awaiter operator co_await() && { return Awaiter(std::move(*this)); }

  // For runtimes and for what else waits without a coroutine.
  FutureStateBase* state() const { return state_; }

 private:
  template <class U>
  friend class Promise;

  explicit Future(FutureState<T>* state) : state_(state) {}

  FutureState<T>* state_;
};

// The duty to set a value.  Thread-compatible.  Dropping it without Set() aborts, naming it:
// somebody would wait for ever.
template <class T>
class Promise {
 public:
  // `name` says what was promised ("file write") and must be static.
  explicit Promise(const char* name = "unnamed")
      : state_(PoolMake<FutureState<T>>()), name_(name) {}
  Promise(Promise&& other) noexcept
      : state_(std::exchange(other.state_, nullptr)), name_(other.name_) {}
  Promise& operator=(Promise&& other) noexcept {
    std::swap(state_, other.state_);
    std::swap(name_, other.name_);
    return *this;
  }
  ~Promise() {
    if (state_ != nullptr) internal::DiePromiseDropped(name_);
  }

  // The future.  Requires: called once.
  Future<T> future() {
    CHECK(state_->unshared()) << "a promise has one future: " << name_;
    state_->Share();
    return Future<T>(state_);
  }

  // Makes the future ready.  From any thread; posts who waits, and runs nobody.
  // Requires: called once, and future() not after it.  This promise is spent then.
  void Set(T value) {
    FutureState<T>* state = std::exchange(state_, nullptr);
    CHECK(state != nullptr) << "promise set twice: " << name_;
    state->Set(std::move(value));
    state->Drop();
  }

  // True once nobody will look at the value any more.
  bool abandoned() const { return state_->unshared(); }

 private:
  FutureState<T>* state_;
  const char* name_;
};

// A future that is ready.
template <class T>
Future<T> MakeReadyFuture(T value) {
  Promise<T> promise;
  Future<T> future = promise.future();
  promise.Set(std::move(value));
  return future;
}

// Calls `done` with the value, exactly once, in a job of `on`.
template <class T>
void Then(Future<T> future, Executor* on, absl::AnyInvocable<void(T) &&> done) {
  struct Continuation : Waiter {
    Continuation(Future<T> f, absl::AnyInvocable<void(T) &&> d)
        : future(std::move(f)), done(std::move(d)) {}
    Future<T> future;
    absl::AnyInvocable<void(T) &&> done;
  };
  auto* continuation = PoolMake<Continuation>(std::move(future), std::move(done));
  continuation->on = on;
  continuation->run = [](Job* job) {
    auto* self = static_cast<Continuation*>(job);
    T value = std::move(self->future).Take();
    absl::AnyInvocable<void(T)&&> call = std::move(self->done);
    PoolDestroy(self);
    std::move(call)(std::move(value));
  };
  if (!continuation->future.state()->Wait(continuation)) on->Post(continuation);
}

// Calls `make_future` and returns the value once it is there, for threads of their own: a
// job would wait for itself, and aborts here.  It takes a callable, not a future, because
// only so can the thread be lent to `executor` before the work has begun; see
// Executor::RunUntilReady() for what that means for `make_future`.
template <class F>
auto Blocking(Executor* executor, F make_future) {
  if (Executor* here = Executor::Current()) internal::DieBlockingOnExecutor(*here);
  std::optional<std::invoke_result_t<F&>> future;
  executor->RunUntilReady([&future, &make_future]() -> FutureStateBase* {
    future.emplace(make_future());
    return future->state();
  });
  return std::move(*future).Take();
}

}  // namespace tidelog

#include "wal/async/future_coroutine.h"  // IWYU pragma: export

#endif  // TIDELOG_WAL_ASYNC_FUTURE_H_
