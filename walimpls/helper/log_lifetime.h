// LogLifetime: the operations and scanners of one open log, and closing them in order.
#ifndef TIDELOG_WALIMPLS_HELPER_LOG_LIFETIME_H_
#define TIDELOG_WALIMPLS_HELPER_LOG_LIFETIME_H_

#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "wal/async/future.h"
#include "wal/async/gate.h"
#include "wal/types.h"
#include "walimpls/scanner.h"

namespace tidelog::walimpls {

// Owned by a RoWalImpls or WalImpls, and confined to its executor.  Aborts, naming the channel, if
// destroyed before it was closed, with an operation in flight or with a scanner still there.
class LogLifetime {
 public:
  explicit LogLifetime(const PChannel& channel) : name_(ToString(channel)) {}
  LogLifetime(const LogLifetime&) = delete;
  LogLifetime& operator=(const LogLifetime&) = delete;
  ~LogLifetime();

  // A pass for one operation, which Close() waits for; none once that was called.
  std::optional<Gate::Pass> TryEnter() { return gate_.TryEnter(); }

  // Refuses operations from now on, closes the scanners, oldest first, and waits for the passes.
  // What operations in flight need to end is for the log to do, before.  May be called again.
  Future<Unit> Close();

  bool closing() const { return gate_.closed(); }

  // kOnShutdown; `what` was attempted: "append to".
  absl::Status ClosedError(std::string_view what) const;

  // "orders@7".
  const std::string& name() const { return name_; }

  // Scanners say when they come and when they are destroyed.  For ScannerBase.
  void AddScanner(ScannerImpls* scanner) { scanners_.push_back(scanner); }
  void RemoveScanner(ScannerImpls* scanner);
  size_t scanner_count() const { return scanners_.size(); }

 private:
  const std::string name_;
  Gate gate_;
  std::vector<ScannerImpls*> scanners_;  // In the order made.
};

}  // namespace tidelog::walimpls

#endif  // TIDELOG_WALIMPLS_HELPER_LOG_LIFETIME_H_
