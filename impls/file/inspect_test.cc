#include "impls/file/inspect.h"

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "impls/file/file_ops.h"
#include "impls/file/names.h"
#include "impls/file/segment_index.h"
#include "impls/file/testing/log_files.h"
#include "impls/file/testing/record_bytes.h"
#include "impls/file/testing/segment_builder.h"
#include "wal/async/test_runtime.h"
#include "wal/io/file_system.h"
#include "wal/status.h"
#include "wal/types.h"

namespace tidelog::impls::file {
namespace {

class InspectTest : public testing::Test {
 protected:
  InspectTest() : log_(&runtime_) {}

  VerifyReport VerifyLog(InspectOptions options = {}) {
    absl::StatusOr<VerifyReport> report =
        runtime_.Run([&] { return Verify(log_.files(), "log", "orders", options); });
    EXPECT_TRUE(report.ok()) << report.status();
    return report.ok() ? *report : VerifyReport{};
  }
  // The findings that are not OK.
  std::vector<Finding> Complaints(InspectOptions options = {}) {
    std::vector<Finding> findings = VerifyLog(options).findings;
    std::erase_if(findings, [](const Finding& f) { return f.severity == Severity::kOk; });
    return findings;
  }
  // The only one, whole: "CORRUPT FILE [BEGIN, END) FIRST-LAST SENTENCE".
  std::string Complaint() {
    const std::vector<Finding> findings = Complaints();
    if (findings.size() != 1) return absl::StrCat(findings.size(), " findings");
    const Finding& f = findings.front();
    return absl::StrCat(SeverityName(f.severity), " ", f.file, " [", f.byte_begin, ", ", f.byte_end,
                        ") ", f.first_id, "-", f.last_id, " ", f.sentence);
  }
  void ExpectComplaint(std::string_view begin, std::string_view part) {
    log_.Publish();
    ExpectComplaintNow(begin, part);
  }
  void ExpectComplaintNow(std::string_view begin, std::string_view part) {
    const std::string complaint = Complaint();
    EXPECT_TRUE(absl::StartsWith(complaint, begin)) << complaint;
    EXPECT_TRUE(absl::StrContains(complaint, part)) << complaint;
  }
  static std::string Range(std::string_view severity, std::string_view file, uint64_t begin,
                           uint64_t end, uint64_t first, uint64_t last) {
    return absl::StrCat(severity, " ", file, " [", begin, ", ", end, ") ", first, "-", last, " ");
  }
  uint64_t SealedGroup(size_t index) { return log_.sealed.points()[index].offset; }
  uint64_t UnsealedGroup(size_t index) { return log_.unsealed.points()[index].offset; }

  TestRuntime runtime_;
  LogFiles log_;
};

TEST_F(InspectTest, AHealthyLogIsFine) {
  log_.Publish();
  const VerifyReport report = VerifyLog();
  EXPECT_FALSE(report.HasCorruption());
  EXPECT_TRUE(Complaints().empty()) << Complaint();
  EXPECT_EQ(report.info.owner, (TermWord{Term{7}, 1, false}));
  EXPECT_FALSE(report.info.live);
  ASSERT_EQ(report.segments.size(), 2u);
  EXPECT_EQ(report.segments[0].group_count, 5u);
  EXPECT_EQ(report.segments[0].record_count, 10u);
  EXPECT_EQ(report.segments[0].last_id, 110u);
  EXPECT_EQ(report.segments[1].record_count, 5u);
  EXPECT_EQ(report.segments[1].last_id, 115u);
  EXPECT_EQ(report.segments[1].watermark, 113u);
  EXPECT_EQ(report.segments[1].file_size, 8192u);
  EXPECT_EQ(report.segments[1].end_offset, log_.unsealed.end().offset);
}

TEST_F(InspectTest, ChunksOfAnySizeAreEnough) {
  log_.Publish();
  for (const size_t chunk : {1, 100, 4096}) {
    InspectOptions options;
    options.chunk_bytes = chunk;
    EXPECT_TRUE(Complaints(options).empty());
    EXPECT_EQ(VerifyLog(options).segments[0].record_count, 10u);
  }
}

TEST_F(InspectTest, ATornTailIsToldWithItsRange) {
  log_.Publish();
  log_.Damage(log_.unsealed_name(), UnsealedGroup(4) + 30);
  ExpectComplaintNow(
      Range("TORN", log_.unsealed_name(), UnsealedGroup(4), log_.unsealed.end().offset, 115, 115),
      "@G");
}

TEST_F(InspectTest, WhatALiveOwnerIsWritingIsNoDamage) {
  log_.Publish();
  log_.Damage(log_.unsealed_name(), UnsealedGroup(4) + 30);
  log_.HoldLock();
  EXPECT_TRUE(Complaints().empty()) << Complaint();
  EXPECT_TRUE(VerifyLog().info.live);
}

TEST_F(InspectTest, ADamagedGroupIsToldAndThoseBehindItAreRead) {
  log_.Publish();
  log_.Damage(log_.sealed_name(), SealedGroup(1) + 30);
  ExpectComplaintNow(Range("CORRUPT", log_.sealed_name(), SealedGroup(1), SealedGroup(2), 103, 104),
                     "@D");
  EXPECT_EQ(VerifyLog().segments[0].record_count, 8u);
  EXPECT_EQ(VerifyLog().segments[0].last_id, 110u);
  EXPECT_TRUE(VerifyLog().HasCorruption());
}

TEST_F(InspectTest, EachDamagedPlaceIsTold) {
  log_.Publish();
  log_.Damage(log_.sealed_name(), SealedGroup(0) + 30);
  log_.Damage(log_.sealed_name(), SealedGroup(3) + 30);
  log_.Damage(log_.unsealed_name(), UnsealedGroup(1) + 30);
  const std::vector<Finding> findings = Complaints();
  ASSERT_EQ(findings.size(), 3u);
  EXPECT_EQ(findings[0].first_id, 101u);
  EXPECT_EQ(findings[1].first_id, 107u);
  EXPECT_EQ(findings[2].first_id, 112u);
  EXPECT_EQ(findings[2].last_id, 112u);
  InspectOptions options;
  options.findings_per_file_max = 1;
  EXPECT_EQ(Complaints(options).size(), 2u);
}

// The commit frame of the group is bad too, so that nobody knows where its ids end but the next.
TEST_F(InspectTest, DamageOverAGroupsEndReachesToTheNextGoodCommit) {
  log_.Publish();
  log_.Damage(log_.sealed_name(), SealedGroup(2) - 8);
  log_.Damage(log_.sealed_name(), SealedGroup(2) + 8);
  ExpectComplaintNow(Range("CORRUPT", log_.sealed_name(), SealedGroup(1), SealedGroup(3), 103, 106),
                     "@D");
}

TEST_F(InspectTest, DamageToAWatermarkAloneConcernsNoIds) {
  const uint64_t at = log_.unsealed.end().offset;
  log_.unsealed.Watermark().Watermark();
  log_.Publish();
  log_.Damage(log_.unsealed_name(), at + 20);
  ExpectComplaintNow(Range("TORN", log_.unsealed_name(), at, log_.unsealed.end().offset, 0, 0),
                     "@G");
}

TEST_F(InspectTest, AnUnsealedFileCutShortIsTold) {
  log_.Publish();
  log_.Put(log_.unsealed_name(), log_.Get(log_.unsealed_name()).substr(0, UnsealedGroup(3)));
  ExpectComplaintNow(Range("CORRUPT", log_.unsealed_name(), UnsealedGroup(3), 8192, 114, 0), "@E");
}

TEST_F(InspectTest, AMissingSegmentIsToldWithItsIds) {
  log_.Publish();
  log_.Remove(log_.sealed_name());
  ExpectComplaintNow(Range("CORRUPT", log_.sealed_name(), 0, 0, 101, 110), "missing");
}

TEST_F(InspectTest, ADamagedHeaderIsTold) {
  log_.Publish();
  log_.Damage(log_.unsealed_name(), 20);
  ExpectComplaintNow(Range("CORRUPT", log_.unsealed_name(), 0, 0, 111, 0), "bad checksum");
}

TEST_F(InspectTest, ASegmentUnderAnothersNameIsTold) {
  log_.Publish();
  log_.Put(log_.sealed_name(), log_.Get(log_.unsealed_name()));
  ExpectComplaintNow(Range("CORRUPT", log_.sealed_name(), 0, 0, 101, 110), "not of the one");
}

TEST_F(InspectTest, ATermBelowTheManifestIsTold) {
  log_.owner = {Term{6}, 9, false};
  ExpectComplaint("CORRUPT TERM", "it says 6/9, and the newest manifest is of 7/1");
  log_.owner = {Term{7}, 1, false};
  log_.manifest.incarnation = 2;
  ExpectComplaint("CORRUPT TERM", "it says 7/1");
}

TEST_F(InspectTest, AMissingOrCutTermIsTold) {
  log_.Publish();
  log_.Put(kTermName, "abc");
  ExpectComplaintNow("CORRUPT TERM", "TERM");
  log_.Remove(kTermName);
  ExpectComplaintNow("CORRUPT TERM", "missing");
}

TEST_F(InspectTest, ABadManifestIsToldAndNotSkipped) {
  log_.Publish();
  const ManifestName newer{Term{7}, 3};
  log_.Put(newer.FileName(), EncodeManifest(log_.manifest).substr(0, 50));
  const std::vector<Finding> findings = Complaints();
  ASSERT_FALSE(findings.empty());
  EXPECT_EQ(findings[0].severity, Severity::kCorrupt);
  EXPECT_EQ(findings[0].file, newer.FileName());
  EXPECT_TRUE(VerifyLog().segments.empty());
}

TEST_F(InspectTest, ALogThatLostItsManifestIsNotNew) {
  log_.Publish();
  log_.Remove(log_.manifest.name.FileName());
  EXPECT_TRUE(VerifyLog().HasCorruption());
  log_.published = false;
  log_.Publish();
  log_.Remove(log_.manifest.name.FileName());
  EXPECT_FALSE(VerifyLog().HasCorruption());
}

TEST_F(InspectTest, FilesThatNobodyListsAreOrphans) {
  log_.Publish();
  log_.Put((SegmentName{Term{6}, 1, 1}).FileName(), "");
  log_.Put((SegmentName{Term{7}, 1, 1}).IndexFileName(), "");
  log_.Put((ManifestName{Term{7}, 1}).FileName(), "");
  log_.Put((PrivateName{Term{7}, 1, 5}).FileName(), "");
  log_.Put("core", "");
  const std::vector<Finding> findings = Complaints();
  ASSERT_EQ(findings.size(), 5u);
  for (const Finding& finding : findings) EXPECT_EQ(finding.severity, Severity::kOrphan);
  EXPECT_TRUE(absl::StrContains(findings[2].sentence, "nobody sweeps")) << findings[2].file;
  log_.HoldLock();
  // Of the owner are an index and a private file.
  EXPECT_EQ(Complaints().size(), 3u);
}

TEST_F(InspectTest, ADamagedIndexIsTold) {
  log_.Publish();
  log_.Damage(log_.sealed_name(), log_.manifest.segments[0].seal->index_offset + 20);
  ExpectComplaintNow(absl::StrCat("CORRUPT ", log_.sealed_name()), "index");
}

TEST_F(InspectTest, AnIndexThatPointsElsewhereIsTold) {
  for (const IndexEntry& entry : {IndexEntry{101, 1010, kSegmentHeaderSize + 8, 0x12345678, 0},
                                  IndexEntry{102, 1010, kSegmentHeaderSize, 0x12345678, 0},
                                  IndexEntry{101, 1011, kSegmentHeaderSize, 0x12345678, 0},
                                  IndexEntry{101, 1010, kSegmentHeaderSize, 0x12345679, 0},
                                  IndexEntry{109, 1090, 1 << 20, 0, 0}}) {
    log_.manifest.segments[0].seal->index_offset = 0;
    log_.manifest.segments[0].seal->side_index = true;
    log_.Publish();
    const std::string name = log_.manifest.segments[0].name.IndexFileName();
    log_.Put(name, EncodeSideIndex(log_.sealed.header(), {entry}));
    ExpectComplaintNow(absl::StrCat("CORRUPT ", name), "index");
  }
}

TEST_F(InspectTest, AGoodSideIndexIsFine) {
  log_.manifest.segments[0].seal->index_offset = 0;
  log_.manifest.segments[0].seal->side_index = true;
  log_.Publish();
  const std::string name = log_.manifest.segments[0].name.IndexFileName();
  ExpectComplaintNow(absl::StrCat("CORRUPT ", name), "index");  // It is not there yet.
  const IndexEntry entry{101, 1010, kSegmentHeaderSize, TestHeader().base_chain, 0};
  log_.Put(name, EncodeSideIndex(log_.sealed.header(), {entry}));
  EXPECT_TRUE(Complaints().empty()) << Complaint();
}

TEST_F(InspectTest, ASealWithOtherTicksIsTold) {
  ++log_.manifest.segments[0].seal->last_tick;
  ExpectComplaint(absl::StrCat("CORRUPT ", log_.sealed_name()), "seal");
}

TEST_F(InspectTest, WhatIsNoRecordIsToldThoughItsChecksumIsGood) {
  const uint64_t at = log_.unsealed.end().offset;
  log_.unsealed.Group({"not a record"});
  ExpectComplaint(Range("CORRUPT", log_.unsealed_name(), at, at + FrameSize(12), 116, 116),
                  "no record");
}

TEST_F(InspectTest, ComplaintsAboutOneFileHaveALimit) {
  for (int i = 0; i < 10; ++i) log_.unsealed.Group({"not a record"});
  log_.Publish();
  InspectOptions options;
  options.findings_per_file_max = 3;
  EXPECT_EQ(Complaints(options).size(), 3u);
  EXPECT_EQ(Complaints().size(), 10u);
}

TEST_F(InspectTest, RecordsOfAnotherTermAreTold) {
  log_.unsealed.Group({InsertRecord(Term{6}, TimeTick{1160}, "x")});
  ExpectComplaint(absl::StrCat("CORRUPT ", log_.unsealed_name()), "term 6");
}

TEST_F(InspectTest, TicksThatGoBackAreTold) {
  log_.unsealed.Group({InsertRecord(Term{7}, TimeTick{1149}, "x")});
  ExpectComplaint(absl::StrCat("CORRUPT ", log_.unsealed_name()), "tick 1149 behind");
}

TEST_F(InspectTest, ACommitFrameThatLiesAboutTicksIsTold) {
  log_.unsealed.Group({InsertRecord(Term{7}, TimeTick{1161}, "x")});
  ExpectComplaint(absl::StrCat("CORRUPT ", log_.unsealed_name()), "says tick 1160");
}

TEST_F(InspectTest, AWatermarkThatGoesBackIsTold) {
  log_.unsealed.Group({LogFiles::Record(116)}, /*watermark=*/112);
  ExpectComplaint(absl::StrCat("CORRUPT ", log_.unsealed_name()), "watermark");
}

TEST_F(InspectTest, AGapOfARepairedSegmentIsToldAndNoDamage) {
  const uint64_t at = log_.unsealed.end().offset;
  log_.unsealed.GapGroup(120, "lost in a fire");
  log_.Publish();
  const std::string reason = "lost in a fire";
  ExpectComplaintNow(
      Range("GAP", log_.unsealed_name(), at, at + FrameSize(16 + reason.size()), 116, 120), reason);
  EXPECT_FALSE(VerifyLog().HasCorruption());
  EXPECT_EQ(VerifyLog().segments[1].last_id, 120u);
  EXPECT_EQ(VerifyLog().segments[1].given_up_count, 5u);
}

TEST_F(InspectTest, WhatARepairKeepsAsideIsNoOrphan) {
  log_.Publish();
  const std::string aside = PathOf("log/orders", (AsideName{Term{8}, 1}).FileName());
  EXPECT_TRUE(runtime_.Run([&] { return log_.files()->CreateDirectory(aside); }).ok());
  EXPECT_TRUE(Complaints().empty()) << Complaint();
}

TEST_F(InspectTest, AChannelThatIsNotThereIsAnError) {
  const absl::Status status =
      runtime_.Run([&] { return Verify(log_.files(), "log", "other", {}); }).status();
  EXPECT_EQ(GetWalErrorCode(status), WalErrorCode::kChannelNotExist);
}

// Dump.

class DumpTest : public InspectTest {
 protected:
  // "h" header, "r ID", "c LAST-ID", "i" index, "! ID" damage.
  std::string DumpLog(size_t items_max = 1000) {
    std::string text;
    size_t count = 0;
    const auto on_item = [&](const DumpItem& item) {
      if (item.header != nullptr) absl::StrAppend(&text, "h ");
      if (item.commit != nullptr) {
        absl::StrAppend(&text, "c", item.commit->last_id, " ");
      } else if (item.frame != nullptr && item.frame->type == FrameType::kIndex) {
        absl::StrAppend(&text, "i ");
      } else if (item.frame != nullptr) {
        absl::StrAppend(&text, "r", item.frame->id, " ");
      }
      if (item.damage != nullptr) absl::StrAppend(&text, "!", item.damage->first_id, " ");
      return ++count < items_max;
    };
    InspectOptions options;
    options.chunk_bytes = 64;
    const uint64_t before = log_.operation_count();
    status_ = runtime_.Run([&] { return Dump(log_.files(), "log", "orders", options, on_item); });
    operations_ = log_.operation_count() - before;
    return text;
  }
  absl::Status status_;
  uint64_t operations_ = 0;
};

TEST_F(DumpTest, GivesEverythingInOrder) {
  log_.Publish();
  EXPECT_EQ(DumpLog(),
            "h r101 r102 c102 r103 r104 c104 r105 r106 c106 r107 r108 c108 r109 r110 c110 i "
            "h r111 c111 r112 c112 r113 c113 r114 c114 r115 c115 ");
  EXPECT_TRUE(status_.ok()) << status_;
}

TEST_F(DumpTest, GivesDamageWhereItLies) {
  log_.Publish();
  log_.Damage(log_.sealed_name(), SealedGroup(2) - 30);  // The commit frame of 103 and 104.
  EXPECT_EQ(DumpLog().substr(0, 51), "h r101 r102 c102 r103 r104 !103 r107 r108 c108 r109");
}

TEST_F(DumpTest, GivesTheFramesOfATornGroup) {
  log_.Publish();
  log_.Damage(log_.unsealed_name(), log_.unsealed.end().offset - 30);
  EXPECT_TRUE(absl::EndsWith(DumpLog(), "c114 r115 !115 ")) << DumpLog();
}

TEST_F(DumpTest, EndsWhenToldTo) {
  for (uint64_t id = 116; id < 236; ++id) {
    const std::string payload(kDirectAlignment, 'x');
    log_.unsealed.Group({InsertRecord(Term{7}, TimeTick{10 * id}, payload)});
  }
  log_.Publish();
  DumpLog();
  const uint64_t whole = operations_;
  EXPECT_EQ(DumpLog(/*items_max=*/3), "h r101 r102 ");
  EXPECT_LT(operations_, whole / 4);
  EXPECT_TRUE(status_.ok()) << status_;
}

TEST_F(DumpTest, GoesOnBehindAMissingSegment) {
  log_.Publish();
  log_.Remove(log_.sealed_name());
  EXPECT_EQ(DumpLog(), "!101 h r111 c111 r112 c112 r113 c113 r114 c114 r115 c115 ");
}

TEST_F(DumpTest, NeedsAManifest) {
  log_.Publish();
  log_.Damage(log_.manifest.name.FileName(), 30);
  EXPECT_EQ(DumpLog(), "");
  EXPECT_EQ(GetWalErrorCode(status_), WalErrorCode::kCorrupt);
}

// ListChannels, ReadChannelInfo.

TEST_F(InspectTest, ChannelsAreTheDirectoriesOfALog) {
  log_.Publish();
  log_.PutInLog("stray", "a file");
  const auto list = [&] { return ListChannels(log_.files(), "log"); };
  EXPECT_EQ(runtime_.Run(list).value(), (std::vector<std::string>{"orders"}));
}

TEST_F(InspectTest, AnotherDirectoryIsNoLog) {
  const auto list = [&] { return ListChannels(log_.files(), "log"); };
  EXPECT_EQ(GetWalErrorCode(runtime_.Run(list).status()), WalErrorCode::kInvalidArgument);
  log_.PutInLog(kMarkerName, "tidelog file log, format 9\n");
  EXPECT_EQ(GetWalErrorCode(runtime_.Run(list).status()), WalErrorCode::kInner);
}

TEST_F(InspectTest, InfoIsTermAndManifest) {
  log_.Publish();
  const auto read = [&] { return ReadChannelInfo(log_.files(), "log", "orders"); };
  const absl::StatusOr<ChannelInfo> info = runtime_.Run(read);
  ASSERT_TRUE(info.ok()) << info.status();
  EXPECT_EQ(info->owner, log_.owner);
  EXPECT_EQ(info->manifest, log_.manifest);
  log_.Damage(log_.manifest.name.FileName(), 30);
  EXPECT_EQ(GetWalErrorCode(runtime_.Run(read).status()), WalErrorCode::kCorrupt);
}

}  // namespace
}  // namespace tidelog::impls::file
