// TimerQueue: armed timers by time, those of one time in the order armed.  For runtimes.
#ifndef TIDELOG_WAL_ASYNC_TIMER_QUEUE_H_
#define TIDELOG_WAL_ASYNC_TIMER_QUEUE_H_

#include <cstddef>
#include <cstdint>
#include <vector>

#include "absl/time/time.h"
#include "wal/async/executor.h"

namespace tidelog {

// A binary heap in which a timer knows its place, so that one can be taken out: most timers
// are deadlines that are met.  Thread-compatible.  Must be empty when destroyed.
class TimerQueue {
 public:
  TimerQueue() = default;
  TimerQueue(const TimerQueue&) = delete;
  TimerQueue& operator=(const TimerQueue&) = delete;
  ~TimerQueue();

  bool empty() const { return heap_.empty(); }
  size_t size() const { return heap_.size(); }

  // The time of the first timer; infinite if there is none.
  absl::Duration next() const {
    return heap_.empty() ? absl::InfiniteDuration() : heap_.front().when;
  }

  // Requires: `timer` is not armed.  It stays where it is until it is popped or cancelled.
  void Arm(Timer* timer, absl::Duration when);

  // No-op if `timer` is not armed.  Requires: else it is armed here.
  void Cancel(Timer* timer);

  // Takes out and disarms the first timer if its time is `now` or before; else null.  The
  // caller fires it.
  Timer* PopDue(absl::Duration now);

 private:
  struct Entry {
    absl::Duration when;
    uint64_t sequence;
    Timer* timer;
  };
  static bool Before(const Entry& a, const Entry& b);

  void Place(size_t index, const Entry& entry);
  void SiftUp(size_t index, const Entry& entry);
  void SiftDown(size_t index, const Entry& entry);
  void Remove(size_t index);

  std::vector<Entry> heap_;
  uint64_t next_sequence_ = 0;
};

}  // namespace tidelog

#endif  // TIDELOG_WAL_ASYNC_TIMER_QUEUE_H_
