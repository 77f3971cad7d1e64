// Manifest: the object that says who holds a channel of an object store and where its records lie.
#ifndef TIDELOG_SIM_LOG_MANIFEST_H_
#define TIDELOG_SIM_LOG_MANIFEST_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "sim/log/protocol.h"
#include "wal/types.h"

namespace tidelog::sim {

// Records lie in slots 0, 1, ... of a prefix.  A prefix is filled by one writer and ends at its
// first fence; the next one begins where that is known.
struct Manifest {
  struct Prefix {
    uint64_t ordinal = 0;  // From 1, in the order of the log.
    uint64_t writer = 0;
    uint64_t first_slot = 0;  // What is below is gone.
    bool ended = false;
    uint64_t end = 0;  // Slot of the fence that ended it.
  };

  uint64_t log = 0;
  Term term{};  // The highest that claimed it, and by whom.
  uint64_t writer = 0;
  bool closed_cleanly = false;
  uint64_t mark_tick = 0;
  std::string mark;              // A Position; empty: never truncated.
  std::vector<Prefix> prefixes;  // Ordinals ascending by one.

  std::string Encode() const;
  // kCorrupt.
  static absl::StatusOr<Manifest> Parse(std::string_view text);

  // Where reading begins, and where the newest prefix begins or would.
  uint64_t FirstNumber() const;
  uint64_t NextOrdinal() const;
  // Null: there is none of that ordinal.
  const Prefix* Find(uint64_t ordinal) const;
};

// No writer has more uploads than that under way in a prefix.
inline constexpr size_t kUploadWindowMax = 16;

// A record's number: prefix, slot, index in the slot's group.
inline constexpr int kSlotBits = 28;
constexpr uint64_t NumberAt(uint64_t ordinal, uint64_t slot) {
  return ordinal << (kSlotBits + kIndexBits) | slot << kIndexBits;
}
constexpr uint64_t OrdinalOf(uint64_t number) { return number >> (kSlotBits + kIndexBits); }
constexpr uint64_t SlotOf(uint64_t number) {
  return number >> kIndexBits & ((uint64_t{1} << kSlotBits) - 1);
}

// Keys.  Every channel has one manifest, and prefixes of slots.
inline constexpr std::string_view kManifestSuffix = "/manifest";
std::string ManifestKey(std::string_view channel);
std::string SlotPrefix(std::string_view channel, uint64_t ordinal);
std::string SlotKey(std::string_view channel, uint64_t ordinal, uint64_t slot);
// The slot of a key of SlotKey().
uint64_t SlotOfKey(std::string_view key);

}  // namespace tidelog::sim

#endif  // TIDELOG_SIM_LOG_MANIFEST_H_
