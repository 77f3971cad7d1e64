#include "sim/mutant/hunt.h"

#include <algorithm>
#include <string>
#include <string_view>

#include "absl/base/no_destructor.h"
#include "absl/container/btree_map.h"
#include "absl/container/btree_set.h"
#include "absl/log/check.h"
#include "absl/status/statusor.h"
#include "sim/plan/plan.h"
#include "sim/trial/summary.h"
#include "sim/trial/workers.h"
#include "sim/world/run.h"

namespace tidelog::sim {
namespace {

// A death has no checker.
std::string_view KillerOf(const Verdict& verdict) {
  return verdict.outcome == Outcome::kCrash ? "crash" : std::string_view(verdict.checker);
}

// The signatures of failures that nobody planted.
using Noise = absl::btree_set<std::string>;

const Noise& NoiseOf(std::string_view preset, const PlanOptions& plans) {
  static absl::NoDestructor<absl::btree_map<std::string, Noise>> known;
  const auto [found, is_new] = known->try_emplace(std::string(preset));
  if (!is_new) return found->second;
  const auto run = [&plans](uint64_t seed) {
    return Summarize(seed, RunPlan(MakePlan(seed, plans), {}));
  };
  RunSeeds(WorkOptions{SeedRange{1, kNoiseSeeds}, 1}, run, [&found](const RunSummary& summary) {
    found->second.insert(summary.signatures.begin(), summary.signatures.end());
    return true;
  });
  return found->second;
}

}  // namespace

Kill Hunt(const MutantEntry& entry, const SeedRange& seeds) {
  const absl::StatusOr<PlanOptions> plans = PlanOptionsOf(entry.preset);
  CHECK_OK(plans.status());
  const auto run = [&](uint64_t seed) {
    CHECK_OK(PlantMutant(entry.name));
    return Summarize(seed, RunPlan(MakePlan(seed, *plans), {}));
  };
  const Noise& noise = NoiseOf(entry.preset, *plans);
  Kill kill;
  // One worker: seeds come in their order.
  RunSeeds(WorkOptions{seeds, 1}, run, [&](const RunSummary& summary) {
    ++kill.seeds;
    if (!summary.failed()) return true;
    if (noise.contains(summary.verdict.signature)) return true;
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
