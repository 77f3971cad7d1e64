// Goal: each checker flags what it is for, by its name, and nothing else.
// Method: for each anomaly that the registry names, a minimal history that has it is flagged by
// exactly that one; one that comes close to it is flagged by nothing.
#include <cstddef>
#include <fstream>
#include <iterator>
#include <ostream>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/container/btree_set.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "sim/check/registry.h"
#include "sim/check/report.h"
#include "sim/check/testing/cases.h"
#include "sim/check/testing/story.h"

namespace tidelog::sim::check {

void PrintTo(const AnomalyCase& anomaly, std::ostream* out) {
  *out << anomaly.checker << "/" << anomaly.anomaly;
}

namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

std::vector<AnomalyCase> AllCases() {
  std::vector<AnomalyCase> all;
  for (const std::span<const AnomalyCase> cases :
       {ScanCases(), RecordCases(), CallCases(), TransactionCases(), IdempotencyCases(),
        FlowCases()}) {
    all.insert(all.end(), cases.begin(), cases.end());
  }
  return all;
}

std::string SignatureOf(const AnomalyCase& anomaly) {
  return absl::StrCat(anomaly.checker, "/", anomaly.anomaly);
}

absl::btree_set<std::string> FoundIn(void (*tell)(Story& s)) {
  Story story;
  tell(story);
  absl::btree_set<std::string> found;
  for (const Violation& violation : Check(story.history)) {
    found.insert(absl::StrCat(violation.Signature()));
  }
  return found;
}

class AnomalyTest : public ::testing::TestWithParam<AnomalyCase> {};

TEST_P(AnomalyTest, IsFoundByItsNameAndNoOther) {
  EXPECT_THAT(FoundIn(GetParam().bad), ElementsAre(SignatureOf(GetParam())));
}

TEST_P(AnomalyTest, IsNotFoundInWhatOnlyComesCloseToIt) {
  EXPECT_THAT(FoundIn(GetParam().good), IsEmpty());
}

INSTANTIATE_TEST_SUITE_P(
    All, AnomalyTest, ::testing::ValuesIn(AllCases()),
    [](const ::testing::TestParamInfo<AnomalyCase>& info) {
      return absl::StrReplaceAll(SignatureOf(info.param), {{"/", "_"}, {"-", "_"}});
    });

// What is stored and what its writer is told are judged each by itself.
TEST(LastConfirmedTest, MayLieBeyondItselfInTheLogOrInWhatIsTold) {
  const auto in_the_log = [](Story& s) {
    s.Writer(1, 1).Call(1, 1, kMillisecond).Land(1).Fail(1, Code::kOutcomeUnknown);
    s.InLog(1).last_confirmed = 3;
    s.Final();
  };
  EXPECT_THAT(FoundIn(in_the_log), ElementsAre("last-confirmed/confirmed-beyond-itself"));
  const auto in_what_is_told = [](Story& s) {
    s.Writer(1, 1).Append(1, 1).Final();
    s.Last<AppendReturn>().done.front().last_confirmed = 3;
  };
  EXPECT_THAT(FoundIn(in_what_is_told), ElementsAre("last-confirmed/confirmed-beyond-itself"));
}

// Calling it again is harmless, and so a fault of the storage may leave it in doubt.
TEST(ErrorsTest, ATruncationIsInDoubtForAFaultOnly) {
  const auto tell = [](bool faults) {
    Story s;
    s.history.contract.faults = faults;
    s.Writer(1, 1).Append(1, 1).Add(1, 7, TruncateInvoke{s.PositionOf(1)});
    s.Add(1, 7, TruncateReturn{Code::kOutcomeUnknown, {}});
    return Check(s.history);
  };
  EXPECT_THAT(tell(true), IsEmpty());
  ASSERT_EQ(tell(false).size(), 1u);
  EXPECT_EQ(tell(false)[0].Signature(), "errors/unexplained-unknown");
}

TEST(ErrorsTest, AnOpenMayMistakeALogForAnotherOnADiskThatLiesOnly) {
  for (const Code code : {Code::kInvalidArgument, Code::kUnmatchedTerm, Code::kChannelNotExist}) {
    const auto tell = [code](bool corruption) {
      Story s;
      s.history.contract.corruption = corruption;
      s.Writer(1, 1).OpenCall(2, 2).OpenFails(2, code);
      return Check(s.history);
    };
    EXPECT_THAT(tell(true), IsEmpty());
    EXPECT_EQ(tell(false).size(), 1u);
  }
}

TEST(ErrorsTest, AnOwnerMayBeTakenForFencedOnADiskThatLiesOnly) {
  const auto tell = [](bool corruption, Code told) {
    Story s;
    s.history.contract.corruption = corruption;
    s.Writer(1, 1).Call(1, 1).Call(1, 2).Fail(1, Code::kOutcomeUnknown);
    s.Add(1, 0, Unavailable{told}).Fail(2, told);
    return Check(s.history);
  };
  EXPECT_THAT(tell(true, Code::kChannelFenced), IsEmpty());
  EXPECT_EQ(tell(false, Code::kChannelFenced).size(), 3u);
  EXPECT_EQ(tell(true, Code::kInner).size(), 1u);  // The unknown one.
}

TEST(RegistryTest, NamesNoAnomalyWithoutACaseAndNoneTwice) {
  std::vector<std::string> named;
  for (const Checker& checker : AllCheckers()) {
    for (const Anomaly& anomaly : checker.anomalies) {
      named.push_back(absl::StrCat(checker.name, "/", anomaly.name));
    }
  }
  std::vector<std::string> cases;
  for (const AnomalyCase& anomaly : AllCases()) cases.push_back(SignatureOf(anomaly));
  EXPECT_THAT(cases, ::testing::UnorderedElementsAreArray(named));
  EXPECT_EQ(absl::btree_set<std::string>(named.begin(), named.end()).size(), named.size());
}

TEST(RegistryTest, IsWhatTheReadmeTells) {
  std::ifstream file("sim/check/README.md");
  const std::string readme((std::istreambuf_iterator<char>(file)), {});
  for (const Checker& checker : AllCheckers()) {
    for (const Anomaly& anomaly : checker.anomalies) {
      const size_t row = readme.find(absl::StrCat("| ", anomaly.rule, " | `", checker.name, "` |"));
      ASSERT_NE(row, std::string::npos) << anomaly.rule << " " << checker.name;
      const std::string_view line(&readme[row], readme.find('\n', row) - row);
      EXPECT_THAT(line, ::testing::HasSubstr(absl::StrCat("`", anomaly.name, "`")));
    }
  }
}

TEST(RegistryTest, RunsTheEnabledCheckersOnly) {
  Story story;
  story.Writer(1, 1).Append(1, 1).Forget(1).Final();
  const std::string_view durability[] = {"durability"};
  const std::string_view others[] = {"order", "ticks"};
  EXPECT_EQ(Check(story.history, durability).size(), 1u);
  EXPECT_THAT(Check(story.history, others), IsEmpty());
}

TEST(RegistryTest, TellsTheRuleAndTheEventsThatShowTheViolation) {
  Story story;
  story.Writer(1, 1).Append(1, 1).Forget(1).Final();
  const std::vector<Violation> violations = Check(story.history);
  ASSERT_EQ(violations.size(), 1u);
  EXPECT_EQ(violations[0].rule, "C1");
  EXPECT_THAT(violations[0].events, ElementsAre(3));  // The acknowledgement.
}

TEST(RegistryTest, KeepsAFewViolationsOfOneKindOnly) {
  Story story;
  story.Writer(1, 1);
  for (int i = 1; i <= 100; ++i) story.Append(1, i).Forget(i);
  story.Final();
  EXPECT_EQ(Check(story.history).size(), static_cast<size_t>(Report::kKeptMax));
}

}  // namespace
}  // namespace tidelog::sim::check
