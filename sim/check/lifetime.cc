#include <cstdint>
#include <variant>

#include "absl/strings/str_cat.h"
#include "sim/check/call_checkers.h"
#include "sim/check/code.h"
#include "sim/check/facts.h"
#include "sim/check/history.h"
#include "sim/check/report.h"

namespace tidelog::sim::check {
namespace {

constexpr Anomaly kAnomalies[] = {
    {"double-completion", "C2"},  {"completion-without-call", "C2"}, {"served-after-close", "H2"},
    {"delivery-after-end", "F8"}, {"dead-process-acts", "G1"},       {"leak", "F7"},
};

void CheckCall(const Facts& facts, int32_t op, Report* report) {
  const Call& call = facts.call(op);
  if (call.end == kNever) return;
  if (call.kind == Call::Kind::kNone) {
    report->Add("completion-without-call",
                absl::StrCat("operation ", op, " ended and was never called"), {call.end});
    return;
  }
  if (call.second_end != kNever) {
    report->Add("double-completion", absl::StrCat("operation ", op, " ended twice"),
                {call.invoke, call.end, call.second_end});
  }
  const Handle& handle = facts.handle(call.handle);
  const bool was_closed = handle.closed != kNever && handle.closed < call.invoke;
  if (was_closed && call.code == Code::kOk && call.kind != Call::Kind::kClose) {
    report->Add("served-after-close",
                absl::StrCat("operation ", op, " was called after the close and done"),
                {handle.closed, call.invoke, call.end});
  }
}

bool IsOfTheWorld(const What& what) {
  return std::holds_alternative<ProcessCrash>(what) || std::holds_alternative<Pause>(what) ||
         std::holds_alternative<Resume>(what) || std::holds_alternative<MachineCrash>(what) ||
         std::holds_alternative<Retention>(what) || std::holds_alternative<Phase>(what);
}

void CheckTheDead(const Facts& facts, Report* report) {
  for (int i = 0; i < facts.event_count(); ++i) {
    const Event& event = facts.event(i);
    if (event.process == 0 || IsOfTheWorld(event.what)) continue;
    const ProcessLife* life = facts.life(event.process);
    if (life == nullptr || life->crash == kNever || i < life->crash) continue;
    report->Add("dead-process-acts",
                absl::StrCat("process ", event.process, " acts after its crash"), {life->crash, i});
  }
}

void Check(const Facts& facts, Report* report) {
  const auto call_count = static_cast<int32_t>(facts.calls().size());
  for (int32_t op = 0; op < call_count; ++op) CheckCall(facts, op, report);
  for (const Scan& scan : facts.scans()) {
    if (scan.after_end == kNever) continue;
    report->Add("delivery-after-end", absl::StrCat("scan ", scan.op, " goes on after it has ended"),
                {scan.end, scan.error, scan.after_end});
  }
  CheckTheDead(facts, report);
  for (const Leftover& leftover : facts.history().end.leftovers) {
    if (leftover.count == 0) continue;
    report->Add("leak", absl::StrCat(leftover.count, " ", leftover.what, " are left"), {});
  }
}

}  // namespace

Checker LifetimeChecker() { return {"lifetime", Check, kAnomalies}; }

}  // namespace tidelog::sim::check
