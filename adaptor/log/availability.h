// Availability: whether a log is still of use, why not, and who waits to hear it.
#ifndef TIDELOG_ADAPTOR_LOG_AVAILABILITY_H_
#define TIDELOG_ADAPTOR_LOG_AVAILABILITY_H_

#include <utility>

#include "absl/functional/any_invocable.h"
#include "absl/log/check.h"
#include "absl/status/status.h"
#include "wal/async/future.h"
#include "wal/async/signal.h"

namespace tidelog::adaptor {

// Confined to the channel's executor.  Requires: declared lost before it is destroyed, if anybody
// waits.
class Availability {
 public:
  // `on_lost` is called once, inside Declare().
  void Watch(absl::AnyInvocable<void()> on_lost) { on_lost_ = std::move(on_lost); }

  // The first reason stays.  Requires: `reason` is an error.
  void Declare(const absl::Status& reason) {
    CHECK(!reason.ok());
    if (!reason_.ok()) return;
    reason_ = reason;
    lost_.Close();
    if (on_lost_) on_lost_();
  }

  // OK: nothing is wrong.
  const absl::Status& reason() const { return reason_; }

  // Ready when it is lost.
  Future<Unit> WhenLost() { return lost_.Wait(); }

 private:
  absl::Status reason_;
  Signal lost_;
  absl::AnyInvocable<void()> on_lost_;
};

}  // namespace tidelog::adaptor

#endif  // TIDELOG_ADAPTOR_LOG_AVAILABILITY_H_
