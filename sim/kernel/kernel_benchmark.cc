// What a step of the kernel costs, and what a log on it does: events a second of wall time, in one
// thread.
// bazel run --config=opt //sim/kernel:kernel_benchmark

#include <time.h>

#include <cstdint>
#include <cstdio>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/log/check.h"
#include "absl/time/time.h"
#include "sim/kernel/arena.h"
#include "sim/kernel/kernel.h"
#include "sim/kernel/log_workload.h"
#include "sim/kernel/scheduler.h"
#include "wal/async/coroutine.h"
#include "wal/async/executor.h"
#include "wal/async/future.h"
#include "wal/async/job.h"
#include "wal/async/runtime.h"

namespace tidelog::sim {
namespace {

constexpr int kPlayerCount = 8;

double Seconds() {
  timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) * 1e-9;
}

// A ball that two executors throw to each other.
Future<Unit> PingPong(Executor* one, Executor* other) {
  while (true) {
    co_await EnterExecutor(one);
    co_await EnterExecutor(other);
  }
  co_return Unit{};
}

Future<int64_t> Add(Executor* executor, int64_t value) {
  co_await EnterExecutor(executor);
  co_return value + 1;
}

// A call of a coroutine on another executor: a frame and a state each.
Future<Unit> CallOften(Executor* one, Executor* other) {
  co_await EnterExecutor(one);
  int64_t sum = 0;
  while (sum >= 0) {
    sum = co_await Add(other, sum);
  }
  co_return Unit{};
}

Future<Unit> SleepOften(Executor* executor, absl::Duration duration) {
  co_await EnterExecutor(executor);
  while (true) co_await SleepFor(duration);
  co_return Unit{};
}

struct Blocked : Job {
  Promise<Unit> promise{"blocked"};
};

Future<Unit> BlockOften(Executor* executor, Runtime* runtime) {
  co_await EnterExecutor(executor);
  while (true) {
    Blocked job;
    job.run = [](Job* base) { static_cast<Blocked*>(base)->promise.Set(Unit{}); };
    Future<Unit> done = job.promise.future();
    runtime->RunBlocking(&job, Runtime::Urgency::kNow);
    co_await std::move(done);
  }
  co_return Unit{};
}

// Starts something for each of the executors.
using Start = void (*)(Runtime*, Executor* one, Executor* other, int number);

void Measure(std::string_view name, SchedulerKind scheduler, Start start) {
  constexpr uint64_t kSteps = 3000000;
  Kernel::Options options;
  options.scheduler.kind = scheduler;
  options.record_choices = false;
  Kernel kernel(options);
  Process* process = kernel.Spawn("process");
  process->Enter([&] {
    std::vector<Executor*> executors;
    for (int i = 0; i < kPlayerCount; ++i) {
      executors.push_back(process->runtime()->MakeExecutor("player").release());
    }
    for (int i = 0; i < kPlayerCount; ++i) {
      Executor* one = executors[static_cast<size_t>(i)];
      Executor* other = executors[static_cast<size_t>((i + 1) % kPlayerCount)];
      start(process->runtime(), one, other, i);
    }
  });
  const int64_t allocated = process->memory().allocation_count;
  const double begin = Seconds();
  for (uint64_t i = 0; i < kSteps; ++i) kernel.Step();
  const double elapsed = Seconds() - begin;
  const double steps = static_cast<double>(kSteps);
  std::printf("%-10s %-8s %6.2f M events/s %6.1f ns/event %5.2f allocations/event\n",
              std::string(name).c_str(), std::string(NameOf(scheduler)).c_str(),
              steps / elapsed * 1e-6, elapsed / steps * 1e9,
              static_cast<double>(process->memory().allocation_count - allocated) / steps);
}

void MeasureAll() {
  for (const SchedulerKind scheduler :
       {SchedulerKind::kFifo, SchedulerKind::kRandomReady, SchedulerKind::kPct}) {
    Measure("ping-pong", scheduler, [](Runtime*, Executor* one, Executor* other, int) {
      const Future<Unit> ignored = PingPong(one, other);
    });
    Measure("calls", scheduler, [](Runtime*, Executor* one, Executor* other, int) {
      const Future<Unit> ignored = CallOften(one, other);
    });
    Measure("timers", scheduler, [](Runtime*, Executor* one, Executor*, int number) {
      const Future<Unit> ignored = SleepOften(one, absl::Microseconds(10 + number));
    });
    Measure("blocking", scheduler, [](Runtime* runtime, Executor* one, Executor*, int) {
      const Future<Unit> ignored = BlockOften(one, runtime);
    });
  }
}

// Whole runs: a log is opened on the memory backend, appended to and closed.
void MeasureLog(int64_t append_count, int in_flight, int run_count) {
  uint64_t steps = 0;
  int64_t allocations = 0;
  const double begin = Seconds();
  for (int i = 0; i < run_count; ++i) {
    Kernel::Options options{.seed = static_cast<uint64_t>(i)};
    options.scheduler.kind = SchedulerKind::kRandomReady;
    options.time_grain = absl::Microseconds(50);
    Kernel kernel(options);
    LogRun run(&kernel, append_count, in_flight);
    CHECK(kernel.RunUntil([&] { return run.done(); }, absl::Hours(1)));
    steps += kernel.step_count();
    allocations += run.process()->memory().allocation_count;
    CHECK(run.End() == Leftovers{});
  }
  const double elapsed = Seconds() - begin;
  const double appends = static_cast<double>(append_count * run_count);
  const double events = static_cast<double>(steps);
  std::printf(
      "%6ld appends, %3d in flight: %6.2f M events/s, %8.0f appends/s, %6.0f runs/s, "
      "%5.2f events and %5.2f allocations an append\n",
      static_cast<long>(append_count), in_flight, events / elapsed * 1e-6, appends / elapsed,
      run_count / elapsed, events / appends, static_cast<double>(allocations) / appends);
}

}  // namespace
}  // namespace tidelog::sim

int main() {
  tidelog::sim::MeasureAll();
  tidelog::sim::MeasureLog(1000, 16, 1000);
  tidelog::sim::MeasureLog(1000, 1, 500);
  tidelog::sim::MeasureLog(10, 1, 5000);
}
