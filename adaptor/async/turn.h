// Turn: one at a time, for operations that wait in between.
//
//   const bool mine = co_await turn_.Take(limit);
//   if (!mine) co_return turn_.closed() ? ClosedError("truncate") : BusyError("truncate");
//   ...
//   turn_.Leave();
#ifndef TIDELOG_ADAPTOR_ASYNC_TURN_H_
#define TIDELOG_ADAPTOR_ASYNC_TURN_H_

#include "absl/log/check.h"
#include "absl/time/time.h"
#include "adaptor/async/ready_within.h"
#include "wal/async/executor.h"
#include "wal/async/future.h"
#include "wal/async/signal.h"

namespace tidelog::adaptor {

// Confined to one executor.  Requires: nobody waits when it is destroyed.
class Turn {
 public:
  // Yields true when it is the caller's, who must Leave() it; false if it was closed before that,
  // or somebody else still has it when `limit` has passed.
  Future<bool> Take(absl::Duration limit) {
    const Executor* on = Executor::Current();
    const absl::Duration end = on->Now() + limit;
    bool in_time = true;
    while (taken_ && !closed_ && in_time) {
      Future<Unit> left = left_.Wait();
      in_time = co_await ReadyWithin(&left, end - on->Now());
    }
    if (closed_ || taken_) co_return false;
    taken_ = true;
    co_return true;
  }

  void Leave() {
    CHECK(taken_) << "a turn that is nobody's";
    taken_ = false;
    left_.NotifyAll();
  }

  // From now on nobody gets it; who has it keeps it.  Idempotent.
  void Close() {
    closed_ = true;
    left_.NotifyAll();
  }

  bool taken() const { return taken_; }
  bool closed() const { return closed_; }
  // Ready when it was left, or closed; look again then.
  Future<Unit> WhenLeft() { return left_.Wait(); }

 private:
  bool taken_ = false;
  bool closed_ = false;
  Signal left_;
};

}  // namespace tidelog::adaptor

#endif  // TIDELOG_ADAPTOR_ASYNC_TURN_H_
