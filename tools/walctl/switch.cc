#include "tools/walctl/switch.h"

#include <filesystem>
#include <memory>
#include <system_error>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "tools/walctl/print.h"
#include "wal/async/future.h"
#include "wal/backend_switch.h"
#include "wal/message/message.h"
#include "wal/status.h"
#include "wal/types.h"
#include "wal/wal.h"

namespace tidelog::walctl {
namespace {

// Absolute, for whoever opens the log runs elsewhere; and without links, so that one place has one
// name.
absl::StatusOr<std::string> TargetDirectory(const LogFlags& log_flags, const std::string& to) {
  std::error_code error;
  const std::filesystem::path target = std::filesystem::canonical(to, error);
  if (error || !std::filesystem::is_directory(target, error)) {
    return WalError(WalErrorCode::kInvalidArgument,
                    absl::StrCat("--to-dir ", to, ": there is no such directory; make it first"));
  }
  if (std::filesystem::equivalent(log_flags.directory, target, error)) {
    return WalError(WalErrorCode::kInvalidArgument,
                    absl::StrCat("--to-dir ", to, ": that is where the log is opened, --dir"));
  }
  return target.string();
}

// The log that begins by a typing error would be switched too.
absl::Status CheckChannelIsThere(Session* session) {
  absl::StatusOr<RoWal*> log = session->OpenForReading();
  if (!log.ok()) return log.status();
  return session->CloseLog();
}

absl::StatusOr<AppendResult> End(Wal* wal, const std::string& directory) {
  absl::StatusOr<MutableMessage> message = MakeAlterWal({"file", {{"dir", directory}}});
  if (!message.ok()) return message.status();
  return Blocking(wal->executor(),
                  [&] { return wal->Append(*std::move(message), AppendOptions()); });
}

absl::Status Complete(Session* session, Term ended_under) {
  const WriteFlags next{.term = ToInt(ended_under) + 1, .take_over = true};
  const absl::StatusOr<Wal*> wal = session->OpenForWriting(next);
  const absl::Status closed = wal.ok() ? session->Close() : wal.status();
  if (closed.ok()) return absl::OkStatus();
  return WalErrorFrom(GetWalErrorCode(closed),
                      "the log has ended in --dir, and its next part is not begun yet: append to "
                      "it, or run any command that writes, to complete this",
                      closed);
}

absl::StatusOr<AppendResult> Switch(const LogFlags& log_flags, const SwitchFlags& flags) {
  absl::StatusOr<std::string> directory = TargetDirectory(log_flags, flags.to_directory);
  if (!directory.ok()) return directory.status();
  absl::StatusOr<std::unique_ptr<Session>> session = Session::Start(log_flags);
  if (!session.ok()) return session.status();
  absl::Status status = CheckChannelIsThere(session->get());
  if (!status.ok()) return status;
  absl::StatusOr<Wal*> wal = (*session)->OpenForWriting(flags.write);
  if (!wal.ok()) return wal.status();
  const Term term = (*wal)->channel().term;
  absl::StatusOr<AppendResult> ended = End(*wal, *directory);
  if (!ended.ok()) return ended;
  status = (*session)->CloseLog();
  if (status.ok()) status = Complete(session->get(), term);
  if (!status.ok()) return status;
  return ended;
}

}  // namespace

ExitCode RunSwitch(const LogFlags& log_flags, const SwitchFlags& flags) {
  const absl::StatusOr<AppendResult> ended = Switch(log_flags, flags);
  if (!ended.ok()) return Complain(ended.status());
  if (log_flags.json) {
    absl::PrintF("{\"ended\":\"%s\"}\n", ended->position().ToString());
  } else {
    absl::PrintF("ended at %s, goes on in %s\n", ended->position().ToString(), flags.to_directory);
  }
  return ExitCode::kFine;
}

}  // namespace tidelog::walctl
