// Strand: the Executor of a ThreadRuntime.
#ifndef TIDELOG_WAL_ASYNC_THREAD_RUNTIME_STRAND_H_
#define TIDELOG_WAL_ASYNC_THREAD_RUNTIME_STRAND_H_

#include <atomic>
#include <string_view>

#include "absl/functional/function_ref.h"
#include "absl/time/time.h"
#include "wal/async/executor.h"
#include "wal/async/job.h"
#include "wal/async/thread_runtime_pool.h"
#include "wal/async/thread_runtime_timers.h"

namespace tidelog::internal {

// What a strand needs of its runtime.  Outlives it.
struct StrandHome {
  WorkerPool* pool;
  TimerThread* timers;
  std::atomic<int>* strand_count;
  bool lend;
};

class Strand final : public Executor {
 public:
  Strand(const StrandHome& home, std::string_view name);
  ~Strand() override;

  std::string_view name() const override;
  void Post(Job* job) override;
  void AtIdle(Job* job) override;
  void PostAt(Timer* timer, absl::Duration when) override;
  void Cancel(Timer* timer) override;
  absl::Duration Now() const override;
  void RunUntilReady(absl::FunctionRef<FutureStateBase*()> start) override;

 private:
  class Core;

  // All but the name lies in a core of its own: a caller may learn from the last job that all is
  // done, and destroy the strand, while a worker is still on its way out of that job.
  // The core goes when the worker has left.
  Core* const core_;
};

}  // namespace tidelog::internal

#endif  // TIDELOG_WAL_ASYNC_THREAD_RUNTIME_STRAND_H_
