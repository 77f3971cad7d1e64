// How a log that is open for writing slows down and refuses data (G5).
#include <algorithm>
#include <optional>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "adaptor/log/writable_log.h"
#include "wal/flow_control.h"
#include "wal/observer.h"

namespace tidelog::adaptor {
namespace {

absl::Duration Between(TimeTick older, TimeTick newer) {
  if (older >= newer) return absl::ZeroDuration();
  return absl::Milliseconds(static_cast<int64_t>(PhysicalMs(newer) - PhysicalMs(older)));
}

}  // namespace

FlowReadings WritableLog::ReadFlow() {
  FlowReadings readings;
  readings.memory_bytes = admission_->bytes() + pacer_->waiting_bytes() + idempotency_->bytes();
  if (buffer_ != nullptr) readings.memory_bytes += buffer_->bytes();
  readings.stored_bytes = submitter_->counts().bytes;
  // Those that have a limit only: a checkpoint's place takes a look at each of them.
  if (log().options.flow_lag_max > absl::ZeroDuration() && checkpoints_ != nullptr) {
    const Position newest = submitter_->newest()->position;
    const std::optional<TimeTick> oldest = checkpoints_->OldestTick(newest.last_confirmed.origin());
    if (oldest) readings.checkpoint_lag = Between(*oldest, newest.time_tick);
  }
  FlowSignals* const signals = opener().environment.flow;
  if (signals != nullptr) {
    readings.node_memory = signals->MemoryUsed();
    readings.consumer_lag = signals->ConsumerLag(channel());
  }
  return readings;
}

void WritableLog::ControlFlow() {
  if (!flow_->Look(executor()->Now(), ReadFlow())) return;
  pacer_->Set(flow_->status());
  const Event event{
      Event::Kind::kFlowChanged, channel(),
      absl::StrCat("the flow control of ", ToString(channel()), " is ", ToString(flow_->status())),
      flow_->status()};
  log().observer->OnEvent(event);
}

}  // namespace tidelog::adaptor
