// Each row of the table, from real bytes: how a disk gets there is told in recovery_table.cc.
#include "impls/file/recovery_table.h"

#include <string>
#include <string_view>

#include "gtest/gtest.h"
#include "impls/file/segment_format.h"
#include "impls/file/segment_scan.h"
#include "impls/file/testing/segment_builder.h"

namespace tidelog::impls::file {
namespace {

// Five groups, each durable before the next but one was written.
class RecoveryTableTest : public testing::Test {
 protected:
  RecoveryTableTest() : builder_(TestHeader()) {
    for (const char* record : {"one", "two", "three", "four", "five"}) {
      builder_.Group({record, std::string(100, record[0])});
    }
    file_ = builder_.Bytes();
    seal_ = builder_.end();
  }

  // The first byte of group `index`, counted from 0; group 5 is what lies behind the last.
  uint64_t GroupOffset(size_t index) const { return builder_.points()[index].offset; }
  void Damage(uint64_t offset) { file_[offset] = static_cast<char>(file_[offset] ^ 0x10); }
  void Lose(uint64_t begin, uint64_t end) { file_.replace(begin, end - begin, end - begin, '\0'); }

  // What an opener does with a file that it found, or with none.
  RecoveryCase Judge(const std::string* file, std::optional<ScanPoint> until) {
    TailFacts facts;
    facts.sealed = until.has_value();
    facts.missing = file == nullptr;
    if (facts.missing) return JudgeTail(facts);
    facts.bad_header = !DecodeSegmentHeader(*file).ok();
    if (facts.bad_header) return JudgeTail(facts);
    outcome_ = ScanBytes(*file, WholeSegment(TestHeader(), until), /*chunk=*/64);
    return JudgeTail(outcome_.result.facts);
  }
  void ExpectUnsealed(std::string_view label, TailVerdict verdict, size_t groups) {
    const RecoveryCase judged = Judge(&file_, std::nullopt);
    EXPECT_EQ(judged.label, label);
    EXPECT_EQ(judged.verdict, verdict);
    EXPECT_EQ(outcome_.groups.size(), groups);
  }
  void ExpectSealed(std::string_view label, TailVerdict verdict, size_t groups) {
    const RecoveryCase judged = Judge(&file_, seal_);
    EXPECT_EQ(judged.label, label);
    EXPECT_EQ(judged.verdict, verdict);
    EXPECT_EQ(outcome_.groups.size(), groups);
  }

  SegmentBuilder builder_;
  std::string file_;
  ScanPoint seal_;
  ScanOutcome outcome_;
};

TEST_F(RecoveryTableTest, A_AListedFileThatIsMissingIsCorruption) {
  EXPECT_EQ(Judge(nullptr, std::nullopt).label, "@A");
  EXPECT_EQ(Judge(nullptr, seal_).verdict, TailVerdict::kCorrupt);
}

TEST_F(RecoveryTableTest, B_ADamagedHeaderIsCorruption) {
  Damage(100);
  EXPECT_EQ(Judge(&file_, std::nullopt).label, "@B");
  EXPECT_EQ(Judge(&file_, seal_).verdict, TailVerdict::kCorrupt);
}

TEST_F(RecoveryTableTest, C_ASealedSegmentIsReadToItsSeal) {
  ExpectSealed("@C", TailVerdict::kComplete, 5);
}

TEST_F(RecoveryTableTest, C_WhatLiesBehindASealIsIgnored) {
  seal_ = builder_.points()[3];
  ExpectSealed("@C", TailVerdict::kComplete, 3);
  Damage(GroupOffset(3) + 20);
  ExpectSealed("@C", TailVerdict::kComplete, 3);
  file_.resize(GroupOffset(3));
  ExpectSealed("@C", TailVerdict::kComplete, 3);
}

TEST_F(RecoveryTableTest, D_ABadFrameBelowASealIsCorruption) {
  Damage(GroupOffset(4) + 20);
  ExpectSealed("@D", TailVerdict::kCorrupt, 4);
  EXPECT_EQ(outcome_.result.bad_offset, GroupOffset(4));
}

TEST_F(RecoveryTableTest, D_ASealedFileCutShortIsCorruption) {
  file_.resize(GroupOffset(4));
  ExpectSealed("@D", TailVerdict::kCorrupt, 4);
}

TEST_F(RecoveryTableTest, D_ASealWithAnotherChainIsCorruption) {
  seal_.chain ^= 1;
  ExpectSealed("@D", TailVerdict::kCorrupt, 5);
  seal_ = builder_.end();
  seal_.offset -= 8;
  ExpectSealed("@D", TailVerdict::kCorrupt, 5);
}

TEST_F(RecoveryTableTest, E_AnUnsealedFileCutShortIsCorruption) {
  file_.resize(GroupOffset(4) + 20);
  ExpectUnsealed("@E", TailVerdict::kCorrupt, 4);
}

// Between two groups a cut leaves no bad frame behind, and is one all the same.
TEST_F(RecoveryTableTest, E_AnUnsealedFileCutBetweenGroupsIsCorruption) {
  file_.resize(GroupOffset(4));
  ExpectUnsealed("@E", TailVerdict::kCorrupt, 4);
  file_.resize(GroupOffset(0));
  ExpectUnsealed("@E", TailVerdict::kCorrupt, 0);
}

TEST_F(RecoveryTableTest, F_ABadFrameBelowALaterWatermarkIsCorruption) {
  Damage(GroupOffset(1) + 20);
  ExpectUnsealed("@F", TailVerdict::kCorrupt, 1);
  EXPECT_EQ(outcome_.result.residue_watermark, 106u);
}

TEST_F(RecoveryTableTest, F_AGroupThatVanishedBelowALaterWatermarkIsCorruption) {
  Lose(GroupOffset(2), GroupOffset(3));
  ExpectUnsealed("@F", TailVerdict::kCorrupt, 2);
}

TEST_F(RecoveryTableTest, F_AnIdleWatermarkProtectsTheLastGroup) {
  builder_.Watermark();
  file_ = builder_.Bytes();
  Damage(GroupOffset(4) + 20);
  ExpectUnsealed("@F", TailVerdict::kCorrupt, 4);
}

TEST_F(RecoveryTableTest, G_APrefixOfTheLastGroupIsTorn) {
  Lose(GroupOffset(4) + 40, GroupOffset(5));
  ExpectUnsealed("@G", TailVerdict::kTorn, 4);
}

TEST_F(RecoveryTableTest, G_AGroupWithoutItsCommitFrameIsTorn) {
  Lose(GroupOffset(5) - kCommitFrameSize, GroupOffset(5));
  ExpectUnsealed("@G", TailVerdict::kTorn, 4);
  EXPECT_EQ(outcome_.result.residue_last_id, 110u);
}

// The group before the last was being synced when the last was written: either may have landed.
TEST_F(RecoveryTableTest, G_AWholeGroupBehindATornOneIsDropped) {
  Lose(GroupOffset(3), GroupOffset(4));
  ExpectUnsealed("@G", TailVerdict::kTorn, 3);
  EXPECT_EQ(outcome_.result.residue_last_id, 110u);
}

// Adr 0004: without a watermark beyond, rot cannot be told from a torn write.
TEST_F(RecoveryTableTest, G_RotInTheLastGroupIsTakenForTorn) {
  Damage(GroupOffset(4) + 20);
  ExpectUnsealed("@G", TailVerdict::kTorn, 4);
}

TEST_F(RecoveryTableTest, G_AFooterThatDidNotLandIsTorn) {
  builder_.Footer();
  file_ = builder_.Bytes();
  Damage(seal_.offset + 20);
  ExpectUnsealed("@G", TailVerdict::kTorn, 5);
  EXPECT_EQ(outcome_.result.footer_end, 0u);
}

TEST_F(RecoveryTableTest, H_AnUntouchedTailIsComplete) {
  ExpectUnsealed("@H", TailVerdict::kComplete, 5);
  Lose(GroupOffset(0), GroupOffset(5));
  ExpectUnsealed("@H", TailVerdict::kComplete, 0);
}

TEST_F(RecoveryTableTest, H_AFooterWhoseManifestWasLostIsComplete) {
  builder_.Footer();
  file_ = builder_.Bytes();
  ExpectUnsealed("@H", TailVerdict::kComplete, 5);
  EXPECT_EQ(outcome_.result.footer_end, builder_.end().offset);
}

TEST_F(RecoveryTableTest, TheTableNamesItsReasons) {
  EXPECT_EQ(Judge(nullptr, std::nullopt).reason, "the file is missing");
}

}  // namespace
}  // namespace tidelog::impls::file
