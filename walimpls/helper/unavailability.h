// Unavailability: why a writer is of no more use, and who waits to hear it.
#ifndef TIDELOG_WALIMPLS_HELPER_UNAVAILABILITY_H_
#define TIDELOG_WALIMPLS_HELPER_UNAVAILABILITY_H_

#include <optional>
#include <utility>

#include "absl/log/check.h"
#include "absl/status/status.h"
#include "wal/async/future.h"

namespace tidelog::walimpls {

// What is behind WalImpls::WhenUnavailable().  Confined to one executor.  Requires: declared before
// it is destroyed, if anybody waits.
class Unavailability {
 public:
  // The first reason stays; later ones are dropped.  Requires: `reason` is an error.
  void Declare(absl::Status reason) {
    CHECK(!reason.ok());
    if (!reason_.ok()) return;
    reason_ = std::move(reason);
    if (waiting_) std::exchange(waiting_, std::nullopt)->Set(reason_);
  }

  bool declared() const { return !reason_.ok(); }
  // OK as long as nothing is declared.
  const absl::Status& reason() const { return reason_; }

  // Ready once a reason is declared.  Requires: nobody else waits; one who dropped his future does
  // not count.
  Future<absl::Status> When() {
    if (declared()) return MakeReadyFuture(reason_);
    if (waiting_) {
      CHECK(waiting_->abandoned()) << "two wait for a log to become unavailable";
      waiting_->Set(absl::OkStatus());
    }
    Promise<absl::Status> promise("unavailability of a log");
    Future<absl::Status> future = promise.future();
    waiting_ = std::move(promise);
    return future;
  }

 private:
  absl::Status reason_;
  std::optional<Promise<absl::Status>> waiting_;
};

}  // namespace tidelog::walimpls

#endif  // TIDELOG_WALIMPLS_HELPER_UNAVAILABILITY_H_
