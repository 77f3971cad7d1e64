#include "tools/walctl/checkpoint.h"

#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "tools/walctl/print.h"
#include "tools/walctl/session.h"
#include "wal/async/future.h"
#include "wal/checkpoint_store.h"
#include "wal/message/message_id.h"
#include "wal/status.h"
#include "wal/types.h"
#include "wal/wal.h"

namespace tidelog::walctl {
namespace {

// Names and positions have no character that JSON would escape.
void Print(const LogFlags& log_flags, const Checkpoint& checkpoint) {
  if (log_flags.json) {
    absl::PrintF("{\"name\":\"%s\",\"position\":\"%s\",\"term\":%d}\n", checkpoint.name,
                 checkpoint.position.ToString(), ToInt(checkpoint.term));
  } else {
    absl::PrintF("%s %s (term %d)\n", checkpoint.name, checkpoint.position.ToString(),
                 ToInt(checkpoint.term));
  }
}

absl::StatusOr<std::vector<Checkpoint>> CheckpointsOf(RoWal* log) {
  return Blocking(log->executor(), [&] { return log->Checkpoints(); });
}

absl::Status List(const LogFlags& log_flags) {
  absl::StatusOr<std::unique_ptr<Session>> session = Session::Start(log_flags);
  if (!session.ok()) return session.status();
  absl::StatusOr<RoWal*> log = (*session)->OpenForReading();
  if (!log.ok()) return log.status();
  const absl::StatusOr<std::vector<Checkpoint>> checkpoints = CheckpointsOf(*log);
  if (!checkpoints.ok()) return checkpoints.status();
  for (const Checkpoint& checkpoint : *checkpoints) Print(log_flags, checkpoint);
  return (*session)->Close();
}

absl::Status Set(Wal* wal, const CheckpointFlags& flags) {
  const absl::StatusOr<Position> position = Position::Parse(flags.position);
  if (!position.ok()) return position.status();
  return Blocking(wal->executor(), [&] { return wal->RegisterCheckpoint(flags.name, *position); });
}

absl::Status Remove(Wal* wal, const CheckpointFlags& flags) {
  const absl::StatusOr<std::vector<Checkpoint>> checkpoints = CheckpointsOf(wal);
  if (!checkpoints.ok()) return checkpoints.status();
  std::string names;
  bool found = false;
  for (const Checkpoint& checkpoint : *checkpoints) {
    found = found || checkpoint.name == flags.name;
    absl::StrAppend(&names, names.empty() ? "" : ", ", checkpoint.name);
  }
  if (!found) {
    return WalError(WalErrorCode::kInvalidArgument,
                    absl::StrCat("channel ", wal->channel().name, " has no checkpoint ", flags.name,
                                 "; it has: ", names.empty() ? "none" : names));
  }
  return Blocking(wal->executor(), [&] { return wal->UnregisterCheckpoint(flags.name); });
}

// What is wrong with the flags, before anything is fenced by an open.
absl::Status Check(const CheckpointFlags& flags) {
  const bool sets = flags.action == "set";
  if (flags.name.empty() || sets == flags.position.empty()) {
    return WalError(WalErrorCode::kInvalidArgument,
                    absl::StrCat("checkpoint ", flags.action, " takes ",
                                 sets ? "a NAME and a POSITION" : "a NAME and no more"));
  }
  absl::Status good = ValidateCheckpointName(flags.name);
  if (good.ok() && sets) good = Position::Parse(flags.position).status();
  return good;
}

absl::Status Change(const LogFlags& log_flags, const CheckpointFlags& flags) {
  absl::Status good = Check(flags);
  if (!good.ok()) return good;
  absl::StatusOr<std::unique_ptr<Session>> session = Session::Start(log_flags);
  if (!session.ok()) return session.status();
  absl::StatusOr<Wal*> wal = (*session)->OpenForWriting(flags.write);
  if (!wal.ok()) return wal.status();
  absl::Status status = flags.action == "set" ? Set(*wal, flags) : Remove(*wal, flags);
  const absl::Status closed = (*session)->Close();
  return status.ok() ? closed : status;
}

}  // namespace

ExitCode RunCheckpoint(const LogFlags& log_flags, const CheckpointFlags& flags) {
  if (flags.action == "list") {
    const absl::Status listed = flags.name.empty() ? List(log_flags)
                                                   : WalError(WalErrorCode::kInvalidArgument,
                                                              "checkpoint list takes no NAME");
    return listed.ok() ? ExitCode::kFine : Complain(listed);
  }
  const absl::Status changed = Change(log_flags, flags);
  if (!changed.ok()) return Complain(changed);
  if (log_flags.json) {
    absl::PrintF("{\"%s\":\"%s\"}\n", flags.action == "set" ? "registered" : "removed", flags.name);
  }
  return ExitCode::kFine;
}

}  // namespace tidelog::walctl
