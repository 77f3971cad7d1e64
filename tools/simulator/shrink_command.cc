#include <cstdint>
#include <cstdio>
#include <string>
#include <string_view>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/strip.h"
#include "absl/time/time.h"
#include "sim/record/run_record.h"
#include "sim/shrink/minimize.h"
#include "sim/shrink/shrink_plan.h"
#include "sim/trial/trial.h"
#include "sim/world/run.h"
#include "tools/simulator/commands.h"
#include "tools/simulator/setup.h"
#include "tools/simulator/stopwatch.h"

namespace tidelog::simulator {
namespace {

std::string SizeText(const sim::PlanSize& size) {
  return absl::StrFormat("%d operations, %d faults, %d clients, %d choices, %s", size.operations,
                         size.faults, size.clients, size.choices,
                         absl::FormatDuration(absl::Nanoseconds(size.horizon_ns)));
}

sim::RunOptions OptionsFor(const sim::RunRecord& record, bool replay_choices) {
  sim::RunOptions options = record.Options();
  options.replay_choices = replay_choices;
  return options;
}

}  // namespace

ExitCode RunShrink(const RecordFlags& flags) {
  const absl::StatusOr<sim::RunRecord> record = LoadRecord(flags.file);
  if (!record.ok()) return UsageError(record.status());
  const std::string& signature = record->verdict.signature;
  const auto attempt = [&](const sim::Candidate& candidate) {
    sim::TrialResult run =
        sim::RunTrial(candidate.plan, OptionsFor(*record, candidate.replay_choices), signature);
    sim::Trial trial;
    trial.fails_alike = run.summary.failed() && run.summary.verdict.signature == signature;
    trial.choices = std::move(run.choices);
    return trial;
  };
  const sim::Candidate failing{record->plan, record->replay_choices};
  if (!attempt(failing).fails_alike) {
    absl::PrintF("%s does not fail any more with %s: there is nothing to shrink\n", flags.file,
                 signature);
    return ExitCode::kNotMet;
  }
  absl::PrintF("%s\nbefore: %s\n", signature, SizeText(sim::SizeOf(failing.plan)));
  const Stopwatch stopwatch;
  sim::ShrinkBudget budget(flags.runs_max, [&stopwatch, &flags] {
    return stopwatch.Elapsed() > absl::Minutes(flags.minutes_max);
  });
  const sim::Candidate least =
      sim::ShrinkPlan(failing, attempt, &budget,
                      [](std::string_view pass, const sim::PlanSize& size, int64_t runs) {
                        absl::PrintF("%14s: %s; %d runs\n", pass, SizeText(size), runs);
                        std::fflush(stdout);
                      });
  sim::RunRecord shrunk = *record;
  shrunk.build = sim::CurrentBuild();
  shrunk.plan = least.plan;
  shrunk.replay_choices = least.replay_choices;
  const sim::TrialResult last =
      sim::RunTrial(least.plan, OptionsFor(*record, least.replay_choices), signature);
  shrunk.verdict = last.summary.verdict;
  shrunk.trace_hash = last.summary.trace_hash;
  shrunk.event_count = last.summary.event_count;
  const std::string out = flags.out.empty()
                              ? absl::StrCat(absl::StripSuffix(flags.file, ".json"), ".shrunk.json")
                              : flags.out;
  const absl::Status status = sim::WriteRecord(shrunk, out);
  if (!status.ok()) return UsageError(status);
  absl::PrintF("after:  %s; %d runs in %s%s\n%s\n", SizeText(sim::SizeOf(least.plan)),
               budget.runs(),
               absl::FormatDuration(absl::Trunc(stopwatch.Elapsed(), absl::Milliseconds(100))),
               budget.spent() ? ", and no more were allowed" : "",
               absl::StrCat("tools/simulate replay ", out));
  return ExitCode::kFine;
}

}  // namespace tidelog::simulator
