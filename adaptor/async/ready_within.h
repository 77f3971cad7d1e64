// ReadyWithin: waits for a future, but only so long, and leaves it where it is.
//
//   Future<absl::Status> closed = backend->Close(mode);
//   const bool in_time = co_await ReadyWithin(&closed, limit);
//   if (!in_time) ... `closed` is still to come ...
//   absl::Status status = std::move(closed).Take();
#ifndef TIDELOG_ADAPTOR_ASYNC_READY_WITHIN_H_
#define TIDELOG_ADAPTOR_ASYNC_READY_WITHIN_H_

#include <coroutine>

#include "absl/log/check.h"
#include "absl/time/time.h"
#include "wal/async/executor.h"
#include "wal/async/future.h"
#include "wal/async/future_state.h"

namespace tidelog::adaptor {

// Yields true once the future is ready, false if `limit` has passed before.  Requires: on an
// executor; the future outlives the wait, and nobody else waits for it meanwhile.
class [[nodiscard]] ReadyWithin : private Waiter, private Timer {
 public:
  template <class T>
  ReadyWithin(Future<T>* future, absl::Duration limit) : state_(future->state()), limit_(limit) {}

  bool await_ready() {
    on = Executor::Current();
    CHECK(on != nullptr) << "a bounded wait off any executor";
    return state_->ready();
  }
  bool await_suspend(std::coroutine_handle<> handle) {
    handle_ = handle;
    run = [](Job* job) { static_cast<ReadyWithin*>(job)->GoOn(); };
    fire = [](Timer* timer) { static_cast<ReadyWithin*>(timer)->GiveUp(); };
    // The waiter is posted to the executor that runs this, so it cannot overtake what follows.
    if (!state_->Wait(this)) return false;
    if (limit_ != absl::InfiniteDuration()) on->PostAt(this, on->Now() + limit_);
    return true;
  }
  bool await_resume() const { return state_->ready(); }

 private:
  void GoOn() {
    on->Cancel(this);
    handle_.resume();
  }
  void GiveUp() {
    // False: the waiter is on its way, and will find the timer spent.
    if (state_->Replace(this, nullptr)) handle_.resume();
  }

  FutureStateBase* const state_;
  const absl::Duration limit_;
  std::coroutine_handle<> handle_;
};

}  // namespace tidelog::adaptor

#endif  // TIDELOG_ADAPTOR_ASYNC_READY_WITHIN_H_
