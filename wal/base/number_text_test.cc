#include "wal/base/number_text.h"

#include <cstdint>
#include <limits>
#include <optional>
#include <string>

#include "gtest/gtest.h"
#include "rapidcheck/gtest.h"

namespace tidelog {
namespace {

template <class T>
void ExpectRoundTrip(T number) {
  for (int base = 2; base <= 36; ++base) {
    RC_ASSERT(ParseNumber<T>(FormatNumber(number, base), base) == number);
  }
}

RC_GTEST_PROP(NumberText, RoundTripsInEveryBase, (uint64_t number)) {
  ExpectRoundTrip<uint64_t>(number);
  ExpectRoundTrip<int64_t>(static_cast<int64_t>(number));
  ExpectRoundTrip<int32_t>(static_cast<int32_t>(number));
}

RC_GTEST_PROP(NumberText, WhatParsesIsWhatFormatWrites, (const std::string& text)) {
  for (int base : {10, 36}) {
    const std::optional<int64_t> number = ParseNumber<int64_t>(text, base);
    if (number) RC_ASSERT(FormatNumber(*number, base) == text);
  }
}

TEST(NumberText, HoldsTheExtremes) {
  EXPECT_EQ(FormatNumber(std::numeric_limits<uint64_t>::max(), 36), "3w5e11264sgsf");
  EXPECT_EQ(FormatNumber(std::numeric_limits<int64_t>::min(), 36), "-1y2p0ij32e8e8");
  EXPECT_EQ(ParseNumber<int64_t>("1y2p0ij32e8e7", 36), std::numeric_limits<int64_t>::max());
  EXPECT_EQ(FormatNumber(std::numeric_limits<int64_t>::min(), 2).size(), 65u);
}

TEST(NumberText, RefusesEveryOtherFormAndOverflow) {
  for (const char* text : {"", " 1", "1 ", "+1", "01", "-0", "--1", "1.0", "0x1", "1_"}) {
    EXPECT_EQ(ParseNumber<int64_t>(text, 10), std::nullopt) << text;
  }
  EXPECT_EQ(ParseNumber<uint64_t>("Z", 36), std::nullopt);
  EXPECT_EQ(ParseNumber<uint64_t>("-1", 36), std::nullopt);
  EXPECT_EQ(ParseNumber<uint64_t>("3w5e11264sgsg", 36), std::nullopt);
  EXPECT_EQ(ParseNumber<int64_t>("1y2p0ij32e8e8", 36), std::nullopt);
  EXPECT_EQ(ParseNumber<uint16_t>("65536", 10), std::nullopt);
}

}  // namespace
}  // namespace tidelog
