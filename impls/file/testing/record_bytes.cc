#include "impls/file/testing/record_bytes.h"

#include <utility>

#include "absl/log/check.h"
#include "absl/status/statusor.h"
#include "wal/message/message.h"
#include "wal/message/message_factory.h"
#include "wal/message/message_stamper.h"

namespace tidelog::impls::file {

namespace {

std::string Stamped(MutableMessage message, Term term, TimeTick tick) {
  MessageStamper::Stamp(message, term, tick, /*last_confirmed=*/nullptr);
  return std::string(message.view().data(), message.encoded_size());
}

}  // namespace

std::string InsertRecord(Term term, TimeTick tick, std::string_view payload) {
  absl::StatusOr<MutableMessage> message =
      MutableMessage::Builder(MessageType::kInsert).Build(payload);
  CHECK_OK(message.status());
  return Stamped(*std::move(message), term, tick);
}

std::string TimeTickRecord(Term term, TimeTick tick) {
  return Stamped(MessageFactory::StoredTimeTick(), term, tick);
}

}  // namespace tidelog::impls::file
