// ScannerBase: the half of a scanner that does not differ between backends.
//
// A backend says what there is to read and when there may be more; this makes Next() and Close() of
// that, with at most one Next() in flight, a prompt end, and nothing after a final error.
#ifndef TIDELOG_WALIMPLS_HELPER_SCANNER_BASE_H_
#define TIDELOG_WALIMPLS_HELPER_SCANNER_BASE_H_

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "wal/async/future.h"
#include "wal/async/gate.h"
#include "walimpls/helper/log_lifetime.h"
#include "walimpls/scanner.h"

namespace tidelog::walimpls {

// Confined to its log's executor.  Aborts, naming it, if destroyed before it was closed.
class ScannerBase : public ScannerImpls {
 public:
  ScannerBase(const ScannerBase&) = delete;
  ScannerBase& operator=(const ScannerBase&) = delete;
  ~ScannerBase() override;

  Future<absl::StatusOr<RawBatch>> Next(RawBatch reuse) final;
  Future<absl::Status> Close() final;

 protected:
  // `name` is ScanOptions::name.  `log` outlives this.
  ScannerBase(LogLifetime* log, std::string_view name);

  // Puts what there is to read now, within the limits, into `batch`, which is empty.  Yields false
  // if that is nothing.  An error is final.
  virtual absl::StatusOr<bool> Fill(RawBatch* batch) = 0;

  // Ready when Fill() may have something, or after StopWaiting().  Called right after Fill() had
  // nothing: what came since must make it ready too.
  virtual Future<Unit> WhenMore() = 0;

  // Ends a WhenMore() in flight, if there is one.
  virtual void StopWaiting() = 0;

 private:
  LogLifetime* const log_;
  const std::string name_;
  Gate gate_;
  bool ended_ = false;  // An error or the end was yielded.
};

}  // namespace tidelog::walimpls

#endif  // TIDELOG_WALIMPLS_HELPER_SCANNER_BASE_H_
