// The owner of a transactional log.
//
// A producer's epoch is all that the service compares; it knows no terms.  So whoever gets an epoch
// reads what is there and leaves again if that is of its own term or a higher one; else it commits
// a barrier, which tells all others, and reads up to that: only then is decided what became of
// groups whose transaction nobody answered for.  After every doubt the producer is thrown away and
// the same begins anew, since what the old one sent may still arrive, and is refused only once a
// newer epoch is there.
#include <algorithm>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "sim/log/log_writer.h"
#include "sim/log/stored_message.h"
#include "wal/async/random_stream.h"
#include "wal/base/status_macros.h"
#include "wal/status.h"

namespace tidelog::sim {
namespace {

class TransactionalWriter final : public LogWriter {
 public:
  TransactionalWriter(Connection* connection, LogReader* reader, const Identity& identity)
      : LogWriter(identity),
        connection_(connection),
        reader_(reader),
        random_(connection->MakeRandom(absl::StrCat("pauses of writer ", identity.writer))) {}

  Future<absl::Status> Claim() override;
  Future<StoreResult> Store(uint64_t place, uint64_t group,
                            std::vector<std::string> records) override;
  // One group is in flight, and its outcome is known.
  Future<absl::StatusOr<uint64_t>> GiveUp(uint64_t place) override {
    return MakeReadyFuture(absl::StatusOr<uint64_t>(place));
  }
  Future<absl::Status> LookAtFence() override;
  Future<absl::Status> Truncate(uint64_t number, Position mark) override;
  Future<absl::Status> LeaveCloseMark() override;
  uint64_t GuessNext() const override { return read_to_; }

 private:
  // A transaction of one group.
  struct Committed {
    LogCode code = LogCode::kTimeout;  // Other than kOk: the producer is no more.
    uint64_t first = 0;
  };
  // What was found between what was read before and some end.
  struct Found {
    bool fenced = false;
    std::optional<uint64_t> first;  // Of the group that was looked for.
    Tail tail;
  };

  Future<LogCode> InitProducer();
  Future<Committed> Commit(uint64_t group, std::vector<std::string> records);
  Future<LogReply> CallPatiently(LogRequest request);
  // Before a new producer is asked for again.  That ends whatever another one has begun, so of many
  // who want the channel none would ever commit if they came back at fixed times.
  Future<Unit> StandBack(int attempt);
  // Reads [read_to_, end) and moves read_to_.
  Future<absl::StatusOr<Found>> ReadOn(uint64_t end, uint64_t group);
  // Gets a new producer, commits a barrier and reads up to it.
  Future<absl::StatusOr<Found>> Renew(uint64_t group);
  bool IsFencedBy(const StoredRecord& record) const;
  LogRequest RequestOf(LogOp op) const;

  Connection* const connection_;
  LogReader* const reader_;
  RandomStream random_;
  uint64_t epoch_ = 0;     // 0: there is no producer.
  uint64_t sequence_ = 0;  // Of the producer's last batch.
  uint64_t read_to_ = 0;   // Below this all is known.
  uint64_t barrier_ = 0;   // Number of the first barrier of this handle; 0: none yet.
};

LogRequest TransactionalWriter::RequestOf(LogOp op) const {
  LogRequest request;
  request.op = op;
  request.channel = channel().name;
  request.epoch = epoch_;
  request.writer = writer();
  return request;
}

Future<LogReply> TransactionalWriter::CallPatiently(LogRequest request) {
  for (int attempt = 0;; ++attempt) {
    const LogReply reply = co_await connection_->Call(request);
    if (reply.code != LogCode::kThrottled) co_return reply;
    co_await connection_->Pause(attempt);
  }
}

Future<Unit> TransactionalWriter::StandBack(int attempt) {
  const absl::Duration most =
      std::min(absl::Milliseconds(10) * (1 << std::min(attempt, 10)), absl::Seconds(5));
  const uint64_t drawn = random_.Below(static_cast<uint64_t>(absl::ToInt64Nanoseconds(most)));
  return connection_->PauseFor(absl::Nanoseconds(static_cast<int64_t>(drawn)));
}

Future<LogCode> TransactionalWriter::InitProducer() {
  const LogReply reply = co_await CallPatiently(RequestOf(LogOp::kInitProducer));
  epoch_ = reply.code == LogCode::kOk ? reply.number : 0;
  sequence_ = 0;
  co_return reply.code;
}

Future<TransactionalWriter::Committed> TransactionalWriter::Commit(
    uint64_t group, std::vector<std::string> records) {
  Committed committed;
  const LogReply begun = co_await CallPatiently(RequestOf(LogOp::kAddToTransaction));
  committed.code = begun.code;
  if (begun.code == LogCode::kOk) {
    LogRequest produce = RequestOf(LogOp::kProduce);
    produce.sequence = ++sequence_;
    produce.group = group;
    produce.records = std::move(records);
    const LogReply produced = co_await CallPatiently(std::move(produce));
    committed.code = produced.code;
    committed.first = produced.number;
  }
  if (committed.code == LogCode::kOk) {
    LogRequest end = RequestOf(LogOp::kEndTransaction);
    end.commit = true;
    const LogReply ended = co_await CallPatiently(std::move(end));
    committed.code = ended.code;
  }
  if (committed.code != LogCode::kOk) epoch_ = 0;
  co_return committed;
}

bool TransactionalWriter::IsFencedBy(const StoredRecord& record) const {
  if (record.writer == writer()) return false;
  if (TermOf(record) != term()) return TermOf(record) > term();
  return IsFence(record) && barrier_ != 0 && record.number > barrier_;
}

Future<absl::StatusOr<TransactionalWriter::Found>> TransactionalWriter::ReadOn(uint64_t end,
                                                                               uint64_t group) {
  Found found;
  // Another owner's barrier may be gone already, but not the newest TimeTick behind it.
  const absl::StatusOr<std::vector<StoredRecord>> records =
      co_await ReadLeft(reader_, read_to_, end);
  TIDELOG_CO_RETURN_IF_ERROR(records.status());
  for (const StoredRecord& record : *records) {
    if (IsFencedBy(record)) found.fenced = true;
    const bool is_sought = group != 0 && record.writer == writer() && record.group == group;
    if (is_sought && !found.first) found.first = record.number;
    found.tail.Append(record);
  }
  read_to_ = std::max(read_to_, end);
  co_return found;
}

Future<absl::StatusOr<TransactionalWriter::Found>> TransactionalWriter::Renew(uint64_t group) {
  std::optional<uint64_t> first;
  for (int attempt = 0;; ++attempt) {
    if (attempt > 0) co_await StandBack(attempt);
    if (connection_->closed()) co_return ConnectionClosed("append to", channel());
    const LogCode initialized = co_await InitProducer();
    if (initialized != LogCode::kOk) continue;
    // A barrier would fence an owner that is in the right: look before.
    const absl::StatusOr<LogBounds> bounds = co_await reader_->Look();
    TIDELOG_CO_RETURN_IF_ERROR(bounds.status());
    absl::StatusOr<Found> before = co_await ReadOn(bounds->end, group);
    TIDELOG_CO_RETURN_IF_ERROR(before.status());
    if (before->first) first = before->first;
    if (before->fenced) co_return before;
    std::vector<std::string> barrier;
    barrier.push_back(Barrier(/*is_close_mark=*/false));
    const Committed committed = co_await Commit(/*group=*/0, std::move(barrier));
    if (committed.code != LogCode::kOk) continue;
    absl::StatusOr<Found> found = co_await ReadOn(committed.first + 1, group);
    TIDELOG_CO_RETURN_IF_ERROR(found.status());
    if (!found->first) found->first = first;
    co_return found;
  }
}

Future<absl::Status> TransactionalWriter::Claim() {
  const absl::Status created = co_await CreateBrokerLog(connection_, channel());
  TIDELOG_CO_RETURN_IF_ERROR(created);
  for (int attempt = 0;; ++attempt) {
    if (attempt > 0) co_await StandBack(attempt);
    if (connection_->closed()) co_return ConnectionClosed("open", channel());
    const LogCode initialized = co_await InitProducer();
    if (initialized != LogCode::kOk) continue;
    const absl::StatusOr<LogBounds> bounds = co_await reader_->Look();
    TIDELOG_CO_RETURN_IF_ERROR(bounds.status());
    absl::StatusOr<Tail> below =
        co_await ReadTail(reader_, *bounds, bounds->end, TailDepth::kTimeTick);
    TIDELOG_CO_RETURN_IF_ERROR(below.status());
    if (below->newest && KeepsOut(*below->newest)) {
      co_return Unmatched("it was opened at that term or above");
    }
    SetBelow(bounds->log, *below);
    read_to_ = bounds->end;
    std::vector<std::string> barrier;
    barrier.push_back(Barrier(/*is_close_mark=*/false));
    const Committed committed = co_await Commit(/*group=*/0, std::move(barrier));
    if (committed.code != LogCode::kOk) continue;
    // Nothing can have come between but by who had an epoch before, and lies below the boundary.
    barrier_ = committed.first;
    const absl::StatusOr<Found> found = co_await ReadOn(committed.first, /*group=*/0);
    TIDELOG_CO_RETURN_IF_ERROR(found.status());
    if (found->tail.newest) below->newest = found->tail.newest;
    if (found->tail.newest_time_tick) below->newest_time_tick = found->tail.newest_time_tick;
    SetBelow(bounds->log, *below);
    read_to_ = committed.first + 1;
    if (found->fenced) co_return Unmatched("another opened it meanwhile");
    const absl::Status owned = co_await LookAtFence();
    co_return AsUnmatched(owned);
  }
}

Future<StoreResult> TransactionalWriter::Store(uint64_t, uint64_t group,
                                               std::vector<std::string> records) {
  for (int attempt = 0;; ++attempt) {
    if (attempt > 0) co_await connection_->Pause(attempt);
    Committed committed;
    if (epoch_ != 0) committed = co_await Commit(group, records);
    if (committed.code == LogCode::kOk) {
      read_to_ = std::max(read_to_, committed.first + records.size());
      NoteTimeTick(committed.first, records);
      co_return StoreResult{StoreResult::Kind::kDone, committed.first, {}};
    }
    const absl::StatusOr<Found> found = co_await Renew(group);
    if (!found.ok()) co_return StoreResult{StoreResult::Kind::kClosed, 0, found.status()};
    if (found->fenced) {
      co_return StoreResult{StoreResult::Kind::kFenced, 0, Fenced("append to")};
    }
    if (found->first) {
      NoteTimeTick(*found->first, records);
      co_return StoreResult{StoreResult::Kind::kDone, *found->first, {}};
    }
    // It is not there, and nothing that was sent so far can get there any more.
    if (committed.code == LogCode::kRefused || committed.code == LogCode::kFull) {
      co_return StoreResult{StoreResult::Kind::kRefused, 0, RefusedStatus(committed.code)};
    }
  }
}

Future<absl::Status> TransactionalWriter::LookAtFence() {
  const absl::StatusOr<LogBounds> bounds = co_await reader_->Look();
  TIDELOG_CO_RETURN_IF_ERROR(bounds.status());
  const absl::StatusOr<std::vector<StoredRecord>> records =
      co_await ReadLeft(reader_, read_to_, bounds->end);
  TIDELOG_CO_RETURN_IF_ERROR(records.status());
  for (const StoredRecord& record : *records) {
    if (IsFencedBy(record)) co_return Fenced("look at");
  }
  co_return absl::OkStatus();
}

Future<absl::Status> TransactionalWriter::Truncate(uint64_t number, Position mark) {
  // The service lets anybody truncate: who was fenced must find out by himself.
  const absl::Status owned = co_await LookAtFence();
  TIDELOG_CO_RETURN_IF_ERROR(owned);
  const absl::Status truncated = co_await TruncateBroker(connection_, channel(), number, mark);
  co_return truncated;
}

Future<absl::Status> TransactionalWriter::LeaveCloseMark() {
  while (!connection_->closed()) {
    std::vector<std::string> mark;
    mark.push_back(Barrier(/*is_close_mark=*/true));
    if (epoch_ != 0) {
      const Committed committed = co_await Commit(/*group=*/0, std::move(mark));
      if (committed.code == LogCode::kOk) co_return absl::OkStatus();
    }
    const absl::StatusOr<Found> found = co_await Renew(/*group=*/0);
    TIDELOG_CO_RETURN_IF_ERROR(found.status());
    if (found->fenced) co_return absl::OkStatus();
  }
  co_return ConnectionClosed("close", channel());
}

}  // namespace

std::unique_ptr<LogWriter> MakeTransactionalWriter(Connection* connection, LogReader* reader,
                                                   const LogWriter::Identity& identity) {
  return std::make_unique<TransactionalWriter>(connection, reader, identity);
}

}  // namespace tidelog::sim
