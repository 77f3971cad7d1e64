#include "walimpls/testing/conformance_messages.h"

#include <string>
#include <utility>

#include "absl/log/check.h"
#include "absl/status/statusor.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "wal/message/message_factory.h"
#include "wal/message/message_stamper.h"

namespace tidelog::walimpls {

ImmutableMessage MessageMaker::Insert(std::string_view payload) {
  MutableMessage::Builder builder(MessageType::kInsert);
  builder.VChannel("v1").Property("const", "t");
  return Finish(std::move(builder), payload);
}

ImmutableMessage MessageMaker::TimeTickMessage() {
  MutableMessage::Builder builder = MessageFactory::AnyBuilder(MessageType::kTimeTick);
  builder.VChannel("v1").Property("const", "t").Property("term", absl::StrCat(ToInt(term_)));
  return Finish(std::move(builder), "");
}

Group MessageMaker::InsertGroup(size_t count) {
  Group group;
  for (size_t i = 0; i < count; ++i) group.push_back(Insert());
  return group;
}

ImmutableMessage MessageMaker::InsertOfSize(size_t size, int property_count) {
  const int number = next_number_;
  size_t payload_size = 0;
  ImmutableMessage message;
  // The first time shows what the rest takes.
  for (int round = 0; round < 2; ++round) {
    next_number_ = number;
    MutableMessage::Builder builder(MessageType::kInsert);
    for (int i = 1; i < property_count; ++i) builder.Property(absl::StrCat("p", i), "v");
    message = Finish(std::move(builder), std::string(payload_size, 'x'));
    if (round == 0) {
      CHECK_GE(size, message.record().size());
      payload_size = size - message.record().size();
    }
  }
  CHECK_EQ(message.record().size(), size);
  return message;
}

ImmutableMessage MessageMaker::Finish(MutableMessage::Builder builder, std::string_view payload) {
  const int number = next_number_++;
  builder.Property("id", absl::StrCat(number));
  absl::StatusOr<MutableMessage> message = std::move(builder).Build(payload);
  CHECK_OK(message);
  MessageStamper::Stamp(*message, term_, TimeTick{next_tick_++}, /*last_confirmed=*/nullptr);
  return MessageStamper::Seal(*std::move(message));
}

int NumberOf(const ImmutableMessage& message) {
  int number = 0;
  CHECK(absl::SimpleAtoi(message.Property("id").value_or(""), &number)) << "a message without id";
  return number;
}

std::vector<int> NumbersOf(const std::vector<ImmutableMessage>& messages) {
  std::vector<int> numbers;
  for (const ImmutableMessage& message : messages) numbers.push_back(NumberOf(message));
  return numbers;
}

std::vector<MessageId> IdsOf(const std::vector<ImmutableMessage>& messages) {
  std::vector<MessageId> ids;
  for (const ImmutableMessage& message : messages) ids.push_back(message.id());
  return ids;
}

bool StrictlyIncreasing(const std::vector<MessageId>& ids) {
  for (size_t i = 1; i < ids.size(); ++i) {
    if (!BeforeWithinLog(ids[i - 1], ids[i])) return false;
  }
  return true;
}

void TakeMessages(RawBatch* batch, std::vector<ImmutableMessage>* messages) {
  for (ImmutableMessage& message : batch->messages) {
    if (!MessageFactory::IsFence(message.record())) messages->push_back(std::move(message));
  }
  batch->messages.clear();
}

std::vector<int> Range(int first, int last) {
  std::vector<int> range;
  for (int i = first; i <= last; ++i) range.push_back(i);
  return range;
}

}  // namespace tidelog::walimpls
