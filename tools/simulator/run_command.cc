#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <string>

#include "absl/container/btree_map.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/time/time.h"
#include "sim/plan/plan.h"
#include "sim/record/run_record.h"
#include "sim/trial/seed_range.h"
#include "sim/trial/summary.h"
#include "sim/trial/trial.h"
#include "sim/trial/workers.h"
#include "sim/world/run.h"
#include "tools/simulator/commands.h"
#include "tools/simulator/setup.h"
#include "tools/simulator/stopwatch.h"

namespace tidelog::simulator {
namespace {

class SeedRun {
 public:
  SeedRun(const RunFlags& flags, const Setup& setup, const sim::SeedRange& seeds)
      : flags_(flags), setup_(setup), seeds_(seeds), next_hash_(seeds.first) {}

  ExitCode Run() {
    sim::RunSeeds(
        sim::WorkOptions{seeds_, flags_.plan.workers},
        [this](uint64_t seed) {
          const sim::Plan plan = sim::MakePlan(seed, setup_.plan);
          if (flags_.twice) return sim::RunTwice(plan, setup_.run);
          return sim::Summarize(seed, sim::RunPlan(plan, setup_.run));
        },
        [this](const sim::RunSummary& summary) { return Take(summary); });
    for (const auto& [seed, hash] : hashes_) absl::PrintF("%d %s\n", seed, hash);
    const double seconds = absl::ToDoubleSeconds(stopwatch_.Elapsed());
    absl::PrintF("%d seeds, %d failures, %d events, %.0f events/s\n", runs_, failures_, events_,
                 static_cast<double>(events_) / seconds);
    return code_;
  }

 private:
  bool Take(const sim::RunSummary& summary) {
    ++runs_;
    events_ += summary.event_count;
    if (flags_.hashes) TakeHash(summary);
    if (!summary.failed()) return true;
    ++failures_;
    TakeFailure(summary);
    std::fflush(stdout);
    if (failures_ < flags_.failures_max) return true;
    absl::PrintF("after %d failures the other seeds are not run\n", failures_);
    return false;
  }

  void TakeFailure(const sim::RunSummary& summary) {
    const std::string path =
        absl::StrCat(setup_.directory, "/seed-", summary.seed, "-", flags_.plan.config, ".json");
    const absl::StatusOr<sim::Verdict> verdict = WriteFailure(setup_, summary, path);
    const sim::Verdict& told = verdict.ok() ? *verdict : summary.verdict;
    absl::PrintF("%s: %s\n", FailureLine(summary.seed, told),
                 verdict.ok() ? absl::StrCat("tools/simulate replay ", path)
                              : std::string(verdict.status().message()));
    // Of several failures, that of the least seed counts, whoever came first.
    if (summary.seed < failed_seed_) {
      failed_seed_ = summary.seed;
      code_ = ExitCodeOf(told.outcome);
    }
  }

  // Seeds come in no order, and are printed in theirs.
  void TakeHash(const sim::RunSummary& summary) {
    const bool died = summary.verdict.outcome == sim::Outcome::kCrash;
    hashes_[summary.seed] = died ? "died" : absl::StrFormat("%016x", summary.trace_hash);
    while (!hashes_.empty() && hashes_.begin()->first == next_hash_) {
      absl::PrintF("%d %s\n", next_hash_, hashes_.begin()->second);
      hashes_.erase(hashes_.begin());
      ++next_hash_;
    }
  }

  const RunFlags& flags_;
  const Setup& setup_;
  const sim::SeedRange seeds_;
  const Stopwatch stopwatch_;
  uint64_t next_hash_;
  absl::btree_map<uint64_t, std::string> hashes_;
  uint64_t runs_ = 0;
  uint64_t failures_ = 0;
  uint64_t events_ = 0;
  uint64_t failed_seed_ = UINT64_MAX;
  ExitCode code_ = ExitCode::kFine;
};

// What the trace hash is made of, a line an event.  A run that dies takes this process along.
ExitCode PrintTrace(uint64_t seed, const Setup& setup) {
  sim::RunOptions options = setup.run;
  options.keep_trace = true;
  const sim::RunResult result = sim::RunPlan(sim::MakePlan(seed, setup.plan), options);
  for (size_t i = 0; i < result.trace_lines.size(); ++i) {
    absl::PrintF("%d %s\n", i, result.trace_lines[i]);
  }
  return ExitCodeOf(result.outcome);
}

}  // namespace

ExitCode RunSeedsCommand(const RunFlags& flags) {
  const absl::StatusOr<sim::SeedRange> seeds = sim::ParseSeedRange(flags.seeds);
  if (!seeds.ok()) return UsageError(seeds.status());
  const absl::StatusOr<Setup> setup = MakeSetup(flags.plan);
  if (!setup.ok()) return UsageError(setup.status());
  if (flags.trace && seeds->count() > 1) {
    return UsageError(absl::InvalidArgumentError(
        absl::StrCat("--trace is for one seed, and ", flags.seeds, " are ", seeds->count())));
  }
  if (flags.trace) return PrintTrace(seeds->first, *setup);
  return SeedRun(flags, *setup, *seeds).Run();
}

}  // namespace tidelog::simulator
