#include "sim/record/cpp_test.h"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/str_split.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "nlohmann/json.hpp"
#include "sim/plan/operation.h"
#include "sim/plan/plan.h"
#include "sim/record/run_record.h"
#include "sim/world/run.h"
#include "wal/status.h"

namespace tidelog::sim {
namespace {

using ::testing::AllOf;
using ::testing::Each;
using ::testing::HasSubstr;
using ::testing::Le;
using ::testing::Not;
using ::testing::Property;
using ::testing::StartsWith;

RunRecord SmallRecord() {
  RunRecord record;
  record.plan.seed = 4711;
  record.plan.config.clients.resize(1);
  record.plan.config.knobs = {{"odd", "a, \"quoted\", and \\ comma"}};
  record.plan.operations.resize(12);
  record.verdict = Verdict{
      Outcome::kCorrectness,         "durability", "lost-write", "C1", "durability/lost-write",
      "message 1.3 is\nnot there \\"};
  return record;
}

std::string TestOf(const RunRecord& record) {
  const absl::StatusOr<std::string> text = CppTest(record);
  EXPECT_TRUE(text.ok()) << text.status();
  return text.value_or("");
}

TEST(CppTestTest, NamesTheSeedAndTheSignature) {
  const std::string text = TestOf(SmallRecord());
  EXPECT_THAT(text, StartsWith("// Seed 4711: durability/lost-write.\n"));
  EXPECT_THAT(text, HasSubstr("TEST(RecordedRunTest, Seed4711HasNoDurabilityLostWrite) {"));
  EXPECT_THAT(text, HasSubstr("//     name = \"seed_4711_test\","));
  EXPECT_THAT(text, HasSubstr("//   message 1.3 is not there\n"));
}

TEST(CppTestTest, HoldsThePlanAsItIs) {
  const std::string text = TestOf(SmallRecord());
  const size_t begin = text.find("R\"json(") + 7;
  const std::string json = text.substr(begin, text.find(")json\"") - begin);
  const absl::StatusOr<Plan> plan = PlanFromJson(nlohmann::ordered_json::parse(json));
  ASSERT_TRUE(plan.ok()) << plan.status();
  EXPECT_EQ(*plan, SmallRecord().plan);
}

TEST(CppTestTest, FollowsChoicesIfTheRecordDoes) {
  RunRecord record = SmallRecord();
  EXPECT_THAT(TestOf(record), HasSubstr("options.replay_choices = false;"));
  record.replay_choices = true;
  EXPECT_THAT(TestOf(record), HasSubstr("options.replay_choices = true;"));
}

TEST(CppTestTest, PlantsTheMutantThatWasPlanted) {
  RunRecord record = SmallRecord();
  EXPECT_THAT(TestOf(record), Not(HasSubstr("utant")));
  record.mutant = "ack-before-sync";
  const std::string text = TestOf(record);
  EXPECT_THAT(text,
              HasSubstr("  ASSERT_TRUE(PlantMutant(\"ack-before-sync\").ok());\n  RunOptions"));
  EXPECT_THAT(text, HasSubstr("//         \"//sim/mutant:catalog\",\n"));
  EXPECT_THAT(text, HasSubstr("#include \"sim/mutant/catalog.h\"\n#include \"sim/plan"));
}

TEST(CppTestTest, KeepsToTheRulesOfTheTree) {
  RunRecord record = SmallRecord();
  record.verdict.message = std::string(300, 'x');
  const std::vector<std::string> lines = absl::StrSplit(TestOf(record), '\n');
  EXPECT_THAT(lines,
              Each(AllOf(Property(&std::string::size, Le(100u)), Not(::testing::EndsWith(" ")))));
  EXPECT_LE(lines.size(), 700u);
}

TEST(CppTestTest, APlanThatIsTooLongIsToBeShrunkFirst) {
  RunRecord record = SmallRecord();
  record.plan.operations.resize(5000);
  const absl::Status status = CppTest(record).status();
  EXPECT_EQ(GetWalErrorCode(status), WalErrorCode::kInvalidArgument);
  EXPECT_THAT(status.message(), HasSubstr("5000 operations"));
  EXPECT_THAT(status.message(), HasSubstr("shrink the record first"));
}

}  // namespace
}  // namespace tidelog::sim
