#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/btree_map.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/time/time.h"
#include "sim/plan/plan.h"
#include "sim/record/run_record.h"
#include "sim/trial/seed_range.h"
#include "sim/trial/summary.h"
#include "sim/trial/workers.h"
#include "sim/world/run.h"
#include "tools/simulator/canary.h"
#include "tools/simulator/commands.h"
#include "tools/simulator/coverage.h"
#include "tools/simulator/setup.h"
#include "tools/simulator/stopwatch.h"

namespace tidelog::simulator {
namespace {

constexpr absl::Duration kProgressEvery = absl::Seconds(5);

// What is kept of the runs that failed alike.
struct Failures {
  uint64_t count = 0;
  uint64_t seed = 0;      // Of the smallest.
  size_t plan_items = 0;  // Its operations and faults.
  sim::Outcome outcome = sim::Outcome::kFine;
  std::string path;
};

class Campaign {
 public:
  Campaign(const CampaignFlags& flags, const Setup& setup)
      : flags_(flags),
        setup_(setup),
        first_seed_(flags.first_seed != 0 ? flags.first_seed : FreshSeed()) {}

  ExitCode Run() {
    absl::PrintF("seeds from %d on, for %g minutes\n", first_seed_, flags_.minutes);
    std::fflush(stdout);
    const sim::WorkOptions work{sim::SeedRange{first_seed_, UINT64_MAX - 1}, flags_.plan.workers};
    sim::RunSeeds(
        work, [this](uint64_t seed) { return RunOne(seed); },
        [this](const sim::RunSummary& summary) { return Take(summary); });
    Tell();
    for (const auto& [signature, failures] : failures_) {
      absl::PrintF("%6d  %s  tools/simulate replay %s\n", failures.count, signature, failures.path);
    }
    for (const std::string& complaint : Complaints()) absl::PrintF("%s\n", complaint);
    return Code();
  }

 private:
  // In a worker.
  sim::RunSummary RunOne(uint64_t seed) {
    sim::RunResult result = sim::RunPlan(sim::MakePlan(seed, setup_.plan), setup_.run);
    sim::RunSummary summary = sim::Summarize(seed, result);
    const bool is_judged = setup_.plan.mode != sim::Mode::kHostile;
    if (!summary.failed() && is_judged && IsCanarySeed(seed)) {
      FlyCanary(std::move(result.history), &summary);
    }
    return summary;
  }

  bool Take(const sim::RunSummary& summary) {
    ++runs_;
    events_ += summary.event_count;
    coverage_.Add(summary);
    if (summary.is_canary) {
      ++canaries_;
      if (summary.canary_noticed) ++canaries_noticed_;
    }
    if (summary.failed()) TakeFailure(summary);
    const absl::Duration elapsed = stopwatch_.Elapsed();
    if (elapsed >= told_at_ + kProgressEvery) {
      told_at_ = elapsed;
      Tell();
    }
    return elapsed < absl::Minutes(flags_.minutes);
  }

  // Keeps the record of the smallest plan of each signature.
  void TakeFailure(const sim::RunSummary& summary) {
    Failures& failures = failures_[summary.verdict.signature];
    ++failures.count;
    const sim::Plan plan = sim::MakePlan(summary.seed, setup_.plan);
    const size_t items = plan.operations.size() + plan.faults.size();
    if (failures.count > 1 && items >= failures.plan_items) return;
    failures.seed = summary.seed;
    failures.plan_items = items;
    failures.outcome = summary.verdict.outcome;
    failures.path = absl::StrCat(setup_.directory, "/", FileName(summary.verdict.signature), "-",
                                 flags_.plan.config, ".json");
    const absl::StatusOr<sim::Verdict> verdict = WriteFailure(setup_, summary, failures.path);
    if (!verdict.ok()) failures.path = std::string(verdict.status().message());
    if (failures.count == 1) {
      absl::PrintF("%s\n", FailureLine(summary.seed, verdict.ok() ? *verdict : summary.verdict));
    }
  }

  void Tell() const {
    uint64_t failed = 0;
    for (const auto& [signature, failures] : failures_) failed += failures.count;
    const double seconds = absl::ToDoubleSeconds(stopwatch_.Elapsed());
    absl::PrintF("%.0f s: %d seeds, %.0f events/s, %s, canaries %d/%d, %d failures of %d kinds\n",
                 seconds, runs_, static_cast<double>(events_) / seconds, coverage_.Line(),
                 canaries_noticed_, canaries_, failed, failures_.size());
    std::fflush(stdout);
  }

  // Of a part of all plans only a part is to be seen.
  std::vector<std::string> Complaints() const {
    const std::string& config = flags_.plan.config;
    const bool has_all = config == "default" || config == "long" || config == "hostile";
    return has_all ? coverage_.Complaints(setup_.plan) : std::vector<std::string>();
  }

  ExitCode Code() const {
    const Failures* first = nullptr;
    for (const auto& [signature, failures] : failures_) {
      if (first == nullptr || failures.seed < first->seed) first = &failures;
    }
    if (first != nullptr) return ExitCodeOf(first->outcome);
    if (canaries_noticed_ < canaries_) {
      absl::PrintF("%d planted lies went unnoticed: the checkers or the campaign are broken\n",
                   canaries_ - canaries_noticed_);
      return ExitCode::kNotMet;
    }
    return Complaints().empty() ? ExitCode::kFine : ExitCode::kNotMet;
  }

  const CampaignFlags& flags_;
  const Setup& setup_;
  const uint64_t first_seed_;
  const Stopwatch stopwatch_;
  absl::Duration told_at_;
  Coverage coverage_;
  absl::btree_map<std::string, Failures> failures_;  // By signature.
  uint64_t runs_ = 0;
  uint64_t events_ = 0;
  uint64_t canaries_ = 0;
  uint64_t canaries_noticed_ = 0;
};

}  // namespace

ExitCode RunCampaign(const CampaignFlags& flags) {
  const absl::StatusOr<Setup> setup = MakeSetup(flags.plan);
  if (!setup.ok()) return UsageError(setup.status());
  return Campaign(flags, *setup).Run();
}

}  // namespace tidelog::simulator
