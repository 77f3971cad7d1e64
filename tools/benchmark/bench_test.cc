// A whole run in small: every subject at every kind of work, with samples too short to mean
// anything.
#include "tools/benchmark/bench.h"

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/status_matchers.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tools/benchmark/life.h"
#include "tools/benchmark/place.h"
#include "tools/benchmark/plan.h"
#include "tools/benchmark/row.h"
#include "tools/benchmark/subject/catalog.h"

namespace tidelog::benchmark {
namespace {

using ::absl_testing::IsOk;
using ::absl_testing::StatusIs;
using ::testing::AllOf;
using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using ::testing::UnorderedElementsAre;

class BenchTest : public ::testing::Test {
 protected:
  BenchTest() {
    options_.directory = absl::StrCat(::testing::TempDir(), "/bench");
    std::filesystem::create_directories(options_.directory);
    for (const std::string_view work : WorkNames()) options_.works.emplace_back(work);
    for (const std::string_view name : SubjectNames()) options_.subjects.emplace_back(name);
    options_.payloads = {128};
    options_.pairs = 2;
    options_.pairs_of_others = 1;
    options_.slice = absl::Milliseconds(4);
    options_.bytes_to_read = 1u << 20;
    options_.raw_file_bytes = 4u << 20;
    options_.settle_bytes = 1u << 20;
    options_.idle_channels = 3;
    options_.idle_interval = absl::Milliseconds(5);
    options_.keep_spoiled = true;
  }
  ~BenchTest() override { std::filesystem::remove_all(options_.directory); }

  // That it is a figure, and which subject's.  In so short a slice a busy machine may end nothing.
  std::multiset<std::string> SubjectsOf(const std::vector<Row>& rows, std::string_view work,
                                        size_t in_flight) {
    std::multiset<std::string> subjects;
    for (const Row& row : rows) {
      if (row.work != work || row.in_flight != in_flight) continue;
      subjects.insert(row.subject);
      EXPECT_THAT(row.values, testing::Not(IsEmpty())) << work << " " << row.subject;
      for (const double value : row.values) {
        EXPECT_TRUE(std::isfinite(value) && value >= 0) << work << " " << row.subject << value;
      }
      for (const double ratio : row.Ratios()) {
        EXPECT_TRUE(std::isfinite(ratio) && ratio >= 0) << work << " " << row.subject << ratio;
      }
    }
    return subjects;
  }

  Options options_;
};

TEST_F(BenchTest, MeasuresEverySubjectAtAllWorkThatItDoes) {
  const Plan plan = MakePlan(options_);
  std::vector<std::string> told;
  const auto progress = [&](size_t, size_t of, std::string_view what) {
    EXPECT_EQ(of, 6u);
    told.emplace_back(what);
  };
  const absl::StatusOr<std::vector<Row>> rows = RunPlan(options_, plan, progress);
  ASSERT_THAT(rows, IsOk());
  EXPECT_THAT(
      SubjectsOf(*rows, "append", 1),
      UnorderedElementsAre("raw", "file", "backend", "rocksdb", "leveldb", "sqlite", "lmdb"));
  for (const size_t in_flight : {64, 1024}) {
    EXPECT_THAT(SubjectsOf(*rows, "append", in_flight),
                UnorderedElementsAre("raw", "file", "backend", "rocksdb", "leveldb"));
  }
  EXPECT_THAT(SubjectsOf(*rows, "append_threads", 64),
              UnorderedElementsAre("raw", "file", "rocksdb", "leveldb"));
  EXPECT_THAT(SubjectsOf(*rows, "batch", 1), SizeIs(7));
  EXPECT_THAT(SubjectsOf(*rows, "scan", 0), SizeIs(7));
  EXPECT_THAT(told, Contains("append, 128 bytes, 1024 in flight"));
}

TEST_F(BenchTest, LeavesNothingBehind) {
  options_.works = {"append"};
  ASSERT_THAT(RunPlan(options_, MakePlan(options_), [](size_t, size_t, std::string_view) {}),
              IsOk());
  EXPECT_TRUE(std::filesystem::is_empty(options_.directory));
}

// The raw machine's file is one on which every write finds the disk full.
TEST_F(BenchTest, AFullDiskEndsTheRunAndIsNamed) {
  std::filesystem::create_directory(options_.directory + "/raw");
  std::filesystem::create_symlink("/dev/full", options_.directory + "/raw/raw");
  EXPECT_THAT(RunPlan(options_, MakePlan(options_), [](size_t, size_t, std::string_view) {}),
              StatusIs(absl::StatusCode::kResourceExhausted,
                       AllOf(HasSubstr(options_.directory), HasSubstr("No space left"))));
}

TEST_F(BenchTest, ADiskWithTooLittleRoomIsRefusedBeforeAnythingIsMeasured) {
  EXPECT_THAT(LookAt(options_.directory, 1), IsOk());
  EXPECT_THAT(
      LookAt(options_.directory, UINT64_MAX),
      StatusIs(absl::StatusCode::kInvalidArgument,
               AllOf(HasSubstr(options_.directory), HasSubstr("MiB free"), HasSubstr("--dir"))));
}

TEST_F(BenchTest, TakesAsManySamplesAsWantedAndOneOfRawBeforeEach) {
  options_.works = {"append"};
  options_.subjects = {"file", "leveldb"};
  const absl::StatusOr<std::vector<Row>> rows =
      RunPlan(options_, MakePlan(options_), [](size_t, size_t, std::string_view) {});
  ASSERT_THAT(rows, IsOk());
  for (const Row& row : *rows) {
    // At 64 in flight the peers are judged as well.
    const size_t wanted = row.subject == "file" || row.in_flight == 64 ? 2 : 1;
    if (row.subject != "raw") EXPECT_THAT(row.values, SizeIs(wanted)) << row.subject;
    if (row.subject == "raw") EXPECT_THAT(row.values, SizeIs(row.in_flight == 64 ? 4 : 3));
    EXPECT_EQ(row.values.size(), row.raws.size());
  }
}

// With limits that nothing meets everything is spoiled: it is measured again a few times, named and
// not used.
TEST_F(BenchTest, WhatIsSpoiledIsMeasuredAgainNamedAndNotUsed) {
  options_.works = {"batch"};
  options_.subjects = {"file"};
  options_.keep_spoiled = false;
  options_.noise.raw_ratio_max = 0.5;
  const absl::StatusOr<std::vector<Row>> rows =
      RunPlan(options_, MakePlan(options_), [](size_t, size_t, std::string_view) {});
  ASSERT_THAT(rows, IsOk());
  ASSERT_THAT(*rows, SizeIs(2));
  EXPECT_THAT(rows->back().values, IsEmpty());
  EXPECT_THAT(rows->back().spoiled, SizeIs(2 * options_.pairs));
}

TEST_F(BenchTest, MeasuresHowLongAnOpenTakes) {
  const absl::StatusOr<std::vector<Row>> rows = MeasureOpen(options_);
  ASSERT_THAT(rows, IsOk());
  EXPECT_THAT(SubjectsOf(*rows, "open", 0),
              UnorderedElementsAre("file", "backend", "rocksdb", "leveldb", "sqlite", "lmdb"));
}

TEST_F(BenchTest, MeasuresHowSoonAReaderSees) {
  const absl::StatusOr<std::vector<Row>> rows = MeasureVisible(options_);
  ASSERT_THAT(rows, IsOk());
  EXPECT_THAT(SubjectsOf(*rows, "visible", 1), UnorderedElementsAre("raw", "file"));
  EXPECT_THAT(SubjectsOf(*rows, "visible_after_ack", 1), UnorderedElementsAre("file"));
}

TEST_F(BenchTest, MeasuresWhatAnIdleChannelCosts) {
  const absl::StatusOr<std::vector<Row>> rows = MeasureIdle(options_);
  ASSERT_THAT(rows, IsOk());
  for (const std::string_view work : {"idle_cpu", "idle_wakes", "idle_memory"}) {
    EXPECT_THAT(SubjectsOf(*rows, work, 0), UnorderedElementsAre("file"));
  }
}

TEST(PlanTest, SaysWhomItDoesNotAsk) {
  Options options;
  options.works = {"append"};
  options.subjects = {"sqlite"};
  options.payloads = {128, 1024};
  const Plan plan = MakePlan(options);
  EXPECT_THAT(plan.cells, SizeIs(2));  // 1 in flight, of each payload.
  ASSERT_THAT(plan.left_out, SizeIs(1));
  EXPECT_EQ(plan.left_out[0].subject, "sqlite");
}

}  // namespace
}  // namespace tidelog::benchmark
