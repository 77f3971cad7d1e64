// What a repair keeps, loses and leaves aside, damage by damage; and that the log works afterwards.
#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <map>
#include <numeric>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "impls/file/channel_look.h"
#include "impls/file/file_ops.h"
#include "impls/file/inspect.h"
#include "impls/file/names.h"
#include "impls/file/repair_apply.h"
#include "impls/file/repair_plan.h"
#include "impls/file/testing/damaged_log.h"
#include "impls/file/testing/log_machine.h"
#include "wal/io/testing/crashable_file_system.h"
#include "wal/io/testing/disk_operation.h"
#include "wal/scanner.h"
#include "wal/status.h"
#include "wal/types.h"
#include "walimpls/wal.h"

namespace tidelog::impls::file {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using End = DamagedLog::End;
using OnCorrupt = ReadOptions::OnCorrupt;
using Range = DamagedLog::Range;

constexpr uint64_t kRecords = 20;  // In three segments: 1 to 7, 8 to 14, 15 to 20.

class RepairTest : public ::testing::Test {
 protected:
  RepairTest() : log_(1) {}

  static std::vector<uint64_t> AllBut(const std::vector<uint64_t>& lost) {
    std::vector<uint64_t> numbers;
    for (uint64_t number = 1; number <= kRecords; ++number) {
      if (std::find(lost.begin(), lost.end(), number) == lost.end()) numbers.push_back(number);
    }
    return numbers;
  }
  // Everything that must be true of a repair that loses these ranges; all else is kept.
  void ExpectRepaired(const std::vector<Range>& gaps) { ExpectRepaired(log_.Request(), gaps); }
  void ExpectRepaired(RepairRequest request, const std::vector<Range>& gaps);
  void ExpectWorks(const std::vector<uint64_t>& kept, const std::vector<Range>& gaps);

  // The plan's ranges, "FIRST-LAST" or, with an open end, "FIRST-".
  static std::string LostIn(const RepairPlan& plan) {
    std::string text;
    for (const SegmentPlan& segment : plan.segments) {
      for (const LostRange& lost : segment.lost) {
        absl::StrAppend(&text, lost.first_id, "-", lost.at_most ? "" : absl::StrCat(lost.last_id),
                        " ");
      }
    }
    return text;
  }
  std::string Manifest() { return log_.Names("manifest-").back(); }
  std::string Segment(size_t index) { return log_.Names(".seg")[index]; }

  DamagedLog log_;
};

void RepairTest::ExpectRepaired(RepairRequest request, const std::vector<Range>& gaps) {
  const std::map<std::string, std::string> originals = log_.Originals();
  const absl::StatusOr<RepairPlan> plan = log_.Plan();
  ASSERT_TRUE(plan.ok()) << plan.status();
  EXPECT_TRUE(plan->needed());
  EXPECT_EQ(log_.Originals(), originals) << "planning changes nothing";
  const absl::StatusOr<RepairOutcome> outcome = log_.Repair(std::move(request));
  ASSERT_TRUE(outcome.ok()) << outcome.status();
  EXPECT_EQ(LostIn(outcome->plan), LostIn(*plan));
  EXPECT_EQ(log_.Missing(originals), "");
  EXPECT_FALSE(log_.Verified().HasCorruption());
  const absl::StatusOr<RepairPlan> again = log_.Plan();
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_FALSE(again->needed()) << "a second repair finds nothing";
  std::vector<uint64_t> lost;
  for (const Range& gap : gaps) {
    for (uint64_t id = gap.first; id <= std::min<uint64_t>(gap.second, kRecords); ++id) {
      lost.push_back(id);
    }
  }
  ExpectWorks(AllBut(lost), gaps);
}

void RepairTest::ExpectWorks(const std::vector<uint64_t>& kept, const std::vector<Range>& gaps) {
  DamagedLog::Seen seen = log_.Read(OnCorrupt::kGap);
  EXPECT_TRUE(seen.status.ok()) << seen.status;
  EXPECT_EQ(seen.numbers, kept);
  EXPECT_EQ(seen.gaps, gaps);
  for (const absl::Status& reason : seen.reasons) {
    EXPECT_EQ(GetWalErrorCode(reason), WalErrorCode::kUnrecoverable) << reason;
  }
  DamagedLog::Seen strict = log_.Read(OnCorrupt::kStop);
  if (gaps.empty()) {
    EXPECT_TRUE(strict.status.ok()) << strict.status;
  } else {
    EXPECT_EQ(GetWalErrorCode(strict.status), WalErrorCode::kCorrupt) << strict.status;
    EXPECT_EQ(strict.numbers.size(), gaps.front().first - 1) << "all in front of the gap";
  }
  LogProcess writer(&log_.machine());
  const absl::Status opened = writer.Open(Term{10});
  ASSERT_TRUE(opened.ok()) << opened;
  ASSERT_TRUE(writer.Append(1).ok());
  ASSERT_TRUE(writer.Close(walimpls::CloseMode::kClean).ok());
  seen = log_.Read(OnCorrupt::kGap);
  EXPECT_TRUE(seen.status.ok()) << seen.status;
  EXPECT_EQ(seen.numbers.size(), kept.size() + 1);
  EXPECT_FALSE(log_.Verified().HasCorruption());
}

TEST_F(RepairTest, ASoundLogNeedsNoneAndIsLeftAlone) {
  log_.Fill(kRecords, End::kKilled);
  const std::map<std::string, std::string> originals = log_.Originals();
  const std::string term = log_.Get(kTermName);
  const absl::StatusOr<RepairOutcome> outcome = log_.Repair();
  ASSERT_TRUE(outcome.ok()) << outcome.status();
  EXPECT_FALSE(outcome->plan.needed());
  EXPECT_EQ(log_.Originals(), originals);
  EXPECT_EQ(log_.Get(kTermName), term) << "nobody was fenced";
  EXPECT_THAT(log_.Names("repaired-"), IsEmpty());
}

TEST_F(RepairTest, RotInASealedSegmentBecomesAGap) {
  log_.Fill(kRecords, End::kClosed);
  log_.RotRecord(3);
  ExpectRepaired({{3, 3}});
}

TEST_F(RepairTest, RotBelowAWatermarkInAnUnsealedSegmentBecomesAGap) {
  log_.Fill(kRecords, End::kKilled);
  log_.RotRecord(17);
  ExpectRepaired({{17, 17}});
}

TEST_F(RepairTest, EachRottenPlaceBecomesAGapOfItsOwn) {
  log_.Fill(kRecords, End::kKilled);
  for (const uint64_t number : {1, 4, 5, 10, 16}) log_.RotRecord(number);
  ExpectRepaired({{1, 1}, {4, 4}, {5, 5}, {10, 10}, {16, 16}});
}

TEST_F(RepairTest, ABadCommitFrameCostsNoRecord) {
  log_.Fill(kRecords, End::kKilled);
  log_.RotCommitOf(3);
  log_.RotCommitOf(7);
  log_.RotCommitOf(15);
  ExpectRepaired({});
}

TEST_F(RepairTest, ADamagedHeaderCostsNoRecord) {
  log_.Fill(kRecords, End::kKilled);
  log_.Rot(Segment(1), 50);
  log_.Rot(Segment(2), 50);
  ExpectRepaired({});
}

TEST_F(RepairTest, SegmentsUnderEachOthersNamesCostNoRecord) {
  log_.Fill(kRecords, End::kClosed);
  const std::string first = log_.Get(Segment(0));
  log_.Put(Segment(0), log_.Get(Segment(1)));
  log_.Put(Segment(1), first);
  ExpectRepaired({});
}

TEST_F(RepairTest, AMissingSegmentBecomesAGapOfItsIds) {
  log_.Fill(kRecords, End::kClosed);
  log_.Remove(Segment(1));
  ExpectRepaired({{8, 14}});
}

TEST_F(RepairTest, TheFirstSegmentMayBeMissing) {
  log_.Fill(kRecords, End::kClosed);
  log_.Remove(Segment(0));
  ExpectRepaired({{1, 7}});
}

TEST_F(RepairTest, AnOlderCopyOfASegmentLosesOnlyWhatItLacks) {
  log_.Fill(kRecords, End::kClosed);
  std::string bytes = log_.Get(Segment(0));
  std::fill(bytes.begin() + 40000, bytes.end(), '\0');  // After four groups and a part of one.
  log_.Put(Segment(0), bytes);
  ExpectRepaired({{5, 7}});
}

// The newest records of all: the open looks for the last one, and finds a gap.
TEST_F(RepairTest, ALostLastRecordDoesNotKeepTheLogShut) {
  log_.Fill(kRecords, End::kClosed);
  log_.RotRecord(kRecords);
  ExpectRepaired({{kRecords, kRecords}});
}

// Nobody knows how many records were in what is gone, so ids are skipped, not used again.
TEST_F(RepairTest, IdsOfALostTailAreNotUsedAgain) {
  log_.Fill(kRecords, End::kKilled);
  const std::string last = Segment(2);
  const uint64_t size = log_.Get(last).size();
  log_.Put(last, log_.Get(last).substr(0, 25000));
  const absl::StatusOr<RepairPlan> plan = log_.Plan();
  ASSERT_TRUE(plan.ok()) << plan.status();
  ASSERT_EQ(LostIn(*plan), "17- ");
  const uint64_t last_id = plan->segments.back().last_id;
  EXPECT_GT(last_id, 20u);
  EXPECT_LT(last_id, size / 80 + 17);
  ExpectRepaired({{17, last_id}});
}

TEST_F(RepairTest, AMissingLastSegmentSkipsAllIdsThatItCanHaveHad) {
  log_.Fill(kRecords, End::kKilled);
  log_.Remove(Segment(2));
  ExpectRepaired({{15, 15 + 0xFFFFFFFEull}});
}

TEST_F(RepairTest, ADamagedManifestIsMadeAgainFromTheSegments) {
  log_.Fill(kRecords, End::kClosed);
  log_.Rot(Manifest(), 40);
  ExpectRepaired({});
}

TEST_F(RepairTest, ADamagedManifestOfAnOwnerThatWasKilledToo) {
  log_.Fill(kRecords, End::kKilled);
  log_.Rot(Manifest(), 40);
  ExpectRepaired({});
}

TEST_F(RepairTest, ALostManifestAndRotAreRepairedTogether) {
  log_.Fill(kRecords, End::kKilled);
  log_.Remove(Manifest());
  log_.RotRecord(2);
  log_.RotRecord(7);  // The end of the segment: what comes next says up to where it went.
  log_.RotCommitOf(9);
  log_.RotRecord(18);
  ExpectRepaired({{2, 2}, {7, 7}, {18, 18}});
}

TEST_F(RepairTest, ALostManifestAndALostSegmentLeaveAGap) {
  log_.Fill(kRecords, End::kClosed);
  log_.Remove(Manifest());
  log_.Remove(Segment(1));
  ExpectRepaired({{8, 14}});
}

// With the list the truncation mark is gone: what there is counts, and nothing is invented.
TEST_F(RepairTest, ALostManifestOfATruncatedLogKeepsWhatThereIs) {
  {
    LogProcess owner(&log_.machine());
    ASSERT_TRUE(owner.Open(Term{1}).ok());
    for (uint64_t i = 0; i < kRecords; ++i) ASSERT_TRUE(owner.Append(1, 8000).ok());
    ASSERT_TRUE(owner.Truncate(10).ok());
    ASSERT_TRUE(owner.Close(walimpls::CloseMode::kClean).ok());
  }
  log_.Remove(Manifest());
  const absl::StatusOr<RepairOutcome> outcome = log_.Repair();
  ASSERT_TRUE(outcome.ok()) << outcome.status();
  std::vector<uint64_t> kept(kRecords - 7);
  std::iota(kept.begin(), kept.end(), 8);
  EXPECT_EQ(log_.Read(OnCorrupt::kStop).numbers, kept);
  EXPECT_FALSE(log_.Verified().HasCorruption());
}

// An owner that was fenced wrote behind its boundary; its successor's header says where that is.
TEST_F(RepairTest, WhatLiesBehindALostSealIsNotBroughtBack) {
  LogProcess owner(&log_.machine());
  ASSERT_TRUE(owner.Open(Term{1}).ok());
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(owner.Append(1, 8000).ok());
  LogProcess next(&log_.machine());
  ASSERT_TRUE(next.Open(Term{2}).ok());
  owner.StartAppend(1, 8000);
  (void)owner.Settle();
  ASSERT_TRUE(next.Append(1, 8000).ok());
  ASSERT_TRUE(next.Close(walimpls::CloseMode::kClean).ok());
  (void)owner.Close(walimpls::CloseMode::kAbandon);
  const DamagedLog::Seen before = log_.Read(OnCorrupt::kStop);
  log_.Remove(Manifest());
  const absl::StatusOr<RepairOutcome> outcome = log_.Repair();
  ASSERT_TRUE(outcome.ok()) << outcome.status();
  EXPECT_EQ(log_.Read(OnCorrupt::kStop).numbers, before.numbers);
  EXPECT_FALSE(log_.Verified().HasCorruption());
}

TEST_F(RepairTest, ARepairedSegmentCanBeRepairedAgain) {
  log_.Fill(kRecords, End::kClosed);
  log_.RotRecord(3);
  ASSERT_TRUE(log_.Repair().ok());
  log_.RotRecord(5);
  log_.RotRecord(12);
  ExpectRepaired({{3, 3}, {5, 5}, {12, 12}});
}

TEST_F(RepairTest, ALostManifestOfARepairedLogIsMadeAgain) {
  log_.Fill(kRecords, End::kClosed);
  log_.RotRecord(3);
  log_.RotRecord(17);
  ASSERT_TRUE(log_.Repair().ok());
  log_.Remove(Manifest());
  ExpectRepaired({{3, 3}, {17, 17}});
}

// TERM and the marker.

TEST_F(RepairTest, ACutTermKeepsTheLogsNumber) {
  log_.Fill(kRecords, End::kClosed);
  log_.Put(kTermName, log_.Get(kTermName).substr(0, 12));
  const uint32_t number = log_.Plan()->log_number.value();
  ExpectRepaired({});
  EXPECT_EQ(log_.machine().acknowledged().at(1).origin().log, number);
}

TEST_F(RepairTest, ALostTermNeedsTheLogsNumber) {
  log_.Fill(kRecords, End::kKilled);
  log_.Remove(kTermName);
  const absl::Status status = log_.Repair().status();
  EXPECT_EQ(GetWalErrorCode(status), WalErrorCode::kUnrecoverable) << status;
  EXPECT_THAT(status.message(), HasSubstr("--log-of"));
  RepairRequest request = log_.Request();
  request.log_number = log_.machine().acknowledged().at(1).origin().log;
  ExpectRepaired(std::move(request), {});
}

TEST_F(RepairTest, ALogThatLostAllButItsSegmentsIsWholeAgain) {
  log_.Fill(kRecords, End::kKilled);
  log_.Remove(kTermName);
  log_.Remove(Manifest());
  RepairRequest request = log_.Request();
  request.log_number = 7;
  ExpectRepaired(std::move(request), {});
}

TEST_F(RepairTest, ATermBelowTheManifestIsRaised) {
  log_.Fill(kRecords, End::kClosed);
  std::string term = log_.Get(kTermName);
  term.replace(0, 8, 8, '\0');
  log_.Put(kTermName, term);
  EXPECT_EQ(log_.Plan()->term, TermState::kBehind);
  ExpectRepaired({});
}

TEST_F(RepairTest, ADamagedMarkerIsWrittenAgain) {
  log_.Fill(kRecords, End::kClosed);
  const std::string term = log_.Get(kTermName);
  log_.Put("../TIDELOG", "tidelog file lag, format 1\n");
  ASSERT_TRUE(log_.Repair().ok());
  EXPECT_EQ(log_.Get("../TIDELOG"), MarkerText());
  EXPECT_EQ(log_.Get(kTermName), term) << "nobody was fenced";
  EXPECT_EQ(log_.Get(PathOf(log_.Names("repaired-")[0], kMarkerName)),
            "tidelog file lag, format 1\n");
  log_.Remove("../TIDELOG");
  ExpectRepaired({});
}

TEST_F(RepairTest, AMarkerOfANewerFormatIsNotTouched) {
  log_.Fill(1, End::kClosed);
  log_.Put("../TIDELOG", "tidelog file log, format 9\n");
  EXPECT_EQ(GetWalErrorCode(log_.Repair().status()), WalErrorCode::kInner);
}

// Who may repair.

TEST_F(RepairTest, ALiveWriterIsNotDisturbedUnlessAsked) {
  LogProcess owner(&log_.machine());
  ASSERT_TRUE(owner.Open(Term{1}).ok());
  for (uint64_t i = 0; i < kRecords; ++i) ASSERT_TRUE(owner.Append(1, 8000).ok());
  log_.RotRecord(3);
  EXPECT_TRUE(log_.Plan()->info.live);
  const absl::Status status = log_.Repair().status();
  EXPECT_EQ(GetWalErrorCode(status), WalErrorCode::kResourceAcquired) << status;
  ASSERT_TRUE(owner.Append(1, 8000).ok());
  owner.Tick();
  RepairRequest request = log_.Request();
  request.take_over = true;
  ASSERT_TRUE(log_.Repair(request).ok());
  EXPECT_FALSE(owner.Append(1).ok()) << "it is fenced";
  const DamagedLog::Seen seen = log_.Read(OnCorrupt::kGap);
  EXPECT_EQ(seen.numbers.size(), kRecords) << "and nothing that it was told is lost, but one";
  EXPECT_THAT(seen.gaps, ElementsAre(Range(3, 3)));
}

// A writer that maps a TERM which is not there any more cannot be fenced.
TEST_F(RepairTest, ALiveWriterWithoutATermMustBeStopped) {
  LogProcess owner(&log_.machine());
  ASSERT_TRUE(owner.Open(Term{1}).ok());
  ASSERT_TRUE(owner.Append(1).ok());
  log_.Remove(kTermName);
  RepairRequest request = log_.Request();
  request.take_over = true;
  request.log_number = 7;
  const absl::Status status = log_.Repair(request).status();
  EXPECT_EQ(GetWalErrorCode(status), WalErrorCode::kResourceAcquired) << status;
  EXPECT_THAT(status.message(), HasSubstr("stop that process first"));
}

TEST_F(RepairTest, ATermThatIsInUseIsRefused) {
  log_.Fill(kRecords, End::kClosed);
  log_.RotRecord(3);
  RepairRequest request = log_.Request();
  request.term = Term{1};
  EXPECT_EQ(GetWalErrorCode(log_.Repair(request).status()), WalErrorCode::kUnmatchedTerm);
  request = log_.Request();
  request.term = Term{9};
  ExpectRepaired(std::move(request), {{3, 3}});
}

TEST_F(RepairTest, AReadOnlyDiskIsSaidInOneSentence) {
  log_.Fill(kRecords, End::kClosed);
  log_.RotRecord(3);
  const std::map<std::string, std::string> originals = log_.Originals();
  int lock_opens = 0;
  log_.machine().disk().SetFaultHook([&](const DiskEvent& event) {
    const bool of_lock = absl::EndsWith(event.path, kLockName);
    lock_opens += of_lock && event.operation == DiskOperation::kOpen;
    DiskFault fault;
    if (of_lock && lock_opens > 1) fault.error_number = EROFS;  // The first only reads.
    return fault;
  });
  const absl::Status status = log_.Repair().status();
  log_.machine().disk().SetFaultHook(nullptr);
  EXPECT_THAT(status.message(), HasSubstr("make it writable"));
  EXPECT_EQ(log_.Originals(), originals);
  ExpectRepaired({{3, 3}});
}

TEST_F(RepairTest, WithNoSegmentLeftItSaysSo) {
  log_.Fill(2, End::kClosed);
  log_.Remove(Manifest());
  for (const std::string& name : log_.Names(".seg")) log_.Remove(name);
  const absl::StatusOr<RepairPlan> plan = log_.Plan();
  ASSERT_TRUE(plan.ok()) << plan.status();
  EXPECT_TRUE(plan->needed());
  EXPECT_THAT(plan->refusals, ElementsAre(HasSubstr("restore")));
  EXPECT_EQ(GetWalErrorCode(log_.Repair().status()), WalErrorCode::kUnrecoverable);
}

}  // namespace
}  // namespace tidelog::impls::file
