#include "wal/message/milvus_fields.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <limits>
#include <optional>
#include <string>
#include <string_view>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "wal/base/number_text.h"
#include "wal/message/message_id.h"
#include "wal/message/message_version.h"
#include "wal/message/record_layout.h"
#include "wal/message/reserved_properties.h"
#include "wal/proto/milvus.pb.h"

namespace tidelog::milvus {
namespace {

constexpr size_t kNumberSize = 8;

// The number of eight bytes, unless it is 2^63 or above.
std::optional<int64_t> ToNumber(std::string_view key) {
  if (key.size() != kNumberSize) return std::nullopt;
  uint64_t number = 0;
  for (const char c : key) number = number << 8 | static_cast<uint8_t>(c);
  if (number > uint64_t{std::numeric_limits<int64_t>::max()}) return std::nullopt;
  return static_cast<int64_t>(number);
}

std::string FromNumber(int64_t number) {
  std::string key(kNumberSize, '\0');
  for (size_t i = kNumberSize; i-- > 0; number >>= 8) key[i] = static_cast<char>(number & 0xff);
  return key;
}

constexpr std::string_view kSlots[] = {
    kBarrierTimeTick,
    kChunkIndex,
    kChunkTotal,
    kFenceBarrierProperty,
    kLastConfirmed,
    kLastConfirmedIsSelfMark,
    kNotPersistedMark,
    kReplayStartProperty,
    kType,
    kTxnBodiesProperty,
    kTimeTick,
    kTxnContext,
    kVChannel,
    kTerm,
};

}  // namespace

bool IsSlot(std::string_view key, uint16_t version) {
  if (key == kVersion) return version != kMessageVersionOld;
  return std::find(std::begin(kSlots), std::end(kSlots), key) != std::end(kSlots);
}

std::string FormatKey(std::string_view key) {
  const std::optional<int64_t> number = ToNumber(key);
  if (number) return FormatNumber(*number, kIdBase);
  return absl::StrCat("~", absl::BytesToHexString(key));
}

std::optional<std::string> ParseKey(std::string_view text) {
  if (!text.starts_with('~')) {
    const std::optional<int64_t> number = ParseNumber<int64_t>(text, kIdBase);
    if (!number || *number < 0) return std::nullopt;
    return FromNumber(*number);
  }
  const std::string_view digits = text.substr(1);
  // HexStringToBytes() is undefined for bytes that are no ASCII.
  if (digits.find_first_not_of("0123456789abcdef") != std::string_view::npos) return std::nullopt;
  std::string key;
  if (!absl::HexStringToBytes(digits, &key)) return std::nullopt;
  if (key.empty() || key.size() > MessageId::kKeyMax || FormatKey(key) != text) return std::nullopt;
  return key;
}

std::string FormatTxnContext(const TxnContext& txn) {
  proto::MilvusTxnContext header;
  header.set_txn_id(static_cast<int64_t>(ToInt(txn.id)));
  header.set_keepalive_milliseconds(record_layout::KeepaliveToMs(txn.keepalive));
  return absl::Base64Escape(header.SerializeAsString());
}

std::optional<TxnContext> ParseTxnContext(std::string_view text) {
  const std::optional<std::string> bytes = ParseBase64(text);
  proto::MilvusTxnContext header;
  if (!bytes || !header.ParseFromString(*bytes)) return std::nullopt;
  return TxnContext{TimeTick{static_cast<uint64_t>(header.txn_id())},
                    record_layout::KeepaliveFromMs(header.keepalive_milliseconds())};
}

std::optional<std::string> ParseBase64(std::string_view text) {
  std::string bytes;
  // The second test refuses blanks and missing padding, which Base64Unescape() lets pass.
  if (!absl::Base64Unescape(text, &bytes) || absl::Base64Escape(bytes) != text) return std::nullopt;
  return bytes;
}

}  // namespace tidelog::milvus
