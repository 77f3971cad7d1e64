#include "tools/simulator/stopwatch.h"

#include <sys/resource.h>
#include <time.h>

#include <cstdint>

#include "absl/time/time.h"

namespace tidelog::simulator {
namespace {

absl::Duration MonotonicTime() {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return absl::DurationFromTimespec(now);
}

rusage Usage() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return usage;
}

}  // namespace

Stopwatch::Stopwatch() : start_(MonotonicTime()) {}

absl::Duration Stopwatch::Elapsed() const { return MonotonicTime() - start_; }

uint64_t FreshSeed() {
  timespec now{};
  clock_gettime(CLOCK_REALTIME, &now);
  // A second is worth more seeds than one machine can run in it.
  return static_cast<uint64_t>(now.tv_sec) * 100'000;
}

absl::Duration CpuTime() {
  const rusage usage = Usage();
  return absl::DurationFromTimeval(usage.ru_utime) + absl::DurationFromTimeval(usage.ru_stime);
}

int64_t PeakMemory() { return int64_t{Usage().ru_maxrss} * 1024; }

}  // namespace tidelog::simulator
