// Sleeping and waking by futex.  std::atomic::wait() spins first, in libstdc++, and on few
// cores spinning takes the time from the very thread that is waited for.
#ifndef TIDELOG_WAL_ASYNC_THREAD_RUNTIME_FUTEX_H_
#define TIDELOG_WAL_ASYNC_THREAD_RUNTIME_FUTEX_H_

#include <atomic>
#include <cstdint>

#include "absl/time/time.h"

namespace tidelog::internal {

// CLOCK_MONOTONIC, which the time-outs below are on.
absl::Duration MonotonicNow();

// Sleeps while `word` is `seen`, until woken or `deadline`.  Returns early now and then: call
// it in a loop.
void FutexWait(std::atomic<uint32_t>* word, uint32_t seen,
               absl::Duration deadline = absl::InfiniteDuration());

// Wakes one thread that sleeps on `word`, of which only the address is used: the sleeper may
// have seen the new value by itself, gone on, and freed it.
void FutexWakeOne(std::atomic<uint32_t>* word);

}  // namespace tidelog::internal

#endif  // TIDELOG_WAL_ASYNC_THREAD_RUNTIME_FUTEX_H_
