#include "adaptor/flow/flow_monitor.h"

#include <algorithm>
#include <string_view>

namespace tidelog::adaptor {
namespace {

// Milvus's is that of a limit of 32 MiB a second.  With another limit it is the same in proportion:
// else data would be let in faster than the limit has it, or go down to a crawl at once.
FlowPace PaceOfLimit(uint64_t most) {
  FlowPace pace = kAppendRateFlow;
  if (most == 0) return pace;
  pace.slow_high = most;
  pace.slow_low = most / 16;
  pace.recover_low = most / 8;
  pace.recover_high = most;
  pace.recover_step = most / 64;
  return pace;
}

// What the settings give in place of the defaults of each source.
FlowPace PaceOf(FlowPace pace, const LogOptions& options) {
  if (options.flow_rate_min != 0) {
    pace.slow_low = options.flow_rate_min;
    pace.recover_low = options.flow_rate_min;
  }
  if (options.flow_rate_max != 0) {
    pace.slow_high = options.flow_rate_max;
    pace.recover_high = options.flow_rate_max;
    // The lowest rate of a source may be higher: it is a maximum of that as well.
    pace.slow_low = std::min(pace.slow_low, options.flow_rate_max);
    pace.recover_low = std::min(pace.recover_low, options.flow_rate_max);
    // In as many steps as it takes from the default lowest rate to the default highest.
    pace.recover_step = std::max<uint64_t>(options.flow_rate_max / 32, 1);
  }
  if (options.flow_slow_interval != absl::ZeroDuration()) {
    pace.startup_delay = absl::ZeroDuration();
    pace.slow_interval = options.flow_slow_interval;
  }
  if (options.flow_recover_interval != absl::ZeroDuration()) {
    pace.recover_interval = options.flow_recover_interval;
    pace.normal_delay = options.flow_recover_interval;
  }
  if (options.flow_reject_delay != absl::ZeroDuration()) {
    pace.reject_delay = options.flow_reject_delay;
  }
  return pace;
}

bool IsStricter(const FlowController& a, const FlowStatus& b) {
  if (a.rate() != b.rate) return a.rate() < b.rate;
  return a.state() > b.state;
}

}  // namespace

Pressure LagGauge::Look(absl::Duration now, absl::Duration lag) {
  if (lag_max_ == absl::ZeroDuration()) return Pressure::kNone;
  if (now - compared_at_ >= interval_) {
    falls_ = lag < compared_;
    compared_ = lag;
    // The first look has nothing to compare with.
    if (compared_at_ == -absl::InfiniteDuration()) falls_ = false;
    compared_at_ = now;
  }
  if (lag <= lag_max_ / 2) return Pressure::kNone;
  return lag > lag_max_ && !falls_ ? Pressure::kHigh : Pressure::kEasing;
}

FlowMonitor::FlowMonitor(const LogOptions& options)
    : options_(options),
      checkpoint_gauge_(options.flow_lag_max, PaceOf(kRecoveryFlow, options).slow_interval),
      consumer_gauge_(options.flow_lag_max, PaceOf(kConsumerFlow, options).slow_interval),
      memory_(PaceOf(kMemoryFlow, options)),
      append_rate_(PaceOf(PaceOfLimit(options.flow_append_rate_max), options)),
      checkpoints_(PaceOf(kRecoveryFlow, options)),
      consumers_(PaceOf(kConsumerFlow, options)) {}

Pressure FlowMonitor::MemoryPressure(const FlowReadings& readings) const {
  // What is no number must not hide what the log itself holds.
  double percent = readings.node_memory > 0 ? readings.node_memory * 100 : 0;
  if (options_.flow_memory_bytes_max != 0) {
    const auto held = static_cast<double>(readings.memory_bytes);
    percent = std::max(percent, held * 100 / static_cast<double>(options_.flow_memory_bytes_max));
  }
  if (percent > static_cast<double>(options_.flow_memory_reject_percent)) {
    return Pressure::kCritical;
  }
  if (percent > static_cast<double>(options_.flow_memory_slow_percent)) return Pressure::kHigh;
  return percent < static_cast<double>(options_.flow_memory_recover_percent) ? Pressure::kNone
                                                                             : Pressure::kEasing;
}

Pressure FlowMonitor::RatePressure() const {
  const uint64_t most = options_.flow_append_rate_max;
  if (most == 0) return Pressure::kNone;
  if (appended_.rate() > most) return Pressure::kHigh;
  // Milvus's 28 MB to its 32.
  return appended_.rate() < most - most / 8 ? Pressure::kNone : Pressure::kEasing;
}

bool FlowMonitor::Look(absl::Duration now, const FlowReadings& readings) {
  if (stopped_) return false;
  appended_.Add(now, readings.stored_bytes);
  const auto take = [this, now](FlowController& controller, Pressure pressure, uint64_t start) {
    controller.Take(now, {pressure, start, /*idle=*/appended_.is_empty()});
  };
  take(memory_, MemoryPressure(readings), kUnlimitedRate);
  take(append_rate_, RatePressure(), appended_.rate());
  take(checkpoints_, checkpoint_gauge_.Look(now, readings.checkpoint_lag), kUnlimitedRate);
  take(consumers_, consumer_gauge_.Look(now, readings.consumer_lag), kUnlimitedRate);
  FlowStatus next;
  const auto consider = [&next](std::string_view source, const FlowController& controller) {
    if (IsStricter(controller, next)) next = {controller.state(), controller.rate(), source};
  };
  consider("memory", memory_);
  consider("append rate", append_rate_);
  consider("checkpoints", checkpoints_);
  consider("consumers", consumers_);
  const bool has_changed = next != status_;
  status_ = next;
  return has_changed;
}

}  // namespace tidelog::adaptor
