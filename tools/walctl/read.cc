#include "tools/walctl/read.h"

#include <cstdint>
#include <cstdio>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "tools/walctl/message_json.h"
#include "tools/walctl/print.h"
#include "wal/async/future.h"
#include "wal/scanner.h"
#include "wal/status.h"
#include "wal/types.h"
#include "wal/wal.h"

namespace tidelog::walctl {
namespace {

void PrintOne(const ImmutableMessage& message, bool json) {
  if (json) {
    const std::string line = MessageToJson(message);
    std::fwrite(line.data(), 1, line.size(), stdout);
  } else {
    std::fwrite(message.payload().data(), 1, message.payload().size(), stdout);
  }
  std::fputc('\n', stdout);
}

// A transaction is printed as its members' payloads, one behind the other.
void PrintMessage(const ImmutableMessage& message, bool json) {
  if (message.type() != MessageType::kTxn || json) return PrintOne(message, json);
  for (const ImmutableMessage& member : message.transaction()) {
    const MessageType type = member.type();
    if (type != MessageType::kBeginTxn && type != MessageType::kCommitTxn) PrintOne(member, json);
  }
}

// Gives every message of one scan to `on_message` until that says no.  `on_pause` is called before
// a wait.
absl::Status ScanAll(RoWal* log, ReadOptions options,
                     absl::FunctionRef<bool(const ImmutableMessage&)> on_message,
                     absl::FunctionRef<bool()> on_batch_end) {
  absl::StatusOr<std::unique_ptr<Scanner>> scanner =
      Blocking(log->executor(), [&] { return log->Read(std::move(options)); });
  if (!scanner.ok()) return scanner.status();
  absl::Status status;
  ScanBatch batch;
  bool more = true;
  while (more && status.ok() && !batch.end) {
    absl::StatusOr<ScanBatch> next =
        Blocking(log->executor(), [&] { return (*scanner)->Next(std::move(batch)); });
    if (!next.ok()) {
      status = next.status();
      break;
    }
    batch = *std::move(next);
    for (const ImmutableMessage& message : batch.messages) {
      more = on_message(message);
      if (!more) break;
    }
    if (batch.gap.has_value()) {
      absl::FPrintF(stderr, "walctl: records %s to %s cannot be read: %s\n",
                    batch.gap->first.ToString(), batch.gap->last.ToString(),
                    batch.gap->reason.message());
    }
    more = on_batch_end() && more;
  }
  const absl::Status closed = Blocking(log->executor(), [&] { return (*scanner)->Close(); });
  status.Update(closed);
  return status;
}

// A switch of the backend is no line of anybody's.
bool IsWanted(const ImmutableMessage& message, const LogFlags& flags) {
  return flags.json || message.type() != MessageType::kAlterWal;
}

// Output that can no longer be written ends the reading: a full disk, say.  (A closed pipe ends the
// process.)
bool FlushOutput() { return std::fflush(stdout) == 0; }

absl::Status OutputStatus() {
  if (std::ferror(stdout) == 0) return absl::OkStatus();
  return WalError(WalErrorCode::kInner, "cannot write to standard output");
}

absl::StatusOr<DeliverPolicy> StartOf(const CatFlags& flags) {
  if (flags.from.empty() && flags.after.empty()) return Earliest{};
  absl::StatusOr<Position> position =
      Position::Parse(flags.from.empty() ? flags.after : flags.from);
  if (!position.ok()) return position.status();
  if (flags.from.empty()) return After{*position};
  return From{*position};
}

ExitCode Finish(Session* session, absl::Status status) {
  if (status.ok()) status = OutputStatus();
  const absl::Status closed = session->Close();
  if (status.ok()) status = closed;
  return status.ok() ? ExitCode::kFine : Complain(status);
}

}  // namespace

ExitCode RunCat(const LogFlags& log_flags, const CatFlags& flags) {
  absl::StatusOr<DeliverPolicy> from = StartOf(flags);
  if (!from.ok()) return Complain(from.status());
  absl::StatusOr<std::unique_ptr<Session>> session = Session::Start(log_flags);
  if (!session.ok()) return Complain(session.status());
  absl::StatusOr<RoWal*> log = (*session)->OpenForReading();
  if (!log.ok()) return Complain(log.status());
  ReadOptions options;
  options.from = *from;
  options.until = TailAtOpen{};
  options.vchannel = flags.vchannel;
  options.name = "walctl cat";
  if (flags.gaps) options.on_corrupt = ReadOptions::OnCorrupt::kGap;
  uint64_t left = flags.limit.value_or(UINT64_MAX);
  absl::Status status;
  if (left > 0) {
    const auto print = [&](const ImmutableMessage& message) {
      if (!IsWanted(message, log_flags)) return true;
      PrintMessage(message, log_flags.json);
      return --left > 0;
    };
    status = ScanAll(*log, std::move(options), print, FlushOutput);
  }
  return Finish(session->get(), std::move(status));
}

ExitCode RunTail(const LogFlags& log_flags, const TailFlags& flags) {
  absl::StatusOr<std::unique_ptr<Session>> session = Session::Start(log_flags);
  if (!session.ok()) return Complain(session.status());
  absl::StatusOr<RoWal*> log = (*session)->OpenForReading();
  if (!log.ok()) return Complain(log.status());
  // One scan up to the tail finds the last messages; following goes on behind the last one met, so
  // that nothing is missed in between.
  std::deque<ImmutableMessage> last;
  std::optional<Position> met;
  ReadOptions options;
  options.until = TailAtOpen{};
  options.vchannel = flags.vchannel;
  options.name = "walctl tail";
  const auto keep = [&](const ImmutableMessage& message) {
    met = message.position();
    if (!IsWanted(message, log_flags)) return true;
    last.push_back(message);
    if (last.size() > flags.count) last.pop_front();
    return true;
  };
  absl::Status status = ScanAll(*log, options, keep, [] { return true; });
  for (const ImmutableMessage& message : last) PrintMessage(message, log_flags.json);
  last.clear();
  if (status.ok() && flags.follow && FlushOutput()) {
    options.until.reset();
    if (met.has_value()) options.from = After{*met};
    const auto print = [&](const ImmutableMessage& message) {
      if (IsWanted(message, log_flags)) PrintMessage(message, log_flags.json);
      return true;
    };
    status = ScanAll(*log, std::move(options), print, FlushOutput);
  }
  return Finish(session->get(), std::move(status));
}

}  // namespace tidelog::walctl
