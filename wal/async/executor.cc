#include "wal/async/executor.h"

#include <utility>

#include "absl/base/attributes.h"
#include "absl/log/check.h"

namespace tidelog {
namespace {

// Reached through the functions below only.  A coroutine goes on on other threads than the one
// it began on: were they inlined, a compiler could keep this thread's address in the frame.
constinit thread_local Executor* current_executor = nullptr;

}  // namespace

Timer::~Timer() { CHECK(!armed()) << "a timer was destroyed while armed"; }

ABSL_ATTRIBUTE_NOINLINE Executor* Executor::Current() { return current_executor; }

ABSL_ATTRIBUTE_NOINLINE Executor* Executor::SetCurrent(Executor* executor) {
  return std::exchange(current_executor, executor);
}

}  // namespace tidelog
