#include "tools/benchmark/processor_time.h"

#include <optional>

#include "gtest/gtest.h"

namespace tidelog::benchmark {
namespace {

constexpr char kStat[] = "cpu  100 1 50 800 9 0 5 35 20 0\ncpu0 1 2 3 4 5 6 7 8 9 10\nintr 1\n";

TEST(ProcessorTimeTest, ReadsAllTicksAndThoseThatWereStolen) {
  const std::optional<ProcessorTime> time = ProcessorTime::Parse(kStat);
  ASSERT_TRUE(time.has_value());
  EXPECT_EQ(time->total, 1000u);  // Guests are counted once.
  EXPECT_EQ(time->stolen, 35u);
}

TEST(ProcessorTimeTest, StolenIsAShareOfWhatHasPassed) {
  EXPECT_DOUBLE_EQ(StolenBetween({1000, 35}, {1080, 55}), 0.25);
  EXPECT_EQ(StolenBetween({1000, 35}, {1000, 35}), 0);
  EXPECT_EQ(StolenBetween({1000, 35}, {1080, 35}), 0);
}

TEST(ProcessorTimeTest, ThisMachineHasSome) {
  const ProcessorTime time = ProcessorTime::Now();
  EXPECT_GT(time.total, time.stolen);
}

TEST(ProcessorTimeTest, TextOfAnotherKindIsNone) {
  EXPECT_FALSE(ProcessorTime::Parse("").has_value());
  EXPECT_FALSE(ProcessorTime::Parse("cpu 1 2 3\n").has_value());
  EXPECT_FALSE(ProcessorTime::Parse("cpu 1 2 3 4 5 6 7 many\n").has_value());
  EXPECT_FALSE(ProcessorTime::Parse("cpu0 1 2 3 4 5 6 7 8\n").has_value());
}

}  // namespace
}  // namespace tidelog::benchmark
