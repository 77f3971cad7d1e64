#include "wal/async/thread_runtime.h"

#include <algorithm>
#include <random>
#include <thread>

#include "absl/log/check.h"
#include "absl/memory/memory.h"
#include "absl/time/clock.h"
#include "wal/async/thread_runtime_futex.h"
#include "wal/async/thread_runtime_strand.h"

namespace tidelog {
namespace {

int ExecutorThreads(const ThreadRuntimeOptions& options) {
  if (options.executor_threads > 0) return options.executor_threads;
  return std::max(2, static_cast<int>(std::thread::hardware_concurrency()));
}

}  // namespace

std::unique_ptr<ThreadRuntime> ThreadRuntime::Create(Options options) {
  return absl::WrapUnique(new ThreadRuntime(options));
}

ThreadRuntime::ThreadRuntime(const Options& options)
    : lend_(options.lend),
      pool_({.executor_threads = ExecutorThreads(options),
             .blocking_threads_max = options.blocking_threads_max}) {}

ThreadRuntime::~ThreadRuntime() {
  CHECK_EQ(strand_count_.load(std::memory_order_acquire), 0)
      << "a runtime was destroyed before its executors";
  timers_.Stop();
}

std::unique_ptr<Executor> ThreadRuntime::MakeExecutor(std::string_view name) {
  const internal::StrandHome home{&pool_, &timers_, &strand_count_, lend_};
  return std::make_unique<internal::Strand>(home, name);
}

absl::Duration ThreadRuntime::Now() const { return internal::MonotonicNow(); }

absl::Time ThreadRuntime::WallNow() const { return absl::Now(); }

void ThreadRuntime::RunBlocking(Job* job, Urgency urgency) {
  pool_.SubmitBlocking(job, urgency == Urgency::kNow);
}

RandomStream ThreadRuntime::MakeRandom(std::string_view name) {
  std::random_device device;
  const uint64_t high = device();
  const uint64_t low = device();
  return RandomStream(high << 32 | low, name);
}

ThreadRuntime::Stats ThreadRuntime::stats() const {
  const internal::WorkerPool::Stats pool = pool_.stats();
  return {.threads = pool.threads,
          .idle_threads = pool.idle,
          .blocking_threads = pool.blocking,
          .wakes = pool.wakes + timers_.wakes()};
}

Runtime* DefaultRuntime() {
  static Runtime* const runtime = ThreadRuntime::Create().release();
  return runtime;
}

}  // namespace tidelog
