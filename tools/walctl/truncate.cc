#include "tools/walctl/truncate.h"

#include <memory>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_format.h"
#include "tools/walctl/print.h"
#include "tools/walctl/session.h"
#include "wal/async/future.h"
#include "wal/message/message_id.h"
#include "wal/wal.h"

namespace tidelog::walctl {

ExitCode RunTruncate(const LogFlags& log_flags, const TruncateFlags& flags) {
  const absl::StatusOr<Position> through = Position::Parse(flags.through);
  if (!through.ok()) return Complain(through.status());
  absl::StatusOr<std::unique_ptr<Session>> session = Session::Start(log_flags);
  if (!session.ok()) return Complain(session.status());
  absl::StatusOr<Wal*> wal = (*session)->OpenForWriting(flags.write);
  if (!wal.ok()) return Complain(wal.status());
  const absl::StatusOr<Position> reached =
      Blocking((*wal)->executor(), [&] { return (*wal)->Truncate(*through); });
  absl::Status status = reached.status();
  const absl::Status closed = (*session)->Close();
  if (status.ok()) status = closed;
  if (!status.ok()) return Complain(status);
  if (log_flags.json) {
    absl::PrintF("{\"truncated_through\":\"%s\"}\n", reached->ToString());
  } else {
    absl::PrintF("truncated through %s%s\n", reached->ToString(),
                 *reached == *through ? "" : " (held back for recovery, or by a checkpoint)");
  }
  return ExitCode::kFine;
}

}  // namespace tidelog::walctl
