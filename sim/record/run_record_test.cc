#include "sim/record/run_record.h"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "absl/crc/crc32c.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_replace.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "nlohmann/json.hpp"
#include "sim/check/report.h"
#include "sim/kernel/scheduler.h"
#include "sim/plan/plan.h"
#include "sim/world/run.h"
#include "wal/status.h"

namespace tidelog::sim {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::StartsWith;

RunRecord Sample() {
  RunRecord record;
  record.build = BuildStamp{"0123abcd", "clang 19"};
  record.verdict =
      Verdict{Outcome::kCorrectness,    "durability", "lost-write", "C1", "durability/lost-write",
              "\"quoted\" <and> \\ odd"};
  record.trace_hash = 0x0123456789abcdef;
  record.event_count = 4711;
  record.checkers = {"durability", "order"};
  record.replay_choices = true;
  record.plan = MakePlan(17, PlanOptions());
  record.plan.choices = {Choice{3, 7, true}, Choice{9, 1, false}};
  return record;
}

absl::Status Refusal(std::string_view text) { return RecordFromText(text, "some.json").status(); }

// With the checksum that the text should have.
std::string Resealed(std::string_view text) {
  nlohmann::ordered_json json = nlohmann::ordered_json::parse(text);
  json.erase("checksum");
  const absl::crc32c_t sum = absl::ComputeCrc32c(json.dump());
  json["checksum"] = absl::StrFormat("%08x", static_cast<uint32_t>(sum));
  return json.dump();
}

// One sentence for a person that names the file.
MATCHER_P(Refuses, why, "") {
  const std::string message(arg.message());
  return GetWalErrorCode(arg) == WalErrorCode::kInvalidArgument &&
         message.starts_with("record some.json: ") && message.find('\n') == std::string::npos &&
         ExplainMatchResult(HasSubstr(why), message, result_listener);
}

// The text of the sample, with a change and the checksum that it then has.
std::string Changed(std::string_view from, std::string_view to) {
  const std::string text = ToText(Sample(), "some.json");
  const std::string changed = absl::StrReplaceAll(text, {{from, to}});
  EXPECT_NE(changed, text) << from;
  return Resealed(changed);
}

TEST(RunRecordTest, ComesBackAsItWasWritten) {
  const absl::StatusOr<RunRecord> read = RecordFromText(ToText(Sample(), "some.json"), "x");
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_EQ(*read, Sample());
}

TEST(RunRecordTest, NamesTheMutantThatWasPlanted) {
  EXPECT_EQ(ToText(Sample(), "x").find("mutant"), std::string::npos);
  RunRecord record = Sample();
  record.mutant = "ack-before-sync";
  const std::string text = ToText(record, "x");
  EXPECT_THAT(text, HasSubstr("\"mutant\": \"ack-before-sync\",\n"));
  const absl::StatusOr<RunRecord> read = RecordFromText(text, "x");
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_EQ(*read, record);
}

TEST(RunRecordTest, ComesBackFromAFile) {
  const std::string path = ::testing::TempDir() + "/record.json";
  ASSERT_TRUE(WriteRecord(Sample(), path).ok());
  const absl::StatusOr<RunRecord> read = ReadRecord(path);
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_EQ(*read, Sample());
}

TEST(RunRecordTest, TellsFirstHowToReplayItAndWhatFailed) {
  const std::string text = ToText(Sample(), "dir/some.json");
  EXPECT_THAT(text, StartsWith("{\n \"schema\": 1,\n"
                               " \"replay\": \"tools/simulate replay dir/some.json\",\n"
                               " \"verdict\": {\"outcome\":"));
}

TEST(RunRecordTest, WhatADyingProcessSaidNeedNotBeUtf8) {
  RunRecord record = Sample();
  record.verdict.message = "odd \xff\xfe bytes";
  const absl::StatusOr<RunRecord> read = RecordFromText(ToText(record, "x"), "x");
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_THAT(read->verdict.message, AllOf(StartsWith("odd "), HasSubstr(" bytes")));
}

TEST(RunRecordTest, ItsVerdictIsThatOfTheFirstViolation) {
  RunResult result;
  EXPECT_EQ(VerdictOf(result), Verdict());
  result.outcome = Outcome::kLiveness;
  result.violations.push_back(check::Violation{"liveness", "G2", "stuck-append", "it waits", {}});
  result.violations.push_back(check::Violation{"world", "G1", "no-end", "it goes on", {}});
  EXPECT_EQ(VerdictOf(result), (Verdict{Outcome::kLiveness, "liveness", "stuck-append", "G2",
                                        "liveness/stuck-append", "it waits"}));
}

TEST(RunRecordTest, OfAWrongAnswerItsVerdictIsNotThatSomethingWaits) {
  RunResult result;
  result.outcome = Outcome::kCorrectness;
  result.violations.push_back(check::Violation{"liveness", "G2", "stuck-append", "it waits", {}});
  result.violations.push_back(check::Violation{"order", "D8", "out-of-order", "2, 1", {}});
  result.violations.push_back(check::Violation{"ticks", "D1", "late-tick", "9", {}});
  EXPECT_EQ(VerdictOf(result).signature, "order/out-of-order");
}

TEST(RunRecordTest, ItsVerdictIsThatOfTheViolationThatIsWanted) {
  RunResult result;
  result.outcome = Outcome::kCorrectness;
  result.violations.push_back(check::Violation{"order", "D8", "out-of-order", "2, 1", {}});
  result.violations.push_back(check::Violation{"ticks", "D1", "late-tick", "9", {}});
  EXPECT_EQ(VerdictOf(result, "ticks/late-tick").signature, "ticks/late-tick");
  EXPECT_EQ(VerdictOf(result, "ticks/other").signature, "order/out-of-order");
}

// What is wrong with a file.

TEST(RunRecordTest, AFileThatIsNotThereIsRefused) {
  const absl::Status status = ReadRecord("no/such.json").status();
  EXPECT_EQ(GetWalErrorCode(status), WalErrorCode::kInvalidArgument);
  EXPECT_EQ(status.message(), "record no/such.json: cannot be read: No such file or directory");
}

TEST(RunRecordTest, ADirectoryIsRefused) {
  EXPECT_THAT(ReadRecord(::testing::TempDir()).status().message(), HasSubstr("no file"));
}

TEST(RunRecordTest, EveryTruncatedRecordIsRefused) {
  const std::string text = ToText(Sample(), "some.json");
  for (size_t size = 0; size + 2 < text.size(); size += 97) {
    EXPECT_THAT(Refusal(text.substr(0, size)), Refuses("truncated")) << size;
  }
}

TEST(RunRecordTest, AnEditedRecordIsRefused) {
  const std::string text = ToText(Sample(), "some.json");
  const std::string edited = absl::StrReplaceAll(text, {{"\"events\":4711", "\"events\":4712"}});
  ASSERT_NE(edited, text);
  EXPECT_THAT(Refusal(edited), Refuses("checksum"));
}

TEST(RunRecordTest, ARecordWithoutItsChecksumIsRefused) {
  const std::string text = ToText(Sample(), "some.json");
  EXPECT_THAT(Refusal(absl::StrReplaceAll(text, {{"\"checksum\"", "\"checksun\""}})),
              Refuses("checksum"));
}

TEST(RunRecordTest, AnotherSchemaIsRefusedByItsNumber) {
  EXPECT_THAT(Refusal(Changed("\"schema\": 1", "\"schema\": 2")),
              Refuses("has schema 2, and this build reads 1"));
}

TEST(RunRecordTest, JsonOfSomethingElseIsRefused) {
  for (const std::string_view text : {"[]", "{}", "3", "null", "{\"schema\": \"one\"}"}) {
    EXPECT_THAT(Refusal(text), Refuses("is no record of a run")) << text;
  }
}

TEST(RunRecordTest, AnUnknownCheckerIsRefusedAndThoseThereAreAreNamed) {
  EXPECT_THAT(Refusal(Changed("\"order\"", "\"odor\"")), Refuses("there is no checker \"odor\""));
  EXPECT_THAT(Refusal(Changed("\"order\"", "\"odor\"")), Refuses("durability"));
}

TEST(RunRecordTest, AnUnknownConfigurationIsRefused) {
  EXPECT_THAT(Refusal(Changed("\"normal\"", "\"abnormal\"")), Refuses("abnormal"));
}

TEST(RunRecordTest, AnUnknownOutcomeIsRefused) {
  EXPECT_THAT(Refusal(Changed("\"correctness\"", "\"pity\"")),
              Refuses("there is no outcome \"pity\""));
}

TEST(RunRecordTest, AFieldThatIsMissingOrOddIsNamed) {
  EXPECT_THAT(Refusal(Changed("\"events\":4711", "\"even\":4711")), Refuses("\"events\""));
  EXPECT_THAT(Refusal(Changed("\"events\":4711", "\"events\":-1")), Refuses("\"events\""));
  EXPECT_THAT(Refusal(Changed("\"compiler\"", "\"compliant\"")), Refuses("\"compiler\""));
  EXPECT_THAT(Refusal(Changed("\"anomaly\"", "\"anomalous\"")), Refuses("\"anomaly\""));
  EXPECT_THAT(Refusal(Changed("\"replay_choices\": true", "\"replay_choices\": 1")),
              Refuses("\"replay_choices\""));
  EXPECT_THAT(Refusal(Changed("\"plan\"", "\"plane\"")), Refuses("\"plan\""));
  EXPECT_THAT(Refusal(Changed("0123456789abcdef", "no number")), Refuses("trace hash"));
}

TEST(RunRecordTest, AFileThatCannotBeWrittenIsAnError) {
  const absl::Status status = WriteRecord(Sample(), "no/such/dir/record.json");
  EXPECT_EQ(GetWalErrorCode(status), WalErrorCode::kInvalidArgument);
  EXPECT_THAT(status.message(), HasSubstr("no/such/dir/record.json"));
}

}  // namespace
}  // namespace tidelog::sim
