// The field's words that every package shares.
#ifndef TIDELOG_WAL_TYPES_H_
#define TIDELOG_WAL_TYPES_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "absl/container/btree_map.h"
#include "absl/status/status.h"

namespace tidelog {

// The lease on a physical channel.  Positive; only grows.  Whoever opens a higher one owns the
// channel (A2). Limit: below 2^47, so that a backend can keep it in one word with its marks.
enum class Term : int64_t {};
inline constexpr Term kTermMax{(int64_t{1} << 47) - 1};
constexpr int64_t ToInt(Term term) { return static_cast<int64_t>(term); }

// A hybrid timestamp: milliseconds since 1970 in the high 46 bits, a counter in the low 18, as
// Milvus's. Unique and increasing within a channel; not comparable between channels (D1).
enum class TimeTick : uint64_t {};
inline constexpr int kTimeTickLogicalBits = 18;
constexpr uint64_t ToInt(TimeTick tick) { return static_cast<uint64_t>(tick); }
constexpr TimeTick MakeTimeTick(uint64_t physical_ms, uint64_t logical) {
  return TimeTick{(physical_ms << kTimeTickLogicalBits) | logical};
}
constexpr uint64_t PhysicalMs(TimeTick tick) { return ToInt(tick) >> kTimeTickLogicalBits; }
constexpr TimeTick Next(TimeTick tick) { return TimeTick{ToInt(tick) + 1}; }

// What a message is (B2).  Every other number is carried opaque.  The names are Milvus's.
enum class MessageType : int32_t {
  kUnknown = 0,
  kTimeTick = 1,
  kInsert = 2,
  kDelete = 3,
  kFlush = 4,
  kCreateCollection = 5,
  kDropCollection = 6,
  kCreatePartition = 7,
  kDropPartition = 8,
  kManualFlush = 9,
  kCreateSegment = 10,
  kImport = 11,
  kSchemaChange = 12,
  kAlterCollection = 13,
  kFlushAll = 37,
  kTruncateCollection = 38,
  kCommitImport = 45,
  kRollbackImport = 46,
  kAlterWal = 700,
  kAlterReplicateConfig = 800,
  kBeginTxn = 900,
  kCommitTxn = 901,
  kRollbackTxn = 902,
  kTxn = 999,  // Assembled by readers; never stored.
};
constexpr int32_t ToInt(MessageType type) { return static_cast<int32_t>(type); }

// Messages that take effect before or after everything around them, never beside it: DDL and
// barriers.  One takes the write lock of its VChannel, or of the log if it names none, and ends the
// transactions that are open there (E5).  Part of the stored format: with another list a reader
// would see other transactions than their writer (wal/doc/message_format.md).
constexpr bool IsExclusive(MessageType type) {
  switch (type) {
    case MessageType::kCreateCollection:
    case MessageType::kDropCollection:
    case MessageType::kCreatePartition:
    case MessageType::kDropPartition:
    case MessageType::kManualFlush:
    case MessageType::kSchemaChange:
    case MessageType::kAlterCollection:
    case MessageType::kFlushAll:
    case MessageType::kTruncateCollection:
    case MessageType::kCommitImport:
    case MessageType::kRollbackImport:
    case MessageType::kAlterWal:
    case MessageType::kAlterReplicateConfig:
      return true;
    default:
      return false;
  }
}

// The messages that begin and end a transaction.
constexpr bool FramesTransaction(MessageType type) {
  return type == MessageType::kBeginTxn || type == MessageType::kCommitTxn ||
         type == MessageType::kRollbackTxn;
}

// Whether what happens to one VChannel concerns the other: they are the same, or one is empty, for
// what names no VChannel belongs to every one.
constexpr bool ScopesOverlap(std::string_view a, std::string_view b) {
  return a.empty() || b.empty() || a == b;
}

// "TimeTick", "Insert", ...; "Type<n>" for a number without a name.
std::string MessageTypeName(MessageType type);

// A physical channel: one log of a backend, and the term under which it is opened (A1).
struct PChannel {
  std::string name;
  Term term{};
  friend bool operator==(const PChannel&, const PChannel&) = default;
};

// "orders@7".
std::string ToString(const PChannel& channel);

// kInvalidArgument: the name is empty or longer than kChannelNameMax, or holds a byte other than
// [A-Za-z0-9._-], or begins with a dot.  (A backend makes file, topic and bucket names of it.)
absl::Status ValidateChannelName(std::string_view name);
inline constexpr size_t kChannelNameMax = 200;

// As above, and the term is in [1, kTermMax].
absl::Status ValidateForWriting(const PChannel& channel);

// Settings of a backend: key -> value, parsed by it.  An unknown key is kInvalidArgument.
using Config = absl::btree_map<std::string, std::string>;

}  // namespace tidelog

#endif  // TIDELOG_WAL_TYPES_H_
