#include "tools/walctl/append.h"

#include <unistd.h>

#include <atomic>
#include <cstdint>
#include <cstdio>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_split.h"
#include "absl/time/time.h"
#include "tools/walctl/input.h"
#include "tools/walctl/interrupt.h"
#include "tools/walctl/print.h"
#include "wal/async/future.h"
#include "wal/async/thread_runtime.h"
#include "wal/message/message.h"
#include "wal/status.h"
#include "wal/wal.h"

namespace tidelog::walctl {
namespace {

constexpr size_t kBatchCountMax = 1024;
constexpr size_t kBatchBytesMax = 4u << 20;  // One message may be larger.

// Room in a record for what surrounds the payload: header, VChannel, properties.
size_t Overhead(const AppendFlags& flags) {
  size_t size = 512 + flags.vchannel.size();
  for (const std::string& property : flags.properties) size += property.size() + 16;
  return size;
}

// Appends in batches: one is on its way while the next gathers, so that what is stored is always a
// prefix of the input, whatever fails (C8).  Reports each record, in order, as it is acknowledged.
class Appender {
 public:
  Appender(Wal* wal, const LogFlags& log_flags, const AppendFlags& flags)
      : wal_(wal),
        json_(log_flags.json),
        latency_(flags.latency),
        shows_progress_(isatty(STDERR_FILENO) != 0),
        started_(Now()) {}

  // Takes one message, and hands over what has gathered as soon as nothing is on its way.
  absl::Status Add(MutableMessage message) {
    const size_t size = message.encoded_size();
    if (gathering_.messages.size() == kBatchCountMax ||
        (!gathering_.messages.empty() && gathering_.bytes + size > kBatchBytesMax)) {
      absl::Status status = WaitAndHandOver();
      if (!status.ok()) return status;
    }
    gathering_.messages.push_back(std::move(message));
    gathering_.bytes += size;
    if (latency_) gathering_.since.push_back(Now());
    if (in_flight_.has_value() && !in_flight_->result.ready()) return absl::OkStatus();
    return WaitAndHandOver();
  }

  // Waits until everything is stored; or else for what is on its way, whatever becomes of it.
  absl::Status Drain() {
    absl::Status status = WaitAndHandOver();
    if (status.ok()) status = Wait();
    std::fflush(stdout);
    return status;
  }

  uint64_t acknowledged() const { return acknowledged_; }
  uint64_t unknown() const { return unknown_; }

  void PrintProgress(bool last) {
    if (!shows_progress_) return;
    const absl::Duration now = Now();
    if (!last && now - printed_ < absl::Milliseconds(500)) return;
    printed_ = now;
    const double seconds = absl::ToDoubleSeconds(now - started_);
    absl::FPrintF(stderr, "\r%d records, %.1f MB, %.0f records/s%s", acknowledged_,
                  static_cast<double>(bytes_) / 1e6,
                  seconds > 0 ? static_cast<double>(acknowledged_) / seconds : 0.0,
                  last ? "\n" : "   ");
  }

 private:
  struct Batch {
    std::vector<MutableMessage> messages;
    std::vector<absl::Duration> since;  // When each was read; empty if nobody wants to know.
    size_t bytes = 0;
  };
  struct InFlight {
    Future<BatchResult> result;
    std::vector<absl::Duration> since;
    size_t bytes;
  };

  static absl::Duration Now() { return DefaultRuntime()->Now(); }

  // Once something has failed nothing more is handed over.
  absl::Status WaitAndHandOver() {
    absl::Status status = Wait();
    if (!status.ok() || gathering_.messages.empty()) return status;
    AppendOptions options;
    options.wait_when_full = true;
    Batch batch = std::exchange(gathering_, Batch());
    in_flight_.emplace(InFlight{wal_->AppendBatch(std::move(batch.messages), options),
                                std::move(batch.since), batch.bytes});
    return absl::OkStatus();
  }

  absl::Status Wait() {
    if (!failed_.ok() || !in_flight_.has_value()) return failed_;
    if (!in_flight_->result.ready()) std::fflush(stdout);  // Before this thread sleeps.
    InFlight batch = *std::exchange(in_flight_, std::nullopt);
    const BatchResult result =
        Blocking(wal_->executor(), [&batch] { return std::move(batch.result); });
    for (size_t i = 0; i < result.done.size() && json_; ++i) {
      PrintAcknowledged(result.done[i], latency_ ? batch.since[i] : absl::ZeroDuration());
    }
    acknowledged_ += result.done.size();
    unknown_ += result.unknown;
    if (result.rest.ok()) bytes_ += batch.bytes;
    failed_ = result.rest;
    return failed_;
  }

  void PrintAcknowledged(const AppendResult& result, absl::Duration since) const {
    std::string line = absl::StrCat("{\"id\":\"", result.id.ToString(),
                                    "\",\"time_tick\":", ToInt(result.time_tick),
                                    ",\"term\":", ToInt(wal_->channel().term));
    if (latency_) {
      absl::StrAppend(&line, ",\"latency_us\":", absl::ToInt64Microseconds(Now() - since));
    }
    line += "}\n";
    std::fwrite(line.data(), 1, line.size(), stdout);
  }

  Wal* const wal_;
  const bool json_;
  const bool latency_;
  const bool shows_progress_;  // A system call to find out: not for each record.
  const absl::Duration started_;
  absl::Duration printed_ = absl::ZeroDuration();
  Batch gathering_;
  std::optional<InFlight> in_flight_;
  absl::Status failed_;
  uint64_t acknowledged_ = 0;
  uint64_t unknown_ = 0;
  uint64_t bytes_ = 0;
};

absl::StatusOr<MutableMessage> BuildMessage(const MessageParts& parts, const AppendFlags& flags) {
  MutableMessage::Builder builder(parts.type);
  const std::string& vchannel = parts.vchannel.empty() ? flags.vchannel : parts.vchannel;
  if (!vchannel.empty()) builder.VChannel(vchannel);
  for (const auto& [key, value] : parts.properties) builder.Property(key, value);
  for (const std::string& property : flags.properties) {
    const std::pair<std::string, std::string> pair =
        absl::StrSplit(property, absl::MaxSplits('=', 1));
    if (!parts.properties.contains(pair.first)) builder.Property(pair.first, pair.second);
  }
  return std::move(builder).Build(parts.payload);
}

absl::Status AppendAll(Input* input, const std::atomic<bool>& interrupted, const AppendFlags& flags,
                       Appender* appender) {
  while (!interrupted) {
    if (!input->ReadyNow()) {
      // Whoever feeds the pipe may be waiting for the acknowledgements before it goes on.
      absl::Status drained = appender->Drain();
      if (!drained.ok()) return drained;
    }
    absl::StatusOr<std::optional<MessageParts>> parts = input->Next(interrupted);
    if (!parts.ok()) return parts.status();
    if (!parts->has_value()) break;
    absl::StatusOr<MutableMessage> message = BuildMessage(**parts, flags);
    if (!message.ok()) {
      return WalErrorFrom(GetWalErrorCode(message.status()), input->Where(), message.status());
    }
    absl::Status added = appender->Add(*std::move(message));
    if (!added.ok()) return added;
    appender->PrintProgress(/*last=*/false);
  }
  return absl::OkStatus();
}

}  // namespace

ExitCode RunAppend(const LogFlags& log_flags, const AppendFlags& flags) {
  absl::StatusOr<std::unique_ptr<Session>> session = Session::Start(log_flags);
  if (!session.ok()) return Complain(session.status());
  absl::StatusOr<Wal*> wal = (*session)->OpenForWriting(flags.write);
  if (!wal.ok()) return Complain(wal.status());
  const size_t overhead = Overhead(flags);
  const size_t limit = (*wal)->limits().message_bytes_max;
  Input input(flags.mode, flags.files, limit > overhead ? limit - overhead : 0);
  const std::atomic<bool>& interrupted = CatchInterrupts();

  Appender appender(*wal, log_flags, flags);
  absl::Status status = AppendAll(&input, interrupted, flags, &appender);
  const absl::Status drained = appender.Drain();
  if (status.ok()) status = drained;
  appender.PrintProgress(/*last=*/true);
  const bool fenced = !status.ok() && IsFenced(*wal);
  const absl::Status closed = (*session)->Close();
  if (status.ok()) status = closed;
  if (!status.ok()) {
    const ExitCode code =
        Complain(status, absl::StrCat(appender.acknowledged(), " records are stored; ",
                                      appender.unknown(), " more may be"));
    return fenced ? ExitCode::kHeldOrFenced : code;
  }
  return interrupted ? ExitCode::kInterrupted : ExitCode::kFine;
}

}  // namespace tidelog::walctl
