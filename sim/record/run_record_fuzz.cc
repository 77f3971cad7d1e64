// Any text: no record of a run, and the reason is said, or one that is written and read again as
// the same.  Each input is tried as it is, and again with its checksum put right.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "absl/crc/crc32c.h"
#include "absl/log/check.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_format.h"
#include "nlohmann/json.hpp"
#include "sim/record/run_record.h"
#include "wal/status.h"

namespace tidelog::sim {
namespace {

using Json = nlohmann::ordered_json;

void Try(const std::string& text) {
  const absl::StatusOr<RunRecord> record = RecordFromText(text, "a");
  if (!record.ok()) {
    CHECK(GetWalErrorCode(record.status()) == WalErrorCode::kInvalidArgument) << record.status();
    return;
  }
  const absl::StatusOr<RunRecord> again = RecordFromText(ToText(*record, "b"), "b");
  CHECK_OK(again.status());
  CHECK(*again == *record);
}

std::string WithChecksum(const std::string& text) {
  Json json = Json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (!json.is_object()) return text;
  json.erase("checksum");
  const std::string rest = json.dump(-1, ' ', false, Json::error_handler_t::replace);
  json["checksum"] = absl::StrFormat("%08x", static_cast<uint32_t>(absl::ComputeCrc32c(rest)));
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace
}  // namespace tidelog::sim

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  tidelog::sim::Try(text);
  tidelog::sim::Try(tidelog::sim::WithChecksum(text));
  return 0;
}
