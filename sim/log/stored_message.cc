#include "sim/log/stored_message.h"

#include <string_view>
#include <utility>

#include "absl/log/check.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "wal/message/message_block.h"
#include "wal/message/message_factory.h"
#include "wal/message/message_stamper.h"
#include "wal/message/record.h"

namespace tidelog::sim {
namespace {

RecordView ViewOf(const StoredRecord& record) { return RecordView::Trusted(record.bytes.data()); }

}  // namespace

Term TermOf(const StoredRecord& record) { return ViewOf(record).term(); }
MessageType TypeOf(const StoredRecord& record) { return ViewOf(record).type(); }
bool IsFence(const StoredRecord& record) { return MessageFactory::IsFence(ViewOf(record)); }
bool IsCloseMark(const StoredRecord& record) { return MessageFactory::IsCloseMark(ViewOf(record)); }

ImmutableMessage MessageOf(const StoredRecord& record, const MessageId::Origin& origin) {
  MessageBlockRef block = MessageBlock::Copy(record.bytes);
  const std::string_view bytes(block->bytes(), record.bytes.size());
  const MessageId id = MessageId::FromNumber(origin, record.number);
  absl::StatusOr<ImmutableMessage> message = ImmutableMessage::Parse(std::move(block), bytes, id);
  CHECK_OK(message);
  return *std::move(message);
}

std::string BytesOf(const ImmutableMessage& message) {
  return std::string(message.record().bytes());
}

std::string BarrierBytes(Term term, uint64_t writer,
                         const std::optional<Position>& newest_time_tick, bool is_close_mark) {
  const std::string writer_id = absl::StrCat(absl::Hex(writer, absl::kZeroPad16));
  MutableMessage message = is_close_mark
                               ? MessageFactory::CloseMark(term, newest_time_tick, writer_id)
                               : MessageFactory::FenceBarrier(term, newest_time_tick, writer_id);
  return BytesOf(MessageStamper::Seal(std::move(message)));
}

}  // namespace tidelog::sim
