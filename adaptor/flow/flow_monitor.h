// FlowMonitor: looks at what may ask a log to slow down, and says what the most restrictive of it
// asks for (G5).
#ifndef TIDELOG_ADAPTOR_FLOW_FLOW_MONITOR_H_
#define TIDELOG_ADAPTOR_FLOW_FLOW_MONITOR_H_

#include <cstdint>

#include "absl/time/time.h"
#include "adaptor/flow/flow_controller.h"
#include "adaptor/flow/rate_window.h"
#include "adaptor/options.h"
#include "wal/flow_control.h"

namespace tidelog::adaptor {

// What the sources say at one moment.
struct FlowReadings {
  uint64_t memory_bytes = 0;  // What the log holds.
  double node_memory = 0;     // The part of the node's memory that is in use.
  uint64_t stored_bytes = 0;  // Of all records so far.
  absl::Duration checkpoint_lag = absl::ZeroDuration();  // Of the oldest checkpoint.
  absl::Duration consumer_lag = absl::ZeroDuration();
};

// Whether something that should follow the log is too far behind, and whether it catches up.  Pure.
class LagGauge {
 public:
  // Catching up is seen by comparing what lies `interval` apart, for consumers move in steps.
  LagGauge(absl::Duration lag_max, absl::Duration interval)
      : lag_max_(lag_max), interval_(interval) {}

  // Above the limit: high, or easing if it has fallen lately; none from half of it down.
  Pressure Look(absl::Duration now, absl::Duration lag);

 private:
  const absl::Duration lag_max_;  // 0: there is none.
  const absl::Duration interval_;
  absl::Duration compared_at_ = -absl::InfiniteDuration();
  absl::Duration compared_ = absl::InfiniteDuration();
  bool falls_ = false;
};

// Pure: no clock, no I/O.  Thread-compatible.
class FlowMonitor {
 public:
  explicit FlowMonitor(const LogOptions& options);

  // The next look.  True: status() is another one.  Requires: `now` does not go back.
  bool Look(absl::Duration now, const FlowReadings& readings);

  // What it looks at is lost: normal from now on, whatever it finds.  Idempotent.
  void Stop() {
    stopped_ = true;
    status_ = FlowStatus();
  }

  const FlowStatus& status() const { return status_; }

 private:
  Pressure MemoryPressure(const FlowReadings& readings) const;
  Pressure RatePressure() const;

  const LogOptions options_;
  RateWindow appended_;
  LagGauge checkpoint_gauge_;
  LagGauge consumer_gauge_;
  FlowController memory_;
  FlowController append_rate_;
  FlowController checkpoints_;
  FlowController consumers_;
  FlowStatus status_;
  bool stopped_ = false;
};

}  // namespace tidelog::adaptor

#endif  // TIDELOG_ADAPTOR_FLOW_FLOW_MONITOR_H_
