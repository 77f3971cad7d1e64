#include "tools/walctl/file_log.h"

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "impls/file/inspect.h"
#include "tools/walctl/session.h"
#include "wal/io/posix_file_system.h"
#include "wal/status.h"

namespace tidelog::walctl {

absl::Status CheckFileLog(const LogFlags& flags) {
  if (flags.backend != "file") {
    return WalError(WalErrorCode::kInvalidArgument,
                    absl::StrCat("verify, dump and repair work on the files of a log; backend ",
                                 flags.backend, " has none (use cat)"));
  }
  return Session::Start(flags).status();
}

absl::StatusOr<std::vector<std::string>> FileLogChannels(const LogFlags& flags) {
  absl::Status checked = CheckFileLog(flags);
  if (!checked.ok()) return checked;
  absl::StatusOr<std::vector<std::string>> channels =
      RunOnFiles([&] { return impls::file::ListChannels(DefaultFileSystem(), flags.directory); });
  if (!channels.ok() || flags.channel.empty()) return channels;
  return std::vector<std::string>{flags.channel};
}

}  // namespace tidelog::walctl
