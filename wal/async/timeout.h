// AwaitWithTimeout: waits for a future or a deadline, whichever is first (C3, H2).
//
//   Future<std::optional<absl::Status>> race =
//       AwaitWithTimeout<absl::Status>(impls->Close(), absl::Seconds(3));
//   std::optional<absl::Status> closed = co_await std::move(race);
//   if (!closed) ... it hangs ...
#ifndef TIDELOG_WAL_ASYNC_TIMEOUT_H_
#define TIDELOG_WAL_ASYNC_TIMEOUT_H_

#include <optional>
#include <utility>

#include "absl/functional/any_invocable.h"
#include "absl/time/time.h"
#include "wal/async/block_pool.h"
#include "wal/async/executor.h"
#include "wal/async/future.h"
#include "wal/async/future_state.h"
#include "wal/async/job.h"

namespace tidelog {
namespace internal {

// One race.  Owned by itself, and confined to its executor until the deadline was first: from
// then on it belongs to the future, and whoever sets that frees it.
template <class T>
class TimeoutRace final : private Waiter, private Timer {
 public:
  using Abandoned = absl::AnyInvocable<void(T) &&>;

  static Future<std::optional<T>> Start(Future<T> future, absl::Duration timeout,
                                        Abandoned abandoned) {
    Executor* executor = Executor::Current();
    if (executor == nullptr) DieAwaitingOffExecutor();
    auto* race = PoolMake<TimeoutRace>(std::move(future), std::move(abandoned));
    Future<std::optional<T>> result = race->promise_.future();
    race->Begin(executor, timeout);
    return result;
  }

  TimeoutRace(Future<T> future, Abandoned abandoned)
      : future_(std::move(future)), abandoned_(std::move(abandoned)) {}

 private:
  struct Late : Waiter {
    TimeoutRace* race;
  };

  void Begin(Executor* executor, absl::Duration timeout) {
    on = executor;
    run = [](Job* job) { static_cast<TimeoutRace*>(job)->OnReady(); };
    if (timeout != absl::InfiniteDuration()) {
      fire = [](Timer* timer) { static_cast<TimeoutRace*>(timer)->OnDeadline(); };
      executor->PostAt(this, executor->Now() + timeout);
    }
    if (!future_.state()->Wait(this)) OnReady();
  }

  // On the executor.
  void OnReady() {
    on->Cancel(this);
    T value = std::move(future_).Take();
    Promise<std::optional<T>> promise = std::move(promise_);
    PoolDestroy(this);
    promise.Set(std::move(value));
  }

  // On the executor.
  void OnDeadline() {
    Promise<std::optional<T>> promise = std::move(promise_);
    late_.race = this;
    late_.run = [](Job* job) { static_cast<Late*>(job)->race->OnLate(); };
    Waiter* late = abandoned_ != nullptr ? &late_ : nullptr;
    if (!future_.state()->Replace(this, late)) {
      promise_ = std::move(promise);  // The value is there after all: OnReady() is on its way.
      return;
    }
    if (late == nullptr) PoolDestroy(this);  // Else it may be gone already.
    promise.Set(std::nullopt);
  }

  // On the thread that sets the future; the executor may be gone.
  void OnLate() {
    T value = std::move(future_).Take();
    Abandoned abandoned = std::move(abandoned_);
    PoolDestroy(this);
    std::move(abandoned)(std::move(value));
  }

  Future<T> future_;
  Abandoned abandoned_;
  Promise<std::optional<T>> promise_{"AwaitWithTimeout"};
  Late late_;
};

}  // namespace internal

// The value of `future` if it is ready within `timeout`, else nothing.  A value that is there
// when the deadline fires still counts.  An infinite timeout is none.
//
// The operation is not cancelled.  If it ends later, `abandoned` is called with the value, if
// there is an `abandoned`; it is destroyed uncalled if the value came in time.  It is called inside
// Promise::Set(), on whatever thread that is, as the executor may be gone by then: it must be
// safe there, must not block, and touches nothing that a Close() in between has ended.  Letting
// go of a Quarantine ticket is what it is for.
//
// Requires: on an executor, which outlives the wait (but not the operation).
template <class T>
Future<std::optional<T>> AwaitWithTimeout(Future<T> future, absl::Duration timeout,
                                          absl::AnyInvocable<void(T) &&> abandoned = nullptr) {
  return internal::TimeoutRace<T>::Start(std::move(future), timeout, std::move(abandoned));
}

}  // namespace tidelog

#endif  // TIDELOG_WAL_ASYNC_TIMEOUT_H_
