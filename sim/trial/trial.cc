#include "sim/trial/trial.h"

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
#include "sim/trial/child.h"
#include "sim/trial/workers.h"

namespace tidelog::sim {
namespace {

using Json = nlohmann::json;

std::string ChoicesLine(const std::vector<Choice>& choices) {
  Json line = Json::array();
  for (const Choice& choice : choices) {
    line.push_back(Json::array({choice.step, choice.number, choice.flipped}));
  }
  return line.dump();
}

std::vector<Choice> ChoicesFromLine(std::string_view line) {
  std::vector<Choice> choices;
  for (const Json& choice : Json::parse(line)) {
    choices.push_back(Choice{choice[0], choice[1], choice[2]});
  }
  return choices;
}

std::string TraceLine(const RunResult& result, size_t index) {
  return index < result.trace_lines.size() ? result.trace_lines[index] : "nothing";
}

Verdict Nondeterminism(std::string message) {
  Verdict verdict;
  verdict.outcome = Outcome::kNondeterminism;
  verdict.signature = "nondeterminism/trace";
  verdict.message = std::move(message);
  return verdict;
}

bool AreAlike(const RunSummary& a, const RunSummary& b) {
  return a.trace_hash == b.trace_hash && a.verdict.signature == b.verdict.signature;
}

}  // namespace

TrialResult RunTrial(const Plan& plan, const RunOptions& options, std::string_view wanted) {
  const ChildResult child = RunInChild([&] {
    const RunResult result = RunPlan(plan, options);
    RunSummary summary = Summarize(plan.seed, result);
    summary.verdict = VerdictOf(result, wanted);
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

RunSummary RunTwice(const Plan& plan, const RunOptions& options) {
  RunSummary summary = Summarize(plan.seed, RunPlan(plan, options));
  const RunSummary second = Summarize(plan.seed, RunPlan(plan, options));
  if (AreAlike(summary, second)) return summary;
  // Once more, with their events.
  RunOptions traced = options;
  traced.keep_trace = true;
  const RunResult a = RunPlan(plan, traced);
  const RunResult b = RunPlan(plan, traced);
  const std::optional<size_t> index = FirstDifference(a.trace, b.trace);
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

BuildStamp CurrentBuild() {
  const char* revision = std::getenv("TIDELOG_REVISION");
  BuildStamp build;
  build.revision = revision == nullptr || *revision == '\0' ? "unknown" : revision;
#if defined(__clang__)
  build.compiler = absl::StrCat("clang ", __clang_major__, ".", __clang_minor__);
#else
  build.compiler = absl::StrCat("g++ ", __GNUC__, ".", __GNUC_MINOR__);
#endif
  return build;
}

RunRecord RecordFailure(const Plan& plan, const RunOptions& options, const RunSummary& failed) {
  RunRecord record;
  record.build = CurrentBuild();
  record.verdict = failed.verdict;
  record.trace_hash = failed.trace_hash;
  record.event_count = failed.event_count;
  record.checkers = options.checkers;
  record.replay_choices = options.replay_choices;
  record.plan = plan;
  if (failed.verdict.outcome == Outcome::kNondeterminism) return record;
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
  Plan recorded = plan;
  recorded.choices = again.choices;
  RunOptions replay = options;
  replay.replay_choices = true;
  const TrialResult replayed = RunTrial(recorded, replay, failed.verdict.signature);
  if (AreAlike(replayed.summary, failed)) {
    record.plan = std::move(recorded);
    record.replay_choices = true;
  }
  return record;
}

}  // namespace tidelog::sim
