#include "wal/message/record_writer.h"

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <string_view>

#include "absl/log/check.h"
#include "wal/message/message_block.h"
#include "wal/message/message_id.h"
#include "wal/message/record.h"
#include "wal/message/record_layout.h"

namespace tidelog {
namespace {

using record_layout::Store;

uint16_t FlagsOf(const RecordParts& parts) {
  constexpr uint16_t kGiven = kLastConfirmedIsSelf | kNotPersisted | kFenceBarrier;
  CHECK_EQ(parts.flags & ~kGiven, 0);
  uint16_t flags = parts.flags;
  if (parts.barrier_time_tick) flags |= kHasBarrierTick;
  if (parts.txn) flags |= kHasTxn;
  if (parts.txn_bodies) flags |= kHasTxnBodies;
  if (parts.replay_start_key) flags |= kHasReplayStart;
  if (parts.chunk) flags |= kHasChunk;
  return flags;
}

size_t PropertiesSize(absl::Span<const PropertyView> properties) {
  if (properties.empty()) return 0;
  size_t size = record_layout::kPropertyCountSize;
  for (const PropertyView& property : properties) {
    size += record_layout::kPropertyHeadSize + property.key.size() + property.value.size();
  }
  return size;
}

char* Append(char* at, std::string_view bytes) {
  if (!bytes.empty()) std::memcpy(at, bytes.data(), bytes.size());
  return at + bytes.size();
}

void StoreKey(char* at, std::string_view key) {
  CHECK_LE(key.size(), MessageId::kKeyMax);
  std::memset(at, 0, MessageId::kKeyMax);
  Append(at, key);
}

// Writes the extensions in the order of their flags; returns the byte behind them.
char* WriteExtensions(const RecordParts& parts, char* at) {
  if (parts.barrier_time_tick) {
    Store<uint64_t>(at, ToInt(*parts.barrier_time_tick));
    at += 8;
  }
  if (parts.txn) {
    Store<uint64_t>(at, ToInt(parts.txn->id));
    Store<int64_t>(at + 8, record_layout::KeepaliveToMs(parts.txn->keepalive));
    at += 16;
  }
  if (parts.txn_bodies) {
    Store<uint64_t>(at, *parts.txn_bodies);
    at += 8;
  }
  if (parts.replay_start_key) {
    Store<uint32_t>(at, static_cast<uint32_t>(parts.replay_start_key->size()));
    StoreKey(at + 4, *parts.replay_start_key);
    at += 4 + MessageId::kKeyMax;
  }
  if (parts.chunk) {
    Store<uint32_t>(at, parts.chunk->index);
    Store<uint32_t>(at + 4, parts.chunk->total);
    at += 8;
  }
  return at;
}

void WriteProperties(absl::Span<const PropertyView> properties, char* at) {
  if (properties.empty()) return;
  Store<uint16_t>(at, static_cast<uint16_t>(properties.size()));
  at += record_layout::kPropertyCountSize;
  for (const PropertyView& property : properties) {
    Store<uint16_t>(at, static_cast<uint16_t>(property.key.size()));
    Store<uint32_t>(at + sizeof(uint16_t), static_cast<uint32_t>(property.value.size()));
    at += record_layout::kPropertyHeadSize;
    at = Append(at, property.key);
    at = Append(at, property.value);
  }
}

}  // namespace

MessageBlockRef MakeRecord(const RecordParts& parts, size_t payload_size) {
  const size_t properties_size = PropertiesSize(parts.properties);
  CHECK_LE(payload_size, std::numeric_limits<uint32_t>::max());
  CHECK_LE(properties_size, std::numeric_limits<uint32_t>::max());
  CHECK_LE(parts.properties.size(), std::numeric_limits<uint16_t>::max());
  CHECK_LE(parts.vchannel.size(), std::numeric_limits<uint16_t>::max());

  RecordHeader header;
  header.payload_size = static_cast<uint32_t>(payload_size);
  header.properties_size = static_cast<uint32_t>(properties_size);
  header.type = ToInt(parts.type);
  header.vchannel_size = static_cast<uint16_t>(parts.vchannel.size());
  header.flags = FlagsOf(parts);
  header.term = ToInt(parts.term);
  header.time_tick = ToInt(parts.time_tick);
  StoreKey(header.last_confirmed_key, parts.last_confirmed_key);
  header.last_confirmed_size = static_cast<uint8_t>(parts.last_confirmed_key.size());
  header.extension_words = static_cast<uint8_t>(record_layout::ExtensionWords(header.flags));
  header.version = parts.version;

  MessageBlockRef block =
      MessageBlock::Make(sizeof(header) + size_t{8} * header.extension_words +
                         parts.vchannel.size() + properties_size + payload_size);
  char* const bytes = block->bytes();
  Store(bytes, header);
  char* at = WriteExtensions(parts, bytes + sizeof(header));
  at = Append(at, parts.vchannel);
  WriteProperties(parts.properties, at);
  return block;
}

char* MutablePayload(MessageBlock* block) {
  const std::string_view payload = RecordView::Trusted(block->bytes()).payload();
  return block->bytes() + (payload.data() - block->bytes());
}

}  // namespace tidelog
