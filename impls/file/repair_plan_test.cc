// What is planned for damage that takes files laid down one by one, and what a repair makes of it.
#include "impls/file/repair_plan.h"

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "impls/file/inspect.h"
#include "impls/file/names.h"
#include "impls/file/repair_apply.h"
#include "impls/file/repair_text.h"
#include "impls/file/segment_format.h"
#include "impls/file/testing/log_files.h"
#include "impls/file/testing/record_bytes.h"
#include "wal/async/test_runtime.h"
#include "wal/status.h"
#include "wal/types.h"

namespace tidelog::impls::file {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

class RepairPlanTest : public ::testing::Test {
 protected:
  RepairPlanTest() : log_(&runtime_) {}

  RepairPlan Plan() {
    const auto plan = [&] { return PlanRepair(log_.files(), "log", "orders", {}); };
    return runtime_.Run(plan).value();
  }
  // "ACTION FIRST-LAST RECORDS" of each segment.
  std::vector<std::string> Actions() {
    std::vector<std::string> actions;
    for (const SegmentPlan& segment : Plan().segments) {
      actions.push_back(absl::StrCat(SegmentActionName(segment.action), " ", segment.listed.base_id,
                                     "-", segment.last_id, " ", segment.record_count));
    }
    return actions;
  }
  void ExpectRepairable() {
    RepairRequest request;
    request.files = log_.files();
    request.dir = "log";
    request.channel = "orders";
    request.when = "today";
    request.random = runtime_.MakeRandom("repair");
    const auto outcome = runtime_.Run([&] { return ApplyRepair(request); });
    ASSERT_TRUE(outcome.ok()) << outcome.status();
    EXPECT_FALSE(Plan().needed());
    const auto verify = [&] { return Verify(log_.files(), "log", "orders", {}); };
    EXPECT_FALSE(runtime_.Run(verify)->HasCorruption());
  }
  uint64_t Sealed(size_t index) { return log_.sealed.points()[index].offset; }
  uint64_t Unsealed(size_t index) { return log_.unsealed.points()[index].offset; }

  TestRuntime runtime_;
  LogFiles log_;
};

// 113 is the highest watermark: what is missing below was durable, 114 and 115 never were.
TEST_F(RepairPlanTest, ATornTailBehindRotIsDroppedAndNotCalledLost) {
  log_.Publish();
  log_.Damage(log_.unsealed_name(), Unsealed(1) + 30);
  log_.Damage(log_.unsealed_name(), Unsealed(3) + 30);
  EXPECT_THAT(Actions(), ElementsAre("keep 101-110 10", "rewrite 111-113 2"));
  const RepairPlan plan = Plan();
  ASSERT_EQ(plan.segments[1].lost.size(), 1u);
  EXPECT_EQ(plan.segments[1].lost[0].first_id, 112u);
  ExpectRepairable();
}

TEST_F(RepairPlanTest, ATornTailAloneNeedsNoRepair) {
  log_.Publish();
  log_.Damage(log_.unsealed_name(), Unsealed(4) + 30);
  EXPECT_FALSE(Plan().needed());
}

TEST_F(RepairPlanTest, ADamagedIndexIsDropped) {
  log_.Publish();
  const std::string before = log_.Get(log_.unsealed_name());
  log_.Damage(log_.sealed_name(), log_.manifest.segments[0].seal->index_offset + 20);
  EXPECT_THAT(Actions(), ElementsAre("relist 101-110 10", "keep 111-115 5"));
  ExpectRepairable();
  EXPECT_EQ(log_.Get(log_.unsealed_name()), before);
}

TEST_F(RepairPlanTest, ADamagedSideIndexGoesAside) {
  log_.manifest.segments[0].seal->index_offset = 0;
  log_.manifest.segments[0].seal->side_index = true;
  log_.Publish();
  const std::string index = log_.manifest.segments[0].name.IndexFileName();
  log_.Put(index, "no index");
  EXPECT_THAT(Plan().aside, ElementsAre(index));
  ExpectRepairable();
  EXPECT_EQ(log_.Get(absl::StrCat((AsideName{Term{8}, 1}).FileName(), "/", index)), "no index");
}

TEST_F(RepairPlanTest, ASealWithOtherTicksIsCorrected) {
  ++log_.manifest.segments[0].seal->last_tick;
  log_.Publish();
  EXPECT_THAT(Actions(), ElementsAre("relist 101-110 10", "keep 111-115 5"));
  ExpectRepairable();
}

TEST_F(RepairPlanTest, WhatIsNoRecordIsLost) {
  log_.unsealed.Group({"not a record"}).Group({LogFiles::Record(117)}).Watermark();
  log_.Publish();
  EXPECT_THAT(Actions(), ElementsAre("keep 101-110 10", "rewrite 111-117 6"));
  ExpectRepairable();
}

// No checksum is bad: bytes were written as somebody wanted them, and no repair knows better.
TEST_F(RepairPlanTest, RecordsThatContradictOneAnotherAreRefused) {
  log_.unsealed.Group({InsertRecord(Term{7}, TimeTick{1149}, "x")});
  log_.Publish();
  EXPECT_THAT(Plan().refusals, ElementsAre(HasSubstr("contradict")));
  EXPECT_TRUE(Plan().needed());
}

TEST_F(RepairPlanTest, APlanIsToldInWords) {
  log_.Publish();
  log_.Damage(log_.sealed_name(), Sealed(1) + 30);
  const std::vector<std::string> lines = DescribeRepair(Plan());
  EXPECT_THAT(lines, Contains(absl::StrCat(log_.sealed_name(),
                                           ": rewrite: ids 101 to 110, keeps 9 records")));
  EXPECT_THAT(lines, Contains(absl::StrCat("  lost: id 103, bytes [", Sealed(1), ", ",
                                           Sealed(1) + FrameSize(LogFiles::Record(103).size()),
                                           ") of ", log_.sealed_name())));
  EXPECT_THAT(lines, Contains("in all: keeps 14 records, loses 1 id"));
}

TEST_F(RepairPlanTest, AChannelThatNobodyWroteToNeedsNone) {
  log_.published = false;
  log_.Publish();
  log_.Remove(log_.manifest.name.FileName());
  log_.Remove(log_.sealed_name());
  log_.Remove(log_.unsealed_name());
  EXPECT_FALSE(Plan().needed());
}

TEST_F(RepairPlanTest, AChannelThatIsNotThereIsAnError) {
  const auto plan = [&] { return PlanRepair(log_.files(), "log", "other", {}); };
  EXPECT_EQ(GetWalErrorCode(runtime_.Run(plan).status()), WalErrorCode::kChannelNotExist);
}

}  // namespace
}  // namespace tidelog::impls::file
