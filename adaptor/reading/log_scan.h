// LogScan: one scan of a log: reads ahead from the backend, filters, and keeps what passes until it
// is asked for.
#ifndef TIDELOG_ADAPTOR_READING_LOG_SCAN_H_
#define TIDELOG_ADAPTOR_READING_LOG_SCAN_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "adaptor/async/detached.h"
#include "adaptor/async/entries.h"
#include "adaptor/buffer/write_ahead_buffer.h"
#include "adaptor/log/log_context.h"
#include "adaptor/metrics/scan_counts.h"
#include "adaptor/reading/scan_plan.h"
#include "adaptor/reading/term_order.h"
#include "adaptor/reading/txn_assembly.h"
#include "adaptor/timetick/unstored_tick.h"
#include "wal/async/future.h"
#include "wal/async/signal.h"
#include "wal/message/message.h"
#include "wal/message/message_id.h"
#include "wal/scanner.h"
#include "wal/types.h"
#include "wal/utility/chunk_assembly.h"
#include "walimpls/scanner.h"
#include "walimpls/wal.h"

namespace tidelog::adaptor {

// One backend's part of the log (G6), as it is open for a scan.
struct ScanLink {
  uint32_t epoch = 0;
  walimpls::RoWalImpls* backend = nullptr;
  WriteAheadBuffer* buffer = nullptr;             // Null if it is open for reading, or without one.
  const std::optional<Position>* mark = nullptr;  // Of the truncation, as it moves.
  const UnstoredTick* unstored = nullptr;         // As it moves; null if it is open for reading.
};

// Where a scan goes on that has come to the end of a link.
class ScanLinks {
 public:
  virtual ~ScanLinks() = default;
  // Opens a link, if it is not open.  It outlives the scans.  kUnavailable: it is not there yet, or
  // storage has failed for the moment.
  virtual Future<absl::StatusOr<ScanLink>> Link(uint32_t epoch) = 0;
};

// What a scan reads from.  All of it outlives the scan.
struct ScanSource {
  const LogContext* log;
  Entries* entries;
  ScanLinks* links;
  ScanCounts* counts;
};

// Confined to the channel's executor.  Lifetime: begun by Start(), and until ended() a coroutine
// keeps it alive.
//
// INVARIANT (F2): what has passed is delivered once and in tick order: a record is taken only if
// its id is above that of the last one taken, and after an error of the backend the scan goes on
// behind that one, with the transactions that are open there.
class LogScan : public std::enable_shared_from_this<LogScan> {
 public:
  // Begins in `link`.
  LogScan(const ScanSource& source, const ScanLink& link, ScanPlan plan)
      : source_(source), link_(link), plan_(std::move(plan)), order_(source.log) {}

  // `scanner` is of plan().backend; null: it is still to be opened.
  void Start(std::unique_ptr<walimpls::ScannerImpls> scanner);

  // As Scanner::Next().
  Future<absl::StatusOr<ScanBatch>> Next(ScanBatch reuse);

  // Ends a Next() in flight with kOnShutdown, and the scan.  Idempotent.
  void Stop();

  // True once nothing of it is at the backend.
  bool ended() const { return ended_.closed(); }
  Future<Unit> WhenEnded() { return ended_.Wait(); }

  // An unstored tick was issued.
  void OnUnstoredTick() {
    if (plan_.wake_on_tick) changed_.NotifyAll();
  }
  // What was read ahead of the reader.
  size_t pending_bytes() const { return pending_bytes_; }

  // The truncation's mark was moved.
  void OnTruncated() { changed_.NotifyAll(); }

 private:
  Detached Pump();
  // Opens the backend's scanner again, behind what was taken; after a pause, if it failed before.
  Future<Unit> Reopen();
  Future<Unit> Pause();
  // An AlterWAL record was taken: goes on in the next link, once that is there; one attempt.
  Future<Unit> CrossSeam();
  void EnterLink(const ScanLink& link);
  Future<Unit> CloseBackendScanner();

  // Of the batch at hand, what is not taken yet: as far as a gap, which its reader gets first.
  void TakeRest();
  bool HasRest() const;
  void TakeMessage(ImmutableMessage& message);
  // What passed the checks of its order, and is a whole message.
  void TakeWhole(ImmutableMessage& message);
  // A commit at `commit` does not match its bodies (E3).
  void ReportMismatch(const MessageId& commit);
  // Records that are no whole message (F9).
  void ReportBadRun();
  // Ends, or leaves a gap, as the reader wants it (F5).
  void ReportCorrupt(Gap gap);
  void EndWith(absl::Status error);
  bool Full() const;
  TimeTick CompleteThrough() const;
  absl::Status CheckMark() const;
  bool HasNews() const;
  void TellTracer(const std::vector<ImmutableMessage>& messages) const;
  ScanBatch Deliver(ScanBatch batch);

  const ScanSource source_;
  ScanLink link_;
  ScanPlan plan_;
  TermOrder order_;
  ChunkAssembly chunks_;
  TxnAssembly assembly_;
  std::unique_ptr<walimpls::ScannerImpls> scanner_;
  walimpls::RawBatch batch_;  // As the backend gave it ...
  size_t taken_ = 0;          // ... and how many of its messages are taken.
  std::optional<Future<absl::Status>> closing_;
  absl::Duration pause_ =
      absl::ZeroDuration();  // The last one; 0: the backend has not failed lately.

  bool stopped_ = false;
  bool at_seam_ = false;  // Nothing of this link follows.
  bool reached_end_ = false;
  absl::Status error_;  // To be given behind what is pending.
  std::vector<ImmutableMessage> pending_;
  size_t pending_bytes_ = 0;
  std::optional<Gap> gap_;
  std::optional<Position> resume_;
  TimeTick stored_tick_{};    // The newest TimeTick that was taken.
  TimeTick told_complete_{};  // What the reader was told last.
  Signal room_;               // For the pump.
  Signal changed_;            // For Next().
  Signal ended_;
};

}  // namespace tidelog::adaptor

#endif  // TIDELOG_ADAPTOR_READING_LOG_SCAN_H_
