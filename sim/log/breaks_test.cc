// A log that breaks its contract is noticed: LogBreaks do what they say, and the checker is no
// rubber stamp.
#include <cstdint>
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "sim/log/log_campaign.h"
#include "sim/log/protocol.h"

namespace tidelog::sim {
namespace {

using ::testing::AnyOf;
using ::testing::HasSubstr;

constexpr uint64_t kSeeds = 60;

class LogBreaksTest : public ::testing::TestWithParam<LogProtocol> {
 protected:
  // The first violation that is found with `breaks`.
  static std::string FindAny(const LogBreaks& breaks) {
    for (uint64_t seed = 1; seed <= kSeeds; ++seed) {
      LogRunOptions options;
      options.protocol = GetParam();
      options.seed = seed;
      options.breaks = breaks;
      // The network is sound: what breaks is the log.
      options.faults = false;
      const std::string violation = RunLogOnce(options).violation;
      if (!violation.empty()) return violation;
    }
    return "";
  }
};

TEST_P(LogBreaksTest, AnAcknowledgedRecordThatIsDroppedIsMissed) {
  LogBreaks breaks;
  breaks.drops_every = 5;
  EXPECT_THAT(FindAny(breaks), HasSubstr("was acknowledged and is lost"));
}

TEST_P(LogBreaksTest, AGroupThatIsStoredAgainIsNoticed) {
  LogBreaks breaks;
  breaks.duplicates_every = 5;
  EXPECT_THAT(FindAny(breaks), HasSubstr("is stored twice"));
}

TEST_P(LogBreaksTest, GroupsThatAreStoredInAnotherOrderAreNoticed) {
  LogBreaks breaks;
  breaks.reorders_every = 3;
  EXPECT_THAT(FindAny(breaks), AnyOf(HasSubstr("landed before one appended before it"),
                                     HasSubstr("though one before it did not")));
}

TEST_P(LogBreaksTest, AnAcknowledgementBeforeTheRecordIsStoredIsNoticed) {
  LogBreaks breaks;
  breaks.acknowledges_before_storing = true;
  EXPECT_THAT(FindAny(breaks),
              AnyOf(HasSubstr("was acknowledged and is lost"), HasSubstr("was acknowledged at"),
                    HasSubstr("above the boundary")));
}

TEST_P(LogBreaksTest, AnOlderWriterThatGoesOnIsNoticed) {
  LogBreaks breaks;
  breaks.accepts_stale_terms = true;
  EXPECT_THAT(FindAny(breaks), AnyOf(HasSubstr("above the boundary"), HasSubstr("terms go back"),
                                     HasSubstr("was acknowledged and is lost")));
}

std::string NameOfParam(const ::testing::TestParamInfo<LogProtocol>& info) {
  return std::string(NameOf(info.param));
}

INSTANTIATE_TEST_SUITE_P(Each, LogBreaksTest, ::testing::ValuesIn(kLogProtocols), NameOfParam);

}  // namespace
}  // namespace tidelog::sim
