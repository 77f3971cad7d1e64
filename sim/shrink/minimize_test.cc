#include "sim/shrink/minimize.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <set>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "rapidcheck/gtest.h"

namespace tidelog::sim {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

using Indices = std::vector<size_t>;

bool Has(const Indices& kept, size_t item) {
  return std::binary_search(kept.begin(), kept.end(), item);
}

TEST(MinimizeTest, FindsTheOneCulpritAmongMany) {
  ShrinkBudget budget(1000);
  const Indices kept = Minimize(
      10'000, [](const Indices& items) { return Has(items, 6'789); }, &budget);
  EXPECT_THAT(kept, ElementsAre(6'789));
}

TEST(MinimizeTest, FindsCulpritsThatAreFarApart) {
  ShrinkBudget budget(1000);
  const Indices kept = Minimize(
      10'000,
      [](const Indices& items) { return Has(items, 3) && Has(items, 5'000) && Has(items, 9'998); },
      &budget);
  EXPECT_THAT(kept, ElementsAre(3, 5'000, 9'998));
}

TEST(MinimizeTest, LeavesNothingIfTheFailureNeedsNothing) {
  ShrinkBudget budget(1000);
  EXPECT_THAT(Minimize(
                  100, [](const Indices&) { return true; }, &budget),
              IsEmpty());
}

TEST(MinimizeTest, LeavesEverythingIfAllIsNeeded) {
  ShrinkBudget budget(1000);
  EXPECT_THAT(Minimize(
                  20, [](const Indices& items) { return items.size() == 20; }, &budget),
              SizeIs(20));
}

TEST(MinimizeTest, ComesBackToWhatAnotherItemNeeded) {
  // 10 may only go while 90 is there, and 90 only once 50 is gone.
  const auto fails = [](const Indices& items) {
    if (!Has(items, 70)) return false;
    if (!Has(items, 90)) return !Has(items, 50) && Has(items, 10);
    return true;
  };
  ShrinkBudget budget(1000);
  const Indices kept = Minimize(100, fails, &budget);
  EXPECT_THAT(kept, SizeIs(2));
  for (size_t i = 0; i < kept.size(); ++i) {
    Indices fewer = kept;
    fewer.erase(fewer.begin() + static_cast<ptrdiff_t>(i));
    EXPECT_FALSE(fails(fewer));
  }
}

TEST(MinimizeTest, NeedsFewTestsForFewCulprits) {
  ShrinkBudget budget(1'000'000);
  Minimize(
      4'096, [](const Indices& items) { return Has(items, 100) && Has(items, 4'000); }, &budget);
  EXPECT_LE(budget.runs(), 100);
}

TEST(MinimizeTest, StopsWhenItsRunsAreUsedUp) {
  ShrinkBudget budget(5);
  int64_t tests = 0;
  const auto fails = [&tests](const Indices& items) {
    ++tests;
    return Has(items, 1) && Has(items, 999);
  };
  const Indices kept = Minimize(1'000, fails, &budget);
  EXPECT_EQ(tests, 5);
  EXPECT_TRUE(budget.spent());
  EXPECT_TRUE(fails(kept));
}

TEST(MinimizeTest, StopsWhenItsTimeIsUp) {
  int asked = 0;
  ShrinkBudget budget(1000, [&asked] { return ++asked > 3; });
  int64_t tests = 0;
  Minimize(
      1'000, [&tests](const Indices&) { return ++tests < 0; }, &budget);
  EXPECT_EQ(tests, 3);
}

TEST(MinimizeNumberTest, FindsTheSmallestThatFails) {
  ShrinkBudget budget(1000);
  EXPECT_EQ(MinimizeNumber(
                1'000'000, 0, [](int64_t value) { return value >= 777; }, &budget),
            777);
}

TEST(MinimizeNumberTest, TakesTheTargetAtOnceIfItFails) {
  ShrinkBudget budget(1000);
  EXPECT_EQ(MinimizeNumber(
                1'000'000, 1, [](int64_t) { return true; }, &budget),
            1);
  EXPECT_EQ(budget.runs(), 1);
}

TEST(MinimizeNumberTest, GrowsTowardsATargetAbove) {
  ShrinkBudget budget(1000);
  EXPECT_EQ(MinimizeNumber(
                10, 1'000, [](int64_t value) { return value <= 640; }, &budget),
            640);
}

TEST(MinimizeNumberTest, KeepsAValueThatIsNeededAsItIs) {
  ShrinkBudget budget(1000);
  EXPECT_EQ(MinimizeNumber(
                42, 0, [](int64_t value) { return value == 42; }, &budget),
            42);
}

RC_GTEST_PROP(MinimizeProperty, KeepsExactlyTheItemsThatAreNeeded, ()) {
  const auto count = *rc::gen::inRange<size_t>(1, 300);
  const auto needed = *rc::gen::container<std::set<size_t>>(rc::gen::inRange<size_t>(0, count));
  ShrinkBudget budget(1'000'000);
  const Indices kept = Minimize(
      count,
      [&needed](const Indices& items) {
        return std::includes(items.begin(), items.end(), needed.begin(), needed.end());
      },
      &budget);
  RC_ASSERT(kept == Indices(needed.begin(), needed.end()));
}

}  // namespace
}  // namespace tidelog::sim
