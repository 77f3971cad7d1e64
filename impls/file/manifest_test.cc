#include "impls/file/manifest.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/crc/crc32c.h"
#include "absl/status/status.h"
#include "gtest/gtest.h"
#include "impls/file/little_endian.h"
#include "rapidcheck/gtest.h"
#include "wal/status.h"
#include "wal/types.h"

namespace tidelog::impls::file {
namespace {

SegmentUuid Uuid(uint8_t first) { return {first, 2, 3, 4, 5, 6, 7, 8}; }

// Two sealed segments of terms 6 and 7, the second empty, and one in use.
Manifest TestManifest() {
  Manifest manifest;
  manifest.channel = "orders";
  manifest.name = {Term{7}, 4};
  manifest.incarnation = 2;
  manifest.mark = {120, 900};
  manifest.segments = {
      {.name = {Term{6}, 1, 3},
       .uuid = Uuid(1),
       .base_id = 101,
       .base_chain = 11,
       .seal = Seal{.last_id = 150,
                    .end_offset = 9000,
                    .chain = 22,
                    .last_tick = 1000,
                    .newest_time_tick_id = 149,
                    .index_offset = 9000}},
      {.name = {Term{7}, 1, 1},
       .uuid = Uuid(2),
       .base_id = 151,
       .base_chain = 22,
       .seal = Seal{.last_id = 150,
                    .end_offset = 4096,
                    .chain = 22,
                    .last_tick = 1000,
                    .newest_time_tick_id = 149,
                    .side_index = true}},
      {.name = {Term{7}, 2, 1},
       .uuid = Uuid(3),
       .base_id = 151,
       .base_chain = 22,
       .seal = std::nullopt},
  };
  return manifest;
}

TEST(ManifestTest, RoundTrips) {
  const Manifest manifest = TestManifest();
  const std::string bytes = EncodeManifest(manifest);
  EXPECT_EQ(bytes.size() % kManifestAlignment, 0u);
  EXPECT_EQ(DecodeManifest(bytes).value(), manifest);
  EXPECT_TRUE(CheckManifest(manifest).ok()) << CheckManifest(manifest);
}

TEST(ManifestTest, ALongOneTakesMoreBlocks) {
  Manifest manifest = TestManifest();
  manifest.segments.resize(1);
  while (manifest.segments.size() < 500) {
    ManifestSegment next = manifest.segments.back();
    ++next.name.number;
    next.base_id = next.seal->last_id + 1;
    next.base_chain = next.seal->chain;
    next.seal->last_id += 100;
    next.uuid[9] = static_cast<uint8_t>(manifest.segments.size());
    next.uuid[10] = static_cast<uint8_t>(manifest.segments.size() >> 8);
    manifest.segments.push_back(next);
  }
  const std::string bytes = EncodeManifest(manifest);
  EXPECT_GT(bytes.size(), 4 * kManifestAlignment);
  EXPECT_EQ(DecodeManifest(bytes).value(), manifest);
  EXPECT_TRUE(CheckManifest(manifest).ok()) << CheckManifest(manifest);
}

TEST(ManifestTest, AFileLongerThanItsContentIsRead) {
  const std::string bytes = EncodeManifest(TestManifest()) + std::string(kManifestAlignment, '\0');
  EXPECT_EQ(DecodeManifest(bytes).value(), TestManifest());
}

TEST(ManifestTest, EveryBitIsCovered) {
  const std::string bytes = EncodeManifest(TestManifest());
  for (size_t bit = 0; bit < bytes.size() * 8; ++bit) {
    std::string flipped = bytes;
    flipped[bit / 8] = static_cast<char>(flipped[bit / 8] ^ (1 << (bit % 8)));
    ASSERT_EQ(GetWalErrorCode(DecodeManifest(flipped).status()), WalErrorCode::kCorrupt)
        << "bit " << bit;
  }
}

TEST(ManifestTest, ACutOneIsRefusedUnlessOnlyPaddingIsGone) {
  const std::string bytes = EncodeManifest(TestManifest());
  const size_t content = bytes.find_last_not_of('\0') + 1;
  for (size_t size = 0; size < content; ++size) {
    ASSERT_EQ(GetWalErrorCode(DecodeManifest(bytes.substr(0, size)).status()),
              WalErrorCode::kCorrupt)
        << size;
  }
}

TEST(ManifestTest, ANewerVersionIsToldFromDamage) {
  std::string bytes = EncodeManifest(TestManifest()).substr(0, 24) + "what a later format holds";
  StoreLittleEndian<uint32_t>(bytes.data() + 8, 2);
  StoreLittleEndian<uint32_t>(bytes.data() + 12, static_cast<uint32_t>(bytes.size() - 24));
  const std::string covered = bytes.substr(0, 16) + bytes.substr(24);
  StoreLittleEndian<uint32_t>(bytes.data() + 16,
                              static_cast<uint32_t>(absl::ComputeCrc32c(covered)));
  const absl::Status status = DecodeManifest(bytes).status();
  EXPECT_EQ(GetWalErrorCode(status), WalErrorCode::kInner);
  EXPECT_NE(status.message().find("format version 2"), std::string::npos) << status;
}

// Each way to be wrong, by one change to a manifest that is right.
class CheckManifestTest : public testing::Test {
 protected:
  void ExpectCorrupt(std::string_view part) {
    const absl::Status status = CheckManifest(manifest_);
    EXPECT_EQ(GetWalErrorCode(status), WalErrorCode::kCorrupt) << status;
    EXPECT_NE(status.message().find(part), std::string::npos) << status;
  }
  Manifest manifest_ = TestManifest();
};

TEST_F(CheckManifestTest, NeedsAValidName) {
  manifest_.channel = "a/b";
  ExpectCorrupt("channel and name");
  manifest_ = TestManifest();
  manifest_.name.number = 0;
  ExpectCorrupt("channel and name");
}

TEST_F(CheckManifestTest, NeedsASegment) {
  manifest_.segments.clear();
  ExpectCorrupt("lists no segment");
}

TEST_F(CheckManifestTest, NothingIsGoneThatWasNotTruncated) {
  manifest_.mark = {};
  ExpectCorrupt("begins at id 101");
  manifest_.mark = {100, 900};
  ExpectCorrupt("begins at id 101");
  manifest_.mark = {101, 900};
  EXPECT_TRUE(CheckManifest(manifest_).ok());
}

TEST_F(CheckManifestTest, IdsLeadFromSegmentToSegment) {
  manifest_.segments[2].base_id = 152;
  ExpectCorrupt("begins at id 152");
}

TEST_F(CheckManifestTest, TheChainLeadsFromSegmentToSegment) {
  manifest_.segments[2].base_chain = 23;
  ExpectCorrupt("chain");
}

TEST_F(CheckManifestTest, TheChainMayEndAtARepairedSegment) {
  manifest_.segments[1].base_chain = 23;
  manifest_.segments[0].name = {Term{7}, 2, 9};
  manifest_.segments[0].repaired = true;
  EXPECT_TRUE(CheckManifest(manifest_).ok()) << CheckManifest(manifest_);
}

TEST_F(CheckManifestTest, OnlyTheLastIsUnsealed) {
  manifest_.segments[1].seal.reset();
  ExpectCorrupt("unsealed");
}

TEST_F(CheckManifestTest, AllMayBeSealed) {
  manifest_.segments.pop_back();
  EXPECT_TRUE(CheckManifest(manifest_).ok()) << CheckManifest(manifest_);
}

TEST_F(CheckManifestTest, SealsLieInTheirSegments) {
  manifest_.segments[0].seal->last_id = 99;
  ExpectCorrupt("sealed at id 99");
  manifest_ = TestManifest();
  manifest_.segments[0].seal->end_offset = 9001;
  ExpectCorrupt("sealed at byte 9001");
  manifest_ = TestManifest();
  manifest_.segments[0].seal->end_offset = kSegmentHeaderSize;
  ExpectCorrupt("sealed at byte 4096");
  manifest_ = TestManifest();
  manifest_.segments[0].seal->index_offset = 8992;
  ExpectCorrupt("index at byte 8992");
  manifest_ = TestManifest();
  manifest_.segments[0].seal->newest_time_tick_id = 151;
  ExpectCorrupt("newest time tick at id 151");
}

TEST_F(CheckManifestTest, TicksDoNotDecrease) {
  manifest_.segments[1].seal->last_tick = 999;
  ExpectCorrupt("ticks");
  manifest_ = TestManifest();
  manifest_.segments[1].seal->newest_time_tick_id = 148;
  ExpectCorrupt("ticks");
}

TEST_F(CheckManifestTest, NamesAscend) {
  manifest_.segments[1].name = {Term{6}, 1, 2};
  ExpectCorrupt("listed behind");
}

TEST_F(CheckManifestTest, NoSegmentIsOfALaterTerm) {
  manifest_.segments[2].name.term = Term{8};
  ExpectCorrupt("later term");
  manifest_ = TestManifest();
  manifest_.segments[2].name.incarnation = 3;
  ExpectCorrupt("later term");
}

// The checksum is good, and yet no file can be named so.
TEST_F(CheckManifestTest, NamesAreSmallEnoughForFiles) {
  manifest_.segments[0].name.incarnation = 0x10000;
  ExpectCorrupt("incarnation 65536");
  manifest_ = TestManifest();
  manifest_.segments[0].name.term = Term{-1};
  ExpectCorrupt("term -1");
}

TEST_F(CheckManifestTest, NamesAndIdsAreDistinct) {
  manifest_.segments[2].uuid = manifest_.segments[0].uuid;
  ExpectCorrupt("another segment's id");
  manifest_ = TestManifest();
  manifest_.segments[2].name = manifest_.segments[1].name;
  ExpectCorrupt("listed twice");
}

RC_GTEST_PROP(ManifestProperty, RoundTripsWhateverItSays,
              (uint32_t channel, int64_t term, uint64_t number, uint32_t incarnation, uint64_t id,
               uint64_t tick, const std::vector<uint32_t>& chains)) {
  Manifest manifest;
  manifest.channel = "c" + std::to_string(channel);
  manifest.name = {Term{term}, number};
  manifest.incarnation = incarnation;
  manifest.mark = {id, tick};
  for (const uint32_t chain : chains) {
    ManifestSegment segment;
    segment.name = {Term{chain}, incarnation, chain / 2};
    segment.uuid = Uuid(static_cast<uint8_t>(chain));
    segment.base_id = id + chain;
    segment.base_chain = chain;
    segment.repaired = chain % 3 == 0;
    if (chain % 2 == 0) segment.seal = Seal{id, tick, chain, tick, id, number, chain % 4 == 0};
    manifest.segments.push_back(segment);
  }
  RC_ASSERT(DecodeManifest(EncodeManifest(manifest)).value() == manifest);
}

}  // namespace
}  // namespace tidelog::impls::file
