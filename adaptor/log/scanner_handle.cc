#include "adaptor/log/scanner_handle.h"

#include "absl/log/check.h"
#include "absl/strings/str_cat.h"
#include "adaptor/log/readable_log.h"
#include "wal/status.h"

namespace tidelog::adaptor {

ScannerHandle::~ScannerHandle() {
  if (closed_.load(std::memory_order_acquire)) return;
  absl::MutexLock lock(&door_->mutex);
  if (door_->log == nullptr) return;
  CHECK(!used_.load(std::memory_order_relaxed))
      << "scanner " << name_ << " was destroyed before it was closed";
  (void)door_->log->CloseScan(scan_);
}

Future<absl::StatusOr<ScanBatch>> ScannerHandle::Next(ScanBatch reuse) {
  used_.store(true, std::memory_order_relaxed);
  absl::MutexLock lock(&door_->mutex);
  if (door_->log == nullptr) {
    return MakeReadyFuture<absl::StatusOr<ScanBatch>>(
        WalError(WalErrorCode::kOnShutdown, absl::StrCat("scan ", name_, ": its log was closed")));
  }
  return door_->log->NextOf(scan_, std::move(reuse));
}

Future<absl::Status> ScannerHandle::Close() {
  used_.store(true, std::memory_order_relaxed);
  closed_.store(true, std::memory_order_release);
  absl::MutexLock lock(&door_->mutex);
  if (door_->log == nullptr) return MakeReadyFuture(absl::OkStatus());
  return door_->log->CloseScan(scan_);
}

}  // namespace tidelog::adaptor
