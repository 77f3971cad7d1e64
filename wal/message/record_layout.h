// Where the parts of a record lie: shared by who reads records and who writes them.
#ifndef TIDELOG_WAL_MESSAGE_RECORD_LAYOUT_H_
#define TIDELOG_WAL_MESSAGE_RECORD_LAYOUT_H_

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <type_traits>

#include "absl/time/time.h"
#include "wal/message/message_id.h"
#include "wal/message/record.h"

namespace tidelog::record_layout {

// The header is copied as it lies in memory.
static_assert(std::endian::native == std::endian::little,
              "records are little-endian: this machine needs a conversion here");

template <class T>
T Load(const char* from) {
  static_assert(std::is_trivially_copyable_v<T>);
  T value;
  std::memcpy(&value, from, sizeof(T));
  return value;
}

template <class T>
void Store(char* to, T value) {
  static_assert(std::is_trivially_copyable_v<T>);
  std::memcpy(to, &value, sizeof(T));
}

// An extension: a flag, and how many eight-byte words it brings.  In the order in which they lie.
struct Extension {
  RecordFlags flag;
  size_t words;
};
inline constexpr Extension kExtensions[] = {
    {kHasBarrierTick, 1},  // tick:u64
    {kHasTxn, 2},          // id:u64 keepalive_ms:i64
    {kHasTxnBodies, 1},    // count:u32 zero:u32
    {kHasReplayStart, 3},  // key_size:u32 key:20 bytes, zero behind the key
    {kHasChunk, 1},        // index:u32 total:u32
};
static_assert(MessageId::kKeyMax == 20);

inline constexpr uint16_t kAllFlags = kLastConfirmedIsSelf | kNotPersisted | kFenceBarrier |
                                      kHasBarrierTick | kHasTxn | kHasTxnBodies | kHasReplayStart |
                                      kHasChunk;

constexpr size_t ExtensionWords(uint16_t flags) {
  size_t words = 0;
  for (const Extension& extension : kExtensions) {
    if (flags & extension.flag) words += extension.words;
  }
  return words;
}

// From the record's first byte to the extension.  Requires: its flag is in `flags`.
constexpr size_t ExtensionOffset(uint16_t flags, RecordFlags flag) {
  return sizeof(RecordHeader) + 8 * ExtensionWords(flags & (flag - 1));
}

// The extensions lie in the order of their flags, as ExtensionOffset() takes for granted.
constexpr bool ExtensionsAscend() {
  uint16_t previous = 0;
  for (const Extension& extension : kExtensions) {
    if (extension.flag <= previous) return false;
    previous = extension.flag;
  }
  return true;
}
static_assert(ExtensionsAscend());

inline constexpr size_t kPropertyCountSize = sizeof(uint16_t);
inline constexpr size_t kPropertyHeadSize = sizeof(uint16_t) + sizeof(uint32_t);

// An infinite lease is stored as Milvus writes it on the wire.
inline constexpr int64_t kInfiniteKeepaliveMs = -1000;

inline int64_t KeepaliveToMs(absl::Duration keepalive) {
  return keepalive == absl::InfiniteDuration() ? kInfiniteKeepaliveMs
                                               : absl::ToInt64Milliseconds(keepalive);
}
inline absl::Duration KeepaliveFromMs(int64_t ms) {
  return ms == kInfiniteKeepaliveMs ? absl::InfiniteDuration() : absl::Milliseconds(ms);
}

}  // namespace tidelog::record_layout

#endif  // TIDELOG_WAL_MESSAGE_RECORD_LAYOUT_H_
