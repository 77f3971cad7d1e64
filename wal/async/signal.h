// Signal: wakes those who wait for something to change.
//
//   while (buffer.empty() && !closed) co_await changed.Wait();
#ifndef TIDELOG_WAL_ASYNC_SIGNAL_H_
#define TIDELOG_WAL_ASYNC_SIGNAL_H_

#include <cstddef>
#include <vector>

#include "wal/async/future.h"

namespace tidelog {

// Carries no state but "closed": it tells of edges.  So look first and wait in the same job;
// and look again afterwards, as others ran before the waiter did.
//
// Confined to one executor.  Requires: nobody waits when it is destroyed; Close() sees to that.
class Signal {
 public:
  Signal() = default;
  Signal(const Signal&) = delete;
  Signal& operator=(const Signal&) = delete;
  ~Signal();

  // Ready at the next NotifyAll(), or at Close(); at once after that.
  Future<Unit> Wait();

  // Wakes all who wait now, in the order in which they came.
  void NotifyAll();

  // Wakes all, for good.  Idempotent.
  void Close();

  bool closed() const { return closed_; }

  // How many wait; those who gave up (their future was dropped) may be counted for a while.
  size_t count() const { return waiting_.size(); }

 private:
  void DropAbandoned();

  bool closed_ = false;
  std::vector<Promise<Unit>> waiting_;
  std::vector<Promise<Unit>> waking_;  // Empty but inside NotifyAll(); keeps its memory.
  size_t sweep_at_ = 16;               // Waiters at which those who gave up are looked for.
};

}  // namespace tidelog

#endif  // TIDELOG_WAL_ASYNC_SIGNAL_H_
