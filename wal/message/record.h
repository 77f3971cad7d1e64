// Record: the flat bytes of a message, the same in memory and in the file format.
//
//   record     := header extensions vchannel properties payload
//   header     := the 64 bytes of RecordHeader, little-endian
//   extensions := barrier? txn? txn_bodies? replay_start? chunk?    each present iff its flag is
//   properties := nothing at all if there are none, or
//                 count:u16 (key_size:u16 value_size:u32 key value)*, ordered by key, keys distinct
//
// The fields that the log stamps (term, tick, last-confirmed) have fixed places, so an append
// changes them in place and a reader finds them without parsing.  wal/doc/message_format.md has a
// worked example.
#ifndef TIDELOG_WAL_MESSAGE_RECORD_H_
#define TIDELOG_WAL_MESSAGE_RECORD_H_

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string_view>
#include <type_traits>

#include "absl/functional/function_ref.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "wal/message/message_id.h"
#include "wal/types.h"

namespace tidelog {

// Bits of RecordHeader::flags.  Stored: never renumber one.
enum RecordFlags : uint16_t {
  kLastConfirmedIsSelf = 1 << 0,  // Milvus's _lcs: the id was not known when the record was made.
  kNotPersisted = 1 << 1,         // Milvus's _np; only on ticks that never reach a backend.
  kFenceBarrier = 1 << 2,         // Written by a backend to fence (D6): never delivered.
  kHasBarrierTick = 1 << 3,
  kHasTxn = 1 << 4,
  kHasTxnBodies = 1 << 5,
  kHasReplayStart = 1 << 6,
  // 1 << 7 is reserved: releases that put nothing together took a record with it for a message.
  kHasChunk = 1 << 8,
};

struct RecordHeader {
  uint32_t payload_size = 0;
  uint32_t properties_size = 0;
  int32_t type = 0;
  uint16_t vchannel_size = 0;
  uint16_t flags = 0;
  int64_t term = 0;
  uint64_t time_tick = 0;
  char last_confirmed_key[MessageId::kKeyMax] = {};  // Of the record's own log.
  uint8_t last_confirmed_size = 0;                   // 0: none, or kLastConfirmedIsSelf.
  uint8_t extension_words = 0;                       // Eight-byte words that follow the header.
  uint16_t version = 0;                              // Milvus's _v.
  uint64_t reserved = 0;                             // Zero.
};
static_assert(sizeof(RecordHeader) == 64 && std::is_trivially_copyable_v<RecordHeader>);

// A transaction that a message belongs to.
struct TxnContext {
  TimeTick id{};  // The tick of its begin; 0 on the begin itself until it is stamped.
  // The lease (E2): whole milliseconds, or infinite, for replicated ones.  On a begin 0 asks for
  // the default.
  absl::Duration keepalive = absl::ZeroDuration();
  friend bool operator==(const TxnContext&, const TxnContext&) = default;
};

// Which part of a large message a record holds (F9).
struct Chunk {
  uint32_t index = 0;  // Below `total`.
  uint32_t total = 0;  // At least 2.
  friend bool operator==(const Chunk&, const Chunk&) = default;
};

// The reserved property that holds an idempotency key (G4); the name is Milvus's.
inline constexpr std::string_view kIdempotencyKeyProperty = "_ik";

// Keys that begin with "_" are the log's own and Milvus's (B1).
constexpr bool IsReservedProperty(std::string_view key) { return key.starts_with('_'); }

// Reads a record in place.  A view: the bytes must outlive it; they need no alignment.
// Thread-compatible.
class RecordView {
 public:
  RecordView() = default;

  // Checks sizes, flags and the order of properties of bytes that come from outside.  `bytes` is
  // the record and nothing else.  kCorrupt: says which field is wrong.
  static absl::StatusOr<RecordView> Parse(std::string_view bytes);

  // Bytes that were checked before, or were made here.
  static RecordView Trusted(const char* bytes) { return RecordView(bytes); }

  const char* data() const { return bytes_; }
  size_t size() const {
    return (properties_begin() - bytes_) + size_t{Field<uint32_t>(kPropertiesSizeAt)} +
           Field<uint32_t>(kPayloadSizeAt);
  }
  std::string_view bytes() const { return std::string_view(bytes_, size()); }

  MessageType type() const { return MessageType{Field<int32_t>(offsetof(RecordHeader, type))}; }
  Term term() const { return Term{Field<int64_t>(offsetof(RecordHeader, term))}; }
  TimeTick time_tick() const {
    return TimeTick{Field<uint64_t>(offsetof(RecordHeader, time_tick))};
  }
  uint16_t flags() const { return Field<uint16_t>(offsetof(RecordHeader, flags)); }
  uint16_t version() const { return Field<uint16_t>(offsetof(RecordHeader, version)); }
  std::string_view last_confirmed_key() const {
    return std::string_view(bytes_ + offsetof(RecordHeader, last_confirmed_key),
                            Field<uint8_t>(offsetof(RecordHeader, last_confirmed_size)));
  }
  std::optional<TimeTick> barrier_time_tick() const;
  std::optional<TxnContext> txn() const;
  // E3: on a commit, how many bodies its client counts in.
  std::optional<uint32_t> txn_bodies() const;
  // D6: on a stored TimeTick, where the idempotency window starts; may be empty.
  std::string_view replay_start_key() const;
  std::optional<Chunk> chunk() const;
  std::string_view vchannel() const {
    return std::string_view(vchannel_begin(),
                            Field<uint16_t>(offsetof(RecordHeader, vchannel_size)));
  }
  std::string_view payload() const {
    return std::string_view(properties_begin() + Field<uint32_t>(kPropertiesSizeAt),
                            Field<uint32_t>(kPayloadSizeAt));
  }

  size_t property_count() const;
  std::optional<std::string_view> Property(std::string_view key) const;
  std::optional<std::string_view> idempotency_key() const {
    return Property(kIdempotencyKeyProperty);
  }
  // In the order of the keys.
  void ForEachProperty(
      absl::FunctionRef<void(std::string_view key, std::string_view value)> f) const;

 private:
  static constexpr size_t kPayloadSizeAt = offsetof(RecordHeader, payload_size);
  static constexpr size_t kPropertiesSizeAt = offsetof(RecordHeader, properties_size);

  explicit RecordView(const char* bytes) : bytes_(bytes) {}

  // Inline, since every append and every delivery asks for several of them.
  template <class T>
  T Field(size_t offset) const {
    T value;
    std::memcpy(&value, bytes_ + offset, sizeof(T));
    return value;
  }
  const char* extension(RecordFlags flag) const;
  const char* vchannel_begin() const {
    return bytes_ + sizeof(RecordHeader) +
           size_t{8} * Field<uint8_t>(offsetof(RecordHeader, extension_words));
  }
  const char* properties_begin() const {
    return vchannel_begin() + Field<uint16_t>(offsetof(RecordHeader, vchannel_size));
  }

  const char* bytes_ = nullptr;
};

}  // namespace tidelog

#endif  // TIDELOG_WAL_MESSAGE_RECORD_H_
