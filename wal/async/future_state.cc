#include "wal/async/future_state.h"

#include "absl/log/check.h"
#include "absl/log/log.h"

namespace tidelog {

bool FutureStateBase::Wait(Waiter* waiter) {
  Waiter* present = nullptr;
  if (waiter_.compare_exchange_strong(present, waiter, std::memory_order_acq_rel,
                                      std::memory_order_acquire)) {
    return true;
  }
  CHECK(present == &ready_) << "a future has two waiters";
  return false;
}

bool FutureStateBase::Replace(Waiter* waiter, Waiter* replacement) {
  return waiter_.compare_exchange_strong(waiter, replacement, std::memory_order_acq_rel,
                                         std::memory_order_acquire);
}

void FutureStateBase::SetReady() {
  Waiter* waiter = waiter_.exchange(&ready_, std::memory_order_acq_rel);
  if (waiter == nullptr) return;
  CHECK(waiter != &ready_) << "a promise was set twice";
  if (waiter->on != nullptr) {
    waiter->on->Post(waiter);
  } else {
    waiter->run(waiter);
  }
}

namespace internal {

void DieAwaitingOffExecutor() {
  LOG(FATAL) << "co_await of a future off any executor: there is nowhere to go on.  Begin with "
                "co_await EnterExecutor(executor), or use Blocking() on a thread of your own";
}

void DiePromiseDropped(const char* name) { LOG(FATAL) << "promise dropped unset: " << name; }

void DieBlockingOnExecutor(const Executor& executor) {
  LOG(FATAL) << "Blocking() inside a job of executor " << executor.name()
             << ", which would wait for itself: use co_await";
}

}  // namespace internal
}  // namespace tidelog
