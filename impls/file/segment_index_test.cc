#include "impls/file/segment_index.h"

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "gtest/gtest.h"
#include "impls/file/testing/segment_builder.h"
#include "rapidcheck/gtest.h"
#include "wal/status.h"

namespace tidelog::impls::file {
namespace {

const std::vector<IndexEntry> kIndex = {
    {101, 1000, 4096, 1, 0}, {150, 1500, 9000, 2, 0}, {200, 1500, 16384, 3, 0}};

TEST(SegmentIndexTest, TakesTheFirstGroupAndThenOneAnInterval) {
  IndexBuilder builder(/*interval=*/100);
  for (const uint64_t offset : {4096, 4104, 4195, 4196, 4200, 9000}) {
    builder.OnGroup({offset, offset, offset, 0, 0});
  }
  std::vector<uint64_t> offsets;
  for (const IndexEntry& entry : builder.entries()) offsets.push_back(entry.offset);
  EXPECT_EQ(offsets, (std::vector<uint64_t>{4096, 4196, 9000}));
}

TEST(SegmentIndexTest, FindsTheLastGroupAtOrBelowAnId) {
  EXPECT_EQ(FindById(kIndex, 100), nullptr);
  EXPECT_EQ(FindById(kIndex, 101), &kIndex[0]);
  EXPECT_EQ(FindById(kIndex, 149), &kIndex[0]);
  EXPECT_EQ(FindById(kIndex, 150), &kIndex[1]);
  EXPECT_EQ(FindById(kIndex, 9999), &kIndex[2]);
  EXPECT_EQ(FindById({}, 9999), nullptr);
}

// The records of a chunked message share a tick: the first of them is looked for, so a reader that
// wants what lies above a tick may begin at any group that begins at or below it.
TEST(SegmentIndexTest, FindsTheLastGroupAtOrBelowATick) {
  EXPECT_EQ(FindByTick(kIndex, 999), nullptr);
  EXPECT_EQ(FindByTick(kIndex, 1000), &kIndex[0]);
  EXPECT_EQ(FindByTick(kIndex, 1500), &kIndex[2]);
}

TEST(SegmentIndexTest, ASideFileRoundTrips) {
  const std::string file = EncodeSideIndex(TestHeader(), kIndex);
  EXPECT_EQ(DecodeSideIndex(file, TestHeader()).value(), kIndex);
}

TEST(SegmentIndexTest, ASideFileOfAnotherSegmentIsRefused) {
  const std::string file = EncodeSideIndex(TestHeader(), kIndex);
  SegmentHeader other = TestHeader();
  other.uuid[0] ^= 1;
  EXPECT_EQ(GetWalErrorCode(DecodeSideIndex(file, other).status()), WalErrorCode::kCorrupt);
  // Its frame would verify.
  other = TestHeader();
  ++other.name.number;
  EXPECT_EQ(GetWalErrorCode(DecodeSideIndex(file, other).status()), WalErrorCode::kCorrupt);
}

TEST(SegmentIndexTest, ASideFileCutShortIsRefused) {
  const std::string file = EncodeSideIndex(TestHeader(), kIndex);
  for (const size_t size : {size_t{0}, size_t{4000}, size_t{4096}, size_t{4111}, file.size() - 1}) {
    EXPECT_EQ(GetWalErrorCode(DecodeSideIndex(file.substr(0, size), TestHeader()).status()),
              WalErrorCode::kCorrupt)
        << size;
  }
}

RC_GTEST_PROP(SegmentIndexProperty, AFlippedBitOfASideFileIsSeen, (uint32_t at)) {
  std::string file = EncodeSideIndex(TestHeader(), kIndex);
  const size_t bit = at % (file.size() * 8);
  file[bit / 8] = static_cast<char>(file[bit / 8] ^ (1 << (bit % 8)));
  RC_ASSERT(GetWalErrorCode(DecodeSideIndex(file, TestHeader()).status()) ==
            WalErrorCode::kCorrupt);
}

}  // namespace
}  // namespace tidelog::impls::file
