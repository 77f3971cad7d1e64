#include "sim/trial/seed_range.h"

#include <string_view>

#include "absl/status/statusor.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "wal/status.h"

namespace tidelog::sim {
namespace {

using ::testing::HasSubstr;

TEST(SeedRangeTest, IsFromFirstToLastInclusive) {
  const absl::StatusOr<SeedRange> range = ParseSeedRange("1..1000");
  ASSERT_TRUE(range.ok()) << range.status();
  EXPECT_EQ(*range, (SeedRange{1, 1000}));
  EXPECT_EQ(range->count(), 1000u);
}

TEST(SeedRangeTest, OneNumberIsOneSeed) {
  const absl::StatusOr<SeedRange> range = ParseSeedRange("0");
  ASSERT_TRUE(range.ok()) << range.status();
  EXPECT_EQ(*range, (SeedRange{0, 0}));
}

TEST(SeedRangeTest, TheLargestSeedLeavesRoomToCount) {
  EXPECT_TRUE(ParseSeedRange("18446744073709551614").ok());
  EXPECT_FALSE(ParseSeedRange("18446744073709551615").ok());
  EXPECT_FALSE(ParseSeedRange("18446744073709551616").ok());
}

TEST(SeedRangeTest, WhatIsNoRangeIsRefusedInOneSentence) {
  for (const std::string_view text : {"", "..", "1..", "..5", "a..b", "1...5", "1-5", "-1..5",
                                      "1..5..9", " 1..5", "0x1..5", "+1..2", "1..2 "}) {
    const absl::Status status = ParseSeedRange(text).status();
    EXPECT_EQ(GetWalErrorCode(status), WalErrorCode::kInvalidArgument) << text;
    EXPECT_THAT(status.message(), HasSubstr("is no range of seeds")) << text;
  }
}

TEST(SeedRangeTest, AnEmptyRangeIsRefused) {
  EXPECT_THAT(ParseSeedRange("5..1").status().message(), HasSubstr("5..1 is empty"));
}

}  // namespace
}  // namespace tidelog::sim
