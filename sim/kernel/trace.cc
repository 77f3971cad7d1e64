#include "sim/kernel/trace.h"

#include <algorithm>

#include "absl/log/log.h"
#include "sim/kernel/arena.h"

namespace tidelog::sim {

std::string_view NameOf(EventKind kind) {
  switch (kind) {
    case EventKind::kJob:
      return "job";
    case EventKind::kAtIdle:
      return "at idle";
    case EventKind::kTimer:
      return "timer";
    case EventKind::kBlocking:
      return "blocking";
    case EventKind::kDeliver:
      return "deliver";
    case EventKind::kWorld:
      return "world";
    case EventKind::kSpawn:
      return "spawn";
    case EventKind::kKill:
      return "kill";
    case EventKind::kEnd:
      return "end";
    case EventKind::kPause:
      return "pause";
    case EventKind::kResume:
      return "resume";
    case EventKind::kEnter:
      return "enter";
    case EventKind::kClock:
      return "clock";
    case EventKind::kNote:
      return "note";
  }
  LOG(FATAL) << "no event kind: " << static_cast<int>(kind);
}

void Trace::Keep(const TraceEvent& event) {
  WorldScope world;
  if (kept_.size() < kept_max_) {
    kept_.push_back(event);
  } else {
    kept_[(count_ - 1) % kept_max_] = event;
  }
}

std::vector<TraceEvent> Trace::Events() const {
  std::vector<TraceEvent> events = kept_;
  if (kept_.size() == kept_max_ && kept_max_ != 0) {
    const auto oldest = static_cast<std::ptrdiff_t>(count_ % kept_max_);
    std::rotate(events.begin(), events.begin() + oldest, events.end());
  }
  return events;
}

std::optional<size_t> FirstDifference(const std::vector<TraceEvent>& a,
                                      const std::vector<TraceEvent>& b) {
  const auto [in_a, in_b] = std::mismatch(a.begin(), a.end(), b.begin(), b.end());
  if (in_a == a.end() && in_b == b.end()) return std::nullopt;
  return static_cast<size_t>(in_a - a.begin());
}

uint64_t HashBytes(std::string_view bytes) {
  uint64_t hash = 0xcbf29ce484222325;
  for (const char c : bytes) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3;
  return hash ^ hash >> 29;
}

}  // namespace tidelog::sim
