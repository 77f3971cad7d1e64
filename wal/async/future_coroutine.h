// How compilers see a Future: what co_await does with one, and a coroutine that returns one.
// Only for future.h, which includes it.
#ifndef TIDELOG_WAL_ASYNC_FUTURE_COROUTINE_H_
#define TIDELOG_WAL_ASYNC_FUTURE_COROUTINE_H_

#include <coroutine>
#include <cstddef>
#include <exception>
#include <optional>
#include <utility>

#include "wal/async/block_pool.h"
#include "wal/async/executor.h"
#include "wal/async/future.h"
#include "wal/async/future_state.h"
#include "wal/async/job.h"

namespace tidelog {

// Lives in the frame of who waits, so that waiting allocates nothing.
template <class T>
class [[nodiscard]] Future<T>::Awaiter : private Waiter {
 public:
  explicit Awaiter(Future<T> future) : future_(std::move(future)) {}

  bool await_ready() {
    on = Executor::Current();
    if (on == nullptr) internal::DieAwaitingOffExecutor();
    return future_.ready();
  }
  bool await_suspend(std::coroutine_handle<> handle) {
    handle_ = handle;
    run = [](Job* job) { static_cast<Awaiter*>(job)->handle_.resume(); };
    return future_.state_->Wait(this);  // If true, the frame may be gone already.
  }
  T await_resume() { return std::move(future_).Take(); }

 private:
  Future<T> future_;
  std::coroutine_handle<> handle_;
};

template <class T>
struct Future<T>::promise_type {
  // The frame goes before the promise is set.  Else a local, a pass of a gate for example,
  // would be destroyed while the caller, on another thread, is past the wait already.
  struct SetAfterTheFrameIsGone {
    bool await_ready() const noexcept { return false; }
    void await_suspend(std::coroutine_handle<promise_type> handle) const noexcept {
      Promise<T> outlives_frame = std::move(handle.promise().promise);
      T result = *std::move(handle.promise().value);
      handle.destroy();
      outlives_frame.Set(std::move(result));
    }
    void await_resume() const noexcept {}
  };

  static void* operator new(size_t size) { return PoolNew(size); }
  static void operator delete(void* frame, size_t size) { PoolDelete(frame, size); }

  Future<T> get_return_object() { return promise.future(); }
  std::suspend_never initial_suspend() const noexcept { return {}; }
  SetAfterTheFrameIsGone final_suspend() const noexcept { return {}; }
  void return_value(T v) { value.emplace(std::move(v)); }
  void unhandled_exception() const noexcept { std::terminate(); }

  Promise<T> promise{"the result of a coroutine"};
  std::optional<T> value;
};

}  // namespace tidelog

#endif  // TIDELOG_WAL_ASYNC_FUTURE_COROUTINE_H_
