// Any bytes: RecordView::Parse() refuses them, or they can be read to the last one.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "absl/log/check.h"
#include "absl/status/statusor.h"
#include "wal/message/message.h"
#include "wal/message/message_block.h"
#include "wal/message/message_id.h"
#include "wal/message/record.h"
#include "wal/status.h"

namespace {

void ReadEverything(const tidelog::RecordView& record, std::string_view bytes) {
  CHECK_EQ(record.size(), bytes.size());
  CHECK_EQ(record.payload().end(), bytes.end());
  const auto txn = record.txn();
  if (txn) CHECK(*txn == *record.txn());
  const auto chunk = record.chunk();
  if (chunk) CHECK_LT(chunk->index, chunk->total);
  CHECK_LE(record.last_confirmed_key().size(), tidelog::MessageId::kKeyMax);
  CHECK_LE(record.replay_start_key().size(), tidelog::MessageId::kKeyMax);
  CHECK_EQ(record.barrier_time_tick().has_value(),
           (record.flags() & tidelog::kHasBarrierTick) != 0);
  size_t count = 0;
  std::string_view previous;
  record.ForEachProperty([&](std::string_view key, std::string_view value) {
    CHECK_LT(previous, key);
    CHECK(record.Property(key) == value);
    previous = key;
    ++count;
  });
  CHECK_EQ(count, record.property_count());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const absl::StatusOr<tidelog::RecordView> record = tidelog::RecordView::Parse(bytes);
  if (!record.ok()) {
    CHECK(tidelog::GetWalErrorCode(record.status()) == tidelog::WalErrorCode::kCorrupt);
    return 0;
  }
  ReadEverything(*record, bytes);
  tidelog::MessageBlockRef block = tidelog::MessageBlock::Copy(bytes);
  const auto id = tidelog::MessageId::FromNumber({tidelog::LogKind::kFile, 1, 2}, 3);
  const std::string_view copy(block->bytes(), block->size());
  const auto message = tidelog::ImmutableMessage::Parse(block, copy, id);
  CHECK_OK(message.status());
  if (message->last_confirmed().has_value())
    CHECK(message->last_confirmed().origin() == id.origin());
  return 0;
}
