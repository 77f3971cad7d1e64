#include "adaptor/append/append_tracing.h"

#include <algorithm>
#include <cstddef>
#include <optional>
#include <string_view>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "wal/message/record.h"
#include "wal/status.h"
#include "wal/tracer.h"
#include "wal/types.h"

namespace tidelog::adaptor {
namespace {

// Of the message at `index`, in an append of which the first ones are done and the next unknown.
absl::Status StatusOf(const AppendOp& op, size_t index) {
  if (index < op.done_count()) return absl::OkStatus();
  if (index >= op.done_count() + op.unknown_count() || EffectOf(op.status()) == Effect::kUnknown) {
    return op.status();
  }
  return WalErrorFrom(WalErrorCode::kOutcomeUnknown, "it was handed over", op.status());
}

}  // namespace

bool IsTraced(const AppendOp& op) {
  for (size_t i = 0; i < op.count(); ++i) {
    if (op.record(i).Property(kTraceProperty).has_value()) return true;
  }
  return false;
}

void TellTracer(const LogContext& log, InterceptorChain& chain, const AppendRun& run) {
  const absl::Duration now = log.strand->Now();
  const AppendRun::Times& times = run.times;
  const bool was_handed_over = times.attempts > 0;
  const bool waited = times.in_interceptors > absl::ZeroDuration();
  for (size_t i = 0; i < run.op().count(); ++i) {
    const RecordView record = run.record(i);
    const std::optional<std::string_view> context = record.Property(kTraceProperty);
    if (!context) continue;
    const absl::Status status = StatusOf(run.op(), i);
    log.tracer->OnAppended(
        {.channel = log.channel,
         .record = record,
         .context = *context,
         .total = now - times.began,
         .in_interceptors = times.in_interceptors,
         .interceptor = waited ? chain[times.waited_in].name() : std::string_view(),
         .in_queue = times.in_queue,
         .at_backend = was_handed_over ? now - times.first_handed_over_at : absl::ZeroDuration(),
         .attempts = times.attempts,
         .tick = was_handed_over ? record.time_tick() : TimeTick{},
         .status = status});
  }
}

}  // namespace tidelog::adaptor
