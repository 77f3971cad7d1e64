#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <variant>
#include <vector>

#include "absl/container/btree_map.h"
#include "sim/check/call_checkers.h"
#include "sim/check/code.h"
#include "sim/check/facts.h"
#include "sim/check/history.h"
#include "sim/check/report.h"

namespace tidelog::sim::check {
namespace {

constexpr Anomaly kAnomalies[] = {
    {"refused-control", "G5"},
    {"refused-while-normal", "G5"},
    {"taken-while-rejecting", "G5"},
    {"sudden-recovery", "G5"},
};

// What the observer of one open log was told of its flow control: each event, and the state from
// then on.
using Changes = std::vector<std::pair<int, FlowState>>;
// By process and term.
using Owners = absl::btree_map<std::pair<int32_t, Term>, Changes>;

Owners ChangesOf(const Facts& facts) {
  Owners owners;
  for (int i = 0; i < facts.event_count(); ++i) {
    const auto* observed = std::get_if<Observed>(&facts.event(i).what);
    if (observed == nullptr || observed->kind != Observed::Kind::kFlowChanged) continue;
    owners[{facts.event(i).process, observed->term}].emplace_back(i, observed->flow);
  }
  return owners;
}

// The states that a log may have had between two events.
std::vector<FlowState> StatesBetween(const Changes& changes, int from, int to) {
  std::vector<FlowState> states = {FlowState::kNormal};
  for (const auto& [event, state] : changes) {
    if (event > to) break;
    if (event <= from) states.clear();
    states.push_back(state);
  }
  return states;
}

bool IsDataOf(const AppendInvoke& append) {
  return std::any_of(append.messages.begin(), append.messages.end(),
                     [](const Submission& message) { return IsData(message.type); });
}

// After a clean close a term may be opened again, with a state of its own: whose is whose nobody
// has told.
bool IsOneOpen(const Facts& facts, int32_t process, Term term) {
  const auto& handles = facts.handles();
  return std::count_if(handles.begin(), handles.end(), [&](const Handle& handle) {
           return handle.writes() && handle.process == process && handle.term == term;
         }) == 1;
}

void CheckAppend(const Facts& facts, const Owners& owners, const Call& call, Report* report) {
  const auto& invoke = facts.as<AppendInvoke>(call.invoke);
  const bool is_refused = call.code == Code::kRateLimitRejected;
  if (is_refused && !IsDataOf(invoke)) {
    report->Add("refused-control", "flow control refused what is no data", {call.invoke, call.end});
    return;
  }
  const Handle& handle = facts.handle(call.handle);
  if (!IsOneOpen(facts, handle.process, handle.term)) return;
  const auto found = owners.find({handle.process, handle.term});
  const Changes none;
  const Changes& changes = found == owners.end() ? none : found->second;
  const std::vector<FlowState> states = StatesBetween(changes, call.invoke, call.end);
  const auto always = [&states](FlowState state) {
    return std::all_of(states.begin(), states.end(), [state](FlowState s) { return s == state; });
  };
  if (is_refused && always(FlowState::kNormal)) {
    report->Add("refused-while-normal", "flow control refused data and was normal all the time",
                {call.invoke, call.end});
  }
  const auto& yield = facts.as<AppendReturn>(call.end);
  const bool has_taken = std::any_of(yield.done.begin(), yield.done.end(),
                                     [](const Acknowledgement& done) { return !done.repeat; });
  if (has_taken && IsDataOf(invoke) && always(FlowState::kRejecting)) {
    report->Add("taken-while-rejecting", "data was taken by a log that rejected it all the time",
                {call.invoke, call.end});
  }
}

void CheckRecovery(const Changes& changes, Report* report) {
  for (size_t i = 1; i < changes.size(); ++i) {
    const FlowState before = changes[i - 1].second;
    const bool was_limited = before == FlowState::kSlowed || before == FlowState::kRejecting;
    if (!was_limited || changes[i].second != FlowState::kNormal) continue;
    report->Add("sudden-recovery",
                "flow control was normal at once, and did not recover step by step",
                {changes[i - 1].first, changes[i].first});
  }
}

void Check(const Facts& facts, Report* report) {
  if (!facts.history().contract.flow) return;
  const Owners owners = ChangesOf(facts);
  for (const Call& call : facts.calls()) {
    if (call.kind != Call::Kind::kAppend || call.end == kNever) continue;
    CheckAppend(facts, owners, call, report);
  }
  for (const auto& [owner, changes] : owners) {
    if (IsOneOpen(facts, owner.first, owner.second)) CheckRecovery(changes, report);
  }
}

}  // namespace

Checker FlowChecker() { return {"flow", Check, kAnomalies}; }

}  // namespace tidelog::sim::check
