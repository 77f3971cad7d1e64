#include "tools/simulator/told_run.h"

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "sim/check/history.h"
#include "sim/check/report.h"
#include "sim/kernel/scheduler.h"
#include "sim/plan/plan.h"
#include "sim/record/event_text.h"
#include "sim/trial/child.h"
#include "sim/trial/death.h"
#include "sim/world/run.h"

namespace tidelog::simulator {
namespace {

std::string Title(const sim::RunRecord& record) {
  return absl::StrCat("seed ", record.plan.seed, ": ",
                      record.verdict.signature.empty() ? "fine" : record.verdict.signature);
}

std::vector<std::string> Headings(const sim::RunRecord& record, const std::string& path) {
  const sim::Plan& plan = record.plan;
  std::string knobs;
  for (const auto& [key, value] : plan.config.knobs) absl::StrAppend(&knobs, " ", key, "=", value);
  std::vector<std::string> headings = {
      absl::StrCat("replay: tools/simulate replay ", path),
      absl::StrCat("recorded by ", record.build.revision, ", ", record.build.compiler),
      absl::StrCat("backend ", NameOf(plan.config.backend), ", mode ", NameOf(plan.config.mode),
                   ", scheduler ", NameOf(plan.config.scheduler), ", ", plan.config.slots,
                   " slots, ", plan.config.clients.size(), " clients, ", plan.operations.size(),
                   " operations, ", plan.faults.size(), " faults, ", plan.choices.size(),
                   " choices"),
  };
  if (!knobs.empty()) headings.push_back(absl::StrCat("settings:", knobs));
  return headings;
}

// As a run that was violated by its death.
sim::check::Violation ViolationOf(const sim::Death& death) {
  const std::string signature = sim::SignatureOf(death);
  const size_t slash = signature.find('/');
  sim::check::Violation violation;
  violation.checker = signature.substr(0, slash);
  violation.anomaly = signature.substr(slash + 1);
  violation.message = sim::MessageOf(death);
  return violation;
}

}  // namespace

std::string FaultText(const sim::Fault& fault) {
  std::string text = absl::StrCat(NameOf(fault.kind), " of slot ", fault.slot);
  const sim::Trigger& trigger = fault.trigger;
  if (trigger.site == sim::Site::kTime) {
    absl::StrAppend(&text, " at ", sim::TimeText(trigger.at_ns));
  } else {
    absl::StrAppend(&text, " at ", NameOf(trigger.site), " ", trigger.nth);
    if (trigger.delay_ns != 0) absl::StrAppend(&text, " + ", sim::TimeText(trigger.delay_ns));
  }
  if (fault.amount != 0) absl::StrAppend(&text, ", amount ", fault.amount);
  if (fault.variant != 0) absl::StrAppend(&text, ", variant ", fault.variant);
  if (fault.duration_ns != 0) absl::StrAppend(&text, ", for ", sim::TimeText(fault.duration_ns));
  return text;
}

std::string TellRun(const sim::RunRecord& record, const std::string& path,
                    absl::FunctionRef<std::string(const sim::RunStory&)> tell) {
  const sim::ChildResult child = sim::RunInChild([&] {
    const sim::RunResult result = sim::RunPlan(record.plan, record.Options());
    sim::RunStory story{
        Title(record), Headings(record, path), result.history, result.violations, {}};
    story.headings.push_back(
        absl::StrFormat("trace: %016x, %d events", result.trace_hash, result.event_count));
    for (const sim::FiredFault& fired : result.fired) {
      story.faults.push_back(
          sim::Happening{fired.at_ns, FaultText(record.plan.faults[fired.index])});
    }
    return tell(story);
  });
  if (child.finished) return child.text;
  const sim::check::History nothing;
  const std::vector<sim::check::Violation> violations = {ViolationOf(child.death)};
  sim::RunStory story{Title(record), Headings(record, path), nothing, violations, {}};
  for (const sim::Fault& fault : record.plan.faults) {
    story.headings.push_back(absl::StrCat("planned: ", FaultText(fault)));
  }
  return tell(story);
}

}  // namespace tidelog::simulator
