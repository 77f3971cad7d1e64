// LogWriter: how the owner of a channel writes it and holds it, on each kind of service.
//
// Each implementation is a protocol of wal/doc as its backend speaks it: how to fence, how to learn
// what became of a request whose answer was lost, what may be in flight at once.
#ifndef TIDELOG_SIM_LOG_LOG_WRITER_H_
#define TIDELOG_SIM_LOG_LOG_WRITER_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "sim/log/connection.h"
#include "sim/log/log_reader.h"
#include "sim/log/log_service.h"
#include "sim/log/protocol.h"
#include "wal/async/future.h"
#include "wal/message/message_id.h"
#include "wal/types.h"

namespace tidelog::sim {

// What an attempt to store a group came to.
struct StoreResult {
  enum class Kind {
    kDone,     // Stored, its records at `first` and on.
    kRefused,  // For the reason in `status`: LogWriter::GiveUp() must be called, and decides.
    kFenced,   // Another owns the channel; whether it is stored nobody here will ever know.
    kClosed,   // The connection was closed; likewise.
  };
  Kind kind = Kind::kClosed;
  uint64_t first = 0;
  absl::Status status;
};

// Confined to its connection's executor.
class LogWriter {
 public:
  struct Identity {
    PChannel channel;
    uint64_t writer = 0;  // Never used twice.
    uint32_t epoch = 0;   // For the ids it reads and writes.
  };

  explicit LogWriter(const Identity& identity) : identity_(identity) {}
  LogWriter(const LogWriter&) = delete;
  LogWriter& operator=(const LogWriter&) = delete;
  virtual ~LogWriter() = default;

  // Takes the channel: on OK every lower term is fenced by the service, the boundary was read after
  // that, and a last look found nobody higher.  kUnmatchedTerm; kOnShutdown.
  virtual Future<absl::Status> Claim() = 0;

  // Constant from then on.
  uint64_t log() const { return log_; }
  // The last record below the claim, and the newest TimeTick there.
  const std::optional<StoredRecord>& boundary() const { return boundary_; }
  const std::optional<StoredRecord>& newest_time_tick() const { return newest_time_tick_; }

  // How many groups may be on their way at once.
  virtual size_t window() const { return 1; }

  // The place of the next group: ascending, to be asked for in the order in which groups are to
  // land, and used in one Store() or none.
  virtual uint64_t NextPlace() { return next_place_++; }

  // Stores group number `group` and learns what became of it, however long that takes.
  virtual Future<StoreResult> Store(uint64_t place, uint64_t group,
                                    std::vector<std::string> records) = 0;

  // After a kRefused for `place`, below which all is done: sees to it that nothing from some place
  // on is stored or ever will be, and yields that place.  What lies before it is stored after all,
  // with its place for the number of its first record.  kChannelFenced; kOnShutdown.
  virtual Future<absl::StatusOr<uint64_t>> GiveUp(uint64_t place) = 0;

  // OK if it owns the channel.  kChannelFenced; kOnShutdown.
  virtual Future<absl::Status> LookAtFence() = 0;

  // Forgets what is below `number`, and keeps `mark`.  kChannelFenced; kOnShutdown;
  // kOutcomeUnknown.
  virtual Future<absl::Status> Truncate(uint64_t number, Position mark) = 0;

  // Leaves what lets the same term open again.  No-op if fenced.  Requires: nothing is in flight
  // and nothing unsettled.  kOnShutdown: closed meanwhile.
  virtual Future<absl::Status> LeaveCloseMark() = 0;

  // For LogBreaks: where it would guess that the next group lands.
  virtual uint64_t GuessNext() const = 0;

 protected:
  const PChannel& channel() const { return identity_.channel; }
  Term term() const { return identity_.channel.term; }
  uint64_t writer() const { return identity_.writer; }
  MessageId::Origin origin() const {
    return MessageId::Origin{LogKind::kSimulated, static_cast<uint32_t>(log_), identity_.epoch};
  }

  absl::Status Unmatched(std::string_view why) const;
  absl::Status Fenced(std::string_view what) const;
  // An end that is surely not done, for a group that was refused with `code`.
  absl::Status RefusedStatus(LogCode code) const;
  // The fence that Truncate(), Claim() and others found, as the end of a claim.
  absl::Status AsUnmatched(const absl::Status& fence) const;

  // Whether `newest`, the newest record there is, keeps this term from being opened (A2).
  bool KeepsOut(const StoredRecord& newest) const;
  void SetBelow(uint64_t log, const Tail& tail);
  std::string Barrier(bool is_close_mark) const;
  void NoteTimeTick(uint64_t first, const std::vector<std::string>& records);

 private:
  const Identity identity_;
  uint64_t log_ = 0;
  std::optional<StoredRecord> boundary_;
  std::optional<StoredRecord> newest_time_tick_;
  std::optional<Position> covering_;  // Of the newest TimeTick stored, for barriers.
  uint64_t next_place_ = 1;
};

// Both arguments outlive the writer.
std::unique_ptr<LogWriter> MakeTransactionalWriter(Connection* connection, LogReader* reader,
                                                   const LogWriter::Identity& identity);
std::unique_ptr<LogWriter> MakeSequencedWriter(Connection* connection, LogReader* reader,
                                               const LogWriter::Identity& identity);
std::unique_ptr<LogWriter> MakeObjectWriter(Connection* connection, LogReader* reader,
                                            const LogWriter::Identity& identity, size_t window);
std::unique_ptr<LogWriter> MakeLogWriter(const LogServiceOptions& options, Connection* connection,
                                         LogReader* reader, const LogWriter::Identity& identity);

// Of a broker, whatever its protocol: sends the truncation until it is answered.
Future<absl::Status> TruncateBroker(Connection* connection, PChannel channel, uint64_t number,
                                    Position mark);
// Makes the channel of a broker unless it is there.  kOnShutdown.
Future<absl::Status> CreateBrokerLog(Connection* connection, PChannel channel);

}  // namespace tidelog::sim

#endif  // TIDELOG_SIM_LOG_LOG_WRITER_H_
