// Random runs of writers and readers against each kind of service, with everything going wrong.
#include <array>
#include <cstdint>
#include <string>
#include <tuple>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "sim/log/log_campaign.h"
#include "sim/log/log_fault.h"
#include "sim/log/protocol.h"
#include "wal/testing/sample.h"

namespace tidelog::sim {
namespace {

// So many seeds for each kind of service, in blocks for the shards of the test.
constexpr uint64_t kBlocks = 8;
constexpr uint64_t kAllSeeds = 100;
const uint64_t kSeeds = kAllSeeds / SampleStride();

class RandomLogTest : public ::testing::TestWithParam<std::tuple<LogProtocol, uint64_t>> {
 protected:
  LogProtocol protocol() const { return std::get<0>(GetParam()); }
  uint64_t first_seed() const { return std::get<1>(GetParam()) * kSeeds + 1; }
  LogRunOptions OptionsOf(uint64_t seed) const {
    LogRunOptions options;
    options.protocol = protocol();
    options.seed = seed;
    return options;
  }
};

TEST_P(RandomLogTest, KeepsItsContractWhateverGoesWrong) {
  LogRunResult all;
  for (uint64_t seed = first_seed(); seed < first_seed() + kSeeds; ++seed) {
    const LogRunResult result = RunLogOnce(OptionsOf(seed));
    ASSERT_EQ(result.violation, "") << "seed " << seed;
    for (size_t i = 0; i < all.faults.size(); ++i) all.faults[i] += result.faults[i];
    all.done += result.done;
    all.not_done += result.not_done;
    all.unknown += result.unknown;
    all.opens += result.opens;
    all.refused_opens += result.refused_opens;
    all.step_count += result.step_count;
  }
  if (kSeeds < kAllSeeds) return;
  // That nothing broke means little if little happened.
  for (int i = 0; i < kLogFaultKindCount; ++i) {
    const auto kind = static_cast<LogFaultKind>(i);
    bool applies = false;
    for (int op = 1; op <= kLogOpCount; ++op) {
      const bool is_brokers = op >= 2 && op <= 10;
      const bool is_spoken = op == 1 || is_brokers == (protocol() != LogProtocol::kObjects);
      applies |= is_spoken && AppliesTo(kind, static_cast<LogOp>(op));
    }
    // Object stores are asked for few lists; fault_test sees to those.
    applies &= kind != LogFaultKind::kStale || protocol() != LogProtocol::kObjects;
    if (applies) {
      EXPECT_GT(all.faults[static_cast<size_t>(i)], 0u) << NameOf(kind);
    }
  }
  EXPECT_GT(all.done, 10 * kSeeds);
  EXPECT_GT(all.not_done, kSeeds / 4);
  EXPECT_GT(all.unknown, kSeeds / 8);
  EXPECT_GT(all.opens, 2 * kSeeds);
  EXPECT_GT(all.refused_opens, kSeeds / 8);
  RecordProperty("steps", absl::StrCat(all.step_count));
}

TEST_P(RandomLogTest, IsTheSameUnderTheSameSeed) {
  uint64_t before = 0;
  for (uint64_t seed = first_seed(); seed < first_seed() + 5; seed += SampleStride()) {
    const LogRunResult once = RunLogOnce(OptionsOf(seed));
    const LogRunResult again = RunLogOnce(OptionsOf(seed));
    EXPECT_EQ(once.trace_hash, again.trace_hash) << "seed " << seed;
    EXPECT_EQ(once.step_count, again.step_count) << "seed " << seed;
    EXPECT_NE(once.trace_hash, before);
    before = once.trace_hash;
  }
}

TEST_P(RandomLogTest, WithoutFaultsEveryAppendIsDoneOrFenced) {
  for (uint64_t seed = first_seed(); seed < first_seed() + 8; seed += SampleStride()) {
    LogRunOptions options = OptionsOf(seed);
    options.faults = false;
    const LogRunResult result = RunLogOnce(options);
    ASSERT_EQ(result.violation, "") << "seed " << seed;
    EXPECT_GT(result.done, 0u);
  }
}

std::string NameOfParam(const ::testing::TestParamInfo<std::tuple<LogProtocol, uint64_t>>& info) {
  return absl::StrCat(NameOf(std::get<0>(info.param)), std::get<1>(info.param));
}

INSTANTIATE_TEST_SUITE_P(Each, RandomLogTest,
                         ::testing::Combine(::testing::ValuesIn(kLogProtocols),
                                            ::testing::Range(uint64_t{0}, kBlocks)),
                         NameOfParam);

}  // namespace
}  // namespace tidelog::sim
