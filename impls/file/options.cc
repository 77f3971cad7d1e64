#include "impls/file/options.h"

#include <algorithm>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "wal/base/status_macros.h"
#include "wal/status.h"
#include "walimpls/helper/config_reader.h"

namespace tidelog::impls::file {

namespace {

using walimpls::ConfigReader;

constexpr uint64_t kSegmentBytesMin = 64u << 10;
// Ids of a segment are kept as 32-bit distances from its first; the smallest frame that holds a
// record has 80 bytes, so this leaves room to spare.
constexpr uint64_t kSegmentBytesMax = uint64_t{16} << 30;
constexpr uint64_t kFirstSegmentBytes = 1u << 20;
constexpr uint64_t kBlockBytes = 4096;

absl::Status BadChoice(std::string_view key, std::string_view value, std::string_view choices) {
  return WalError(
      WalErrorCode::kInvalidArgument,
      absl::StrCat("file: setting ", key, " is \"", value, "\", and must be one of ", choices));
}

absl::Status ParseChoices(const std::string& sync, const std::string& preallocate,
                          const std::string& remote, FileOptions* options) {
  if (sync == "unsafe_never") {
    options->sync = FileOptions::Sync::kUnsafeNever;
  } else if (sync != "always") {
    return BadChoice("sync", sync, "always, unsafe_never");
  }
  if (preallocate == "reserve") {
    options->preallocate = FileOptions::Preallocate::kReserve;
  } else if (preallocate == "none") {
    options->preallocate = FileOptions::Preallocate::kNone;
  } else if (preallocate != "zero") {
    return BadChoice("preallocate", preallocate, "zero, reserve, none");
  }
  if (remote != "true" && remote != "false") {
    return BadChoice("allow_remote_file_system", remote, "true, false");
  }
  options->allow_remote_file_system = remote == "true";
  return absl::OkStatus();
}

}  // namespace

uint64_t FileOptions::first_segment_bytes() const {
  return std::min(segment_bytes, kFirstSegmentBytes);
}

absl::StatusOr<FileOptions> ParseFileOptions(const Config& config) {
  FileOptions options;
  ConfigReader reader("file", config);
  options.dir = reader.Text("dir", "");
  const std::string sync = reader.Text("sync", "always");
  const std::string preallocate = reader.Text("preallocate", "zero");
  const std::string remote = reader.Text("allow_remote_file_system", "false");
  const ConfigReader::Range segment_range = {kSegmentBytesMin, kSegmentBytesMax};
  options.segment_bytes = reader.Number("segment_bytes", options.segment_bytes, segment_range);
  options.segment_bytes = options.segment_bytes / kBlockBytes * kBlockBytes;
  const ConfigReader::Range read_range = {kBlockBytes, 64u << 20};
  options.read_ahead_bytes =
      reader.Number("read_ahead_bytes", options.read_ahead_bytes, read_range);
  const ConfigReader::Range message_range = {1024, 1u << 29};
  options.message_bytes_max =
      reader.Number("message_bytes_max", options.message_bytes_max, message_range);
  TIDELOG_RETURN_IF_ERROR(reader.Finish());
  TIDELOG_RETURN_IF_ERROR(ParseChoices(sync, preallocate, remote, &options));
  while (options.dir.size() > 1 && options.dir.back() == '/') options.dir.pop_back();
  if (options.dir.empty()) {
    return WalError(WalErrorCode::kInvalidArgument,
                    "file: setting dir is missing: name the directory that holds the log");
  }
  return options;
}

}  // namespace tidelog::impls::file
