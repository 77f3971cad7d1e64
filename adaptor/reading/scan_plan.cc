#include "adaptor/reading/scan_plan.h"

#include <algorithm>
#include <span>
#include <string_view>
#include <variant>

#include "absl/strings/str_cat.h"
#include "wal/base/mutant.h"
#include "wal/base/status_macros.h"
#include "wal/status.h"

namespace tidelog::adaptor {
namespace {

absl::Status CheckTypes(const ReadOptions& options) {
  for (const MessageType type : options.types) {
    switch (type) {
      case MessageType::kTimeTick:
      case MessageType::kBeginTxn:
      case MessageType::kCommitTxn:
      case MessageType::kRollbackTxn:
        return WalError(WalErrorCode::kInvalidArgument,
                        absl::StrCat("read only messages of type ", MessageTypeName(type),
                                     ": that is a type of the log itself; see deliver_ticks"));
      default:
        break;
    }
  }
  return absl::OkStatus();
}

// Whether the log still holds, and has, what comes behind the tick `after`.
absl::Status CheckPosition(const Position& position, TimeTick after, const ScanBounds& bounds) {
  if (!position.last_confirmed.has_value()) {
    return WalError(WalErrorCode::kInvalidArgument, "read from a position that has no id");
  }
  if (bounds.tail_id && position.last_confirmed.origin() != bounds.tail_id->origin()) {
    return WalError(WalErrorCode::kWalNameMismatch,
                    absl::StrCat("read from ", position.ToString(),
                                 ": that is a position of another log; this one's look like ",
                                 bounds.tail_id->ToString(), "@TICK"));
  }
  const bool skips = MutantIs(Mutant::kTruncatedStartSkipped);
  if (bounds.mark && after < bounds.mark->time_tick && !skips) {
    return PositionGoneError(
        absl::StrCat("read from ", position.ToString(), ": what comes next was truncated away"),
        bounds.mark);
  }
  const TimeTick tail = bounds.tail ? bounds.tail->time_tick : TimeTick{0};
  if (bounds.tail_is_known && position.time_tick > tail) {
    return PositionGoneError(
        absl::StrCat("read from ", position.ToString(),
                     ": it lies above the tail of the log at tick ", ToInt(tail)),
        bounds.mark);
  }
  return absl::OkStatus();
}

// What is open at the tail may be committed above it, so its beginnings are read as well.  From an
// id that is known, and not "the end": a scan that fails at first must not skip what came
// meanwhile.
void PlanFromTail(const ScanBounds& bounds, ScanPlan* plan) {
  MessageId from = bounds.tail->last_confirmed;
  if (!from.has_value()) from = *bounds.tail_id;
  // What was forgotten is nothing new.
  if (bounds.mark && BeforeWithinLog(from, bounds.mark->last_confirmed)) {
    from = bounds.mark->last_confirmed;
  }
  plan->start = bounds.tail->time_tick;
  plan->backend.from = walimpls::ScanFrom{from, plan->start};
}

absl::Status PlanStart(const ReadOptions& options, const ScanBounds& bounds, ScanPlan* plan) {
  if (const From* from = std::get_if<From>(&options.from)) {
    const uint64_t tick = ToInt(from->position.time_tick);
    plan->start = TimeTick{tick - (tick > 0 ? 1 : 0)};
    plan->backend.from = walimpls::ScanFrom{from->position.last_confirmed, plan->start};
    return CheckPosition(from->position, plan->start, bounds);
  }
  if (const After* after = std::get_if<After>(&options.from)) {
    plan->start = after->position.time_tick;
    if (MutantIs(Mutant::kAfterReadAsFrom)) plan->start = TimeTick{ToInt(plan->start) - 1};
    plan->backend.from = walimpls::ScanFrom{after->position.last_confirmed, plan->start};
    return CheckPosition(after->position, plan->start, bounds);
  }
  if (std::holds_alternative<Latest>(options.from)) {
    if (bounds.tail) PlanFromTail(bounds, plan);
    return absl::OkStatus();
  }
  if (bounds.mark) {  // Earliest is After(mark) (G3).
    plan->start = bounds.mark->time_tick;
    plan->backend.from = walimpls::ScanFrom{bounds.mark->last_confirmed};
  }
  return absl::OkStatus();
}

void PlanEnd(const ReadOptions& options, const ScanBounds& bounds, ScanPlan* plan) {
  if (!options.until) return;
  if (const Position* until = std::get_if<Position>(&*options.until)) {
    plan->until = until->time_tick;
    plan->ends_at_once = until->time_tick <= plan->start;
    return;
  }
  if (bounds.end) {
    plan->until = bounds.end->tick;
    plan->until_id = bounds.end->id;
  } else {
    plan->backend.until = plan->until_id = bounds.tail_id;
    plan->until = bounds.tail ? bounds.tail->time_tick : TimeTick{0};
  }
  plan->ends_at_once = *plan->until <= plan->start;
}

}  // namespace

bool ScanPlan::IsBeforeStart(const ImmutableMessage& message) const {
  if (message.time_tick() > start) return false;
  return !start_within || message.term() <= *start_within;
}

bool ScanPlan::PassesVChannel(const ImmutableMessage& message) const {
  if (MutantIs(Mutant::kMessageWithoutVChannelFiltered)) return message.vchannel() == vchannel;
  return vchannel.empty() || message.vchannel().empty() || message.vchannel() == vchannel;
}

bool ScanPlan::PassesFilters(const ImmutableMessage& message) const {
  if (message.time_tick() <= after) return false;
  if (types.empty() || Lists(message.type())) return true;
  const std::span<const ImmutableMessage> members = message.transaction();
  return std::any_of(members.begin(), members.end(),
                     [this](const ImmutableMessage& member) { return Lists(member.type()); });
}

bool ScanPlan::Lists(MessageType type) const {
  return std::find(types.begin(), types.end(), type) != types.end();
}

void ScanPlan::EnterLink(uint32_t epoch, const std::optional<Position>& mark) {
  backend.from = walimpls::ScanEarliest{TimeTick{0}};
  if (mark) backend.from = walimpls::ScanFrom{mark->last_confirmed};
  backend.until.reset();
  if (until_id && until_id->origin().epoch == epoch) backend.until = until_id;
}

absl::StatusOr<ScanPlan> MakeScanPlan(const ReadOptions& options, const ScanBounds& bounds) {
  TIDELOG_RETURN_IF_ERROR(CheckTypes(options));
  ScanPlan plan;
  // What is known of the mark may be old; storage says so then, for nothing is left out in silence.
  if (!MutantIs(Mutant::kTruncatedStartSkipped)) {
    plan.backend.from = walimpls::ScanEarliest{TimeTick{0}};
  }
  TIDELOG_RETURN_IF_ERROR(PlanStart(options, bounds, &plan));
  PlanEnd(options, bounds, &plan);
  plan.vchannel = options.vchannel;
  plan.types = options.types;
  plan.after = options.after_time_tick.value_or(TimeTick{0});
  plan.deliver_ticks = options.deliver_ticks;
  plan.wake_on_tick = options.wake_on_tick;
  // Half is read ahead by the backend, half waits for the reader here.
  plan.bytes_max = std::max<size_t>(1, options.read_ahead_bytes_max / 2);
  plan.count_max = std::max<size_t>(1, options.read_ahead_count_max / 2);
  plan.backend.on_corrupt = options.on_corrupt;
  plan.backend.read_ahead_bytes_max = plan.bytes_max;
  plan.backend.read_ahead_count_max = plan.count_max;
  plan.backend.name = options.name;
  return plan;
}

}  // namespace tidelog::adaptor
