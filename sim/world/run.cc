#include "sim/world/run.h"

#include <algorithm>
#include <utility>

#include "sim/check/registry.h"
#include "sim/world/probes.h"
#include "sim/world/world.h"

namespace tidelog::sim {
namespace {

// What holds even if a disk lies: an answer may be missing, but is never another one.
constexpr std::string_view kHostileCheckers[] = {"errors", "lifetime"};

void AddAll(std::vector<check::Violation> found, RunResult* result) {
  for (check::Violation& violation : found) {
    const bool is_known = std::any_of(
        result->violations.begin(), result->violations.end(), [&](const check::Violation& v) {
          return v.Signature() == violation.Signature() && v.events == violation.events;
        });
    if (!is_known) result->violations.push_back(std::move(violation));
  }
}

Outcome OutcomeOf(const std::vector<check::Violation>& violations) {
  if (violations.empty()) return Outcome::kFine;
  const bool only_stuck =
      std::all_of(violations.begin(), violations.end(), [](const check::Violation& violation) {
        return violation.checker == "liveness" || violation.checker == "world";
      });
  return only_stuck ? Outcome::kLiveness : Outcome::kCorrectness;
}

std::vector<std::string_view> CheckersOf(const Plan& plan, const RunOptions& options) {
  std::vector<std::string_view> names(options.checkers.begin(), options.checkers.end());
  if (names.empty() && plan.config.mode == Mode::kHostile) {
    names.assign(std::begin(kHostileCheckers), std::end(kHostileCheckers));
  }
  return names;
}

bool Has(const std::vector<std::string_view>& names, std::string_view name) {
  return names.empty() || std::find(names.begin(), names.end(), name) != names.end();
}

}  // namespace

std::string_view NameOf(Outcome outcome) {
  switch (outcome) {
    case Outcome::kFine:
      return "fine";
    case Outcome::kCorrectness:
      return "correctness";
    case Outcome::kLiveness:
      return "liveness";
    case Outcome::kCrash:
      return "crash";
    case Outcome::kNondeterminism:
      return "nondeterminism";
  }
  return "";
}

std::string_view NameOf(RunPhase phase) {
  static constexpr std::array<std::string_view, kRunPhaseCount> kNames = {
      "idle",       "opening", "recovering", "appending",  "ticking",
      "truncating", "reading", "closing",    "transacting"};
  return kNames[static_cast<size_t>(phase)];
}

RunResult RunPlan(const Plan& plan, const RunOptions& options) {
  RunResult result;
  const std::vector<std::string_view> checkers = CheckersOf(plan, options);
  World world(plan, options);
  world.RunOperations();
  world.RunFinale();
  // Scans that tail are to have come to the tail before they are closed.
  if (Has(checkers, "liveness")) {
    const std::string_view liveness[] = {"liveness"};
    AddAll(check::Check(world.history(), liveness), &result);
  }
  world.RunStop();
  AddAll(check::Check(world.history(), checkers), &result);
  if (!world.trouble().empty() && plan.config.mode != Mode::kHostile) {
    result.violations.push_back({"world", "G1", "no-end", world.trouble(), {}});
  }
  result.outcome = OutcomeOf(result.violations);
  world.Report(&result);
  result.probes = ProbesOf(world.history(), plan.config.mode);
  result.history = std::move(world.history());
  return result;
}

}  // namespace tidelog::sim
