#include "wal/message/message_id.h"

#include <algorithm>
#include <compare>
#include <cstdint>
#include <cstring>
#include <iterator>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/log/check.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/cord.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "wal/base/number_text.h"
#include "wal/proto/wal.pb.h"
#include "wal/status.h"

namespace tidelog {
namespace {

constexpr std::pair<LogKind, std::string_view> kKindNames[] = {
    {LogKind::kMemory, "memory"},       {LogKind::kFile, "file"},
    {LogKind::kRocksDb, "rocksdb"},     {LogKind::kKafka, "kafka"},
    {LogKind::kJetStream, "jetstream"}, {LogKind::kObject, "object"},
    {LogKind::kSimulated, "simulated"},
};

std::string KindText(LogKind kind) {
  for (const auto& [known, name] : kKindNames) {
    if (known == kind) return std::string(name);
  }
  return absl::StrCat(static_cast<uint16_t>(kind));
}

std::optional<LogKind> ParseKind(std::string_view text) {
  for (const auto& [kind, name] : kKindNames) {
    if (name == text) return kind;
  }
  const std::optional<uint16_t> number = ParseNumber<uint16_t>(text, 10);
  if (!number || *number == 0) return std::nullopt;
  const LogKind kind{*number};
  const bool named = std::any_of(std::begin(kKindNames), std::end(kKindNames),
                                 [kind](const auto& entry) { return entry.first == kind; });
  if (named) return std::nullopt;
  return kind;
}

void StoreEightBytes(uint64_t number, char* to) {
  for (int i = 7; i >= 0; --i, number >>= 8) to[i] = static_cast<char>(number & 0xff);
}

uint64_t NumberOf(std::string_view eight_bytes) {
  uint64_t number = 0;
  for (const char c : eight_bytes) number = number << 8 | static_cast<uint8_t>(c);
  return number;
}

std::optional<std::string> ParseHex(std::string_view digits) {
  const bool fits = !digits.empty() && digits.size() % 2 == 0 &&
                    digits.size() <= 2 * MessageId::kKeyMax && digits.size() != 16;
  const bool hex = digits.find_first_not_of("0123456789abcdef") == std::string_view::npos;
  if (!fits || !hex) return std::nullopt;
  std::string bytes;
  if (!absl::HexStringToBytes(digits, &bytes)) return std::nullopt;
  return bytes;
}

std::optional<uint32_t> ParseLog(std::string_view text) {
  const bool hex = text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
  if (text.size() != 8 || !hex) return std::nullopt;
  uint32_t log = 0;
  for (const char c : text)
    log = log << 4 | static_cast<uint32_t>(c <= '9' ? c - '0' : c - 'a' + 10);
  return log;
}

std::optional<std::string> ParseKey(std::string_view text) {
  if (!text.empty() && text.front() == 'x') return ParseHex(text.substr(1));
  const std::optional<uint64_t> number = ParseNumber<uint64_t>(text, 10);
  if (!number) return std::nullopt;
  std::string key(8, '\0');
  StoreEightBytes(*number, key.data());
  return key;
}

absl::Status NotATextForm(std::string_view what, std::string_view text) {
  return WalError(WalErrorCode::kInvalidArgument,
                  absl::StrCat("\"", absl::CHexEscape(text.substr(0, 100)), "\" is no ", what));
}

}  // namespace

MessageId::MessageId(const Origin& origin, std::string_view key)
    : kind_(origin.kind),
      key_size_(static_cast<uint8_t>(key.size())),
      log_(origin.log),
      epoch_(origin.epoch) {
  CHECK(has_value()) << "an id of no log";
  CHECK(!key.empty() && key.size() <= kKeyMax) << "a key of " << key.size() << " bytes";
  std::memcpy(key_.data(), key.data(), key.size());
}

MessageId MessageId::FromNumber(const Origin& origin, uint64_t number) {
  char key[8];
  StoreEightBytes(number, key);
  return MessageId(origin, std::string_view(key, sizeof(key)));
}

absl::StatusOr<uint64_t> MessageId::ToNumber() const {
  if (key_size_ != 8) {
    return WalError(WalErrorCode::kInvalidArgument,
                    absl::StrCat("the key of ", ToString(), " is no number of eight bytes"));
  }
  return NumberOf(key());
}

absl::StatusOr<MessageId> MessageId::Parse(std::string_view text) {
  const std::vector<std::string_view> parts = absl::StrSplit(text, '.');
  if (parts.size() != 4) return NotATextForm("message id", text);
  const std::optional<LogKind> kind = ParseKind(parts[0]);
  const std::optional<uint32_t> log = ParseLog(parts[1]);
  const std::optional<uint32_t> epoch = ParseNumber<uint32_t>(parts[2], 10);
  const std::optional<std::string> key = ParseKey(parts[3]);
  if (!kind || !log || !epoch || !key) return NotATextForm("message id", text);
  return MessageId(Origin{*kind, *log, *epoch}, *key);
}

std::string MessageId::ToString() const {
  if (!has_value()) return "none";
  const std::string key_text = key_size_ == 8 ? absl::StrCat(NumberOf(key()))
                                              : absl::StrCat("x", absl::BytesToHexString(key()));
  return absl::StrCat(KindText(kind_), ".", absl::Hex(log_, absl::kZeroPad8), ".", epoch_, ".",
                      key_text);
}

absl::StatusOr<std::strong_ordering> MessageId::Compare(const MessageId& other) const {
  if (!has_value() || !other.has_value() || origin() != other.origin()) {
    return WalError(WalErrorCode::kWalNameMismatch,
                    absl::StrCat("compare ", ToString(), " with ", other.ToString(),
                                 ": they are not ids of one log"));
  }
  return key() <=> other.key();
}

std::strong_ordering CompareWithinLog(const MessageId& a, const MessageId& b) {
  DCHECK(a.has_value() && b.has_value() && a.origin() == b.origin())
      << a.ToString() << " and " << b.ToString();
  return a.key() <=> b.key();
}

absl::StatusOr<Position> Position::Parse(std::string_view text) {
  const size_t at = text.rfind('@');
  if (at == std::string_view::npos) return NotATextForm("position", text);
  const absl::StatusOr<MessageId> id = MessageId::Parse(text.substr(0, at));
  const std::optional<uint64_t> tick = ParseNumber<uint64_t>(text.substr(at + 1), 10);
  if (!id.ok() || !tick) return NotATextForm("position", text);
  return Position{*id, TimeTick{*tick}};
}

std::string Position::ToString() const {
  return absl::StrCat(last_confirmed.ToString(), "@", ToInt(time_tick));
}

absl::Status PositionGoneError(std::string_view message, std::optional<Position> oldest) {
  absl::Status status = WalError(WalErrorCode::kPositionGone, message);
  if (!oldest) return status;
  proto::WalError payload;
  payload.set_code(static_cast<int32_t>(WalErrorCode::kPositionGone));
  payload.set_oldest_position(oldest->ToString());
  status.SetPayload(kWalErrorTypeUrl, absl::Cord(payload.SerializeAsString()));
  return status;
}

std::optional<Position> OldestPositionOf(const absl::Status& status) {
  if (GetWalErrorCode(status) != WalErrorCode::kPositionGone) return std::nullopt;
  proto::WalError payload;
  // GetWalErrorCode() has parsed it.
  CHECK(payload.ParseFromString(std::string(*status.GetPayload(kWalErrorTypeUrl))));
  const absl::StatusOr<Position> position = Position::Parse(payload.oldest_position());
  if (!position.ok()) return std::nullopt;
  return *position;
}

}  // namespace tidelog
