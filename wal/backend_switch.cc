#include "wal/backend_switch.h"

#include <algorithm>
#include <string_view>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "wal/base/status_macros.h"
#include "wal/status.h"

namespace tidelog {
namespace {

constexpr std::string_view kBackendProperty = "backend";
constexpr std::string_view kConfigPrefix = "config.";

bool IsNameByte(char c) {
  return absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == '.' || c == '_' || c == '-';
}

bool IsName(std::string_view text) {
  return !text.empty() && text.size() <= kBackendNameMax &&
         std::all_of(text.begin(), text.end(), IsNameByte);
}

absl::Status BadName(std::string_view what, std::string_view text) {
  return WalError(
      WalErrorCode::kInvalidArgument,
      absl::StrCat(what, " \"", text.substr(0, kBackendNameMax), "\": take 1 to ", kBackendNameMax,
                   " bytes of A-Z, a-z, 0-9, dot, underscore and hyphen"));
}

}  // namespace

absl::Status ValidateTarget(const BackendTarget& target) {
  if (!IsName(target.backend)) return BadName("backend", target.backend);
  for (const auto& [key, value] : target.config) {
    if (!IsName(key)) return BadName("setting", key);
    if (absl::StartsWith(key, "wal.")) {
      return WalError(WalErrorCode::kInvalidArgument,
                      absl::StrCat("setting ", key,
                                   ": that is one of the log, and goes with its "
                                   "opener from backend to backend"));
    }
  }
  return absl::OkStatus();
}

absl::StatusOr<MutableMessage> MakeAlterWal(const BackendTarget& target) {
  TIDELOG_RETURN_IF_ERROR(ValidateTarget(target));
  MutableMessage::Builder builder(MessageType::kAlterWal);
  builder.Property(kBackendProperty, target.backend);
  for (const auto& [key, value] : target.config) {
    builder.Property(absl::StrCat(kConfigPrefix, key), value);
  }
  return std::move(builder).Build("");
}

absl::StatusOr<BackendTarget> TargetOf(const RecordView& record) {
  BackendTarget target;
  std::string unknown;
  record.ForEachProperty([&target, &unknown](std::string_view key, std::string_view value) {
    if (key == kBackendProperty) {
      target.backend = value;
    } else if (absl::ConsumePrefix(&key, kConfigPrefix)) {
      target.config.emplace(key, value);
    } else if (!IsReservedProperty(key)) {
      unknown = key;
    }
  });
  if (record.type() != MessageType::kAlterWal) {
    return WalError(WalErrorCode::kInvalidArgument,
                    absl::StrCat("a ", MessageTypeName(record.type()), " switches no backend"));
  }
  if (!unknown.empty()) {
    return WalError(WalErrorCode::kInvalidArgument,
                    absl::StrCat("a switch of the backend has no property ", unknown));
  }
  TIDELOG_RETURN_IF_ERROR(ValidateTarget(target));
  return target;
}

}  // namespace tidelog
