// TestRuntime: a Runtime for unit tests, in one thread and in virtual time.
//
// The seed picks which executor runs next and how long blocking jobs take; time jumps to the
// next event when nothing is runnable.  So one seed is one schedule, the same with every
// compiler, and trace_hash() proves it.  Faults are the simulator's business, not this one's.
//
//   TestRuntime runtime(/*seed=*/1);
//   absl::Status status = runtime.Run([&] { return log.Append("a"); });
#ifndef TIDELOG_WAL_ASYNC_TEST_RUNTIME_H_
#define TIDELOG_WAL_ASYNC_TEST_RUNTIME_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/time/time.h"
#include "wal/async/executor.h"
#include "wal/async/future.h"
#include "wal/async/job.h"
#include "wal/async/quarantine.h"
#include "wal/async/random_stream.h"
#include "wal/async/runtime.h"

namespace tidelog {

// For one thread.  Requires: its executors are destroyed before it, and no blocking job is left.
class TestRuntime final : public Runtime {
 public:
  explicit TestRuntime(uint64_t seed = 1);
  ~TestRuntime() override;

  std::unique_ptr<Executor> MakeExecutor(std::string_view name) override;
  absl::Duration Now() const override { return now_; }
  absl::Time WallNow() const override { return wall_origin_ + now_; }
  // The job runs on no executor, after a virtual delay of up to kBlockingMax.
  void RunBlocking(Job* job, Urgency urgency) override;
  RandomStream MakeRandom(std::string_view name) override;
  Quarantine& quarantine() override { return quarantine_; }

  static constexpr absl::Duration kBlockingMax = absl::Milliseconds(1);

  // An executor for the test itself.
  Executor* executor() { return executor_.get(); }

  // Calls `make_future` on executor(), or on `on`, runs everything until the future is ready,
  // and returns the value.  Aborts if nothing is left to run before that, or if it takes more
  // than an hour of virtual time: somebody was not woken.  Requires: outside of all jobs.
  template <class F>
  auto Run(F make_future) {
    return RunOn(executor(), std::move(make_future));
  }
  template <class F>
  auto RunOn(Executor* on, F make_future);

  // Runs until nothing is runnable and no blocking job is under way.  Time moves only as far
  // as blocking jobs need; timers that come due on the way fire, others stay armed.
  void RunUntilIdle();

  // Runs what there is to run in the next `duration`, timers included, and moves time by that.
  void Advance(absl::Duration duration);

  // Makes the wall clock jump; Now() is not moved.
  void JumpWall(absl::Duration by) { wall_origin_ += by; }

  // Runs one job or timer, moving time if none is due.  False if there is nothing at all.
  bool Step();

  // Of all steps so far: when, what, on which executor.
  uint64_t trace_hash() const { return trace_hash_; }
  uint64_t step_count() const { return step_count_; }

 private:
  class TestExecutor;

  // In a trace, what a step was.
  enum class Event : uint64_t { kJob = 1, kAtIdle, kTimer, kBlocking };

  struct BlockingJob {
    absl::Duration when;
    uint64_t sequence;
    Job* job;
  };

  // As Executor::RunUntilReady(), but `start` always runs in a job of `executor`.
  void RunInJob(Executor* executor, absl::FunctionRef<FutureStateBase*()> start);
  void StepUntilReady(const FutureStateBase& state, std::string_view executor_name);
  void MarkReady(TestExecutor* executor);
  void Unlist(TestExecutor* executor);
  bool StepNow();
  void StepExecutor(size_t index);
  void StepBlocking();
  absl::Duration NextEvent() const;
  void MoveTimeTo(absl::Duration when);
  void Mix(Event event, uint64_t executor_id);

  const uint64_t seed_;
  RandomStream schedule_;
  absl::Duration now_;
  absl::Time wall_origin_;
  Quarantine quarantine_;
  std::vector<TestExecutor*> executors_;  // In the order made.
  std::vector<TestExecutor*> ready_;      // May have something to do now.
  std::vector<BlockingJob> blocking_;
  uint64_t next_executor_id_ = 1;
  uint64_t next_sequence_ = 0;
  uint64_t trace_hash_ = 0xcbf29ce484222325;
  uint64_t step_count_ = 0;
  bool stepping_ = false;
  std::unique_ptr<Executor> executor_;
};

template <class F>
auto TestRuntime::RunOn(Executor* on, F make_future) {
  std::optional<std::invoke_result_t<F&>> future;
  auto start = [&future, &make_future]() -> FutureStateBase* {
    future.emplace(make_future());
    return future->state();
  };
  RunInJob(on, start);
  return std::move(*future).Take();
}

}  // namespace tidelog

#endif  // TIDELOG_WAL_ASYNC_TEST_RUNTIME_H_
