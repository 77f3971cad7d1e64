// What a log that is open for writing does at each time tick: numbers for whoever collects them
// (H4), and how far data is slowed down (G5).
#include <algorithm>
#include <cstddef>
#include <memory>
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
  readings.memory_bytes = admission_->bytes() + admission_->waiting_bytes() +
                          pacer_->waiting_bytes() + idempotency_->bytes() +
                          submitter_->chunk_bytes();
  if (buffer_ != nullptr) readings.memory_bytes += buffer_->bytes();
  readings.stored_bytes = submitter_->counts().bytes;
  // Those that have a limit only: a checkpoint's place takes a look at each of them.
  if (log().options.flow_lag_max > absl::ZeroDuration() && checkpoints_ != nullptr) {
    const Position newest = submitter_->newest()->position;
    std::optional<TimeTick> oldest = checkpoints_->OldestTick(newest.last_confirmed.origin());
    // Ticks go on across links, and one in front of this is behind all that is in it (G6).
    const std::optional<Position> older = checkpoints_->InOlderLink(backends(), epoch());
    if (older) oldest = older->time_tick;
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
  const bool has_changed = flow_->Look(executor()->Now(), ReadFlow());
  const FlowStatus& flow = flow_->status();
  if (has_changed) {
    pacer_->Set(flow);
    tick_service_->set_forgets(flow.state != FlowState::kNormal);
    const Event event{
        Event::Kind::kFlowChanged, channel(),
        absl::StrCat("the flow control of ", ToString(channel()), " is ", ToString(flow)), flow};
    log().observer->OnEvent(event);
  }
  // Each time: what had its turn just before may have come to where it waits only now.
  if (flow.state != FlowState::kRejecting || admission_->waiting_count() == 0) return;
  admission_->Judge([this](const AppendOp& op) { return pacer_->Judge(op); });
}

void WritableLog::AddMetrics() {
  MetricRegistry* registry = opener().environment.metrics;
  if (registry == nullptr) return;
  metrics_ = std::make_shared<LogMetrics>(channel().name, opener().backend_name);
  PublishMetrics();
  registry->Add(metrics_);
}

void WritableLog::RemoveMetrics() {
  if (metrics_ == nullptr) return;
  opener().environment.metrics->Remove(metrics_.get());
  metrics_.reset();
}

void WritableLog::PublishMetrics() {
  if (metrics_ == nullptr) return;
  numbers_.term = static_cast<uint64_t>(ToInt(channel().term));
  numbers_.available = availability().reason().ok() ? 1 : 0;
  NumberAppends(&numbers_);
  NumberBuffer(&numbers_);
  numbers_.scans = 0;
  numbers_.scan_pending_bytes = 0;
  for (const std::shared_ptr<LogScan>& scan : scans()) {
    if (scan->ended()) continue;
    ++numbers_.scans;
    numbers_.scan_pending_bytes += scan->pending_bytes();
  }
  numbers_.scan_counts = scan_counts();
  metrics_->Publish(numbers_);
}

// Of a log that is lost there are no more ticks, but what is in flight still ends: unknown, mostly.
Detached WritableLog::PublishTheRest() {
  Entries::Entry entry(&entries());
  PublishMetrics();
  while (metrics_ != nullptr && appender_->live_count() > 0) {
    co_await appender_->WhenEnded();
    PublishMetrics();
  }
}

void WritableLog::NumberAppends(LogNumbers* numbers) const {
  numbers->ticks_allocated = ticks_->count();
  numbers->last_allocated = ticks_->last();
  if (submitter_->newest()) numbers->last_acknowledged = submitter_->newest()->position.time_tick;
  if (submitter_->newest_time_tick()) {
    numbers->last_stored_tick = submitter_->newest_time_tick()->tick;
  }
  numbers->last_unstored_tick = tick_service_->unstored().tick;
  numbers->unstored_ticks = tick_service_->unstored_count();
  const Submitter::Counts& stored = submitter_->counts();
  numbers->stored_ticks = stored.time_ticks;
  numbers->done = stored.records - stored.time_ticks;
  numbers->stored_bytes = stored.bytes;
  numbers->retries = stored.retries;
  const AppendMeter::Counts& appends = appender_->counts();
  numbers->not_done = appends.not_done;
  numbers->unknown = appends.unknown;
  numbers->slow = appends.slow;
  numbers->append = appends.append;
  numbers->at_backend = appends.at_backend;
  numbers->in_flight = admission_->count();
  numbers->in_flight_bytes = admission_->bytes();
  numbers->waiting = admission_->waiting_count();
  const FlowStatus& flow = flow_->status();
  numbers->flow_state = static_cast<uint64_t>(flow.state);
  numbers->flow_rate = flow.rate == kUnlimitedRate ? 0 : flow.rate;
  numbers->flow_waiting = pacer_->waiting_count();
  numbers->flow_paced = pacer_->counts().paced;
  numbers->flow_refused = pacer_->counts().refused;
  numbers->open_transactions = transactions_->open_count();
  numbers->ended_transactions = transactions_->ended_counts();
  numbers->interceptors.resize(chain_->size());
  for (size_t i = 0; i < chain_->size(); ++i) {
    LogNumbers::Hooks& hooks = numbers->interceptors[i];
    if (hooks.name.empty()) hooks.name = std::string((*chain_)[i].name());
    const InterceptorChain::Timing& timing = chain_->timing(i);
    hooks.count = timing.count;
    hooks.before_seconds = absl::ToDoubleSeconds(timing.before);
    hooks.after_seconds = absl::ToDoubleSeconds(timing.after);
  }
}

void WritableLog::NumberBuffer(LogNumbers* numbers) const {
  if (buffer_ == nullptr) return;
  numbers->buffer_entries = buffer_->size();
  numbers->buffer_bytes = buffer_->bytes();
  numbers->buffer_capacity = log().options.buffer_bytes_max;
  numbers->buffer_oldest = buffer_->size() > 0 ? buffer_->oldest().time_tick() : TimeTick{0};
  numbers->buffer_newest = buffer_->size() > 0 ? buffer_->newest().time_tick() : TimeTick{0};
  const WriteAheadBuffer::Counts& counts = buffer_->counts();
  numbers->buffer_batches = counts.batches;
  numbers->buffer_entered = counts.entered;
  numbers->buffer_left_behind = counts.left_behind;
}

}  // namespace tidelog::adaptor
