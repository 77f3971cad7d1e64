#include "wal/async/timer_queue.h"

#include "absl/log/check.h"

namespace tidelog {

TimerQueue::~TimerQueue() { CHECK(heap_.empty()) << heap_.size() << " timers are still armed"; }

void TimerQueue::Arm(Timer* timer, absl::Duration when) {
  CHECK(!timer->armed()) << "the timer is armed already";
  CHECK(timer->fire != nullptr) << "the timer has nothing to run";
  const Entry entry{when, next_sequence_++, timer};
  heap_.push_back(entry);
  SiftUp(heap_.size() - 1, entry);
}

void TimerQueue::Cancel(Timer* timer) {
  if (!timer->armed()) return;
  const size_t index = timer->slot_ - 1;
  CHECK(index < heap_.size() && heap_[index].timer == timer) << "the timer is armed elsewhere";
  Remove(index);
}

Timer* TimerQueue::PopDue(absl::Duration now) {
  if (heap_.empty() || heap_.front().when > now) return nullptr;
  Timer* timer = heap_.front().timer;
  Remove(0);
  return timer;
}

bool TimerQueue::Before(const Entry& a, const Entry& b) {
  return a.when != b.when ? a.when < b.when : a.sequence < b.sequence;
}

void TimerQueue::Place(size_t index, const Entry& entry) {
  heap_[index] = entry;
  entry.timer->slot_ = index + 1;
}

void TimerQueue::SiftUp(size_t index, const Entry& entry) {
  while (index > 0) {
    const size_t parent = (index - 1) / 2;
    if (!Before(entry, heap_[parent])) break;
    Place(index, heap_[parent]);
    index = parent;
  }
  Place(index, entry);
}

void TimerQueue::SiftDown(size_t index, const Entry& entry) {
  while (true) {
    size_t child = 2 * index + 1;
    if (child >= heap_.size()) break;
    if (child + 1 < heap_.size() && Before(heap_[child + 1], heap_[child])) ++child;
    if (!Before(heap_[child], entry)) break;
    Place(index, heap_[child]);
    index = child;
  }
  Place(index, entry);
}

void TimerQueue::Remove(size_t index) {
  heap_[index].timer->slot_ = 0;
  const Entry last = heap_.back();
  heap_.pop_back();
  if (index == heap_.size()) return;
  // The last one may belong above the hole as well as below it.
  if (index > 0 && Before(last, heap_[(index - 1) / 2])) {
    SiftUp(index, last);
  } else {
    SiftDown(index, last);
  }
}

}  // namespace tidelog
