#include "tools/walctl/message_json.h"

#include <string>
#include <string_view>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "nlohmann/json.hpp"
#include "wal/message/message.h"
#include "wal/status.h"
#include "wal/types.h"

namespace tidelog::walctl {
namespace {

using Json = nlohmann::ordered_json;

// JSON text is UTF-8; other bytes travel as base64.
bool IsUtf8(std::string_view bytes) {
  try {
    (void)Json(std::string(bytes)).dump();
    return true;
  } catch (const Json::type_error&) {
    return false;
  }
}

absl::Status WrongField(std::string_view field, std::string_view wanted) {
  return WalError(WalErrorCode::kInvalidArgument,
                  absl::StrCat("field \"", field, "\" must be ", wanted));
}

absl::Status ReadPayload(const Json& object, MessageParts* parts) {
  const auto plain = object.find("payload");
  const auto encoded = object.find("payload_base64");
  if (plain != object.end() && encoded != object.end()) {
    return WrongField("payload", "given once: as payload or as payload_base64");
  }
  if (plain != object.end()) {
    if (!plain->is_string()) return WrongField("payload", "a string");
    parts->payload = plain->get<std::string>();
  } else if (encoded != object.end()) {
    if (!encoded->is_string() ||
        !absl::Base64Unescape(encoded->get<std::string>(), &parts->payload)) {
      return WrongField("payload_base64", "a string of base64");
    }
  }
  return absl::OkStatus();
}

absl::Status ReadProperties(const Json& object, MessageParts* parts) {
  const auto properties = object.find("properties");
  if (properties == object.end()) return absl::OkStatus();
  if (!properties->is_object()) return WrongField("properties", "an object of strings");
  for (const auto& [key, value] : properties->items()) {
    if (!value.is_string()) return WrongField("properties", "an object of strings");
    parts->properties[key] = value.get<std::string>();
  }
  return absl::OkStatus();
}

}  // namespace

namespace {

Json ObjectOf(const ImmutableMessage& message);

Json BodiesOf(const ImmutableMessage& transaction) {
  Json bodies = Json::array();
  for (const ImmutableMessage& member : transaction.transaction()) {
    if (!FramesTransaction(member.type())) bodies.push_back(ObjectOf(member));
  }
  return bodies;
}

Json ObjectOf(const ImmutableMessage& message) {
  Json object;
  object["id"] = message.id().ToString();
  object["time_tick"] = ToInt(message.time_tick());
  object["term"] = ToInt(message.term());
  object["type"] = MessageTypeName(message.type());
  object["position"] = message.position().ToString();
  if (!message.vchannel().empty()) object["vchannel"] = std::string(message.vchannel());
  Json properties = Json::object();
  message.record().ForEachProperty([&](std::string_view key, std::string_view value) {
    properties[std::string(key)] = std::string(value);
  });
  if (!properties.empty()) object["properties"] = std::move(properties);
  if (message.type() == MessageType::kTxn) {
    object["messages"] = BodiesOf(message);
  } else if (IsUtf8(message.payload())) {
    object["payload"] = std::string(message.payload());
  } else {
    object["payload_base64"] = absl::Base64Escape(message.payload());
  }
  return object;
}

}  // namespace

std::string MessageToJson(const ImmutableMessage& message) {
  return ObjectOf(message).dump(-1, ' ', false, Json::error_handler_t::replace);
}

absl::StatusOr<MessageParts> MessagePartsFromJson(std::string_view line) {
  const Json object = Json::parse(line, nullptr, /*allow_exceptions=*/false);
  if (object.is_discarded() || !object.is_object()) {
    return WalError(WalErrorCode::kInvalidArgument, "not a JSON object");
  }
  if (object.contains("messages")) {
    return WalError(WalErrorCode::kInvalidArgument,
                    "field \"messages\": a transaction is appended by walctl txn");
  }
  MessageParts parts;
  absl::Status status = ReadPayload(object, &parts);
  if (!status.ok()) return status;
  status = ReadProperties(object, &parts);
  if (!status.ok()) return status;
  if (const auto vchannel = object.find("vchannel"); vchannel != object.end()) {
    if (!vchannel->is_string()) return WrongField("vchannel", "a string");
    parts.vchannel = vchannel->get<std::string>();
  }
  return parts;
}

}  // namespace tidelog::walctl
