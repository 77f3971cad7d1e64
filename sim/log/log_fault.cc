#include "sim/log/log_fault.h"

namespace tidelog::sim {

std::string_view NameOf(LogFaultKind kind) {
  static constexpr std::string_view kNames[kLogFaultKindCount] = {
      "request_lost", "reply_lost", "applied_late", "duplicate", "reply_delayed",
      "refused",      "full",       "throttled",    "conflict",  "stuck",
      "at_once",      "id_jump",    "redelivered",  "stale",     "spurious_end"};
  return kNames[static_cast<size_t>(kind)];
}

LogVerdict VerdictOf(LogFaultKind kind, uint64_t size) {
  LogVerdict verdict;
  const absl::Duration delay = absl::Milliseconds(static_cast<int64_t>(size));
  switch (kind) {
    case LogFaultKind::kRequestLost:
      verdict.request_lost = true;
      break;
    case LogFaultKind::kReplyLost:
      verdict.reply_lost = true;
      break;
    case LogFaultKind::kAppliedLate:
      verdict.request_delay = delay;
      break;
    case LogFaultKind::kDuplicate:
      verdict.duplicate = true;
      break;
    case LogFaultKind::kReplyDelayed:
      verdict.reply_delay = delay;
      break;
    case LogFaultKind::kRefused:
      verdict.refuse_with = LogCode::kRefused;
      break;
    case LogFaultKind::kFull:
      verdict.refuse_with = LogCode::kFull;
      break;
    case LogFaultKind::kThrottled:
      verdict.refuse_with = LogCode::kThrottled;
      break;
    case LogFaultKind::kConflict:
      verdict.refuse_with = LogCode::kConflict;
      break;
    case LogFaultKind::kStuck:
      verdict.stuck = true;
      break;
    case LogFaultKind::kAtOnce:
      verdict.at_once = true;
      break;
    case LogFaultKind::kIdJump:
      verdict.id_jump = size;
      break;
    case LogFaultKind::kRedelivered:
      verdict.redeliver = size;
      break;
    case LogFaultKind::kStale:
      verdict.hide_newest = size;
      break;
    case LogFaultKind::kSpuriousEnd:
      verdict.spurious_end = true;
      break;
  }
  return verdict;
}

bool AppliesTo(LogFaultKind kind, LogOp op) {
  switch (kind) {
    case LogFaultKind::kConflict:
      return op == LogOp::kPut;
    case LogFaultKind::kIdJump:
      return op == LogOp::kProduce || op == LogOp::kPublish;
    case LogFaultKind::kRedelivered:
    case LogFaultKind::kSpuriousEnd:
      return op == LogOp::kFetch;
    case LogFaultKind::kStale:
      return op == LogOp::kFetch || op == LogOp::kListKeys;
    default:
      return true;
  }
}

}  // namespace tidelog::sim
