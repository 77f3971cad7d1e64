// SimExecutor: a strand of a simulated process.  Of the kernel; others see an Executor.
#ifndef TIDELOG_SIM_KERNEL_SIM_EXECUTOR_H_
#define TIDELOG_SIM_KERNEL_SIM_EXECUTOR_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "absl/functional/function_ref.h"
#include "absl/time/time.h"
#include "sim/kernel/kernel.h"
#include "sim/kernel/ready_set.h"
#include "sim/kernel/trace.h"
#include "wal/async/executor.h"
#include "wal/async/job.h"
#include "wal/async/timer_queue.h"

namespace tidelog::sim {

// In the memory of the world, though code of the process owns it: a crash must find what is posted
// and armed, to drop it.
class SimExecutor final : public Executor, public Runnable {
 public:
  using Executor::SetCurrent;

  SimExecutor(Kernel* kernel, Process* process, uint64_t id, std::string_view name);
  ~SimExecutor() override;

  std::string_view name() const override { return name_; }
  void Post(Job* job) override;
  void AtIdle(Job* job) override;
  void PostAt(Timer* timer, absl::Duration when) override;
  void Cancel(Timer* timer) override;
  absl::Duration Now() const override;
  // Steps the kernel.  Requires: outside of all steps.
  void RunUntilReady(absl::FunctionRef<FutureStateBase*()> start) override;

  bool has_job() const { return !queue_.empty() || !at_idle_.empty(); }
  size_t timer_count() const { return timers_.size(); }
  absl::Duration next_timer() const { return timers_.next(); }
  bool timer_due(absl::Duration now) const { return timers_.next() <= now; }

  // True if the next thing is by default a timer.  Turn and turn about with jobs, lest either
  // starve the other.
  bool timer_next(absl::Duration now) const {
    return timer_due(now) && (!has_job() || !last_was_timer_);
  }

  // Takes out what is next, a timer if `timer`, and runs it; `note` says what it is first.
  template <class F>
  void RunOne(bool timer, absl::Duration now, F note);

  // Forgets what is posted and armed: the process has died, or gives up.
  void Abandon();

 private:
  friend class Kernel;

  struct Alarm : Timer {
    SimExecutor* executor;
  };

  Kernel* const kernel_;
  const std::string name_;
  JobList queue_;
  JobList at_idle_;
  TimerQueue timers_;
  bool last_was_timer_ = false;
  size_t index_ = 0;  // In executors_ of its process.
  Alarm alarm_;       // Armed in the kernel for alarm_at_.
  absl::Duration alarm_at_ = absl::InfiniteDuration();
};

template <class F>
void SimExecutor::RunOne(bool timer, absl::Duration now, F note) {
  last_was_timer_ = timer;
  if (timer) {
    Timer* due = timers_.PopDue(now);
    note(EventKind::kTimer);
    due->fire(due);
  } else if (Job* job = queue_.PopFront(); job != nullptr) {
    note(EventKind::kJob);
    job->run(job);
  } else if (Job* late = at_idle_.PopFront(); late != nullptr) {
    note(EventKind::kAtIdle);
    late->run(late);
  }
}

}  // namespace tidelog::sim

#endif  // TIDELOG_SIM_KERNEL_SIM_EXECUTOR_H_
