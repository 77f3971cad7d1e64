#include "impls/file/record_checker.h"

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "gtest/gtest.h"
#include "impls/file/segment_format.h"
#include "impls/file/segment_scan.h"
#include "impls/file/testing/record_bytes.h"
#include "wal/types.h"

namespace tidelog::impls::file {
namespace {

// Groups as a scan gives them, of a segment that term 7 made.
class RecordCheckerTest : public testing::Test {
 protected:
  RecordCheckerTest() { checker_.OnSegment(Term{7}, /*repaired=*/false); }

  // The complaint about the next group, of these records; "" if there is none.
  std::string Check(const std::vector<std::string>& records, CommitPayload commit) {
    std::vector<Frame> frames;
    for (const std::string& record : records) {
      Frame frame;
      frame.type = FrameType::kRecord;
      frame.id = ++last_id_;
      frame.offset = kSegmentHeaderSize + 1000 * last_id_;
      frame.payload = record;
      frames.push_back(frame);
    }
    commit.last_id = last_id_;
    ScanGroup group;
    group.commit = commit;
    group.frames = frames;
    group.commit_frame.offset = kSegmentHeaderSize + 1000 * last_id_ + 500;
    complaint_ = checker_.OnGroup(group);
    return complaint_.has_value() ? complaint_->sentence : "";
  }
  static std::string Insert(uint64_t tick, Term term = Term{7}) {
    return InsertRecord(term, TimeTick{tick}, "x");
  }
  static std::string Tick(uint64_t tick) { return TimeTickRecord(Term{7}, TimeTick{tick}); }

  RecordChecker checker_;
  std::optional<RecordChecker::Complaint> complaint_;
  uint64_t last_id_ = 0;
};

TEST_F(RecordCheckerTest, AWellKeptLogIsFine) {
  EXPECT_EQ(Check({Insert(10), Insert(11)}, {.last_tick = 11}), "");
  EXPECT_EQ(Check({Tick(12)}, {.watermark = 2, .last_tick = 12, .newest_time_tick_id = 3}), "");
  EXPECT_EQ(Check({}, {.watermark = 3, .last_tick = 12, .newest_time_tick_id = 3}), "");
  EXPECT_EQ(Check({Insert(13)}, {.watermark = 3, .last_tick = 13, .newest_time_tick_id = 3}), "");
  checker_.OnSegment(Term{8}, false);
  EXPECT_EQ(Check({Insert(14, Term{8})}, {.last_tick = 14, .newest_time_tick_id = 3}), "");
}

// The chunks of one message share a tick (F9).
TEST_F(RecordCheckerTest, TicksMayBeEqual) {
  EXPECT_EQ(Check({Insert(10), Insert(10)}, {.last_tick = 10}), "");
}

TEST_F(RecordCheckerTest, SaysWhichRecordItIs) {
  EXPECT_TRUE(absl::StrContains(Check({Insert(10), Insert(9)}, {.last_tick = 9}), "tick 9 behind"));
  ASSERT_TRUE(complaint_.has_value());
  EXPECT_EQ(complaint_->id, 2u);
  EXPECT_EQ(complaint_->offset, kSegmentHeaderSize + 2000);
  EXPECT_EQ(complaint_->size, FrameSize(Insert(9).size()));
}

TEST_F(RecordCheckerTest, BytesThatAreNoRecordAreTold) {
  EXPECT_TRUE(absl::StrContains(Check({Insert(10) + "more"}, {.last_tick = 10}), "no record"));
}

TEST_F(RecordCheckerTest, ATermIsThatOfItsSegment) {
  EXPECT_TRUE(absl::StrContains(Check({Insert(10, Term{8})}, {.last_tick = 10}), "of term 8"));
}

TEST_F(RecordCheckerTest, TermsDoNotDecreaseInARepairedSegmentEither) {
  checker_.OnSegment(Term{9}, /*repaired=*/true);
  EXPECT_EQ(Check({Insert(10, Term{5}), Insert(11, Term{6})}, {.last_tick = 11}), "");
  EXPECT_TRUE(absl::StrContains(Check({Insert(12, Term{5})}, {.last_tick = 12}), "of term 5"));
}

TEST_F(RecordCheckerTest, ACommitFrameKnowsTheLastTick) {
  EXPECT_TRUE(absl::StrContains(Check({Insert(10)}, {.last_tick = 11}), "says tick 11"));
  EXPECT_EQ(complaint_->id, 0u);
  EXPECT_EQ(complaint_->offset, kSegmentHeaderSize + 1500);
}

TEST_F(RecordCheckerTest, WatermarksDoNotGoBackWithinASegment) {
  EXPECT_EQ(Check({Insert(10)}, {.last_tick = 10}), "");
  EXPECT_EQ(Check({}, {.watermark = 1, .last_tick = 10}), "");
  EXPECT_TRUE(absl::StrContains(Check({}, {.watermark = 0, .last_tick = 10}), "watermark"));
  checker_.OnSegment(Term{7}, false);
  EXPECT_EQ(Check({}, {.watermark = 0, .last_tick = 10}), "");
}

TEST_F(RecordCheckerTest, TheNewestTimeTickIsOne) {
  EXPECT_TRUE(absl::StrContains(Check({Insert(10)}, {.last_tick = 10, .newest_time_tick_id = 1}),
                                "for a time tick"));
}

TEST_F(RecordCheckerTest, TheNewestTimeTickDoesNotGoBackOrAhead) {
  EXPECT_EQ(Check({Tick(10)}, {.last_tick = 10, .newest_time_tick_id = 1}), "");
  EXPECT_TRUE(absl::StrContains(Check({}, {.last_tick = 10, .newest_time_tick_id = 0}), "newest"));
  EXPECT_TRUE(absl::StrContains(Check({}, {.last_tick = 10, .newest_time_tick_id = 2}), "newest"));
}

}  // namespace
}  // namespace tidelog::impls::file
