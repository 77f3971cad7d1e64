#include "tools/benchmark/statistics.h"

#include <optional>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace tidelog::benchmark {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::Field;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

TEST(SummaryTest, HasMedianMinAndMaxWhateverTheOrder) {
  const std::optional<Summary> odd = Summarize({5, 1, 3});
  ASSERT_TRUE(odd.has_value());
  EXPECT_EQ(odd->median, 3);
  EXPECT_EQ(odd->min, 1);
  EXPECT_EQ(odd->max, 5);
  EXPECT_EQ(Summarize({4, 1, 2, 3})->median, 2.5);
  EXPECT_EQ(Summarize({7})->median, 7);
}

TEST(SummaryTest, OfNothingIsNone) { EXPECT_FALSE(Summarize({}).has_value()); }

TEST(JudgeTest, UsesWhatNothingSpeaksAgainst) {
  const std::vector<Pair> pairs = {{1, 100, 90, 0}, {2, 110, 95, 0.01}, {3, 95, 90, 0}};
  const Judgement judgement = Judge(pairs, {100, 110, 95}, NoiseLimits{});
  EXPECT_THAT(judgement.used, SizeIs(3));
  EXPECT_THAT(judgement.spoiled, IsEmpty());
}

TEST(JudgeTest, DropsAndNamesAPairWhoseProcessorWasStolen) {
  const std::vector<Pair> pairs = {{1, 100, 90, 0}, {2, 100, 90, 0.25}};
  const Judgement judgement = Judge(pairs, {100, 100}, NoiseLimits{});
  EXPECT_THAT(judgement.used, ElementsAre(Field(&Pair::round, 1)));
  EXPECT_THAT(judgement.spoiled,
              ElementsAre(AllOf(Field(&Spoiled::round, 2),
                                Field(&Spoiled::why, HasSubstr("25% of the processor")))));
}

TEST(JudgeTest, DropsAndNamesAPairWhoseRawSampleStraysUpOrDown) {
  const std::vector<Pair> pairs = {{1, 100, 90, 0}, {2, 50, 48, 0}, {3, 150, 90, 0}};
  const Judgement judgement = Judge(pairs, {100, 50, 150}, NoiseLimits{});
  EXPECT_THAT(judgement.used, ElementsAre(Field(&Pair::round, 1)));
  EXPECT_THAT(judgement.spoiled, ElementsAre(Field(&Spoiled::why, HasSubstr("0.50")),
                                             Field(&Spoiled::why, HasSubstr("1.50"))));
}

TEST(JudgeTest, TheMedianIsThatOfAllRawSamplesOfTheWork) {
  const std::vector<Pair> pairs = {{1, 50, 48, 0}};
  EXPECT_THAT(Judge(pairs, {50}, NoiseLimits{}).used, SizeIs(1));
  EXPECT_THAT(Judge(pairs, {50, 100, 100}, NoiseLimits{}).used, IsEmpty());
}

// A subject that stalls is slow, and no neighbour's fault.
TEST(JudgeTest, KeepsASlowSampleOfTheSubjectItself) {
  const std::vector<Pair> pairs = {{1, 100, 90, 0}, {2, 100, 3, 0}};
  EXPECT_THAT(Judge(pairs, {100, 100}, NoiseLimits{}).used, SizeIs(2));
}

}  // namespace
}  // namespace tidelog::benchmark
