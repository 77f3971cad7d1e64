// Executor: a strand.  It runs jobs one at a time, in the order posted, on
// whatever thread its Runtime chooses.
//
// Each open log has one.  State that only its jobs touch needs no mutex: two
// jobs of one executor never overlap, and what one wrote the next one sees.
//
// Jobs are short and never block: while one runs, no other job of the executor does,
// and others that it woke may be waiting for the same thread.
#ifndef TIDELOG_WAL_ASYNC_EXECUTOR_H_
#define TIDELOG_WAL_ASYNC_EXECUTOR_H_

#include <cstddef>
#include <string_view>

#include "absl/functional/function_ref.h"
#include "absl/time/time.h"
#include "wal/async/job.h"

namespace tidelog {

class FutureStateBase;

// A timer that its owner embeds.  Armed by Executor::PostAt().
//
// Confined to the executor it is armed on.  Requires: not armed when destroyed.
class Timer {
 public:
  Timer() = default;
  Timer(const Timer&) = delete;
  Timer& operator=(const Timer&) = delete;
  ~Timer();

  // What runs when the time has come, on the executor, once for each arming.  The
  // timer is no longer armed then, and may be armed again or destroyed by it.
  void (*fire)(Timer*) = nullptr;

  bool armed() const { return slot_ != 0; }

 private:
  friend class TimerQueue;
  size_t slot_ = 0;  // Its place in the heap of the TimerQueue, from 1; 0: not armed.
};

class Executor {
 public:
  // Requires: nothing is posted, armed or waiting on it any more.  A thread may still be
  // on its way out of the last job, or in it: whoever learned from that job that all is
  // done may destroy the executor at once.
  virtual ~Executor() = default;

  virtual std::string_view name() const = 0;

  // Runs `job` on this executor, later: never inside this call.  Safe from any thread.
  // What the executor's own jobs post runs in the order posted, and so does what one
  // other thread posts; between the two there is no order.
  virtual void Post(Job* job) = 0;

  // Runs `job` once, when the executor and the thread under it have nothing better
  // to do; other executors on the thread put it off by a few turns at most.  This is how
  // a group commit gathers everybody who is about to append (C7).
  // Requires: on this executor.
  virtual void AtIdle(Job* job) = 0;

  // Arms `timer` to fire at `when`, on the scale of Now(), or as soon as possible
  // if that is past.  Requires: on this executor; `timer` is not armed.
  virtual void PostAt(Timer* timer, absl::Duration when) = 0;

  // Disarms `timer`; it will not fire.  No-op if it is not armed.
  // Requires: on this executor.
  virtual void Cancel(Timer* timer) = 0;

  // Monotonic time since an origin that the runtime chose.  Never goes back.
  virtual absl::Duration Now() const = 0;

  // For threads that are on no executor and want to wait; use Blocking().
  //
  // Calls `start`, which returns the state to wait for, and returns once that is
  // ready.  If the executor is idle the calling thread is lent to it: `start` runs
  // on the executor, and the thread does the work, blocking I/O included, so that
  // waking another thread is saved.  Else `start` runs on the calling thread, off
  // the executor, and the thread sleeps.  `start` must cope with both.
  //
  // A thread that is lent may sit in a system call when the state gets ready, and then
  // returns only after it: a deadline does not free it from a disk that hangs.
  // Requires: on no executor, and not in a job of Runtime::RunBlocking().
  virtual void RunUntilReady(absl::FunctionRef<FutureStateBase*()> start) = 0;

  // The executor whose job is running on this thread; null if none.
  static Executor* Current();

 protected:
  // For implementations: makes `executor` Current() on this thread; returns the one before.
  static Executor* SetCurrent(Executor* executor);
};

}  // namespace tidelog

#endif  // TIDELOG_WAL_ASYNC_EXECUTOR_H_
