#include "sim/trial/workers.h"

#include <signal.h>

#include <cstdint>
#include <map>
#include <set>
#include <string>

#include "absl/log/check.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "sim/trial/seed_range.h"
#include "sim/trial/summary.h"
#include "sim/world/run.h"

namespace tidelog::sim {
namespace {

using ::testing::HasSubstr;
using ::testing::SizeIs;

RunSummary Fine(uint64_t seed) {
  RunSummary summary;
  summary.seed = seed;
  summary.event_count = seed * 2;
  return summary;
}

std::map<uint64_t, RunSummary> RunAll(const WorkOptions& options,
                                      absl::FunctionRef<RunSummary(uint64_t)> run) {
  std::map<uint64_t, RunSummary> results;
  RunSeeds(options, run, [&](const RunSummary& summary) {
    EXPECT_TRUE(results.emplace(summary.seed, summary).second) << summary.seed << " came twice";
    return true;
  });
  return results;
}

TEST(WorkersTest, EachSeedIsRunOnce) {
  const std::map<uint64_t, RunSummary> results = RunAll({SeedRange{5, 504}, 3}, &Fine);
  ASSERT_THAT(results, SizeIs(500));
  EXPECT_EQ(results.begin()->first, 5u);
  EXPECT_EQ(results.rbegin()->first, 504u);
  EXPECT_EQ(results.at(100).event_count, 200u);
}

TEST(WorkersTest, ASeedThatDiesIsToldAndTheOthersAreRun) {
  const auto run = [](uint64_t seed) {
    CHECK(seed % 10 != 3) << "seed " << seed;
    if (seed == 47) raise(SIGKILL);
    return Fine(seed);
  };
  const std::map<uint64_t, RunSummary> results = RunAll({SeedRange{1, 100}, 2}, run);
  ASSERT_THAT(results, SizeIs(100));
  for (const auto& [seed, summary] : results) {
    const bool dies = seed % 10 == 3 || seed == 47;
    EXPECT_EQ(summary.verdict.outcome, dies ? Outcome::kCrash : Outcome::kFine) << seed;
  }
  EXPECT_EQ(results.at(13).verdict.signature,
            "crash/workers_test.cc: Check failed: seed % # != # seed #");
  EXPECT_EQ(results.at(47).verdict.signature, "crash/SIGKILL");
}

TEST(WorkersTest, EndsWhenNobodyWantsMore) {
  uint64_t count = 0;
  RunSeeds({SeedRange{1, 1'000'000'000}, 2}, &Fine, [&](const RunSummary&) { return ++count < 7; });
  EXPECT_EQ(count, 7u);
}

TEST(RunSummaryTest, ComesBackFromItsLine) {
  RunSummary summary = Fine(17);
  summary.verdict = Verdict{Outcome::kLiveness, "liveness",          "stuck", "G2",
                            "liveness/stuck",   "it \"waits\"\n\xff"};
  summary.signatures = {"liveness/stuck", "order/odd"};
  summary.trace_hash = UINT64_MAX;
  summary.peak_bytes = 4096;
  summary.probes = {ProbeHits{"append done", 3}, ProbeHits{"never", 0}};
  summary.faults[2][3] = 4;
  summary.is_canary = true;
  summary.canary_noticed = true;
  const std::string line = ToLine(summary);
  EXPECT_EQ(line.find('\n'), std::string::npos);
  const RunSummary read = SummaryFromLine(line);
  EXPECT_EQ(ToLine(read), line);
  EXPECT_EQ(read.verdict.outcome, Outcome::kLiveness);
  EXPECT_THAT(read.verdict.message, HasSubstr("it \"waits\"\n"));
  EXPECT_EQ(read.trace_hash, UINT64_MAX);
  EXPECT_EQ(read.faults, summary.faults);
  EXPECT_THAT(read.probes, SizeIs(2));
  EXPECT_TRUE(read.is_canary && read.canary_noticed);
}

}  // namespace
}  // namespace tidelog::sim
