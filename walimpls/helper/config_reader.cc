#include "walimpls/helper/config_reader.h"

#include <optional>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "wal/base/number_text.h"
#include "wal/status.h"

namespace tidelog::walimpls {

std::string ConfigReader::Text(std::string_view key, std::string_view otherwise) {
  const std::string* value = Find(key);
  return value == nullptr ? std::string(otherwise) : *value;
}

uint64_t ConfigReader::Number(std::string_view key, uint64_t otherwise, Range range) {
  const std::string* value = Find(key);
  if (value == nullptr) return otherwise;
  const std::optional<uint64_t> number = ParseNumber<uint64_t>(*value, 10);
  if (number && *number >= range.min && *number <= range.max) return *number;
  if (first_error_.ok()) {
    first_error_ =
        WalError(WalErrorCode::kInvalidArgument,
                 absl::StrCat("setting ", key, " of backend ", backend_, " is \"", *value,
                              "\": give a number from ", range.min, " to ", range.max));
  }
  return otherwise;
}

absl::Status ConfigReader::Finish() const {
  if (!first_error_.ok()) return first_error_;
  for (const auto& [key, value] : config_) {
    if (known_.contains(key)) continue;
    return WalError(WalErrorCode::kInvalidArgument,
                    absl::StrCat("backend ", backend_, " has no setting \"", key,
                                 "\"; it has: ", absl::StrJoin(known_, ", ")));
  }
  return absl::OkStatus();
}

const std::string* ConfigReader::Find(std::string_view key) {
  known_.emplace(key);
  const auto found = config_.find(key);
  return found == config_.end() ? nullptr : &found->second;
}

}  // namespace tidelog::walimpls
