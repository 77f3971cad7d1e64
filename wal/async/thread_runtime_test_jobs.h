// What the tests of ThreadRuntime have in common.
#ifndef TIDELOG_WAL_ASYNC_THREAD_RUNTIME_TEST_JOBS_H_
#define TIDELOG_WAL_ASYNC_THREAD_RUNTIME_TEST_JOBS_H_

#include <memory>
#include <utility>

#include "absl/functional/any_invocable.h"
#include "wal/async/coroutine.h"
#include "wal/async/executor.h"
#include "wal/async/future.h"
#include "wal/async/job.h"
#include "wal/async/runtime.h"
#include "wal/async/thread_runtime.h"

namespace tidelog {

// Runs `call` in a job of `executor`.
inline void PostCall(Executor* executor, absl::AnyInvocable<void()> call) {
  Then<Unit>(MakeReadyFuture(Unit{}), executor, [call = std::move(call)](Unit) mutable { call(); });
}

// Runs `call`, which may block, and is ready after that.
inline Future<Unit> BlockingCall(Runtime* runtime, Runtime::Urgency urgency,
                                 absl::AnyInvocable<void()> call) {
  struct Call : Job {
    absl::AnyInvocable<void()> call;
    Promise<Unit> promise{"a blocking call"};
  };
  auto* job = new Call;
  job->call = std::move(call);
  job->run = [](Job* base) {
    const std::unique_ptr<Call> self(static_cast<Call*>(base));
    self->call();
    self->promise.Set(Unit{});
  };
  Future<Unit> done = job->promise.future();
  runtime->RunBlocking(job, urgency);
  return done;
}

// One blocking call, awaited on `executor`.
inline Future<Unit> Float(Runtime* runtime, Executor* executor, Runtime::Urgency urgency,
                          absl::AnyInvocable<void()> call) {
  co_await EnterExecutor(executor);
  co_await BlockingCall(runtime, urgency, std::move(call));
  co_return Unit{};
}

// One job on `executor`.
inline Future<Unit> Touch(Executor* executor) {
  co_await EnterExecutor(executor);
  co_return Unit{};
}

// A job of the owner's.
struct CallJob : Job {
  explicit CallJob(absl::AnyInvocable<void()> c) : call(std::move(c)) {
    run = [](Job* job) { static_cast<CallJob*>(job)->call(); };
  }
  absl::AnyInvocable<void()> call;
};

// One thread for strands, so that what one of them does is felt by the others.
inline std::unique_ptr<ThreadRuntime> OneThreadWithoutLending() {
  return ThreadRuntime::Create({.executor_threads = 1, .blocking_threads_max = 4, .lend = false});
}

}  // namespace tidelog

#endif  // TIDELOG_WAL_ASYNC_THREAD_RUNTIME_TEST_JOBS_H_
