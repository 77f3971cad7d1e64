// Replay: reads what a log needs to know about its own past when it is opened (D6).
#ifndef TIDELOG_ADAPTOR_RECOVERY_REPLAY_H_
#define TIDELOG_ADAPTOR_RECOVERY_REPLAY_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "adaptor/log/log_context.h"
#include "adaptor/reading/term_order.h"
#include "adaptor/recovery/recovery_observer.h"
#include "wal/async/future.h"
#include "wal/types.h"
#include "wal/utility/chunk_assembly.h"
#include "walimpls/scanner.h"
#include "walimpls/wal.h"

namespace tidelog::adaptor {

// Reads from the lower of what the newest stored TimeTick says, its last-confirmed and its replay
// start, to the boundary; from the beginning if there is no TimeTick.  Holds one batch at a time,
// and one message that is stored in chunks.  Confined to the channel's executor.
class Replay {
 public:
  // What one batch may hold; at least one record.
  static constexpr size_t kBatchBytesMax = 4u << 20;
  // How often progress is reported.
  static constexpr absl::Duration kProgressInterval = absl::Seconds(1);

  // All outlive this.
  Replay(const LogContext* log, walimpls::WalImpls* backend,
         std::vector<RecoveryObserver*> observers)
      : log_(*log), backend_(*backend), observers_(std::move(observers)), order_(log) {}

  // Yields the highest tick that was read; 0: none.  Called once.
  // kUnavailable: a step took longer than open_step_limit; the message names it.  kOnShutdown:
  // Stop() was called.  kCorrupt, kInner.
  Future<absl::StatusOr<TimeTick>> Run();

  // Run() ends soon, unless the backend hangs.
  void Stop() { stopped_ = true; }

  // Ready when nothing of it is at the backend any more.  Requires: Run() has ended; the backend is
  // closed.
  Future<Unit> WhenFree();

  uint64_t record_count() const { return record_count_; }

 private:
  walimpls::ScanOptions Plan() const;
  Future<absl::Status> ReadToEnd();
  absl::Status Take(const walimpls::RawBatch& batch);
  absl::Status BadRun() const;
  absl::Status Hung(const char* step) const;
  void ReportProgress();

  const LogContext& log_;
  walimpls::WalImpls& backend_;
  const std::vector<RecoveryObserver*> observers_;
  TermOrder order_;
  ChunkAssembly chunks_;
  bool stopped_ = false;
  uint64_t record_count_ = 0;
  absl::Duration next_progress_ = absl::ZeroDuration();
  std::unique_ptr<walimpls::ScannerImpls> scanner_;
  // What was too slow.
  std::optional<Future<absl::StatusOr<std::unique_ptr<walimpls::ScannerImpls>>>> opening_;
  std::optional<Future<absl::Status>> closing_;
};

}  // namespace tidelog::adaptor

#endif  // TIDELOG_ADAPTOR_RECOVERY_REPLAY_H_
