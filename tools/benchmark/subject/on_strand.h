// BlockingOnStrand: for what must be called on a log's executor, by a thread that waits.
#ifndef TIDELOG_TOOLS_BENCHMARK_SUBJECT_ON_STRAND_H_
#define TIDELOG_TOOLS_BENCHMARK_SUBJECT_ON_STRAND_H_

#include <type_traits>
#include <utility>

#include "wal/async/coroutine.h"
#include "wal/async/executor.h"
#include "wal/async/future.h"

namespace tidelog::benchmark {

// Calls `*start`, which returns a future, on `strand`, and yields what that yields.
template <class F>
std::invoke_result_t<F&> OnStrand(Executor* strand, F* start) {
  co_await EnterExecutor(strand);
  auto future = (*start)();
  auto value = co_await std::move(future);
  co_return value;
}

template <class F>
auto BlockingOnStrand(Executor* strand, F start) {
  return Blocking(strand, [strand, &start] { return OnStrand(strand, &start); });
}

}  // namespace tidelog::benchmark

#endif  // TIDELOG_TOOLS_BENCHMARK_SUBJECT_ON_STRAND_H_
