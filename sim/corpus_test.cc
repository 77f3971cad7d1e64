// Runs every record of sim/corpus: what once failed must not fail again.
#include <algorithm>
#include <filesystem>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "sim/record/run_record.h"
#include "sim/trial/trial.h"
#include "sim/world/run.h"

namespace tidelog::sim {
namespace {

std::vector<std::string> Records() {
  std::vector<std::string> paths;
  for (const auto& entry : std::filesystem::directory_iterator("sim/corpus")) {
    if (entry.path().extension() == ".json") paths.push_back(entry.path().string());
  }
  std::sort(paths.begin(), paths.end());
  return paths;
}

TEST(CorpusTest, IsThere) { EXPECT_THAT(Records(), ::testing::Not(::testing::IsEmpty())); }

TEST(CorpusTest, EveryRecordIsOfARunThatFailed) {
  for (const std::string& path : Records()) {
    SCOPED_TRACE(path);
    const absl::StatusOr<RunRecord> record = ReadRecord(path);
    ASSERT_TRUE(record.ok()) << record.status();
    EXPECT_NE(record->verdict.outcome, Outcome::kFine);
    EXPECT_EQ(record->mutant, "") << "what was planted proves nothing of the log";
  }
}

TEST(CorpusTest, EveryRecordRunsCleanNow) {
  for (const std::string& path : Records()) {
    const absl::StatusOr<RunRecord> record = ReadRecord(path);
    ASSERT_TRUE(record.ok()) << record.status();
    const Verdict verdict =
        RunTrial(record->plan, record->Options(), record->verdict.signature).summary.verdict;
    EXPECT_EQ(verdict.outcome, Outcome::kFine)
        << verdict.signature << ": " << verdict.message << "\n  tools/simulate replay " << path;
  }
}

}  // namespace
}  // namespace tidelog::sim
