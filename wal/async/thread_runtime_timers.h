// The thread of a ThreadRuntime that waits for timers.
#ifndef TIDELOG_WAL_ASYNC_THREAD_RUNTIME_TIMERS_H_
#define TIDELOG_WAL_ASYNC_THREAD_RUNTIME_TIMERS_H_

#include <atomic>
#include <cstdint>
#include <thread>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "wal/async/executor.h"
#include "wal/async/job.h"
#include "wal/async/timer_queue.h"

namespace tidelog::internal {

// Posts to each strand when the first of its timers is due; the strand keeps the others
// itself.  So arming and cancelling a deadline takes no lock unless it is the strand's
// earliest yet.  The thread sleeps until the earliest of all and does not wake up in between.
//
// Safe from any thread.
class TimerThread {
 public:
  // A strand's entry.  Requires: forgotten before it is destroyed.
  class Alarm : private Timer {
   public:
    // Posts `due` to `executor` when it rings, and not again before Reset().
    Alarm(Executor* executor, Job* due) : executor_(executor), due_(due) {}

   private:
    friend class TimerThread;
    Executor* const executor_;
    Job* const due_;
    bool posted_ = false;  // Under the mutex of the TimerThread.
  };

  TimerThread();
  // Requires: stopped, and no alarm is set.
  ~TimerThread() = default;

  // Ends the thread: nothing rings any more.  What has rung may still be reset.
  void Stop();

  // Makes `alarm` ring at `when` if that is earlier than it would anyway.  No-op between ringing
  // and Reset().
  void SetEarlier(Alarm* alarm, absl::Duration when);

  // `due` has run: `alarm` may ring again, next at `when`, which may be infinite.
  void Reset(Alarm* alarm, absl::Duration when);

  // `alarm` does not ring after this.  (But what it has posted may still have to run.)
  void Forget(Alarm* alarm);

  // Times that the thread woke up.
  uint64_t wakes() const { return wakes_.load(std::memory_order_relaxed); }

 private:
  void Main();
  // True if the thread must be woken: it would sleep too long.
  bool SetLocked(Alarm* alarm, absl::Duration when) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  std::atomic<uint64_t> wakes_{0};
  std::atomic<uint32_t> word_{0};  // The futex; changes when the thread has to look again.
  absl::Mutex mutex_;
  TimerQueue alarms_ ABSL_GUARDED_BY(mutex_);
  absl::Duration sleeps_until_ ABSL_GUARDED_BY(mutex_) = -absl::InfiniteDuration();
  bool stop_ ABSL_GUARDED_BY(mutex_) = false;
  std::thread thread_;
};

}  // namespace tidelog::internal

#endif  // TIDELOG_WAL_ASYNC_THREAD_RUNTIME_TIMERS_H_
