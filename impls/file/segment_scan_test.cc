#include "impls/file/segment_scan.h"

#include <optional>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "impls/file/testing/segment_builder.h"

namespace tidelog::impls::file {
namespace {

SegmentBuilder ThreeGroups() {
  SegmentBuilder builder(TestHeader());
  builder.Group({"a", "b"}).Group({"c"}).Group({"d", "e", "f"});
  return builder;
}

TEST(SegmentScanTest, YieldsGroupsInOrder) {
  const SegmentBuilder builder = ThreeGroups();
  const ScanOutcome outcome = ScanBytes(builder.Bytes(), WholeSegment(TestHeader()));
  ASSERT_EQ(outcome.groups.size(), 3u);
  const std::vector<ScanPoint> points = builder.points();
  for (size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(outcome.groups[i].begin, points[i]);
    EXPECT_EQ(outcome.groups[i].end, points[i + 1]);
  }
  EXPECT_EQ(outcome.groups[1].records, (std::vector<std::pair<uint64_t, std::string>>{{103, "c"}}));
  EXPECT_EQ(outcome.Records(), (std::vector<std::string>{"a", "b", "c", "d", "e", "f"}));
}

TEST(SegmentScanTest, SaysWhereTheLogEnds) {
  const SegmentBuilder builder = ThreeGroups();
  const ScanResult result = ScanBytes(builder.Bytes(), WholeSegment(TestHeader())).result;
  EXPECT_EQ(result.end, builder.end());
  ASSERT_TRUE(result.last_commit.has_value());
  EXPECT_EQ(result.last_commit->last_tick, 1060u);
  EXPECT_EQ(result.watermark, 102u);
  EXPECT_EQ(result.file_size, 8192u);
  EXPECT_EQ(result.residue_end, 0u);
}

TEST(SegmentScanTest, AnEmptySegmentHasNoCommit) {
  const SegmentBuilder builder(TestHeader());
  const ScanResult result = ScanBytes(builder.Bytes(), WholeSegment(TestHeader())).result;
  EXPECT_EQ(result.end, SegmentScan::FirstPoint(TestHeader()));
  EXPECT_FALSE(result.last_commit.has_value());
}

TEST(SegmentScanTest, BeginsAtAnIndexEntryWithTheChainChecked) {
  const SegmentBuilder builder = ThreeGroups();
  SegmentScan::Options options = WholeSegment(TestHeader());
  options.from = builder.points()[1];
  EXPECT_EQ(ScanBytes(builder.Bytes(), options).groups.size(), 2u);
  options.from.chain ^= 1;
  EXPECT_EQ(ScanBytes(builder.Bytes(), options).groups.size(), 0u);
}

TEST(SegmentScanTest, EndsAtTheSealWithoutReadingOn) {
  const SegmentBuilder builder = ThreeGroups();
  std::string file = builder.Bytes();
  const ScanPoint seal = builder.points()[2];
  file.resize(seal.offset);
  for (const size_t chunk : {1, 1000000}) {
    const ScanOutcome outcome = ScanBytes(file, WholeSegment(TestHeader(), seal), chunk);
    EXPECT_EQ(outcome.groups.size(), 2u);
    EXPECT_TRUE(outcome.result.facts.reaches_seal);
  }
}

TEST(SegmentScanTest, ASealBeforeTheFirstGroupIsReachedAtOnce) {
  const SegmentBuilder builder = ThreeGroups();
  const ScanOutcome outcome =
      ScanBytes(builder.Bytes(), WholeSegment(TestHeader(), builder.points()[0]));
  EXPECT_EQ(outcome.groups.size(), 0u);
  EXPECT_TRUE(outcome.result.facts.reaches_seal);
}

TEST(SegmentScanTest, StopsAtABadFrameIfTold) {
  const SegmentBuilder builder = ThreeGroups();
  std::string file = builder.Bytes();
  const uint64_t bad = builder.points()[1].offset;
  file[bad] = static_cast<char>(file[bad] ^ 1);
  SegmentScan::Options options = WholeSegment(TestHeader());
  options.tail = SegmentScan::Tail::kStop;
  const ScanOutcome outcome = ScanBytes(file, options, /*chunk=*/16);
  EXPECT_EQ(outcome.groups.size(), 1u);
  EXPECT_EQ(outcome.result.bad_offset, bad);
  EXPECT_EQ(outcome.result.file_size, 0u);
  EXPECT_FALSE(outcome.result.facts.residue);
}

// Goal: a reader of a segment that is being written goes on where it stopped.
TEST(SegmentScanTest, ALaterScanGoesOnWhereOneStopped) {
  SegmentBuilder builder(TestHeader());
  builder.Group({"a", "b"});
  SegmentScan::Options options = WholeSegment(TestHeader());
  options.tail = SegmentScan::Tail::kStop;
  options.from = ScanBytes(builder.Bytes(), options).result.end;
  EXPECT_EQ(ScanBytes(builder.Bytes(), options).groups.size(), 0u);
  builder.Group({"c"});
  EXPECT_EQ(ScanBytes(builder.Bytes(), options).Records(), (std::vector<std::string>{"c"}));
}

TEST(SegmentScanTest, AFrameLongerThanThePieceIsReadWhole) {
  SegmentHeader header = TestHeader();
  header.capacity = 1 << 20;
  SegmentBuilder builder(header);
  const std::string large(300000, 'x');
  builder.Group({"a", large, "b"}).Group({"c"});
  for (const bool records : {true, false}) {
    SegmentScan::Options options = WholeSegment(header);
    options.records = records;
    const ScanOutcome outcome = ScanBytes(builder.Bytes(), options, /*chunk=*/4096);
    EXPECT_EQ(outcome.result.end, builder.end());
    EXPECT_EQ(outcome.groups.size(), 2u);
  }
}

// Goal: memory is bounded by the longest frame, not by the longest group, when nobody wants the
// records.
TEST(SegmentScanTest, WithoutRecordsAPieceIsAFrameAtMost) {
  SegmentHeader header = TestHeader();
  header.capacity = 1 << 20;
  SegmentBuilder builder(header);
  builder.Group(std::vector<std::string>(500, std::string(1000, 'x')));
  SegmentScan::Options options = WholeSegment(header);
  options.records = false;
  const ScanOutcome outcome = ScanBytes(builder.Bytes(), options, /*chunk=*/512);
  EXPECT_EQ(outcome.result.end, builder.end());
  EXPECT_LE(outcome.fed_max, FrameSize(1000));
}

// Goal: the pieces grow geometrically, so that a long group costs no quadratic reading.
TEST(SegmentScanTest, ALongGroupIsReadAFewTimesOnly) {
  SegmentHeader header = TestHeader();
  header.capacity = 1 << 20;
  SegmentBuilder builder(header);
  builder.Group(std::vector<std::string>(900, std::string(1000, 'x')));
  const ScanOutcome outcome = ScanBytes(builder.Bytes(), WholeSegment(header), /*chunk=*/4096);
  EXPECT_EQ(outcome.Records().size(), 900u);
  EXPECT_LE(outcome.fed_total, 5u << 20);
}

TEST(SegmentScanTest, FindsWhereASealedSegmentGoesOnBehindDamage) {
  const SegmentBuilder builder = ThreeGroups();
  std::string file = builder.Bytes();
  const uint64_t bad = builder.points()[0].offset;
  file[bad] = static_cast<char>(file[bad] ^ 1);
  for (const size_t chunk : {1, 70, 1000000}) {
    const ScanOutcome outcome = ScanBytes(file, WholeSegment(TestHeader(), builder.end()), chunk);
    ASSERT_TRUE(outcome.result.resync.has_value());
    EXPECT_EQ(*outcome.result.resync, builder.points()[1]);
  }
}

// Goal: damage that shifts where frames begin hides no commit frame.
TEST(SegmentScanTest, FindsACommitFrameAtEveryBoundary) {
  SegmentBuilder builder(TestHeader());
  builder.Group({std::string(8, 'a')}).Group({"b"}).Group({"c"});
  for (uint64_t at = builder.points()[0].offset; at < builder.points()[1].offset; ++at) {
    std::string file = builder.Bytes();
    file[at] = static_cast<char>(~file[at]);
    const ScanOutcome outcome = ScanBytes(file, WholeSegment(TestHeader()), /*chunk=*/24);
    EXPECT_EQ(outcome.result.residue_watermark, 101u) << at;
    EXPECT_EQ(outcome.label, "@F") << at;
  }
}

// Only a fault of the writer leaves one; to go on there would give ids twice.
TEST(SegmentScanTest, ACommitFrameOfLowerIdsIsNoPlaceToGoOn) {
  const SegmentBuilder builder = ThreeGroups();
  std::string file = builder.Bytes();
  SegmentBuilder other(TestHeader());
  other.Group({std::string(2000, 'x')});
  const uint64_t commit = other.end().offset - kCommitFrameSize;
  ASSERT_GT(commit, builder.end().offset);
  file.replace(commit, kCommitFrameSize, other.Bytes(), commit, kCommitFrameSize);
  const ScanOutcome outcome = ScanBytes(file, WholeSegment(TestHeader()));
  EXPECT_EQ(outcome.result.end, builder.end());
  EXPECT_FALSE(outcome.result.resync.has_value());
  EXPECT_EQ(outcome.label, "@G");
}

// An owner writes its footer behind a group, not in one.
TEST(SegmentScanTest, AnIndexInsideAGroupIsNoFooter) {
  SegmentBuilder builder(TestHeader());
  builder.Group({"a"});
  const uint64_t end = builder.end().offset;
  // Two writers that went the same way and then part: one adds a record, the other the index.
  std::vector<char> before;
  FrameEncoder records(TestHeader().uuid, TestHeader().base_id, TestHeader().base_chain);
  records.AppendRecord(101, kSegmentHeaderSize, "a", &before);
  records.AppendCommit(kSegmentHeaderSize + before.size(), 101, 100, 0, 0, &before);
  FrameEncoder footer = records;
  std::vector<char> tail;
  records.AppendRecord(102, end, "b", &tail);
  footer.AppendIndex(end + tail.size(), {}, &tail);
  std::string file = builder.Bytes();
  file.replace(end, tail.size(), tail.data(), tail.size());
  const ScanOutcome outcome = ScanBytes(file, WholeSegment(TestHeader()));
  EXPECT_EQ(outcome.result.end.offset, end);
  EXPECT_EQ(outcome.result.footer_end, 0u);
  EXPECT_EQ(outcome.label, "@G");
}

TEST(SegmentScanTest, LongStretchesOfZerosAreNoResidue) {
  SegmentHeader header = TestHeader();
  header.capacity = 64 << 20;
  SegmentBuilder builder(header);
  builder.Group({"a"});
  const ScanOutcome outcome = ScanBytes(builder.Bytes(), WholeSegment(header));
  EXPECT_EQ(outcome.label, "@H");
  EXPECT_EQ(outcome.result.file_size, header.capacity);
}

TEST(SegmentScanTest, ASingleByteFarBehindIsAResidue) {
  SegmentBuilder builder(TestHeader());
  builder.Group({"a"});
  for (const size_t at : {size_t{6000}, size_t{8184}, size_t{8191}}) {
    std::string file = builder.Bytes();
    file[at] = 'x';
    const ScanOutcome outcome = ScanBytes(file, WholeSegment(TestHeader()), /*chunk=*/100);
    EXPECT_EQ(outcome.label, "@G") << at;
    EXPECT_GE(outcome.result.residue_end, at + 1);
    EXPECT_LE(outcome.result.residue_end, at / 8 * 8 + 8);
  }
}

class RecycledTest : public testing::Test {
 protected:
  RecycledTest() : old_(TestHeader()), new_(RecycledHeader()) {
    for (int i = 0; i < 20; ++i) old_.Group({std::string(50, 'o')});
    new_.Group({"n1"}).Group({"n2"});
  }
  static SegmentHeader RecycledHeader() {
    SegmentHeader header = TestHeader();
    header.uuid[0] ^= 0x55;
    header.name.number = 2;
    header.recycled = true;
    return header;
  }

  SegmentBuilder old_;
  SegmentBuilder new_;
};

TEST_F(RecycledTest, BytesOfTheFilesEarlierUseAreNoResidue) {
  const ScanOutcome outcome = ScanBytes(new_.Bytes(old_.Bytes()), WholeSegment(RecycledHeader()));
  EXPECT_EQ(outcome.Records(), (std::vector<std::string>{"n1", "n2"}));
  EXPECT_EQ(outcome.label, "@H");
}

TEST_F(RecycledTest, AGroupThatDidNotLandWholeIsAResidue) {
  const std::string before = new_.Bytes(old_.Bytes());
  const uint64_t begin = new_.end().offset;
  new_.Group({std::string(600, '3'), "4"});
  const std::string after = new_.Bytes(old_.Bytes());
  // Its first sector, its first record, all but its last bytes, its last sectors.
  for (const auto& [from, to] : {std::pair<uint64_t, uint64_t>{begin, begin + 512},
                                 {begin, begin + FrameSize(600)},
                                 {begin, new_.end().offset - 8},
                                 {begin + 512, new_.end().offset}}) {
    std::string file = before;
    file.replace(from, to - from, after, from, to - from);
    const ScanOutcome outcome = ScanBytes(file, WholeSegment(RecycledHeader()), /*chunk=*/100);
    EXPECT_EQ(outcome.Records(), (std::vector<std::string>{"n1", "n2"}));
    EXPECT_EQ(outcome.label, "@G") << from << " to " << to;
  }
}

TEST_F(RecycledTest, AWatermarkBeyondIsCorruptionThereToo) {
  new_.Group({"n3"});
  std::string file = new_.Bytes(old_.Bytes());
  file[new_.points()[0].offset] = 0;
  EXPECT_EQ(ScanBytes(file, WholeSegment(RecycledHeader())).label, "@F");
}

TEST(SegmentScanDeathTest, FedBytesMustNotBeginBehindWhatIsWanted) {
  const auto no_group = [](const ScanGroup&) {};
  SegmentScan scan(WholeSegment(TestHeader()));
  EXPECT_DEATH(scan.Feed(kSegmentHeaderSize + 1, "x", no_group), "offset <= want_.offset");
}

}  // namespace
}  // namespace tidelog::impls::file
