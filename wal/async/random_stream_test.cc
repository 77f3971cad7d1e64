#include "wal/async/random_stream.h"

#include <array>
#include <cstdint>
#include <vector>

#include "gtest/gtest.h"

namespace tidelog {
namespace {

std::vector<uint64_t> Take(RandomStream stream, int count) {
  std::vector<uint64_t> numbers;
  for (int i = 0; i < count; ++i) numbers.push_back(stream.Next());
  return numbers;
}

// The numbers that the authors' C code gives for this state.
TEST(RandomStreamTest, IsThePublishedGenerator) {
  const RandomStream stream = RandomStream::FromStateForTest({1, 2, 3, 4});
  const std::vector<uint64_t> expected = {11520,
                                          0,
                                          1509978240,
                                          1215971899390074240,
                                          1216172134540287360,
                                          607988272756665600,
                                          16172922978634559625u,
                                          8476171486693032832,
                                          10595114339597558777u,
                                          2904607092377533576};
  EXPECT_EQ(Take(stream, 10), expected);
}

// Recorded seeds depend on these; they must never change.
TEST(RandomStreamTest, GivesTheRecordedNumbersForASeedAndAName) {
  EXPECT_EQ(
      Take(RandomStream(42, "schedule"), 3),
      (std::vector<uint64_t>{11181763613667542605u, 7138703840854759084u, 9938378471197592284u}));
  EXPECT_EQ(
      Take(RandomStream(0, ""), 3),
      (std::vector<uint64_t>{2173012722847780656u, 3664482154190621960u, 5689331144267033948u}));
}

TEST(RandomStreamTest, SeedAndNameEachSelectAnotherStream) {
  const std::vector<uint64_t> numbers = Take(RandomStream(1, "disk"), 4);
  EXPECT_EQ(Take(RandomStream(1, "disk"), 4), numbers);
  EXPECT_NE(Take(RandomStream(2, "disk"), 4), numbers);
  EXPECT_NE(Take(RandomStream(1, "clock"), 4), numbers);
}

TEST(RandomStreamTest, ACopyRepeatsTheOriginal) {
  RandomStream original(1, "disk");
  original.Next();
  EXPECT_EQ(Take(original, 3), Take(original, 3));
}

// Goal: no number is likelier than another, also for bounds that do not divide 2^64.
TEST(RandomStreamTest, BelowIsUniform) {
  RandomStream stream(7, "uniform");
  std::array<int, 6> counts = {};
  for (int i = 0; i < 60000; ++i) ++counts[stream.Below(6)];
  for (const int count : counts) EXPECT_NEAR(count, 10000, 400);  // Four standard deviations.

  // A bound of 3 * 2^62: plain modulo would give the lowest third twice as often.
  int low = 0;
  for (int i = 0; i < 30000; ++i) low += stream.Below(uint64_t{3} << 62) < (uint64_t{1} << 62);
  EXPECT_NEAR(low, 10000, 330);
}

TEST(RandomStreamTest, BelowOneIsZero) {
  RandomStream stream(7, "one");
  for (int i = 0; i < 10; ++i) EXPECT_EQ(stream.Below(1), 0u);
}

TEST(RandomStreamTest, OneInHasItsProbability) {
  RandomStream stream(7, "odds");
  int hits = 0;
  for (int i = 0; i < 10000; ++i) hits += stream.OneIn(1, 4);
  EXPECT_NEAR(hits, 2500, 180);
  EXPECT_FALSE(stream.OneIn(0, 4));
  EXPECT_TRUE(stream.OneIn(4, 4));
}

TEST(RandomStreamDeathTest, BelowNothingAborts) {
  RandomStream stream(7, "none");
  EXPECT_DEATH(stream.Below(0), "bound > 0");
}

}  // namespace
}  // namespace tidelog
