#include "walimpls/helper/scanner_base.h"

#include <optional>
#include <utility>

#include "absl/log/check.h"
#include "absl/strings/str_cat.h"
#include "wal/status.h"

namespace tidelog::walimpls {

ScannerBase::ScannerBase(LogLifetime* log, std::string_view name)
    : log_(log), name_(absl::StrCat(log->name(), " (\"", name, "\")")) {
  log_->AddScanner(this);
}

ScannerBase::~ScannerBase() {
  CHECK(gate_.closed()) << "a scanner of " << name_ << " was destroyed without Close()";
  log_->RemoveScanner(this);
}

Future<absl::StatusOr<RawBatch>> ScannerBase::Next(RawBatch reuse) {
  const std::optional<Gate::Pass> pass = gate_.TryEnter();
  if (!pass) {
    co_return WalError(WalErrorCode::kOnShutdown,
                       absl::StrCat("scan ", name_, ": the scanner is closed"));
  }
  CHECK_EQ(gate_.count(), 1u) << "two Next() at once on a scanner of " << name_;
  CHECK(!ended_) << "Next() after the end of a scanner of " << name_;
  RawBatch batch = std::move(reuse);
  batch.messages.clear();
  batch.gap.reset();
  batch.end = false;
  while (true) {
    const absl::StatusOr<bool> filled = Fill(&batch);
    if (!filled.ok()) {
      ended_ = true;
      co_return filled.status();
    }
    ended_ = batch.end;
    if (*filled) co_return batch;
    co_await WhenMore();
    if (gate_.closed()) {
      co_return WalError(WalErrorCode::kOnShutdown,
                         absl::StrCat("scan ", name_, ": closed meanwhile"));
    }
  }
}

Future<absl::Status> ScannerBase::Close() {
  Future<Unit> left = gate_.Close();
  StopWaiting();
  co_await std::move(left);
  // Whoever waited beside this call may have destroyed the scanner: nothing of it is touched.
  co_return absl::OkStatus();
}

}  // namespace tidelog::walimpls
