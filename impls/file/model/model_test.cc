// Goal: the protocol keeps its promises however its steps interleave, and needs each of its rules.
// Method: explore every state of small scopes; leave each rule out, and find what it prevents.
#include <algorithm>
#include <string>
#include <string_view>

#include "absl/strings/str_replace.h"
#include "gtest/gtest.h"
#include "impls/file/model/check.h"
#include "impls/file/model/describe.h"
#include "impls/file/model/probe.h"
#include "impls/file/model/rule.h"
#include "impls/file/model/scope.h"

namespace tidelog::impls::file::model {
namespace {

std::string TestName(std::string_view name) { return absl::StrReplaceAll(name, {{"-", "_"}}); }

class EveryRuleHolds : public ::testing::TestWithParam<Scope> {};

TEST_P(EveryRuleHolds, NothingBreaksAndWhatIsToHappenDoes) {
  const Setting setting = {GetParam(), {}};
  const Verdict verdict = Check(setting);
  EXPECT_EQ(NameOf(verdict.broken), "nothing") << Describe(setting, verdict.exploration.trace);
  EXPECT_TRUE(verdict.exploration.whole);
  for (const Probe& probe : Probes()) {
    if (probe.scope != GetParam().name) continue;
    const auto& reached = verdict.reached;
    EXPECT_NE(std::find(reached.begin(), reached.end(), probe.name), reached.end()) << probe.says;
  }
}

INSTANTIATE_TEST_SUITE_P(Small, EveryRuleHolds, ::testing::ValuesIn(SmallScopes()),
                         [](const auto& info) { return TestName(info.param.name); });

class RuleLeftOut : public ::testing::TestWithParam<RuleInfo> {
 protected:
  static Setting Without(RuleSet left_out) { return {*FindScope(GetParam().scope), left_out}; }
};

TEST_P(RuleLeftOut, BreaksWhatTheRuleIsFor) {
  const Setting setting = Without(CutOf(GetParam()));
  const Verdict verdict = Check(setting);
  EXPECT_EQ(NameOf(verdict.broken), NameOf(GetParam().shows))
      << Describe(setting, verdict.exploration.trace);
}

INSTANTIATE_TEST_SUITE_P(Each, RuleLeftOut, ::testing::ValuesIn(Rules()),
                         [](const auto& info) { return TestName(info.param.name); });

// Of two rules that do the same, either is enough: the table says so, and it is true.
TEST(RuleTableTest, SaysTheTruthOfRulesThatDoTheSame) {
  for (const RuleInfo& rule : Rules()) {
    if (rule.or_else == Rule::kCount) continue;
    const Setting setting = {*FindScope(rule.scope), {rule.rule}};
    const Verdict verdict = Check(setting);
    EXPECT_EQ(NameOf(verdict.broken), "nothing") << rule.name << "\n"
                                                 << Describe(setting, verdict.exploration.trace);
    EXPECT_TRUE(verdict.exploration.whole);
  }
}

}  // namespace
}  // namespace tidelog::impls::file::model
