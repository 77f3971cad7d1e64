#include "tools/simulator/coverage.h"

#include <cstdint>
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "sim/world/run.h"
#include "tools/simulator/summary.h"

namespace tidelog::simulator {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

RunSummary Seen(uint64_t common, uint64_t seldom, uint64_t rare) {
  RunSummary summary;
  summary.probes = {sim::ProbeHits{"common", common, false},
                    sim::ProbeHits{"seldom", seldom, false}, sim::ProbeHits{"rare", rare, true}};
  summary.faults[1][2] = common;
  return summary;
}

TEST(CoverageTest, AProbeThatIsHitOftenEnoughIsNotMissed) {
  Coverage coverage;
  for (int run = 0; run < 4000; ++run) coverage.Add(Seen(5, run % 2000 == 7 ? 1 : 0, 0));
  EXPECT_THAT(coverage.MissedProbes(), IsEmpty());
}

TEST(CoverageTest, AProbeThatIsHitTooSeldomIsMissedUnlessItIsRare) {
  Coverage coverage;
  for (int run = 0; run < 4000; ++run) coverage.Add(Seen(5, run == 7 ? 100 : 0, 0));
  EXPECT_THAT(coverage.MissedProbes(), ElementsAre("seldom"));
}

TEST(CoverageTest, FewRunsTellNothing) {
  Coverage coverage;
  for (int run = 0; run < 1999; ++run) coverage.Add(Seen(0, 0, 0));
  EXPECT_THAT(coverage.MissedProbes(), IsEmpty());
  coverage.Add(Seen(0, 0, 0));
  EXPECT_THAT(coverage.MissedProbes(), ElementsAre("common", "seldom"));
}

TEST(CoverageTest, ARunThatDiedHasSeenNothing) {
  Coverage coverage;
  coverage.Add(RunSummary());
  EXPECT_EQ(coverage.runs(), 0u);
}

TEST(CoverageTest, TablesTellHitsAndRuns) {
  Coverage coverage;
  coverage.Add(Seen(5, 0, 1));
  coverage.Add(Seen(6, 0, 0));
  EXPECT_THAT(coverage.ProbeTable(), HasSubstr("11         2 100.000%\n"));
  EXPECT_THAT(coverage.ProbeTable(), HasSubstr("1         1  50.000%  rare\n"));
  EXPECT_THAT(coverage.FaultTable(), HasSubstr("         11"));
  EXPECT_THAT(coverage.Line(), HasSubstr("2/3 probes, 1/"));
}

}  // namespace
}  // namespace tidelog::simulator
