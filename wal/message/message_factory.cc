#include "wal/message/message_factory.h"

#include <cstdint>
#include <optional>
#include <string_view>
#include <utility>

#include "absl/log/check.h"
#include "absl/status/statusor.h"
#include "wal/message/message_stamper.h"
#include "wal/message/reserved_properties.h"

namespace tidelog {
namespace {

MutableMessage BuildOrDie(MutableMessage::Builder builder) {
  absl::StatusOr<MutableMessage> message = std::move(builder).Build("");
  CHECK(message.ok()) << message.status();
  return *std::move(message);
}

}  // namespace

MutableMessage::Builder MessageFactory::AnyBuilder(MessageType type) {
  MutableMessage::Builder builder(type);
  builder.of_the_log_ = true;
  return builder;
}

void MessageFactory::SetVersion(MutableMessage::Builder& builder, uint16_t version) {
  builder.parts_.version = version;
}

MutableMessage MessageFactory::StoredTimeTick() {
  MutableMessage::Builder builder = AnyBuilder(MessageType::kTimeTick);
  builder.parts_.replay_start_key = std::string_view();
  return BuildOrDie(std::move(builder));
}

MutableMessage MessageFactory::UnstoredTimeTick() {
  MutableMessage::Builder builder = AnyBuilder(MessageType::kTimeTick);
  builder.parts_.flags = kNotPersisted;
  return BuildOrDie(std::move(builder));
}

MutableMessage MessageFactory::MakeFence(Term term, const std::optional<Position>& newest_time_tick,
                                         std::string_view writer_id, bool is_close_mark) {
  MutableMessage::Builder builder = AnyBuilder(MessageType::kTimeTick);
  builder.parts_.flags = kFenceBarrier;
  builder.Property(kFenceWriterProperty, writer_id);
  if (is_close_mark) builder.Property(kCloseMarkProperty, "");
  MutableMessage message = BuildOrDie(std::move(builder));
  const TimeTick tick = newest_time_tick ? newest_time_tick->time_tick : TimeTick{0};
  const MessageId* last_confirmed = newest_time_tick ? &newest_time_tick->last_confirmed : nullptr;
  MessageStamper::Stamp(message, term, tick, last_confirmed);
  return message;
}

MutableMessage MessageFactory::FenceBarrier(Term term,
                                            const std::optional<Position>& newest_time_tick,
                                            std::string_view writer_id) {
  return MakeFence(term, newest_time_tick, writer_id, /*is_close_mark=*/false);
}

MutableMessage MessageFactory::CloseMark(Term term, const std::optional<Position>& newest_time_tick,
                                         std::string_view writer_id) {
  return MakeFence(term, newest_time_tick, writer_id, /*is_close_mark=*/true);
}

bool MessageFactory::IsCloseMark(const RecordView& record) {
  return IsFence(record) && record.Property(kCloseMarkProperty).has_value();
}

std::string_view MessageFactory::WriterIdOf(const RecordView& record) {
  if (!IsFence(record)) return {};
  return record.Property(kFenceWriterProperty).value_or(std::string_view());
}

}  // namespace tidelog
