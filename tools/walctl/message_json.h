// Messages as JSON: what `cat --json` prints and `append --ndjson` takes.
#ifndef TIDELOG_TOOLS_WALCTL_MESSAGE_JSON_H_
#define TIDELOG_TOOLS_WALCTL_MESSAGE_JSON_H_

#include <map>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "wal/message/message.h"

namespace tidelog::walctl {

// One line, without a newline: id, time_tick, term, type, position, vchannel, properties, and
// "payload" if that is UTF-8, else "payload_base64".  Of a transaction, in place of the payload,
// "messages": its bodies, each such an object.
std::string MessageToJson(const ImmutableMessage& message);

// What one message is made of.
struct MessageParts {
  MessageType type = MessageType::kInsert;
  std::string vchannel;
  std::map<std::string, std::string> properties;
  std::string payload;
};

// Reads an object with any of "payload" or "payload_base64", "vchannel", "properties", "type"; what
// MessageToJson() adds is ignored.  kInvalidArgument: says what is wrong; a transaction is refused.
absl::StatusOr<MessageParts> MessagePartsFromJson(std::string_view line);

}  // namespace tidelog::walctl

#endif  // TIDELOG_TOOLS_WALCTL_MESSAGE_JSON_H_
