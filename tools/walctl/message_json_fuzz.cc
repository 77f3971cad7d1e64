// Any line: refused as bad input, or a message whose parts, printed, are read as the same.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "absl/log/check.h"
#include "absl/status/statusor.h"
#include "tools/walctl/message_json.h"
#include "wal/message/message.h"
#include "wal/message/message_id.h"
#include "wal/message/message_stamper.h"
#include "wal/status.h"
#include "wal/types.h"

namespace tidelog::walctl {
namespace {

void PrintAndReadAgain(const MessageParts& parts) {
  MutableMessage::Builder builder(parts.type);
  if (!parts.vchannel.empty()) builder.VChannel(parts.vchannel);
  for (const auto& [key, value] : parts.properties) builder.Property(key, value);
  absl::StatusOr<MutableMessage> message = std::move(builder).Build(parts.payload);
  if (!message.ok()) return;  // A reserved property, or the like.
  MessageStamper::Stamp(*message, Term{1}, TimeTick{2}, /*last_confirmed=*/nullptr);
  const ImmutableMessage sealed = MessageStamper::Seal(*std::move(message));
  const absl::StatusOr<MessageParts> again = MessagePartsFromJson(MessageToJson(sealed));
  CHECK_OK(again.status());
  CHECK(again->payload == parts.payload);
  CHECK(again->vchannel == parts.vchannel);
  CHECK(again->properties == parts.properties);
}

}  // namespace
}  // namespace tidelog::walctl

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view line(reinterpret_cast<const char*>(data), size);
  const absl::StatusOr<tidelog::walctl::MessageParts> parts =
      tidelog::walctl::MessagePartsFromJson(line);
  if (parts.ok()) {
    tidelog::walctl::PrintAndReadAgain(*parts);
  } else {
    CHECK(tidelog::GetWalErrorCode(parts.status()) == tidelog::WalErrorCode::kInvalidArgument);
  }
  return 0;
}
