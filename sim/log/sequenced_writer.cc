// The owner of a sequenced log.
//
// A publish lands only if the last sequence is the one it expects, so whoever publishes next fences
// everybody who expected the same.  One publish is in flight: a second that expected the one after
// it could land behind a barrier that took the first one's place.  One that nobody answered for is
// sent again with the same expectation; if something else is there then, its writer tells whose.
#include <algorithm>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "sim/log/log_writer.h"
#include "sim/log/stored_message.h"
#include "wal/base/status_macros.h"
#include "wal/status.h"

namespace tidelog::sim {
namespace {

class SequencedWriter final : public LogWriter {
 public:
  SequencedWriter(Connection* connection, LogReader* reader, const Identity& identity)
      : LogWriter(identity), connection_(connection), reader_(reader) {}

  Future<absl::Status> Claim() override;
  Future<StoreResult> Store(uint64_t place, uint64_t group,
                            std::vector<std::string> records) override;
  // One group is in flight, and a refused one was refused each time.
  Future<absl::StatusOr<uint64_t>> GiveUp(uint64_t place) override {
    return MakeReadyFuture(absl::StatusOr<uint64_t>(place));
  }
  Future<absl::Status> LookAtFence() override;
  Future<absl::Status> Truncate(uint64_t number, Position mark) override;
  Future<absl::Status> LeaveCloseMark() override;
  uint64_t GuessNext() const override { return (last_ + 1) << kIndexBits; }

 private:
  // Sends a group until it is known what became of it.  Moves last_ on kDone.
  Future<StoreResult> Publish(uint64_t group, std::vector<std::string> records);
  // What lies behind last_: the first record.
  Future<absl::StatusOr<StoredRecord>> ReadNext();

  Connection* const connection_;
  LogReader* const reader_;
  uint64_t last_ = 0;  // The last sequence, as far as this writer knows; what it expects.
};

Future<absl::StatusOr<StoredRecord>> SequencedWriter::ReadNext() {
  FetchRange range;
  range.from = (last_ + 1) << kIndexBits;
  range.count_max = 1;
  range.wait = true;
  while (true) {
    absl::StatusOr<Fetched> fetched = co_await reader_->Fetch(range);
    if (fetched.ok()) co_return std::move(fetched->records.front());
    if (GetWalErrorCode(fetched.status()) != WalErrorCode::kPositionGone) {
      co_return fetched.status();
    }
    // Sequences may skip some, and retention ends at a record: what is left begins with the one
    // that is sought, or with another owner's, who has truncated the log.
    const absl::StatusOr<LogBounds> bounds = co_await reader_->Look();
    TIDELOG_CO_RETURN_IF_ERROR(bounds.status());
    range.from = std::max(range.from, bounds->first);
  }
}

Future<StoreResult> SequencedWriter::Publish(uint64_t group, std::vector<std::string> records) {
  // Whether an earlier attempt may still land.
  bool in_doubt = false;
  for (int attempt = 0;; ++attempt) {
    LogRequest request;
    request.op = LogOp::kPublish;
    request.channel = channel().name;
    request.expected = last_;
    request.writer = writer();
    request.group = group;
    request.records = records;
    const LogReply reply = co_await connection_->Call(std::move(request));
    if (reply.code == LogCode::kOk) {
      last_ = reply.number;
      co_return StoreResult{StoreResult::Kind::kDone, last_ << kIndexBits, {}};
    }
    if (reply.code == LogCode::kClosed) break;
    if (reply.code == LogCode::kMismatch) {
      const absl::StatusOr<StoredRecord> there = co_await ReadNext();
      if (there.ok() && there->writer == writer() && there->group == group) {
        last_ = there->number >> kIndexBits;
        co_return StoreResult{StoreResult::Kind::kDone, last_ << kIndexBits, {}};
      }
      if (GetWalErrorCode(there.status()) == WalErrorCode::kOnShutdown) break;
      co_return StoreResult{StoreResult::Kind::kFenced, 0, Fenced("append to")};
    }
    if (reply.code == LogCode::kTimeout) in_doubt = true;
    const bool is_refused = reply.code == LogCode::kRefused || reply.code == LogCode::kFull;
    if (is_refused && !in_doubt) {
      co_return StoreResult{StoreResult::Kind::kRefused, 0, RefusedStatus(reply.code)};
    }
    co_await connection_->Pause(attempt);
  }
  co_return StoreResult{StoreResult::Kind::kClosed, 0, ConnectionClosed("append to", channel())};
}

Future<absl::Status> SequencedWriter::Claim() {
  const absl::Status created = co_await CreateBrokerLog(connection_, channel());
  TIDELOG_CO_RETURN_IF_ERROR(created);
  for (int attempt = 0;; ++attempt) {
    const absl::StatusOr<LogBounds> bounds = co_await reader_->Look();
    TIDELOG_CO_RETURN_IF_ERROR(bounds.status());
    const absl::StatusOr<Tail> below =
        co_await ReadTail(reader_, *bounds, bounds->end, TailDepth::kTimeTick);
    TIDELOG_CO_RETURN_IF_ERROR(below.status());
    if (below->newest && KeepsOut(*below->newest)) {
      co_return Unmatched("it was opened at that term or above");
    }
    SetBelow(bounds->log, *below);
    last_ = bounds->last_sequence;
    std::vector<std::string> barrier;
    barrier.push_back(Barrier(/*is_close_mark=*/false));
    const StoreResult published = co_await Publish(/*group=*/0, std::move(barrier));
    if (published.kind == StoreResult::Kind::kClosed) co_return published.status;
    if (published.kind == StoreResult::Kind::kDone) {
      const absl::Status owned = co_await LookAtFence();
      co_return AsUnmatched(owned);
    }
    // Refused, or something else was published meanwhile, of whatever term: look again.
    co_await connection_->Pause(attempt);
  }
}

Future<StoreResult> SequencedWriter::Store(uint64_t, uint64_t group,
                                           std::vector<std::string> records) {
  const StoreResult result = co_await Publish(group, records);
  if (result.kind == StoreResult::Kind::kDone) NoteTimeTick(result.first, records);
  co_return result;
}

Future<absl::Status> SequencedWriter::LookAtFence() {
  const absl::StatusOr<LogBounds> bounds = co_await reader_->Look();
  TIDELOG_CO_RETURN_IF_ERROR(bounds.status());
  const absl::StatusOr<std::vector<StoredRecord>> records =
      co_await ReadLeft(reader_, (last_ + 1) << kIndexBits, bounds->end);
  TIDELOG_CO_RETURN_IF_ERROR(records.status());
  for (const StoredRecord& record : *records) {
    if (record.writer != writer()) co_return Fenced("look at");
  }
  co_return absl::OkStatus();
}

Future<absl::Status> SequencedWriter::Truncate(uint64_t number, Position mark) {
  // The service lets anybody truncate: who was fenced must find out by himself.
  const absl::Status owned = co_await LookAtFence();
  TIDELOG_CO_RETURN_IF_ERROR(owned);
  const absl::Status truncated = co_await TruncateBroker(connection_, channel(), number, mark);
  co_return truncated;
}

Future<absl::Status> SequencedWriter::LeaveCloseMark() {
  for (int attempt = 0;; ++attempt) {
    std::vector<std::string> mark;
    mark.push_back(Barrier(/*is_close_mark=*/true));
    const StoreResult published = co_await Publish(/*group=*/0, std::move(mark));
    if (published.kind == StoreResult::Kind::kClosed) co_return published.status;
    if (published.kind != StoreResult::Kind::kRefused) co_return absl::OkStatus();
    co_await connection_->Pause(attempt);
  }
}

}  // namespace

std::unique_ptr<LogWriter> MakeSequencedWriter(Connection* connection, LogReader* reader,
                                               const LogWriter::Identity& identity) {
  return std::make_unique<SequencedWriter>(connection, reader, identity);
}

}  // namespace tidelog::sim
