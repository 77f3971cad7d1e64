// Trace: everything that happened in a run, as one number; and as a list for who asks.
//
// Two runs of one record have equal hashes, whatever the compiler, the build and the addresses.
// If they do not, FirstDifference() of their lists says where they part.
#ifndef TIDELOG_SIM_KERNEL_TRACE_H_
#define TIDELOG_SIM_KERNEL_TRACE_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace tidelog::sim {

enum class EventKind : uint8_t {
  kJob = 1,   // A job of an executor.
  kAtIdle,    // A job of an executor that had nothing else.
  kTimer,     // A timer of an executor.
  kBlocking,  // A job of Runtime::RunBlocking().
  kDeliver,   // An answer of the world to a process.
  kWorld,     // An event of the world.
  kSpawn,
  kKill,
  kEnd,
  kPause,
  kResume,
  kEnter,  // Code that set a process up from outside.
  kClock,  // A clock of a process was set.
  kNote,   // What a world model had to say.
};

std::string_view NameOf(EventKind kind);

struct TraceEvent {
  int64_t time_ns = 0;
  EventKind kind = EventKind::kNote;
  uint32_t process = 0;  // 0: the world.
  uint64_t strand = 0;   // Number of the executor or event; of a note, what it is about.
  uint64_t choice = 0;   // 0: as by default; else what was picked instead, plus one.
  uint64_t payload = 0;

  friend bool operator==(const TraceEvent&, const TraceEvent&) = default;
};

// Confined to one thread, in the memory of the world.
class Trace {
 public:
  struct Options {
    // How many of the last events are kept; 0: none, kWhole: all.
    size_t kept_max = 0;
  };
  static constexpr size_t kWhole = SIZE_MAX;

  explicit Trace(const Options& options) : kept_max_(options.kept_max) {}

  void Add(const TraceEvent& event) {
    const uint64_t what = static_cast<uint64_t>(event.kind) << 32 | event.process;
    uint64_t hash = Mix(hash_, static_cast<uint64_t>(event.time_ns));
    hash = Mix(hash, what);
    hash = Mix(hash, event.strand);
    hash = Mix(hash, event.choice);
    hash_ = Mix(hash, event.payload);
    ++count_;
    if (kept_max_ != 0) Keep(event);
  }

  // Of all events so far, in their order.
  uint64_t hash() const { return hash_; }
  uint64_t count() const { return count_; }

  // Those that were kept, oldest first.
  std::vector<TraceEvent> Events() const;

 private:
  static uint64_t Mix(uint64_t hash, uint64_t word) {
    hash = (hash ^ word) * 0x9fb21c651e98df25;
    return hash ^ hash >> 32;
  }
  void Keep(const TraceEvent& event);

  const size_t kept_max_;
  uint64_t hash_ = 0xcbf29ce484222325;
  uint64_t count_ = 0;
  std::vector<TraceEvent> kept_;  // A ring once it is full.
};

// Index of the first event in which two lists differ, one being longer included; none if they
// are equal.
std::optional<size_t> FirstDifference(const std::vector<TraceEvent>& a,
                                      const std::vector<TraceEvent>& b);

// A payload for bytes.
uint64_t HashBytes(std::string_view bytes);

}  // namespace tidelog::sim

#endif  // TIDELOG_SIM_KERNEL_TRACE_H_
