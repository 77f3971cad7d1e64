// What the runtime costs an append, without a disk: nanoseconds of wall time, and operator new,
// per operation.  bazel run --config=opt //wal/async:async_benchmark
//
// An operation is shaped like an append: a coroutine enters the log's executor, takes a pass of
// a gate, waits for its group, and answers a coroutine on the client's executor.

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <new>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

#include "absl/time/time.h"
#include "wal/async/coroutine.h"
#include "wal/async/executor.h"
#include "wal/async/future.h"
#include "wal/async/gate.h"
#include "wal/async/job.h"
#include "wal/async/thread_runtime.h"

namespace {

thread_local int64_t allocation_count = 0;

}  // namespace

void* operator new(size_t size) {
  ++allocation_count;
  void* block = std::malloc(size);
  if (block == nullptr) std::abort();
  return block;
}
void operator delete(void* block) noexcept { std::free(block); }
void operator delete(void* block, size_t) noexcept { std::free(block); }

namespace tidelog {
namespace {

// Acknowledges what has gathered whenever the executor runs dry.
class NullLog {
 public:
  explicit NullLog(Executor* executor) : executor_(executor) {
    flush_.log = this;
    flush_.run = [](Job* job) { static_cast<FlushJob*>(job)->log->Flush(); };
  }

  Future<int64_t> Append(int64_t value) {
    co_await EnterExecutor(executor_);
    const std::optional<Gate::Pass> pass = gate_.TryEnter();
    Promise<int64_t> promise("append");
    Future<int64_t> done = promise.future();
    waiting_.push_back(std::move(promise));
    if (waiting_.size() == 1) executor_->AtIdle(&flush_);
    const int64_t id = co_await std::move(done);
    co_return id + value;
  }

  double group_size() const {
    return static_cast<double>(next_id_) / static_cast<double>(group_count_);
  }

 private:
  struct FlushJob : Job {
    NullLog* log;
  };

  void Flush() {
    ++group_count_;
    flushing_.swap(waiting_);
    for (Promise<int64_t>& promise : flushing_) promise.Set(next_id_++);
    flushing_.clear();
  }

  Executor* const executor_;
  Gate gate_;
  FlushJob flush_;
  std::vector<Promise<int64_t>> waiting_;
  std::vector<Promise<int64_t>> flushing_;
  int64_t next_id_ = 0;
  int64_t group_count_ = 0;
};

Future<Unit> Client(Executor* executor, NullLog* log, int64_t count) {
  co_await EnterExecutor(executor);
  for (int64_t i = 0; i < count; ++i) {
    const int64_t id = co_await log->Append(i);
    if (id < 0) std::abort();
  }
  co_return Unit{};
}

Future<Unit> Clients(Executor* executor, NullLog* log, int client_count, int64_t count) {
  co_await EnterExecutor(executor);
  std::vector<Future<Unit>> clients;
  for (int i = 0; i < client_count; ++i) clients.push_back(Client(executor, log, count));
  for (Future<Unit>& client : clients) co_await std::move(client);
  co_return Unit{};
}

void Report(const char* what, int in_flight, int64_t count, absl::Duration time,
            int64_t allocations, double group_size) {
  std::printf("%-34s %5d in flight  %7.1f ns/op  %6.3f new/op  %7.1f a group\n", what, in_flight,
              absl::ToDoubleNanoseconds(time) / static_cast<double>(count),
              static_cast<double>(allocations) / static_cast<double>(count), group_size);
}

void MeasureClients(const char* what, bool own_strand, int in_flight) {
  const std::unique_ptr<ThreadRuntime> runtime = ThreadRuntime::Create();
  const std::unique_ptr<Executor> log_executor = runtime->MakeExecutor("log");
  const std::unique_ptr<Executor> client_executor = runtime->MakeExecutor("client");
  Executor* const client = own_strand ? client_executor.get() : log_executor.get();
  NullLog log(log_executor.get());
  const int64_t count = 2000000 / in_flight;
  Blocking(client, [&] { return Clients(client, &log, in_flight, 1000); });
  const int64_t allocated = allocation_count;
  const absl::Duration begin = runtime->Now();
  Blocking(client, [&] { return Clients(client, &log, in_flight, count); });
  const absl::Duration time = runtime->Now() - begin;
  Report(what, in_flight, count * in_flight, time, allocation_count - allocated, log.group_size());
}

void MeasureBlocking(int threads) {
  const std::unique_ptr<ThreadRuntime> runtime = ThreadRuntime::Create();
  const std::unique_ptr<Executor> executor = runtime->MakeExecutor("log");
  NullLog log(executor.get());
  const int64_t count = 200000 / threads;
  const absl::Duration begin = runtime->Now();
  std::vector<std::thread> callers;
  for (int t = 0; t < threads; ++t) {
    callers.emplace_back([&] {
      for (int64_t i = 0; i < count; ++i) {
        Blocking(executor.get(), [&] { return log.Append(i); });
      }
    });
  }
  for (std::thread& caller : callers) caller.join();
  Report("blocking threads", threads, count * threads, runtime->Now() - begin, 0, log.group_size());
}

void Main() {
  for (const int in_flight : {1, 64, 1024}) {
    MeasureClients("client on the log's executor", false, in_flight);
    MeasureClients("client on an executor of its own", true, in_flight);
  }
  for (const int threads : {1, 2, 64}) MeasureBlocking(threads);
}

}  // namespace
}  // namespace tidelog

int main() { tidelog::Main(); }
