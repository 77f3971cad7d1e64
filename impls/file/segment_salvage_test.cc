#include "impls/file/segment_salvage.h"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "impls/file/manifest.h"
#include "impls/file/segment_format.h"
#include "impls/file/segment_rewriter.h"
#include "impls/file/testing/record_bytes.h"
#include "impls/file/testing/segment_builder.h"
#include "wal/types.h"

namespace tidelog::impls::file {
namespace {

// Writes down what it is told: "r101 c101 l102-103 g104-105".
class Transcript final : public SalvageVisitor {
 public:
  void OnRecord(const Frame& record) override { absl::StrAppend(&text, "r", record.id, " "); }
  void OnGap(const Gap& gap) override {
    absl::StrAppend(&text, "g", gap.first_id, "-", gap.last_id, " ");
  }
  void OnLost(const LostRange& lost) override {
    absl::StrAppend(&text, "l", lost.first_id, "-", lost.last_id, " ");
    ranges.push_back(lost);
  }
  void OnCommit(const CommitPayload& commit) override {
    absl::StrAppend(&text, "c", commit.last_id, " ");
  }

  std::string text;
  std::vector<LostRange> ranges;
};

std::string Record(uint64_t id) {
  return InsertRecord(Term{7}, TimeTick{id * 10}, absl::StrCat("payload of ", id));
}

// Ids 101 to 106 in groups of two.
SegmentBuilder ThreeGroups() {
  SegmentBuilder builder(TestHeader());
  for (uint64_t id = 101; id < 107; id += 2) builder.Group({Record(id), Record(id + 1)});
  return builder;
}

SegmentSalvage::Limits SealedAt(const SegmentBuilder& builder) {
  SegmentSalvage::Limits limits;
  limits.uuid = builder.header().uuid;
  limits.base_id = builder.header().base_id;
  limits.end_offset = builder.end().offset;
  limits.last_id = builder.last_id();
  return limits;
}

void RunSalvage(std::string_view file, const SegmentSalvage::Limits& limits, size_t chunk,
                SalvageVisitor* visitor) {
  SegmentSalvage salvage(limits, visitor);
  while (!salvage.done()) {
    const SegmentSalvage::Want want = salvage.want();
    const uint64_t begin = std::min<uint64_t>(want.offset, file.size());
    // A copy of its own, so that a view that outlives the piece is seen by a sanitizer.
    const std::string piece(file.substr(begin, std::max<uint64_t>(want.size, chunk)));
    salvage.Feed(want.offset, piece);
  }
}

std::string Salvaged(std::string_view file, const SegmentSalvage::Limits& limits,
                     size_t chunk = 1 << 20) {
  Transcript transcript;
  RunSalvage(file, limits, chunk, &transcript);
  return transcript.text;
}

// The file that replaces it, and its seal.
std::pair<std::string, Seal> Rewritten(std::string_view file, const SegmentBuilder& builder) {
  SegmentRewriter::Setup setup;
  setup.uuid = {9, 9, 9};
  setup.base_id = builder.header().base_id;
  setup.before = {100, 0, 77, 1000, 0};
  setup.last_id = builder.last_id();
  setup.source = "a file";
  setup.when = "today";
  SegmentRewriter rewriter(setup);
  RunSalvage(file, SealedAt(builder), 100, &rewriter);
  const Seal seal = rewriter.Finish();
  uint64_t offset = 0;
  const std::vector<char> bytes = rewriter.TakeBytes(&offset);
  EXPECT_EQ(offset, kSegmentHeaderSize);
  return {absl::StrCat(std::string(kSegmentHeaderSize, '\0'),
                       std::string_view(bytes.data(), bytes.size())),
          seal};
}

// What a reader finds in it: ids of records, and gaps.
std::string ScannedText(const std::string& file, const Seal& seal) {
  SegmentHeader header = TestHeader();
  header.uuid = {9, 9, 9};
  header.base_chain = 77;
  const ScanOutcome outcome = ScanBytes(
      file, WholeSegment(header, ScanPoint{seal.end_offset, seal.last_id + 1, seal.chain}));
  EXPECT_EQ(outcome.label, "@C");
  std::string text;
  for (const ScannedGroup& group : outcome.groups) {
    for (const auto& [id, payload] : group.records) {
      const bool whole = payload == Record(id);
      absl::StrAppend(&text, whole ? "r" : "g", id, " ");
    }
  }
  return text;
}

TEST(SegmentSalvageTest, GivesAllOfASoundSegment) {
  const SegmentBuilder builder = ThreeGroups();
  EXPECT_EQ(Salvaged(builder.Bytes(), SealedAt(builder)),
            "r101 r102 c102 r103 r104 c104 r105 r106 c106 ");
}

// Goal: no good frame is lost, and nothing is made up, wherever a byte is bad.
// Method: each byte of the groups is flipped in turn; the file that replaces it is scanned.
TEST(SegmentSalvageTest, AFlippedByteCostsNoMoreThanTheRecordItLiesIn) {
  const SegmentBuilder builder = ThreeGroups();
  const std::string sound = builder.Bytes();
  const uint64_t record_size = FrameSize(Record(101).size());
  const uint64_t group_size = 2 * record_size + kCommitFrameSize;
  for (uint64_t at = kSegmentHeaderSize; at < builder.end().offset; ++at) {
    std::string file = sound;
    file[at] = static_cast<char>(file[at] ^ 0x10);
    const uint64_t group = (at - kSegmentHeaderSize) / group_size;
    const uint64_t index = (at - kSegmentHeaderSize) % group_size / record_size;
    std::string wanted;
    for (uint64_t id = 101; id < 107; ++id) {
      const bool hit = index < 2 && id == 101 + 2 * group + index;
      absl::StrAppend(&wanted, hit ? "g" : "r", id, " ");
    }
    const auto [rewritten, seal] = Rewritten(file, builder);
    ASSERT_EQ(ScannedText(rewritten, seal), wanted) << "byte " << at;
    ASSERT_EQ(seal.last_id, 106u);
  }
}

TEST(SegmentSalvageTest, ChunksOfAnySizeAreEnough) {
  const SegmentBuilder builder = ThreeGroups();
  std::string file = builder.Bytes();
  file[builder.points()[1].offset + 30] ^= 1;
  for (const size_t chunk : {1, 16, 17, 100, 4096}) {
    EXPECT_EQ(Salvaged(file, SealedAt(builder), chunk),
              "r101 r102 c102 l103-103 r104 c104 r105 r106 c106 ");
  }
}

TEST(SegmentSalvageTest, WhatIsCutOffIsLost) {
  const SegmentBuilder builder = ThreeGroups();
  const std::string file = builder.Bytes().substr(0, builder.points()[2].offset + 8);
  EXPECT_EQ(Salvaged(file, SealedAt(builder)), "r101 r102 c102 r103 r104 c104 l105-106 ");
  EXPECT_EQ(Salvaged(file.substr(0, 10), SealedAt(builder)), "l101-106 ");
}

TEST(SegmentSalvageTest, TheRangeOfBytesIsToldThatHeldWhatIsLost) {
  const SegmentBuilder builder = ThreeGroups();
  std::string file = builder.Bytes();
  file[builder.points()[1].offset + 30] ^= 1;
  Transcript transcript;
  RunSalvage(file, SealedAt(builder), 4096, &transcript);
  ASSERT_EQ(transcript.ranges.size(), 1u);
  EXPECT_EQ(transcript.ranges[0].byte_begin, builder.points()[1].offset);
  EXPECT_EQ(transcript.ranges[0].byte_end,
            builder.points()[1].offset + FrameSize(Record(103).size()));
}

TEST(SegmentSalvageTest, NothingBehindTheSealCounts) {
  SegmentBuilder builder = ThreeGroups();
  const SegmentSalvage::Limits limits = SealedAt(builder);
  builder.Group({Record(107)});
  SegmentSalvage::Limits endless = limits;
  endless.end_offset = SegmentSalvage::kNoLimit;
  EXPECT_EQ(Salvaged(builder.Bytes(), limits), Salvaged(builder.Bytes(), endless));
}

TEST(SegmentSalvageTest, WhatIsNoRecordIsLost) {
  SegmentBuilder builder(TestHeader());
  builder.Group({Record(101), "no record", Record(103)});
  EXPECT_EQ(Salvaged(builder.Bytes(), SealedAt(builder)), "r101 l102-102 r103 c103 ");
}

TEST(SegmentSalvageTest, AnEarlierGapStaysOne) {
  SegmentBuilder builder(TestHeader());
  builder.Group({Record(101)}).GapGroup(105, "a fire").Group({Record(106)});
  EXPECT_EQ(Salvaged(builder.Bytes(), SealedAt(builder)), "r101 c101 g102-105 c105 r106 c106 ");
  const auto [file, seal] = Rewritten(builder.Bytes(), builder);
  EXPECT_NE(file.find("a fire"), std::string::npos);
}

// A payload that holds the bytes of a segment: its frames lie at another place than they say.
TEST(SegmentSalvageTest, FramesInsideAPayloadAreNotTakenForRecords) {
  const SegmentBuilder inner = ThreeGroups();
  SegmentHeader header = TestHeader();
  header.capacity = 32768;
  SegmentBuilder builder(header);
  builder.Group({InsertRecord(Term{7}, TimeTick{1010}, inner.Bytes())});
  std::string file = builder.Bytes();
  file[kSegmentHeaderSize + 20] ^= 1;  // So that its payload is searched.
  EXPECT_EQ(Salvaged(file, SealedAt(builder)), "l101-101 c101 ");
}

TEST(SegmentRewriterTest, LastTicksOfALostTailAreKept) {
  const SegmentBuilder builder = ThreeGroups();
  SegmentRewriter::Setup setup;
  setup.uuid = {9};
  setup.base_id = 101;
  setup.last_id = 106;
  setup.sealed_ticks.last_tick = 1060;
  setup.sealed_ticks.newest_time_tick_id = 105;
  SegmentRewriter rewriter(setup);
  RunSalvage(builder.Bytes().substr(0, builder.points()[2].offset), SealedAt(builder), 4096,
             &rewriter);
  const Seal seal = rewriter.Finish();
  EXPECT_EQ(seal.last_tick, 1060u);
  EXPECT_EQ(seal.newest_time_tick_id, 105u);
}

}  // namespace
}  // namespace tidelog::impls::file
