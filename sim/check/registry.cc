#include "sim/check/registry.h"

#include <algorithm>
#include <array>

#include "absl/log/check.h"
#include "sim/check/call_checkers.h"
#include "sim/check/facts.h"
#include "sim/check/record_checkers.h"
#include "sim/check/scan_checkers.h"

namespace tidelog::sim::check {

std::span<const Checker> AllCheckers() {
  static const std::array kCheckers = {
      OrderChecker(),           DurabilityChecker(),  TickChecker(),       LastConfirmedChecker(),
      FencingChecker(),         RangeChecker(),       TruncationChecker(), VisibilityChecker(),
      LinearizabilityChecker(), ErrorChecker(),       LifetimeChecker(),   LivenessChecker(),
      TransactionChecker(),     IdempotencyChecker(), FlowChecker(),
  };
  return kCheckers;
}

std::vector<Violation> Check(const History& history, std::span<const std::string_view> enabled) {
  const std::span<const Checker> all = AllCheckers();
  for (const std::string_view name : enabled) {
    CHECK(std::any_of(all.begin(), all.end(), [name](const Checker& c) { return c.name == name; }))
        << "there is no checker " << name;
  }
  const Facts facts(&history);
  std::vector<Violation> violations;
  Report report(&violations);
  for (const Checker& checker : all) {
    if (!enabled.empty() &&
        std::find(enabled.begin(), enabled.end(), checker.name) == enabled.end()) {
      continue;
    }
    report.Begin(&checker);
    checker.run(facts, &report);
  }
  return violations;
}

}  // namespace tidelog::sim::check
