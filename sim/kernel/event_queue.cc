#include "sim/kernel/event_queue.h"

#include <algorithm>

#include "sim/kernel/arena.h"

namespace tidelog::sim {

Event* EventQueue::Make(EventKind kind, Process* process) {
  if (free_ == nullptr) {
    WorldScope world;
    events_.push_back(std::make_unique<Event>());
    free_ = events_.back().get();
  }
  Event* event = free_;
  free_ = event->next_free;
  event->number = next_number_++;
  event->process = process;
  event->priority = 0;
  event->kind = kind;
  event->awaited = false;
  return event;
}

void EventQueue::Free(Event* event) {
  event->job = nullptr;
  event->blocking = nullptr;
  event->next_free = free_;
  free_ = event;
}

void EventQueue::Plan(Event* event, int64_t when_ns) {
  if (heap_.size() == heap_.capacity()) {
    WorldScope world;
    heap_.reserve(heap_.capacity() * 2 + 16);
  }
  heap_.push_back({when_ns, next_sequence_++, event});
  std::push_heap(heap_.begin(), heap_.end(), After);
}

Event* EventQueue::Pop() {
  std::pop_heap(heap_.begin(), heap_.end(), After);
  Event* event = heap_.back().event;
  heap_.pop_back();
  return event;
}

}  // namespace tidelog::sim
