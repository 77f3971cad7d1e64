#include "walimpls/helper/log_lifetime.h"

#include <algorithm>
#include <utility>

#include "absl/log/check.h"
#include "absl/strings/str_cat.h"
#include "wal/status.h"

namespace tidelog::walimpls {

LogLifetime::~LogLifetime() {
  CHECK(gate_.closed()) << "the log " << name_ << " was destroyed without Close()";
  CHECK(scanners_.empty()) << "the log " << name_ << " was destroyed before " << scanners_.size()
                           << " of its scanners";
  CHECK_EQ(gate_.count(), 0u) << "the log " << name_
                              << " was destroyed before its Close() was done";
}

Future<Unit> LogLifetime::Close() {
  Future<Unit> left = gate_.Close();
  std::vector<Future<absl::Status>> closes;
  for (ScannerImpls* scanner : scanners_) closes.push_back(scanner->Close());
  // The owner may destroy a scanner, or after the last wait the log, before this goes on: nothing
  // of either is touched below.
  for (size_t i = 0; i < closes.size(); ++i) {
    const absl::Status closed = co_await std::move(closes[i]);
    CHECK_OK(closed);
  }
  co_await std::move(left);
  co_return Unit{};
}

absl::Status LogLifetime::ClosedError(std::string_view what) const {
  return WalError(WalErrorCode::kOnShutdown, absl::StrCat(what, " ", name_, ": the log is closed"));
}

void LogLifetime::RemoveScanner(ScannerImpls* scanner) {
  const auto found = std::find(scanners_.begin(), scanners_.end(), scanner);
  CHECK(found != scanners_.end()) << "a scanner of " << name_ << " is not known";
  scanners_.erase(found);
}

}  // namespace tidelog::walimpls
