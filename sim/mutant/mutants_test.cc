// Each mutant is found by random seeds alone, and by a checker that is meant to find it.
#include <cctype>
#include <string>
#include <vector>

#include "absl/strings/str_split.h"
#include "gtest/gtest.h"
#include "sim/mutant/catalog.h"
#include "sim/mutant/hunt.h"

namespace tidelog::sim {
namespace {

class MutantsTest : public ::testing::TestWithParam<MutantEntry> {};

TEST_P(MutantsTest, IsKilled) {
  const Kill kill = Hunt(GetParam(), HuntOptions{});
  EXPECT_TRUE(kill.killed) << "survived " << kill.seeds << " seeds: " << GetParam().breaks;
  if (!kill.killed) return;
  EXPECT_TRUE(kill.expected) << "killed by " << kill.checker << " (" << kill.anomaly << "), seed "
                             << kill.seed;
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
