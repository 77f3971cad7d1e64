#include "wal/message/chunks.h"

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <limits>
#include <string_view>
#include <utility>

#include "absl/container/inlined_vector.h"
#include "absl/log/check.h"
#include "wal/message/message_block.h"
#include "wal/message/message_id.h"
#include "wal/message/record_layout.h"
#include "wal/message/record_writer.h"

namespace tidelog {
namespace {

constexpr size_t kExtensionSize = 8;

// All of `record` but its payload, to lay out another one with.
class Head {
 public:
  explicit Head(const RecordView& record) {
    record.ForEachProperty([this](std::string_view key, std::string_view value) {
      properties_.push_back({key, value});
    });
    parts_.type = record.type();
    parts_.version = record.version();
    parts_.flags = record.flags() & (kLastConfirmedIsSelf | kNotPersisted | kFenceBarrier);
    parts_.term = record.term();
    parts_.time_tick = record.time_tick();
    parts_.last_confirmed_key = record.last_confirmed_key();
    parts_.barrier_time_tick = record.barrier_time_tick();
    parts_.txn = record.txn();
    parts_.txn_bodies = record.txn_bodies();
    if (record.flags() & kHasReplayStart) parts_.replay_start_key = record.replay_start_key();
    parts_.vchannel = record.vchannel();
    parts_.properties = properties_;
  }
  Head(const Head&) = delete;
  Head& operator=(const Head&) = delete;

  RecordParts& parts() { return parts_; }

 private:
  absl::InlinedVector<PropertyView, 8> properties_;
  RecordParts parts_;
};

}  // namespace

size_t ChunkHeadSize(const RecordView& record) {
  return record.size() - record.payload().size() + kExtensionSize;
}

std::vector<ImmutableMessage> SplitIntoChunks(const RecordView& record, size_t bytes_max) {
  const size_t head_size = ChunkHeadSize(record);
  CHECK(head_size < bytes_max && record.size() > bytes_max && (record.flags() & kHasChunk) == 0)
      << "a record of " << record.size() << " bytes, " << head_size
      << " of them no payload, in chunks of " << bytes_max;
  std::string_view rest = record.payload();
  const size_t room = bytes_max - head_size;
  const size_t total = (rest.size() + room - 1) / room;
  CHECK_LE(total, std::numeric_limits<uint32_t>::max());
  Head head(record);
  std::vector<ImmutableMessage> chunks;
  chunks.reserve(total);
  for (size_t i = 0; i < total; ++i) {
    head.parts().chunk = Chunk{static_cast<uint32_t>(i), static_cast<uint32_t>(total)};
    const std::string_view part = rest.substr(0, room);
    MessageBlockRef block = MakeRecord(head.parts(), part.size());
    std::memcpy(MutablePayload(block.get()), part.data(), part.size());
    const RecordView chunk = RecordView::Trusted(block->bytes());
    chunks.emplace_back(std::move(block), chunk, MessageId());
    rest.remove_prefix(part.size());
  }
  return chunks;
}

ImmutableMessage JoinChunks(std::vector<ImmutableMessage> chunks) {
  CHECK(!chunks.empty());
  size_t size = 0;
  for (const ImmutableMessage& chunk : chunks) size += chunk.payload().size();
  const MessageId id = chunks.front().id();
  MessageBlockRef block;
  {
    Head head(chunks.front().record());
    block = MakeRecord(head.parts(), size);
  }
  char* at = MutablePayload(block.get());
  for (ImmutableMessage& chunk : chunks) {
    const std::string_view part = chunk.payload();
    at = std::copy(part.begin(), part.end(), at);
    chunk = ImmutableMessage();
  }
  const RecordView record = RecordView::Trusted(block->bytes());
  return ImmutableMessage(std::move(block), record, id);
}

}  // namespace tidelog
