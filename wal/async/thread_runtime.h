// ThreadRuntime: the Runtime of production.
#ifndef TIDELOG_WAL_ASYNC_THREAD_RUNTIME_H_
#define TIDELOG_WAL_ASYNC_THREAD_RUNTIME_H_

#include <atomic>
#include <cstdint>
#include <memory>
#include <string_view>

#include "absl/time/time.h"
#include "wal/async/executor.h"
#include "wal/async/job.h"
#include "wal/async/quarantine.h"
#include "wal/async/random_stream.h"
#include "wal/async/runtime.h"
#include "wal/async/thread_runtime_pool.h"
#include "wal/async/thread_runtime_timers.h"

namespace tidelog {

struct ThreadRuntimeOptions {
  // Threads that run executors at the same time.  0: as many as there are cores, at least 2.
  int executor_threads = 0;

  // Threads that may be in RunBlocking() jobs at the same time, more jobs wait.  Well above the
  // number of cores, since such a thread only waits, and a device that can flush for many
  // channels at once should get to.
  int blocking_threads_max = 32;

  // Whether Blocking() lends its thread.  Without, a call by a single thread costs two hops more
  // and is not held by a system call past its deadline (Executor::RunUntilReady()).
  bool lend = true;
};

// Executors over a small pool of threads, which start when needed and sleep when idle: an
// idle runtime never wakes up.  A thread that ran an executor does that one's blocking jobs,
// having left it, so that no other thread is woken for them.
//
// Safe from any thread.  After fork() it works in the parent only: the child has none of the
// threads, and must exec or exit.
class ThreadRuntime final : public Runtime {
 public:
  using Options = ThreadRuntimeOptions;

  static std::unique_ptr<ThreadRuntime> Create(Options options = {});

  // Requires: its executors are gone.  Waits for blocking jobs, so it does not return while a
  // call hangs.
  ~ThreadRuntime() override;

  std::unique_ptr<Executor> MakeExecutor(std::string_view name) override;
  absl::Duration Now() const override;
  absl::Time WallNow() const override;
  void RunBlocking(Job* job, Urgency urgency) override;
  RandomStream MakeRandom(std::string_view name) override;
  Quarantine& quarantine() override { return quarantine_; }

  // Of the pool, for metrics.
  struct Stats {
    int threads = 0;
    int idle_threads = 0;
    int blocking_threads = 0;
    uint64_t wakes = 0;  // Times that any thread, that of the timers included, woke up.
  };
  Stats stats() const;

 private:
  explicit ThreadRuntime(const Options& options);

  const bool lend_;
  std::atomic<int> strand_count_{0};
  Quarantine quarantine_;
  // Stopped before the pool ends, as it posts to that; but alive until then, as strands that the
  // pool is still leaving may reset their alarms.
  internal::TimerThread timers_;
  internal::WorkerPool pool_;
};

// The runtime for whoever brings none, with default options.  Made when first asked for; lives
// as long as the process.
Runtime* DefaultRuntime();

}  // namespace tidelog

#endif  // TIDELOG_WAL_ASYNC_THREAD_RUNTIME_H_
