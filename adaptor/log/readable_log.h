// ReadableLog: a log that is open for reading: what is behind a RoWal, and half of a Wal.
#ifndef TIDELOG_ADAPTOR_LOG_READABLE_LOG_H_
#define TIDELOG_ADAPTOR_LOG_READABLE_LOG_H_

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/container/btree_map.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "adaptor/async/detached.h"
#include "adaptor/async/entries.h"
#include "adaptor/buffer/write_ahead_buffer.h"
#include "adaptor/chain/backend_chain.h"
#include "adaptor/chain/older_link.h"
#include "adaptor/log/availability.h"
#include "adaptor/log/log_context.h"
#include "adaptor/log/opener_parts.h"
#include "adaptor/log/scanner_handle.h"
#include "adaptor/metrics/scan_counts.h"
#include "adaptor/reading/log_scan.h"
#include "adaptor/reading/scan_plan.h"
#include "wal/async/executor.h"
#include "wal/async/future.h"
#include "wal/async/quarantine.h"
#include "wal/async/signal.h"
#include "wal/checkpoint_store.h"
#include "wal/scanner.h"
#include "wal/types.h"
#include "wal/wal.h"
#include "walimpls/opener.h"
#include "walimpls/wal.h"

namespace tidelog::adaptor {

// Public methods are safe from any thread, the others confined to the strand, which this owns.
//
// Lifetime: handles share it, and so does whoever closes it.  Calls that are inside are counted,
// and Close() waits for them.
class ReadableLog : public std::enable_shared_from_this<ReadableLog>, private ScanLinks {
 public:
  ReadableLog(std::shared_ptr<OpenerParts> opener, PChannel channel);
  ReadableLog(const ReadableLog&) = delete;
  ReadableLog& operator=(const ReadableLog&) = delete;
  // Requires: Open() failed, or Close() has completed and nothing is in quarantine.
  ~ReadableLog() override;

  const PChannel& channel() const { return log_.channel; }
  Executor* executor() const { return strand_.get(); }

  // As Opener::OpenReadOnly().  Called once, before everything else; if it fails nothing is left.
  virtual Future<absl::Status> Open();
  // Makes an Open() in flight end soon, with kOnShutdown.
  virtual Future<Unit> StopOpening();

  // As the methods of RoWal.
  Future<absl::StatusOr<std::unique_ptr<Scanner>>> Read(ReadOptions options);
  Future<absl::StatusOr<LogInfo>> Info();
  Future<absl::StatusOr<std::vector<Checkpoint>>> Checkpoints();
  Future<absl::Status> WhenUnavailable();
  Future<absl::Status> Close();

  // For scanner handles.
  Future<absl::StatusOr<ScanBatch>> NextOf(std::shared_ptr<LogScan> scan, ScanBatch reuse);
  Future<absl::Status> CloseScan(std::shared_ptr<LogScan> scan);

  // True once Close() has completed.
  bool closed() const { return closed_.load(std::memory_order_acquire); }

 protected:
  const LogContext& log() const { return log_; }
  OpenerParts& opener() { return *opener_; }
  Entries& entries() { return entries_; }
  Availability& availability() { return availability_; }
  std::optional<Position>& mark() { return mark_; }
  const std::optional<Position>& mark() const { return mark_; }
  // The mark is there, or above.
  void RaiseMark(const std::optional<Position>& found);
  const std::vector<std::shared_ptr<LogScan>>& scans() const { return scans_; }
  const ScanCounts& scan_counts() const { return scan_counts_; }
  // The backends that it has lain in, and which of them this has open (G6).
  const BackendChain& backends() const { return backends_; }
  void set_backends(BackendChain backends) { backends_ = std::move(backends); }
  const ChainLink& link() const { return *backends_.Find(epoch_); }
  uint32_t epoch() const { return epoch_; }

  // What is stored of its checkpoints, within the limit; an empty set if there is no store.  A
  // status that is no error of a store means that nobody knows.
  Future<absl::StatusOr<CheckpointSet>> LookAtStore();
  absl::StatusOr<BackendChain> ChainOf(const CheckpointSet& set) const;
  absl::StatusOr<walimpls::OpenerImpls*> OpenerOf(const ChainLink& link);
  absl::StatusOr<LinkPlace> PlaceOf(const ChainLink& link);
  // The error of what is known to be there, and was not found.
  absl::Status LinkMissing(const ChainLink& link, const absl::Status& why) const;

  // Opens the backend of a link of backends(), within the limit.  If it takes longer, what comes is
  // closed then.
  Future<absl::Status> OpenBackend(uint32_t epoch);
  using OpenedBackend = absl::StatusOr<std::unique_ptr<walimpls::RoWalImpls>>;
  virtual Future<OpenedBackend> StartOpen(walimpls::OpenerImpls* from,
                                          walimpls::OpenOptions options);
  // Closes it again, for another to be opened.
  Future<absl::Status> LeaveBackend(walimpls::CloseMode mode);
  // As ScanLinks::Link().
  Future<absl::StatusOr<ScanLink>> Link(uint32_t epoch) override;
  // The newest link with a mark, or the oldest one if none has any: what lies in front of that is
  // truncated away, whether or not its storage is freed yet.
  Future<absl::StatusOr<ScanLink>> OldestLink();
  // The error of a step of opening that took too long.
  absl::Status OpenHung(std::string_view step) const;

  // What the backend knows; the tail is settled in it, whatever lies there (F9).
  Future<absl::StatusOr<walimpls::LogState>> LookAtLog();
  // Of a writer; none: what the backend says is looked into.
  virtual std::optional<Position> acknowledged_tail() const { return std::nullopt; }
  // What a scanner that is being opened must know.
  virtual Future<absl::StatusOr<ScanBounds>> Bounds();
  // The backend has opened the scan: the last word on where it starts.
  virtual void AtReadYield(const ReadOptions&, ScanPlan*) {}
  virtual const UnstoredTick* unstored_tick() const { return nullptr; }
  // Null: everything is read from the backend.
  virtual WriteAheadBuffer* buffer() { return nullptr; }
  virtual void Describe(LogInfo*) const {}

  // The writer's part of closing (H2), before and behind the backend's.
  virtual Future<walimpls::CloseMode> CloseWriter();
  virtual Future<Unit> FreeWriter();

  // A step of closing was not done in time.
  void NoteHung(std::string_view step);
  absl::Status ClosedError(std::string_view what) const;
  // What is asked for needs a store of checkpoints, and there is none.
  absl::Status NoCheckpointsError() const;

 private:
  // A link that is open for scans, beside that of backend_.
  struct OtherLink {
    std::unique_ptr<walimpls::RoWalImpls> backend;
    std::optional<Position> mark;
  };

  Future<absl::Status> OpenSteps();
  Detached RunLook(Promise<absl::StatusOr<CheckpointSet>> seen);
  Future<absl::Status> CheckBackend();  // As CheckIsLink(), of this one.
  // Whether the newest record in backend_ is an AlterWAL.
  Future<absl::StatusOr<bool>> EndsHere();
  ScanLink ThisLink();
  Future<absl::StatusOr<ChainLink>> FindLink(uint32_t epoch);
  Future<absl::StatusOr<ScanLink>> OpenOtherLink(ChainLink link);
  absl::Status NotThereYet(uint32_t epoch) const;
  absl::Status DroppedError(uint32_t epoch, const std::optional<Position>& oldest = {}) const;
  Future<absl::Status> WhyNotThere(ChainLink link, absl::Status why);
  // Where a scan begins, and what must be known there.
  Future<absl::StatusOr<ScanLink>> FirstLink(DeliverPolicy policy);
  Future<absl::StatusOr<ScanBounds>> BoundsAt(ScanLink link);
  Future<Unit> CloseOtherLinks();
  Future<Unit> CloseScans();
  Future<Unit> CloseBackend(walimpls::CloseMode mode);
  // Waits until no call is inside, for so long.
  Future<bool> WaitUntilAlone(absl::Duration limit);
  // Waits for what hung, then frees everything.
  Detached Linger(Quarantine::Ticket ticket);
  void ForgetEndedScans();

  const std::shared_ptr<OpenerParts> opener_;
  const std::unique_ptr<Executor> strand_;
  const LogContext log_;
  Entries entries_;
  Availability availability_;
  std::optional<Position> mark_;  // Of the truncation, as far as it is known here.
  // The id that the log ended with when its tail was cut last, and the position of that (F9).
  std::optional<std::pair<MessageId, Position>> settled_;
  std::vector<std::shared_ptr<LogScan>> scans_;
  ScanCounts scan_counts_;
  BackendChain backends_;
  uint32_t epoch_ = 0;  // Of backend_.
  std::unique_ptr<walimpls::RoWalImpls> backend_;
  absl::btree_map<uint32_t, std::unique_ptr<OtherLink>> other_links_;  // By epoch.
  const std::shared_ptr<ScannerDoor> door_;

  // What the backend still owes: an open or a close that was too slow.
  std::optional<Future<OpenedBackend>> opening_;
  std::optional<Future<absl::Status>> closing_;
  std::vector<Future<absl::Status>> closing_others_;
  bool close_begun_ = false;
  std::string hung_;  // Steps that hung, for people.
  absl::Status close_status_;
  Signal close_done_;
  std::atomic<bool> closed_{false};
};

}  // namespace tidelog::adaptor

#endif  // TIDELOG_ADAPTOR_LOG_READABLE_LOG_H_
