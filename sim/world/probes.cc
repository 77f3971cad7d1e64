#include "sim/world/probes.h"

#include <algorithm>
#include <string_view>
#include <variant>

#include "sim/check/code.h"
#include "sim/check/events.h"
#include "sim/plan/plan.h"

namespace tidelog::sim {
namespace {

using check::Code;
using check::Event;

template <class T>
const T* As(const Event& event) {
  return std::get_if<T>(&event.what);
}

bool Observes(const Event& event, check::Observed::Kind kind) {
  const auto* observed = As<check::Observed>(event);
  return observed != nullptr && observed->kind == kind;
}

template <class T>
bool EndsWith(const Event& event, Code code) {
  const T* end = As<T>(event);
  return end != nullptr && end->code == code;
}

bool IsAppendOf(const Event& event, check::Role role) {
  const auto* append = As<check::AppendInvoke>(event);
  return append != nullptr && !append->messages.empty() && RoleOf(append->messages.front()) == role;
}

bool HasTransactionThat(const Event& event, bool (*holds)(const check::Record& whole)) {
  const auto* batch = As<check::ScanBatch>(event);
  return batch != nullptr &&
         std::any_of(batch->records.begin(), batch->records.end(), [holds](const auto& record) {
           return !record.members.empty() && holds(record);
         });
}

struct Probe {
  std::string_view name;
  bool (*holds)(const Event& event);
  // Only bytes that rot on a disk show it.
  bool is_hostile = false;
  // Only transactions do.
  bool is_of_transactions = false;
  // Only idempotency keys do.
  bool is_of_keys = false;
  // Only flow control does.
  bool is_of_flow = false;
};

bool FlowBecomes(const Event& event, check::FlowState state) {
  const auto* observed = As<check::Observed>(event);
  return observed != nullptr && observed->kind == check::Observed::Kind::kFlowChanged &&
         observed->flow == state;
}

bool HasRepeat(const Event& event) {
  const auto* append = As<check::AppendReturn>(event);
  return append != nullptr && std::any_of(append->done.begin(), append->done.end(),
                                          [](const auto& done) { return done.repeat; });
}

constexpr Probe kProbes[] = {
    {"open", [](const Event& e) { return EndsWith<check::OpenReturn>(e, Code::kOk); }},
    {"open above records",
     [](const Event& e) {
       const auto* open = As<check::OpenReturn>(e);
       return open != nullptr && open->boundary.value_or(check::kNoId) != check::kNoId;
     }},
    {"open refused for its term",
     [](const Event& e) { return EndsWith<check::OpenReturn>(e, Code::kUnmatchedTerm); }},
    {"open fails for a fault",
     [](const Event& e) {
       return EndsWith<check::OpenReturn>(e, Code::kInner) ||
              EndsWith<check::OpenReturn>(e, Code::kUnavailable);
     }},
    {"open on a full disk",
     [](const Event& e) { return EndsWith<check::OpenReturn>(e, Code::kResourceExhausted); }},
    {"append done", [](const Event& e) { return EndsWith<check::AppendReturn>(e, Code::kOk); }},
    {"append unknown",
     [](const Event& e) { return EndsWith<check::AppendReturn>(e, Code::kOutcomeUnknown); }},
    {"append fenced",
     [](const Event& e) { return EndsWith<check::AppendReturn>(e, Code::kChannelFenced); }},
    {"append withdrawn at its deadline",
     [](const Event& e) { return EndsWith<check::AppendReturn>(e, Code::kDeadlineExceeded); }},
    {"append finds the queue or disk full",
     [](const Event& e) { return EndsWith<check::AppendReturn>(e, Code::kResourceExhausted); }},
    {"append too large",
     [](const Event& e) { return EndsWith<check::AppendReturn>(e, Code::kTooLarge); }},
    {"append on a broken log",
     [](const Event& e) { return EndsWith<check::AppendReturn>(e, Code::kInner); }},
    {"append while closing",
     [](const Event& e) { return EndsWith<check::AppendReturn>(e, Code::kOnShutdown); }},
    {"batch done in part",
     [](const Event& e) {
       const auto* append = As<check::AppendReturn>(e);
       return append != nullptr && append->code != Code::kOk && !append->done.empty();
     }},
    {"writer fenced",
     [](const Event& e) { return EndsWith<check::Unavailable>(e, Code::kChannelFenced); }},
    {"writer broken", [](const Event& e) { return EndsWith<check::Unavailable>(e, Code::kInner); }},
    {"close hangs",
     [](const Event& e) { return EndsWith<check::CloseReturn>(e, Code::kUnavailable); }},
    {"scan refused, position gone",
     [](const Event& e) { return EndsWith<check::ScanOpened>(e, Code::kPositionGone); }},
    {"scan ends, position gone",
     [](const Event& e) { return EndsWith<check::ScanError>(e, Code::kPositionGone); }},
    {"scan ends, corrupt",
     [](const Event& e) { return EndsWith<check::ScanError>(e, Code::kCorrupt); }, true},
    {"scan tells of a gap",
     [](const Event& e) {
       const auto* batch = As<check::ScanBatch>(e);
       return batch != nullptr && batch->gap.has_value();
     },
     true},
    {"reader served from the write-ahead buffer",
     [](const Event& e) {
       const auto* info = As<check::InfoReturn>(e);
       return info != nullptr && info->buffer_batches > 0;
     }},
    {"reader changes over to the write-ahead buffer",
     [](const Event& e) {
       const auto* info = As<check::InfoReturn>(e);
       return info != nullptr && info->buffer_entered > 0;
     }},
    {"reader falls out of the write-ahead buffer",
     [](const Event& e) {
       const auto* info = As<check::InfoReturn>(e);
       return info != nullptr && info->buffer_left_behind > 0;
     }},
    {"truncated", [](const Event& e) { return EndsWith<check::TruncateReturn>(e, Code::kOk); }},
    {"truncation unknown",
     [](const Event& e) { return EndsWith<check::TruncateReturn>(e, Code::kOutcomeUnknown); }},
    {"process crashed", [](const Event& e) { return As<check::ProcessCrash>(e) != nullptr; }},
    {"machine crashed", [](const Event& e) { return As<check::MachineCrash>(e) != nullptr; }},
    {"torn tail", [](const Event& e) { return Observes(e, check::Observed::Kind::kTornTail); }},
    {"recovery tells of its progress",
     [](const Event& e) { return Observes(e, check::Observed::Kind::kRecoveryProgress); }},
    {"slow append", [](const Event& e) { return Observes(e, check::Observed::Kind::kSlowAppend); }},
    {"backend trouble",
     [](const Event& e) { return Observes(e, check::Observed::Kind::kBackendTrouble); }},
    {"transaction begun",
     [](const Event& e) {
       const auto* append = As<check::AppendReturn>(e);
       return append != nullptr && !append->done.empty() && append->done.front().txn != 0;
     },
     false, true},
    {"body called for", [](const Event& e) { return IsAppendOf(e, check::Role::kBody); }, false,
     true},
    {"commit called for", [](const Event& e) { return IsAppendOf(e, check::Role::kCommit); }, false,
     true},
    {"rollback called for", [](const Event& e) { return IsAppendOf(e, check::Role::kRollback); },
     false, true},
    {"transaction expired",
     [](const Event& e) { return EndsWith<check::AppendReturn>(e, Code::kTransactionExpired); },
     false, true},
    {"transaction in another state",
     [](const Event& e) {
       return EndsWith<check::AppendReturn>(e, Code::kInvalidTransactionState);
     },
     false, true},
    {"exclusive message called for",
     [](const Event& e) {
       const auto* append = As<check::AppendInvoke>(e);
       return append != nullptr && !append->messages.empty() &&
              check::IsExclusive(append->messages.front().type);
     },
     false, true},
    {"transaction read",
     [](const Event& e) {
       return HasTransactionThat(e, [](const check::Record&) { return true; });
     },
     false, true},
    {"transaction read that a takeover met",
     [](const Event& e) {
       return HasTransactionThat(
           e, [](const check::Record& whole) { return whole.members.front().term != whole.term; });
     },
     false, true},
    {"repeat of an idempotency key", [](const Event& e) { return HasRepeat(e); }, false, false,
     true},
    {"repeat in a batch with others",
     [](const Event& e) {
       const auto* append = As<check::AppendReturn>(e);
       return HasRepeat(e) && std::any_of(append->done.begin(), append->done.end(),
                                          [](const auto& done) { return !done.repeat; });
     },
     false, false, true},
    {"repeat of a commit",
     [](const Event& e) {
       return HasRepeat(e) && As<check::AppendReturn>(e)->done.front().txn != 0;
     },
     false, false, true},
    {"data is slowed down",
     [](const Event& e) { return FlowBecomes(e, check::FlowState::kSlowed); }, false, false, false,
     true},
    {"data is rejected",
     [](const Event& e) { return FlowBecomes(e, check::FlowState::kRejecting); }, false, false,
     false, true},
    {"flow control recovers",
     [](const Event& e) { return FlowBecomes(e, check::FlowState::kRecovering); }, false, false,
     false, true},
    {"flow control is normal again",
     [](const Event& e) { return FlowBecomes(e, check::FlowState::kNormal); }, false, false, false,
     true},
    {"append refused by flow control",
     [](const Event& e) { return EndsWith<check::AppendReturn>(e, Code::kRateLimitRejected); },
     false, false, false, true},
};

}  // namespace

std::vector<ProbeHits> ProbesOf(const check::History& history, Mode mode) {
  std::vector<ProbeHits> hits;
  for (const Probe& probe : kProbes) {
    const bool is_rare = (probe.is_hostile && mode != Mode::kHostile) ||
                         (probe.is_of_transactions && kTransactionsIn1000 == 0) ||
                         (probe.is_of_keys && kKeysIn1000 == 0) ||
                         (probe.is_of_flow && kFlowIn1000 == 0);
    ProbeHits found{std::string(probe.name), 0, is_rare};
    for (const Event& event : history.events) found.hits += probe.holds(event) ? 1 : 0;
    hits.push_back(std::move(found));
  }
  return hits;
}

}  // namespace tidelog::sim
