#include "tools/simulator/trial.h"

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_split.h"
#include "nlohmann/json.hpp"
#include "sim/kernel/trace.h"
#include "tools/simulator/child.h"
#include "tools/simulator/workers.h"

namespace tidelog::simulator {
namespace {

using Json = nlohmann::json;

std::string ChoicesLine(const std::vector<sim::Choice>& choices) {
  Json line = Json::array();
  for (const sim::Choice& choice : choices) {
    line.push_back(Json::array({choice.step, choice.number, choice.flipped}));
  }
  return line.dump();
}

std::vector<sim::Choice> ChoicesFromLine(std::string_view line) {
  std::vector<sim::Choice> choices;
  for (const Json& choice : Json::parse(line)) {
    choices.push_back(sim::Choice{choice[0], choice[1], choice[2]});
  }
  return choices;
}

std::string TraceLine(const sim::RunResult& result, size_t index) {
  return index < result.trace_lines.size() ? result.trace_lines[index] : "nothing";
}

sim::Verdict Nondeterminism(std::string message) {
  sim::Verdict verdict;
  verdict.outcome = sim::Outcome::kNondeterminism;
  verdict.signature = "nondeterminism/trace";
  verdict.message = std::move(message);
  return verdict;
}

bool AreAlike(const RunSummary& a, const RunSummary& b) {
  return a.trace_hash == b.trace_hash && a.verdict.signature == b.verdict.signature;
}

}  // namespace

TrialResult RunTrial(const sim::Plan& plan, const sim::RunOptions& options,
                     std::string_view wanted) {
  const ChildResult child = RunInChild([&] {
    const sim::RunResult result = sim::RunPlan(plan, options);
    RunSummary summary = Summarize(plan.seed, result);
    summary.verdict = sim::VerdictOf(result, wanted);
    return absl::StrCat(ToLine(summary), "\n", ChoicesLine(result.choices));
  });
  TrialResult trial;
  if (!child.finished) {
    trial.died = true;
    trial.summary = SummaryOfDeath(plan.seed, child.death);
    return trial;
  }
  const std::vector<std::string_view> lines = absl::StrSplit(child.text, '\n');
  trial.summary = SummaryFromLine(lines[0]);
  trial.choices = ChoicesFromLine(lines[1]);
  return trial;
}

RunSummary RunTwice(const sim::Plan& plan, const sim::RunOptions& options) {
  RunSummary summary = Summarize(plan.seed, sim::RunPlan(plan, options));
  const RunSummary second = Summarize(plan.seed, sim::RunPlan(plan, options));
  if (AreAlike(summary, second)) return summary;
  // Once more, with their events.
  sim::RunOptions traced = options;
  traced.keep_trace = true;
  const sim::RunResult a = sim::RunPlan(plan, traced);
  const sim::RunResult b = sim::RunPlan(plan, traced);
  const std::optional<size_t> index = sim::FirstDifference(a.trace, b.trace);
  std::string message = absl::StrFormat("two runs have trace hashes %016x and %016x",
                                        summary.trace_hash, second.trace_hash);
  if (index.has_value()) {
    absl::StrAppend(&message, ", and part at event ", *index, ": ", TraceLine(a, *index), " | ",
                    TraceLine(b, *index));
  }
  summary.verdict = Nondeterminism(message);
  summary.signatures = {summary.verdict.signature};
  return summary;
}

sim::BuildStamp CurrentBuild() {
  const char* revision = std::getenv("TIDELOG_REVISION");
  sim::BuildStamp build;
  build.revision = revision == nullptr || *revision == '\0' ? "unknown" : revision;
#if defined(__clang__)
  build.compiler = absl::StrCat("clang ", __clang_major__, ".", __clang_minor__);
#else
  build.compiler = absl::StrCat("g++ ", __GNUC__, ".", __GNUC_MINOR__);
#endif
  return build;
}

sim::RunRecord RecordFailure(const sim::Plan& plan, const sim::RunOptions& options,
                             const RunSummary& failed) {
  sim::RunRecord record;
  record.build = CurrentBuild();
  record.verdict = failed.verdict;
  record.trace_hash = failed.trace_hash;
  record.event_count = failed.event_count;
  record.checkers = options.checkers;
  record.replay_choices = options.replay_choices;
  record.plan = plan;
  if (failed.verdict.outcome == sim::Outcome::kNondeterminism) return record;
  const TrialResult again = RunTrial(plan, options, failed.verdict.signature);
  if (!AreAlike(again.summary, failed)) {
    record.verdict = Nondeterminism(
        absl::StrFormat("one run ended with %s and trace hash %016x, another with %s and %016x",
                        failed.verdict.signature, failed.trace_hash,
                        again.summary.failed() ? again.summary.verdict.signature : "no failure",
                        again.summary.trace_hash));
    return record;
  }
  if (again.died || options.replay_choices) return record;
  sim::Plan recorded = plan;
  recorded.choices = again.choices;
  sim::RunOptions replay = options;
  replay.replay_choices = true;
  const TrialResult replayed = RunTrial(recorded, replay, failed.verdict.signature);
  if (AreAlike(replayed.summary, failed)) {
    record.plan = std::move(recorded);
    record.replay_choices = true;
  }
  return record;
}

}  // namespace tidelog::simulator
