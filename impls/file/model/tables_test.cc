// The model's own parts: the explorer, and tables that name the code it describes.
#include <cstdint>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "impls/file/model/check.h"
#include "impls/file/model/describe.h"
#include "impls/file/model/explorer.h"
#include "impls/file/model/probe.h"
#include "impls/file/model/rule.h"
#include "impls/file/model/scope.h"
#include "impls/file/model/step.h"

namespace tidelog::impls::file::model {
namespace {

// Counts two numbers up to three, one a step, in any order.
struct TwoCounters {
  struct State {
    uint32_t a = 0;
    uint32_t b = 0;
  };
  using Label = char;

  State Initial() const { return {}; }
  void ForEachNext(const State& state,
                   absl::FunctionRef<void(const State&, const Label&)> emit) const {
    if (state.a < 3) emit({state.a + 1, state.b}, 'a');
    if (state.b < 3) emit({state.a, state.b + 1}, 'b');
  }
  bool IsOver(const State&) const { return false; }
};

TEST(ExplorerTest, ReachesEachStateOnce) {
  const TwoCounters machine;
  uint64_t fresh_states = 0;
  const auto count = [&](const auto&, const auto&, bool fresh) {
    fresh_states += fresh ? 1 : 0;
    return false;
  };
  const Exploration<TwoCounters> found = Explorer<TwoCounters>(machine).Run(1000, count);
  EXPECT_TRUE(found.whole);
  EXPECT_EQ(found.states, 16u);
  EXPECT_EQ(fresh_states, 15u);  // All but the first.
  EXPECT_EQ(found.steps, 24u);
  EXPECT_TRUE(found.trace.empty());
}

TEST(ExplorerTest, TellsTheShortestWay) {
  const TwoCounters machine;
  const auto sought = [](const auto& state, const auto&, bool) {
    return state.a == 2 && state.b == 1;
  };
  const Exploration<TwoCounters> found = Explorer<TwoCounters>(machine).Run(1000, sought);
  ASSERT_EQ(found.trace.size(), 3u);
  EXPECT_EQ(found.trace.back().after.a, 2u);
  EXPECT_EQ(found.trace.back().after.b, 1u);
  for (size_t i = 1; i < found.trace.size(); ++i) {
    EXPECT_EQ(found.trace[i].before.a, found.trace[i - 1].after.a);
  }
}

TEST(ExplorerTest, SaysWhenItGivesUp) {
  const TwoCounters machine;
  const auto none = [](const auto&, const auto&, bool) { return false; };
  EXPECT_FALSE(Explorer<TwoCounters>(machine).Run(5, none).whole);
}

// A counterexample in words: what a reader of the README is shown.
TEST(DescribeTest, NamesEachStepAndItsFunction) {
  const Setting setting = {*FindScope("race"), {Rule::kAckAfterSync}};
  const Verdict verdict = Check(setting);
  const std::string text = Describe(setting, verdict.exploration.trace);
  EXPECT_TRUE(absl::StrContains(text, "P1 (term 1)  writes a record's frame: P1.1")) << text;
  EXPECT_TRUE(absl::StrContains(text, "LogWriter::WriteBytes")) << text;
  EXPECT_TRUE(absl::StrContains(text, "=> an acknowledged record is lost")) << text;
}

std::string ReadText(const std::string& path) {
  std::ifstream file(path);
  return std::string{std::istreambuf_iterator<char>(file), {}};
}

// Whoever renames or moves a function that the model describes is told of the model.
void ExpectDefined(std::string_view function, std::string_view file) {
  if (function.empty()) return;
  const std::string text = ReadText(absl::StrCat("impls/file/", file));
  EXPECT_TRUE(absl::StrContains(text, absl::StrCat(function, "(")))
      << function << "() is not in impls/file/" << file;
}

TEST(TablesTest, NameFunctionsThatThereAre) {
  for (const StepInfo& step : Steps()) ExpectDefined(step.function, step.file);
  for (const RuleInfo& rule : Rules()) ExpectDefined(rule.function, rule.file);
}

TEST(TablesTest, NameScopesThatThereAre) {
  for (const RuleInfo& rule : Rules()) EXPECT_NE(FindScope(rule.scope), nullptr) << rule.name;
  for (const Probe& probe : Probes()) EXPECT_NE(FindScope(probe.scope), nullptr) << probe.name;
}

// README.md has a row for each step and rule, as the tables here say it.
TEST(TablesTest, AreThoseOfTheReadme) {
  const std::string readme = ReadText("impls/file/model/README.md");
  for (const StepInfo& step : Steps()) {
    if (step.function.empty()) continue;
    const std::string row = absl::StrCat("| ", step.does, " | `", step.function, "` |");
    EXPECT_TRUE(absl::StrContains(readme, row)) << row;
  }
  for (const RuleInfo& rule : Rules()) {
    const std::string row =
        absl::StrCat("| `", rule.name, "` | ", rule.says, " | `", rule.function, "` | ");
    EXPECT_TRUE(absl::StrContains(readme, row)) << row;
  }
  for (const Scope& scope : SmallScopes()) {
    const std::string row = absl::StrCat("| `", scope.name, "` | ", scope.says, " |");
    EXPECT_TRUE(absl::StrContains(readme, row)) << row;
  }
}

}  // namespace
}  // namespace tidelog::impls::file::model
