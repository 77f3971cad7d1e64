// FileScanner: a scanner of a file log.  What it reads, ScanPump reads.
#ifndef TIDELOG_IMPLS_FILE_FILE_SCANNER_H_
#define TIDELOG_IMPLS_FILE_FILE_SCANNER_H_

#include <memory>
#include <string_view>
#include <utility>

#include "absl/status/statusor.h"
#include "impls/file/log_view.h"
#include "impls/file/scan_pump.h"
#include "wal/async/future.h"
#include "walimpls/helper/log_lifetime.h"
#include "walimpls/helper/scanner_base.h"
#include "walimpls/scanner.h"

namespace tidelog::impls::file {

class FileScanner final : public walimpls::ScannerBase {
 public:
  FileScanner(walimpls::LogLifetime* lifetime, std::string_view name,
              std::shared_ptr<ScanPump> pump)
      : ScannerBase(lifetime, name), pump_(std::move(pump)) {}

 protected:
  absl::StatusOr<bool> Fill(walimpls::RawBatch* batch) override { return pump_->Fill(batch); }
  Future<Unit> WhenMore() override { return pump_->WhenMore(); }
  void StopWaiting() override { pump_->Stop(); }

 private:
  const std::shared_ptr<ScanPump> pump_;
};

// Opens a scanner.  `latest` is the last id there is for ScanLatest.
// Errors: kWalNameMismatch (an id of another log), kPositionGone.
absl::StatusOr<std::unique_ptr<walimpls::ScannerImpls>> MakeScanner(
    std::shared_ptr<LogView> view, walimpls::LogLifetime* lifetime,
    const walimpls::ScanOptions& options, uint64_t latest);

}  // namespace tidelog::impls::file

#endif  // TIDELOG_IMPLS_FILE_FILE_SCANNER_H_
