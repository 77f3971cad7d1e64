// The same as model_test, in scopes that take minutes and gigabytes each.
#include <string>

#include "absl/strings/str_replace.h"
#include "gtest/gtest.h"
#include "impls/file/model/check.h"
#include "impls/file/model/describe.h"
#include "impls/file/model/scope.h"

namespace tidelog::impls::file::model {
namespace {

class EveryRuleHolds : public ::testing::TestWithParam<Scope> {};

TEST_P(EveryRuleHolds, NothingBreaks) {
  const Setting setting = {GetParam(), {}};
  const Verdict verdict = Check(setting);
  EXPECT_EQ(NameOf(verdict.broken), "nothing") << Describe(setting, verdict.exploration.trace);
  EXPECT_TRUE(verdict.exploration.whole);
  RecordProperty("states", std::to_string(verdict.exploration.states));
}

INSTANTIATE_TEST_SUITE_P(Large, EveryRuleHolds, ::testing::ValuesIn(LargeScopes()),
                         [](const auto& info) {
                           return absl::StrReplaceAll(info.param.name, {{"-", "_"}});
                         });

}  // namespace
}  // namespace tidelog::impls::file::model
