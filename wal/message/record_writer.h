// Lays a record out.  For the builders of messages and for codecs; others use
// MutableMessage::Builder.
#ifndef TIDELOG_WAL_MESSAGE_RECORD_WRITER_H_
#define TIDELOG_WAL_MESSAGE_RECORD_WRITER_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "absl/types/span.h"
#include "wal/message/message_block.h"
#include "wal/message/record.h"
#include "wal/types.h"

namespace tidelog {

struct PropertyView {
  std::string_view key;
  std::string_view value;
};

// The parts of a record; views of what the caller keeps until the record is laid out.
struct RecordParts {
  MessageType type = MessageType::kUnknown;
  uint16_t version = 0;
  uint16_t flags = 0;  // Only kLastConfirmedIsSelf, kNotPersisted, kFenceBarrier.
  Term term{};
  TimeTick time_tick{};
  std::string_view last_confirmed_key;
  std::optional<TimeTick> barrier_time_tick;
  std::optional<TxnContext> txn;
  std::optional<uint32_t> txn_bodies;
  std::optional<std::string_view> replay_start_key;  // Empty: room for one.
  std::optional<Chunk> chunk;
  std::string_view vchannel;
  absl::Span<const PropertyView> properties;  // Ordered by key; keys distinct and not empty.
};

// A block that holds the record of `parts` with `payload_size` bytes of payload, which are not
// initialised.  Requires: each part fits its field of the record (record.h).
MessageBlockRef MakeRecord(const RecordParts& parts, size_t payload_size);

// Where the payload of the record in `block` lies.
char* MutablePayload(MessageBlock* block);

}  // namespace tidelog

#endif  // TIDELOG_WAL_MESSAGE_RECORD_WRITER_H_
