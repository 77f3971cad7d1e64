#include "sim/log/log_writer.h"

#include <utility>

#include "absl/log/log.h"
#include "absl/strings/str_cat.h"
#include "sim/log/stored_message.h"
#include "wal/status.h"

namespace tidelog::sim {

absl::Status LogWriter::Unmatched(std::string_view why) const {
  return WalError(WalErrorCode::kUnmatchedTerm,
                  absl::StrCat("open ", ToString(channel()), ": ", why, "; open a higher term"));
}

absl::Status LogWriter::Fenced(std::string_view what) const {
  return WalError(WalErrorCode::kChannelFenced,
                  absl::StrCat(what, " ", ToString(channel()), ": another has opened it"));
}

absl::Status LogWriter::AsUnmatched(const absl::Status& fence) const {
  if (GetWalErrorCode(fence) != WalErrorCode::kChannelFenced) return fence;
  return WalErrorFrom(WalErrorCode::kUnmatchedTerm, ToString(channel()), fence);
}

absl::Status LogWriter::RefusedStatus(LogCode code) const {
  const std::string what =
      absl::StrCat("append to ", ToString(channel()), ": the service says ", NameOf(code));
  return WalError(
      code == LogCode::kFull ? WalErrorCode::kResourceExhausted : WalErrorCode::kUnavailable, what);
}

bool LogWriter::KeepsOut(const StoredRecord& newest) const {
  if (TermOf(newest) != term()) return TermOf(newest) > term();
  return !IsCloseMark(newest) && newest.writer != writer();
}

void LogWriter::SetBelow(uint64_t log, const Tail& tail) {
  log_ = log;
  boundary_ = tail.newest;
  newest_time_tick_ = tail.newest_time_tick;
  covering_.reset();
  if (newest_time_tick_) covering_ = MessageOf(*newest_time_tick_, origin()).position();
}

std::string LogWriter::Barrier(bool is_close_mark) const {
  return BarrierBytes(term(), writer(), covering_, is_close_mark);
}

void LogWriter::NoteTimeTick(uint64_t first, const std::vector<std::string>& records) {
  for (size_t i = 0; i < records.size(); ++i) {
    const StoredRecord record = {first + i, writer(), 0, records[i]};
    if (TypeOf(record) == MessageType::kTimeTick && !IsFence(record)) {
      covering_ = MessageOf(record, origin()).position();
    }
  }
}

std::unique_ptr<LogWriter> MakeLogWriter(const LogServiceOptions& options, Connection* connection,
                                         LogReader* reader, const LogWriter::Identity& identity) {
  switch (options.protocol) {
    case LogProtocol::kTransactional:
      return MakeTransactionalWriter(connection, reader, identity);
    case LogProtocol::kSequenced:
      return MakeSequencedWriter(connection, reader, identity);
    case LogProtocol::kObjects:
      return MakeObjectWriter(connection, reader, identity, options.upload_window);
  }
  LOG(FATAL) << "no protocol: " << static_cast<int>(options.protocol);
}

Future<absl::Status> TruncateBroker(Connection* connection, PChannel channel, uint64_t number,
                                    Position mark) {
  for (int attempt = 0;; ++attempt) {
    LogRequest request;
    request.op = LogOp::kTruncate;
    request.channel = channel.name;
    request.from = number;
    request.tick = ToInt(mark.time_tick);
    request.mark = mark.ToString();
    const LogReply reply = co_await connection->Call(std::move(request));
    if (reply.code == LogCode::kOk) co_return absl::OkStatus();
    if (reply.code == LogCode::kClosed) {
      co_return WalError(WalErrorCode::kOutcomeUnknown,
                         absl::StrCat("truncate ", ToString(channel), ": closed meanwhile"));
    }
    co_await connection->Pause(attempt);
  }
}

Future<absl::Status> CreateBrokerLog(Connection* connection, PChannel channel) {
  for (int attempt = 0;; ++attempt) {
    LogRequest request;
    request.op = LogOp::kCreate;
    request.channel = channel.name;
    const LogReply reply = co_await connection->Call(std::move(request));
    if (reply.code == LogCode::kOk) co_return absl::OkStatus();
    if (reply.code == LogCode::kClosed) co_return ConnectionClosed("create", channel);
    co_await connection->Pause(attempt);
  }
}

}  // namespace tidelog::sim
