// What a Future and its Promise share.  For future.h and for runtimes; others use those.
#ifndef TIDELOG_WAL_ASYNC_FUTURE_STATE_H_
#define TIDELOG_WAL_ASYNC_FUTURE_STATE_H_

#include <atomic>
#include <optional>
#include <utility>

#include "wal/async/block_pool.h"
#include "wal/async/executor.h"
#include "wal/async/job.h"

namespace tidelog {

// A job that waits for a future.
struct Waiter : Job {
  // Where it is posted when the future is ready.  Null: the thread that sets the promise
  // calls it at once.  That is only for what must not depend on an executor: waking a
  // sleeping thread, letting go of what was abandoned.
  Executor* on = nullptr;
};

// Safe from any thread.  Made by the Promise, its first owner; the Future is the second.  Each
// drops it once.
class FutureStateBase {
 public:
  FutureStateBase(const FutureStateBase&) = delete;
  FutureStateBase& operator=(const FutureStateBase&) = delete;

  bool ready() const { return waiter_.load(std::memory_order_acquire) == &ready_; }

  // Runs `waiter` once the state is ready.  False, and `waiter` is not taken, if it is
  // ready already.  After true the waiter may have run before this returns.
  // Requires: no other waiter.
  bool Wait(Waiter* waiter);

  // Puts `replacement`, which may be null, in the place of `waiter`, which then never runs.
  // False if it is too late: the waiter has been, or is being, posted.
  bool Replace(Waiter* waiter, Waiter* replacement);

  // Makes the Future an owner.  Requires: the Promise has not been used from another thread yet.
  void Share() { owners_.store(2, std::memory_order_relaxed); }

  // True if there is one owner only.
  bool unshared() const { return owners_.load(std::memory_order_acquire) == 1; }

 protected:
  FutureStateBase() = default;
  ~FutureStateBase() = default;

  // The value is there: wakes who waits.
  void SetReady();

  // True for the last owner, who then destroys the state.
  bool DropOwner() { return unshared() || owners_.fetch_sub(1, std::memory_order_acq_rel) == 1; }

 private:
  static inline constinit Waiter ready_;  // Only its address means anything.

  std::atomic<Waiter*> waiter_{nullptr};  // Null, who waits, or &ready_.
  std::atomic<int> owners_{1};
};

template <class T>
class FutureState final : public FutureStateBase {
 public:
  void Set(T value) {
    value_.emplace(std::move(value));
    SetReady();
  }

  // Requires: ready(), and not taken yet.
  T Take() { return *std::move(value_); }

  void Drop() {
    if (DropOwner()) PoolDestroy(this);
  }

 private:
  std::optional<T> value_;
};

namespace internal {

// Abort, saying what was done wrong.
[[noreturn]] void DieAwaitingOffExecutor();
[[noreturn]] void DiePromiseDropped(const char* name);
[[noreturn]] void DieBlockingOnExecutor(const Executor& executor);

}  // namespace internal
}  // namespace tidelog

#endif  // TIDELOG_WAL_ASYNC_FUTURE_STATE_H_
