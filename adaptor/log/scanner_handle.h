// ScannerHandle: the Scanner that a reader holds.
#ifndef TIDELOG_ADAPTOR_LOG_SCANNER_HANDLE_H_
#define TIDELOG_ADAPTOR_LOG_SCANNER_HANDLE_H_

#include <atomic>
#include <memory>
#include <string>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "adaptor/reading/log_scan.h"
#include "wal/async/future.h"
#include "wal/scanner.h"

namespace tidelog::adaptor {

class ReadableLog;

// The way from the scanners of a log to it; shut when that is closed, as they may live longer.
struct ScannerDoor {
  explicit ScannerDoor(ReadableLog* l) : log(l) {}
  absl::Mutex mutex;
  ReadableLog* log ABSL_GUARDED_BY(mutex);  // Null: shut.
};

// Safe from any thread.
class ScannerHandle : public Scanner {
 public:
  ScannerHandle(std::shared_ptr<ScannerDoor> door, std::shared_ptr<LogScan> scan, std::string name)
      : door_(std::move(door)), scan_(std::move(scan)), name_(std::move(name)) {}
  // Aborts with its name if it was used and not closed.
  ~ScannerHandle() override;

  Future<absl::StatusOr<ScanBatch>> Next(ScanBatch reuse) override;
  Future<absl::Status> Close() override;

 private:
  const std::shared_ptr<ScannerDoor> door_;
  std::shared_ptr<LogScan> scan_;
  const std::string name_;
  // Not yet: perhaps nobody ever had it, the future that would have yielded it being dropped.
  std::atomic<bool> used_{false};
  std::atomic<bool> closed_{false};
};

}  // namespace tidelog::adaptor

#endif  // TIDELOG_ADAPTOR_LOG_SCANNER_HANDLE_H_
