#include "wal/async/thread_runtime_futex.h"

#include <linux/futex.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>

namespace tidelog::internal {

static_assert(sizeof(std::atomic<uint32_t>) == sizeof(uint32_t));

absl::Duration MonotonicNow() {
  timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return absl::DurationFromTimespec(now);
}

void FutexWait(std::atomic<uint32_t>* word, uint32_t seen, absl::Duration deadline) {
  timespec time;
  const timespec* timeout = nullptr;
  if (deadline != absl::InfiniteDuration()) {
    time = absl::ToTimespec(std::max(deadline, absl::ZeroDuration()));
    timeout = &time;
  }
  // Unlike FUTEX_WAIT, this one takes an absolute time.
  syscall(SYS_futex, word, FUTEX_WAIT_BITSET_PRIVATE, seen, timeout, nullptr,
          FUTEX_BITSET_MATCH_ANY);
}

void FutexWakeOne(std::atomic<uint32_t>* word) {
  syscall(SYS_futex, word, FUTEX_WAKE_PRIVATE, 1, nullptr, nullptr, 0);
}

}  // namespace tidelog::internal
