#include "tools/simulator/coverage.h"

#include <cstdint>
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "sim/plan/fault.h"
#include "sim/plan/plan.h"
#include "sim/trial/summary.h"
#include "sim/world/run.h"

namespace tidelog::simulator {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

sim::RunSummary Seen(uint64_t common, uint64_t seldom, uint64_t rare) {
  sim::RunSummary summary;
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

// What runs of these options fill: all cells but one.
Coverage AllBut(int fault, int phase, uint64_t runs) {
  sim::RunSummary all = Seen(1, 1, 1);
  for (auto& phases : all.faults) phases.fill(1);
  all.faults[static_cast<size_t>(fault)][static_cast<size_t>(phase)] = 0;
  Coverage coverage;
  for (uint64_t run = 0; run < runs; ++run) coverage.Add(all);
  return coverage;
}

TEST(CoverageTest, ACellThatMayBeFilledAndIsNotIsMissed) {
  const auto pause = static_cast<int>(sim::FaultClass::kPause);
  const auto opening = static_cast<int>(sim::RunPhase::kOpening);
  const sim::PlanOptions options;
  EXPECT_THAT(AllBut(pause, opening, Coverage::kRunsPerMatrix).EmptyCells(options),
              ElementsAre("pause while opening"));
  EXPECT_THAT(AllBut(pause, opening, Coverage::kRunsPerMatrix - 1).EmptyCells(options), IsEmpty());
  EXPECT_THAT(AllBut(pause, opening, Coverage::kRunsPerMatrix).Complaints(options),
              ElementsAre(HasSubstr("missed: pause while opening")));
}

TEST(CoverageTest, ACellThatNoPlanFillsIsNotMissed) {
  const auto closing = static_cast<int>(sim::RunPhase::kClosing);
  const auto cells = [&](sim::FaultClass fault, const sim::PlanOptions& options) {
    return AllBut(static_cast<int>(fault), closing, Coverage::kRunsPerMatrix).EmptyCells(options);
  };
  sim::PlanOptions options;
  EXPECT_THAT(cells(sim::FaultClass::kSyncLie, options), IsEmpty());
  options.mode = sim::Mode::kHostile;
  EXPECT_THAT(cells(sim::FaultClass::kSyncLie, options), ElementsAre("sync_lie while closing"));
  options.backends = {sim::BackendKind::kObjects};
  EXPECT_THAT(cells(sim::FaultClass::kSyncLie, options), IsEmpty());
  EXPECT_THAT(cells(sim::FaultClass::kStuck, options), ElementsAre("stuck while closing"));
  options.backends = {sim::BackendKind::kFile};
  EXPECT_THAT(cells(sim::FaultClass::kStuck, options), IsEmpty());
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
  coverage.Add(sim::RunSummary());
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
