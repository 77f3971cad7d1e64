#include "impls/file/inspect.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "impls/file/channel_look.h"
#include "impls/file/file_ops.h"
#include "impls/file/log_directory.h"
#include "impls/file/names.h"
#include "wal/base/status_macros.h"
#include "wal/status.h"
#include "wal/types.h"

namespace tidelog::impls::file {

namespace {

constexpr uint64_t kMarkerBytesMax = 4096;

}  // namespace

std::string_view SeverityName(Severity severity) {
  switch (severity) {
    case Severity::kOk:
      return "OK";
    case Severity::kGap:
      return "GAP";
    case Severity::kTorn:
      return "TORN";
    case Severity::kCorrupt:
      return "CORRUPT";
    case Severity::kOrphan:
      return "ORPHAN";
  }
  return "?";
}

bool VerifyReport::HasCorruption() const {
  return std::any_of(findings.begin(), findings.end(),
                     [](const Finding& finding) { return finding.severity == Severity::kCorrupt; });
}

Future<absl::StatusOr<std::vector<std::string>>> ListChannels(FileSystem* files, std::string dir) {
  absl::StatusOr<std::string> marker =
      co_await ReadWholeFile(files, PathOf(dir, kMarkerName), kMarkerBytesMax);
  if (absl::IsNotFound(marker.status())) {
    absl::Status unmarked = co_await CheckMarkerIsNotLost(files, dir);
    TIDELOG_CO_RETURN_IF_ERROR(unmarked);
  }
  if (absl::IsNotFound(marker.status()) || absl::IsFailedPrecondition(marker.status())) {
    co_return WalErrorFrom(WalErrorCode::kInvalidArgument,
                           absl::StrCat("list the channels of ", dir, ": it is no file log"),
                           marker.status());
  }
  TIDELOG_CO_RETURN_IF_ERROR(marker.status());
  TIDELOG_CO_RETURN_IF_ERROR(CheckMarkerText(*marker));
  absl::StatusOr<std::vector<std::string>> names = co_await files->List(dir);
  TIDELOG_CO_RETURN_IF_ERROR(names.status());
  std::vector<std::string> channels;
  for (const std::string& name : *names) {
    if (!ValidateChannelName(name).ok()) continue;
    absl::StatusOr<std::vector<std::string>> inside = co_await files->List(PathOf(dir, name));
    if (absl::IsFailedPrecondition(inside.status())) continue;  // A file.
    TIDELOG_CO_RETURN_IF_ERROR(inside.status());
    channels.push_back(name);
  }
  co_return channels;
}

Future<absl::StatusOr<ChannelInfo>> ReadChannelInfo(FileSystem* files, std::string dir,
                                                    std::string channel) {
  absl::StatusOr<ChannelLook> look = co_await LookAtChannel(files, PathOf(dir, channel), channel);
  TIDELOG_CO_RETURN_IF_ERROR(look.status());
  if (!look->damage.empty()) {
    const Finding& damage = look->damage.front();
    co_return WalError(WalErrorCode::kCorrupt, absl::StrCat("inspect channel ", channel, ": ",
                                                            damage.file, ": ", damage.sentence));
  }
  co_return std::move(look->info);
}

}  // namespace tidelog::impls::file
