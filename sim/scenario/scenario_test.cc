// Bugs that logs have had, each as a story that brings its conditions about.
//
// Tidelog must come through the story, with every seed.  And the story must be the right one: with
// the bug planted, by a mutant or by a service that breaks its contract, a checker that is meant to
// find it does.
#include "sim/scenario/scenario.h"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <span>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "sim/check/report.h"
#include "sim/plan/plan.h"
#include "sim/record/run_record.h"
#include "sim/world/run.h"
#include "wal/base/mutant.h"

namespace tidelog::sim {
namespace {

constexpr uint64_t kSeeds = 200;

std::vector<Scenario> AllStories() {
  std::vector<Scenario> all;
  for (const std::span<const Scenario> stories :
       {TakeoverStories(), StorageStories(), ReadingStories(), TransactionStories()}) {
    all.insert(all.end(), stories.begin(), stories.end());
  }
  return all;
}

RunOptions OptionsOf(const Scenario& scenario) {
  RunOptions options;
  options.checkers = scenario.judges;
  return options;
}

class ScenarioTest : public ::testing::TestWithParam<Scenario> {
 protected:
  ~ScenarioTest() override { SetMutant(Mutant::kNone); }
};

// Leaves a record for tools/simulate where Bazel keeps what a test leaves.
void KeepRecord(const Plan& plan, const RunResult& result) {
  const char* const outputs = std::getenv("TEST_UNDECLARED_OUTPUTS_DIR");
  if (outputs == nullptr) return;
  RunRecord record;
  record.verdict = VerdictOf(result);
  record.trace_hash = result.trace_hash;
  record.event_count = result.event_count;
  record.plan = plan;
  const std::string path = absl::StrCat(outputs, "/seed-", plan.seed, ".json");
  EXPECT_EQ(WriteRecord(record, path), absl::OkStatus());
}

TEST_P(ScenarioTest, IsSurvived) {
  size_t fired = 0;
  for (uint64_t seed = 1; seed <= kSeeds; ++seed) {
    const Plan plan = GetParam().make(seed);
    const RunResult result = RunPlan(plan, OptionsOf(GetParam()));
    if (result.outcome != Outcome::kFine) KeepRecord(plan, result);
    for (const check::Violation& violation : result.violations) {
      ADD_FAILURE() << "seed " << seed << ": " << violation.Signature() << ": "
                    << violation.message;
    }
    EXPECT_EQ(result.skipped_operations, 0u) << "seed " << seed << ": not the story that is told";
    fired += result.fired.size();
  }
  if (GetParam().has_faults) {
    EXPECT_GT(fired, kSeeds / 4);
  }
}

TEST_P(ScenarioTest, IsReproducedWhereTheBugIsPlanted) {
  SetMutant(GetParam().mutant);
  RunOptions options = OptionsOf(GetParam());
  options.breaks = GetParam().breaks;
  std::vector<std::string> found;
  for (uint64_t seed = 1; seed <= kSeeds && found.empty(); ++seed) {
    for (const check::Violation& violation : RunPlan(GetParam().make(seed), options).violations) {
      found.emplace_back(violation.checker);
    }
  }
  ASSERT_FALSE(found.empty()) << "no checker noticed";
  EXPECT_THAT(found, ::testing::Contains(::testing::AnyOfArray(GetParam().checkers)));
}

INSTANTIATE_TEST_SUITE_P(All, ScenarioTest, ::testing::ValuesIn(AllStories()),
                         [](const auto& info) { return std::string(info.param.name); });

}  // namespace
}  // namespace tidelog::sim
