// Each mutant is found by random seeds alone, and by a checker that is meant to find it.
#include <cctype>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/strings/str_split.h"
#include "gtest/gtest.h"
#include "sim/mutant/catalog.h"
#include "sim/mutant/hunt.h"
#include "sim/trial/seed_range.h"

namespace tidelog::sim {
namespace {

// What a mutant may take to be found.
constexpr uint64_t kSeedsMax = 20000;
// As many show that the catalog is right to call one unseen.
constexpr uint64_t kUnseenSeeds = 2000;

class MutantsTest : public ::testing::TestWithParam<MutantEntry> {};

TEST_P(MutantsTest, IsKilled) {
  const bool is_unseen = !GetParam().unseen.empty();
  const Kill kill = Hunt(GetParam(), SeedRange{1, is_unseen ? kUnseenSeeds : kSeedsMax});
  if (is_unseen) {
    EXPECT_FALSE(kill.killed) << "seed " << kill.seed << " shows it: " << kill.verdict.signature;
    return;
  }
  EXPECT_TRUE(kill.killed) << "survived " << kill.seeds << " seeds: " << GetParam().breaks;
  if (!kill.killed) return;
  EXPECT_TRUE(kill.expected) << "killed by " << kill.verdict.signature << ", seed " << kill.seed
                             << ": " << kill.verdict.message;
}

std::string NameOfParam(const ::testing::TestParamInfo<MutantEntry>& info) {
  std::string name;
  for (std::string& word : std::vector<std::string>(absl::StrSplit(info.param.name, '-'))) {
    word[0] = static_cast<char>(std::toupper(static_cast<unsigned char>(word[0])));
    name += word;
  }
  return name;
}

INSTANTIATE_TEST_SUITE_P(All, MutantsTest, ::testing::ValuesIn(AllMutants()), NameOfParam);

}  // namespace
}  // namespace tidelog::sim
