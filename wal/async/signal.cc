#include "wal/async/signal.h"

#include <algorithm>
#include <utility>

#include "absl/log/check.h"

namespace tidelog {

Signal::~Signal() {
  DropAbandoned();
  CHECK(waiting_.empty()) << "a signal was destroyed with " << waiting_.size() << " waiters";
}

Future<Unit> Signal::Wait() {
  if (closed_) return MakeReadyFuture(Unit{});
  // Waits that end by a timeout, over and over, would pile up in a signal that never comes.
  if (waiting_.size() >= sweep_at_) {
    DropAbandoned();
    sweep_at_ = std::max<size_t>(16, 2 * waiting_.size());
  }
  Promise<Unit> promise("signal");
  Future<Unit> future = promise.future();
  waiting_.push_back(std::move(promise));
  return future;
}

void Signal::NotifyAll() {
  waking_.swap(waiting_);
  for (Promise<Unit>& promise : waking_) promise.Set(Unit{});
  waking_.clear();
}

void Signal::Close() {
  closed_ = true;
  NotifyAll();
}

void Signal::DropAbandoned() {
  std::erase_if(waiting_, [](Promise<Unit>& promise) {
    if (!promise.abandoned()) return false;
    promise.Set(Unit{});
    return true;
  });
}

}  // namespace tidelog
