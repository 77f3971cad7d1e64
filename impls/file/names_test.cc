#include "impls/file/names.h"

#include <limits>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "gtest/gtest.h"
#include "rapidcheck/gtest.h"
#include "wal/status.h"
#include "wal/types.h"

namespace tidelog::impls::file {
namespace {

TEST(NamesTest, AreThoseThatAreDocumented) {
  const SegmentName segment{Term{7}, 2, 3};
  EXPECT_EQ(segment.FileName(), "000000000000007-00002-0000000003.seg");
  EXPECT_EQ(segment.IndexFileName(), "000000000000007-00002-0000000003.idx");
  EXPECT_EQ((ManifestName{Term{7}, 12}).FileName(),
            "manifest-000000000000007-00000000000000000012");
  EXPECT_EQ((PrivateName{Term{7}, 2, 5}).FileName(),
            "private-000000000000007-00002-00000000000000000005");
  EXPECT_EQ((AsideName{Term{7}, 2}).FileName(), "repaired-000000000000007-00002");
}

TEST(NamesTest, TheLargestNumbersFit) {
  const SegmentName segment{kTermMax, 0xFFFF, std::numeric_limits<uint32_t>::max()};
  EXPECT_EQ(SegmentName::Parse(segment.FileName()), segment);
  const ManifestName manifest{kTermMax, std::numeric_limits<uint64_t>::max()};
  EXPECT_EQ(ManifestName::Parse(manifest.FileName()), manifest);
}

TEST(NamesTest, OneKindIsNotTakenForAnother) {
  const SegmentName segment{Term{7}, 2, 3};
  EXPECT_EQ(SegmentName::Parse(segment.IndexFileName()), std::nullopt);
  EXPECT_EQ(SegmentName::ParseIndex(segment.FileName()), std::nullopt);
  EXPECT_EQ(SegmentName::ParseIndex(segment.IndexFileName()), segment);
  EXPECT_EQ(PrivateName::Parse(ManifestName{Term{7}, 12}.FileName()), std::nullopt);
  EXPECT_EQ(ManifestName::Parse(PrivateName{Term{7}, 2, 5}.FileName()), std::nullopt);
}

TEST(NamesTest, ANumberHasOneNameOnly) {
  for (const char* name : {
           "",
           "manifest-",
           "manifest-7-12",                                   // Not padded.
           "manifest-000000000000007-0000000000000000012",    // A digit short.
           "manifest-000000000000007-000000000000000000012",  // A digit more.
           "manifest-000000000000007-00000000000000000012~",  // Something behind.
           "Manifest-000000000000007-00000000000000000012",   //
           "manifest-00000000000000x-00000000000000000012",   //
           "manifest-+00000000000007-00000000000000000012",   //
           "manifest-000000000000007-99999999999999999999",   // Above 2^64.
           "manifest-140737488355328-00000000000000000012",   // A term of 2^47.
           " manifest-000000000000007-00000000000000000012",
       }) {
    EXPECT_EQ(ManifestName::Parse(name), std::nullopt) << name;
  }
  EXPECT_EQ(SegmentName::Parse("000000000000007-65536-0000000003.seg"), std::nullopt);
  EXPECT_EQ(SegmentName::Parse("000000000000007-00002-4294967296.seg"), std::nullopt);
}

TEST(NamesTest, TheMarkerIsRecognised) {
  EXPECT_EQ(MarkerText(), "tidelog file log, format 1\n");
  EXPECT_TRUE(CheckMarkerText(MarkerText()).ok());
}

TEST(NamesTest, AnotherFileIsNoMarker) {
  for (const char* text :
       {"", "tidelog file log, format 1", "tidelog file log, format \n",
        "tidelog file log, format 0\n", "tidelog file log, format 01\n", "hello\n"}) {
    EXPECT_EQ(GetWalErrorCode(CheckMarkerText(text)), WalErrorCode::kCorrupt) << text;
  }
}

TEST(NamesTest, AMarkerOfANewerFormatIsRefusedByItsNumber) {
  const absl::Status status = CheckMarkerText("tidelog file log, format 2\n");
  EXPECT_EQ(GetWalErrorCode(status), WalErrorCode::kInner);
  EXPECT_NE(status.message().find("format version 2"), std::string::npos) << status;
}

// The newest manifest is found by sorting names.
RC_GTEST_PROP(NamesProperty, NamesSortAsTheirNumbers, (uint32_t t1, uint64_t n1, uint64_t n2)) {
  const ManifestName a{Term{int64_t{t1} + 1}, n1};
  const ManifestName b{Term{int64_t{t1} + static_cast<int64_t>(n2 % 2) + 1}, n2};
  RC_ASSERT((a < b) == (a.FileName() < b.FileName()));
  RC_ASSERT(ManifestName::Parse(a.FileName()) == a);
}

RC_GTEST_PROP(NamesProperty, SegmentNamesRoundTrip, (uint32_t t, uint16_t i, uint32_t n)) {
  const SegmentName name{Term{t}, i, n};
  RC_ASSERT(SegmentName::Parse(name.FileName()) == name);
  RC_ASSERT(SegmentName::ParseIndex(name.IndexFileName()) == name);
  const PrivateName hidden{Term{t}, i, n};
  RC_ASSERT(PrivateName::Parse(hidden.FileName()) == hidden);
  const AsideName aside{Term{t}, i};
  RC_ASSERT(AsideName::Parse(aside.FileName()) == aside);
}

}  // namespace
}  // namespace tidelog::impls::file
