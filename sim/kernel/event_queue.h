// EventQueue: what will happen at a known time, ordered by time and then by when it was planned.
#ifndef TIDELOG_SIM_KERNEL_EVENT_QUEUE_H_
#define TIDELOG_SIM_KERNEL_EVENT_QUEUE_H_

#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "sim/kernel/ready_set.h"
#include "sim/kernel/trace.h"
#include "wal/async/job.h"

namespace tidelog::sim {

// Numbers of events have this bit; those of executors do not.
inline constexpr uint64_t kEventNumber = uint64_t{1} << 63;

// An event of the world, a blocking job of a process, or an answer to one.
struct Event : Runnable {
  Event() : Runnable(0, nullptr) {}

  EventKind kind = EventKind::kWorld;
  bool awaited = false;     // Its process counts it.
  Job* blocking = nullptr;  // Of kBlocking: memory of the process, dropped untouched if it dies.
  absl::AnyInvocable<void() &&> job;  // Of the others.
  Event* next_free = nullptr;
};

// Confined to one thread.  Owns its events and uses them again.  Called by code of processes too.
class EventQueue {
 public:
  EventQueue() = default;
  EventQueue(const EventQueue&) = delete;
  EventQueue& operator=(const EventQueue&) = delete;

  // A blank event with a number of its own.
  Event* Make(EventKind kind, Process* process);
  // Takes it back, without what it would have run.
  void Free(Event* event);

  // When the first one comes; the maximum if there is none.
  static constexpr int64_t kNever = std::numeric_limits<int64_t>::max();
  int64_t next_ns() const { return heap_.empty() ? kNever : heap_.front().when_ns; }

  void Plan(Event* event, int64_t when_ns);

  // Takes the first one out.  Requires: there is one.
  Event* Pop();

 private:
  struct Entry {
    int64_t when_ns;
    uint64_t sequence;
    Event* event;
  };
  static bool After(const Entry& a, const Entry& b) {
    return a.when_ns != b.when_ns ? a.when_ns > b.when_ns : a.sequence > b.sequence;
  }

  std::vector<Entry> heap_;
  std::vector<std::unique_ptr<Event>> events_;
  Event* free_ = nullptr;
  uint64_t next_sequence_ = 0;
  uint64_t next_number_ = kEventNumber;
};

}  // namespace tidelog::sim

#endif  // TIDELOG_SIM_KERNEL_EVENT_QUEUE_H_
