// The threads of a ThreadRuntime, and who runs what on them.
#ifndef TIDELOG_WAL_ASYNC_THREAD_RUNTIME_POOL_H_
#define TIDELOG_WAL_ASYNC_THREAD_RUNTIME_POOL_H_

#include <pthread.h>

#include <atomic>
#include <cstdint>
#include <memory>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "wal/async/future_state.h"
#include "wal/async/job.h"

namespace tidelog::internal {

// Runs strands (as jobs that do not block) and blocking jobs.
//
// A thread keeps the strands that it makes runnable to itself: no lock, no wake.  It shares
// them before it blocks, and when it has several while others idle.  A blocking job is run by
// the thread that asked for it, once that has left its strand.
//
// At most `executor_threads` workers run strands unless they come back from blocking, and at
// most `blocking_threads_max` block at once.  One more than those that block is always there,
// so that hung disks cannot keep deadlines from firing (H2).  Threads start when needed.
//
// Safe from any thread.  Requires: nothing is submitted from outside once it is being destroyed.
class WorkerPool {
 public:
  struct Options {
    int executor_threads = 2;
    int blocking_threads_max = 1;
  };
  struct Stats {
    int threads = 0;
    int idle = 0;        // Of these, asleep.
    int blocking = 0;    // Of these, in blocking jobs.
    uint64_t wakes = 0;  // Times that one of them woke up.
  };

  // What a thread holds, if it is a worker or lent; for that thread only.
  struct Local {
    bool has_other_work() const { return !ready.empty() || !late.empty() || !blocking.empty(); }

    WorkerPool* pool = nullptr;  // Null: neither a worker nor lent.
    bool lent = false;
    JobList ready;              // Strands to run.
    JobList late;               // Strands that wait for the thread to have nothing better to do.
    JobList blocking;           // To run when no strand is held.
    bool leave_strand = false;  // For `blocking`, after the job at hand.
    const FutureStateBase* until = nullptr;  // Of a lent thread: what it waits for.
    uint32_t turns = 0;
    uint32_t late_turns = 0;  // Since `late` had its turn.
  };
  static Local& Self();

  // Makes this thread one that runs strands, until the end of the scope, where what is left
  // goes to the workers.  Requires: it is none yet.
  class Lend {
   public:
    explicit Lend(WorkerPool* pool);
    ~Lend();
    Lend(const Lend&) = delete;
    Lend& operator=(const Lend&) = delete;

    // Runs `strand`, and then what the thread holds, until `state` is ready or nothing is left.
    void RunUntil(const FutureStateBase* state, Job* strand);

   private:
    WorkerPool* const pool_;
  };

  explicit WorkerPool(Options options);
  // Waits for lent threads to leave, runs what is left, and ends the workers.
  ~WorkerPool();
  WorkerPool(const WorkerPool&) = delete;
  WorkerPool& operator=(const WorkerPool&) = delete;

  // Runs `strand` soon, on this thread if it is one of ours.
  void Submit(Job* strand);

  // Runs `strand` when this thread has nothing better to do, after a few turns at the latest.
  // Requires: this thread is one of ours.
  void SubmitLate(Job* strand);

  // Runs `job`, which may block; on this thread, if it is one of ours, once it holds no
  // strand; if `now`, after the job at hand.
  void SubmitBlocking(Job* job, bool now);

  // True if something waits for whichever worker is free.  A hint.
  bool has_shared_work() const { return has_shared_work_.load(std::memory_order_relaxed); }

  Stats stats() const;

 private:
  struct Worker {
    WorkerPool* pool;
    int index;
    pthread_t thread;
    std::atomic<uint32_t> called{0};  // The futex on which it sleeps while this is 0.
    Worker* next_idle = nullptr;
  };

  static void* WorkerMain(void* worker);
  void Work(Worker* worker);
  bool TakeOrSleep(Local& self, Worker* worker);
  void RunLocal(Local& self);
  void RunBlocking(Local& self, Job* job);
  Job* NextStrand(Local& self);
  void GiveReady(Local& self);

  bool TakeSharedLocked(Local& self) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void GiveLocked(Local& self) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  bool ReserveBlockingLocked() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  bool HasSharedWorkLocked() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void UpdateHintsLocked() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  int ActiveLocked() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  bool SpawnLocked() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  Worker* PopIdleLocked() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  [[nodiscard]] Worker* CallLocked() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  static void Wake(Worker* called);

  const Options options_;
  std::atomic<uint64_t> wakes_{0};
  std::atomic<bool> has_shared_work_{false};
  std::atomic<bool> hungry_{false};  // One more worker may run strands.

  mutable absl::Mutex mutex_;
  JobList shared_ ABSL_GUARDED_BY(mutex_);
  JobList shared_blocking_ ABSL_GUARDED_BY(mutex_);
  std::vector<std::unique_ptr<Worker>> workers_ ABSL_GUARDED_BY(mutex_);
  Worker* idle_ ABSL_GUARDED_BY(mutex_) = nullptr;  // The last one asleep first: it is warm.
  // INVARIANT: a worker is idle, blocking or active, and `idle_count_` is the length of `idle_`.
  int idle_count_ ABSL_GUARDED_BY(mutex_) = 0;
  int blocking_count_ ABSL_GUARDED_BY(mutex_) = 0;
  int blocking_max_ ABSL_GUARDED_BY(mutex_);
  int lent_count_ ABSL_GUARDED_BY(mutex_) = 0;
  bool stop_ ABSL_GUARDED_BY(mutex_) = false;
};

}  // namespace tidelog::internal

#endif  // TIDELOG_WAL_ASYNC_THREAD_RUNTIME_POOL_H_
