#include "sim/mutant/hunt.h"

#include <algorithm>

#include "absl/log/check.h"
#include "absl/status/statusor.h"
#include "sim/trial/summary.h"
#include "sim/trial/trial.h"
#include "sim/trial/workers.h"
#include "sim/world/run.h"

namespace tidelog::sim {
namespace {

// A death has no checker.
std::string_view KillerOf(const Verdict& verdict) {
  return verdict.outcome == Outcome::kCrash ? kCrashIsTheKiller : std::string_view(verdict.checker);
}

}  // namespace

bool FailsAlikeWithout(uint64_t seed, const PlanOptions& plans, const std::string& signature) {
  const TrialResult without = RunTrial(MakePlan(seed, plans), {}, signature);
  return without.summary.failed() && without.summary.verdict.signature == signature;
}

Kill Hunt(const MutantEntry& entry, const SeedRange& seeds) {
  const absl::StatusOr<PlanOptions> plans = PlanOptionsOf(entry.preset);
  CHECK_OK(plans.status());
  const auto run = [&](uint64_t seed) {
    CHECK_OK(PlantMutant(entry.name));
    return Summarize(seed, RunPlan(MakePlan(seed, *plans), {}));
  };
  Kill kill;
  // One worker: seeds come in their order.
  RunSeeds(WorkOptions{seeds, 1}, run, [&](const RunSummary& summary) {
    ++kill.seeds;
    if (!summary.failed()) return true;
    if (FailsAlikeWithout(summary.seed, *plans, summary.verdict.signature)) return true;
    kill.killed = true;
    kill.seed = summary.seed;
    kill.verdict = summary.verdict;
    return false;
  });
  kill.expected = std::find(entry.killers.begin(), entry.killers.end(), KillerOf(kill.verdict)) !=
                  entry.killers.end();
  return kill;
}

}  // namespace tidelog::sim
