#include "sim/mutant/ablation.h"

#include <string_view>
#include <utility>
#include <vector>

#include "absl/log/check.h"
#include "absl/status/statusor.h"
#include "sim/mutant/hunt.h"
#include "sim/plan/plan.h"
#include "sim/trial/child.h"
#include "sim/trial/summary.h"
#include "sim/trial/workers.h"
#include "sim/world/run.h"

namespace tidelog::sim {
namespace {

// Whoever has noticed by himself.
absl::btree_set<std::string> FindersOf(const RunSummary& failed) {
  if (failed.verdict.outcome == Outcome::kCrash) return {std::string(kCrashIsTheKiller)};
  absl::btree_set<std::string> finders;
  for (const std::string_view signature : failed.signatures) {
    finders.emplace(signature.substr(0, signature.find('/')));
  }
  return finders;
}

absl::btree_set<FaultClass> ClassesOf(const Plan& plan) {
  absl::btree_set<FaultClass> classes;
  for (const Fault& fault : plan.faults) classes.insert(fault.kind);
  return classes;
}

class Ablation {
 public:
  Ablation(const MutantEntry& entry, PlanOptions plans) : entry_(entry), plans_(std::move(plans)) {}

  Needs Run(const SeedRange& seeds) {
    const auto run = [this](uint64_t seed) { return RunPlanted(MakePlan(seed, plans_)); };
    RunSeeds(WorkOptions{seeds, 1}, run, [this](const RunSummary& summary) {
      ++needs_.seeds;
      if (summary.failed()) Learn(summary);
      return needs_.kills == 0 || !needs_.checkers.empty() || !needs_.faults.empty();
    });
    return needs_;
  }

 private:
  // In a child only: it may abort.
  RunSummary RunPlanted(const Plan& plan) const {
    CHECK_OK(PlantMutant(entry_.name));
    return Summarize(plan.seed, RunPlan(plan, {}));
  }

  // What this seed does without, nobody needs.
  void Learn(const RunSummary& failed) {
    if (FailsAlikeWithout(failed.seed, plans_, failed.verdict.signature)) return;
    const Plan plan = MakePlan(failed.seed, plans_);
    const absl::btree_set<std::string> finders = FindersOf(failed);
    if (needs_.kills++ == 0) {
      needs_.checkers = finders;
      needs_.faults = ClassesOf(plan);
    }
    if (finders.size() > 1) needs_.checkers.clear();
    absl::erase_if(needs_.checkers,
                   [&](const std::string& name) { return !finders.contains(name); });
    absl::erase_if(needs_.faults, [&](FaultClass kind) { return IsKilledWithout(kind, plan); });
  }

  bool IsKilledWithout(FaultClass kind, Plan plan) const {
    if (std::erase_if(plan.faults, [kind](const Fault& f) { return f.kind == kind; }) == 0) {
      return true;
    }
    const ChildResult child = RunInChild([&] { return ToLine(RunPlanted(plan)); });
    return !child.finished || SummaryFromLine(child.text).failed();
  }

  const MutantEntry& entry_;
  const PlanOptions plans_;
  Needs needs_;
};

}  // namespace

Needs FindNeeds(const MutantEntry& entry, const SeedRange& seeds) {
  const absl::StatusOr<PlanOptions> plans = PlanOptionsOf(entry.preset);
  CHECK_OK(plans.status());
  return Ablation(entry, *plans).Run(seeds);
}

}  // namespace tidelog::sim
