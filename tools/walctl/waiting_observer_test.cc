// Goal: who waits for storage that fails is told so, once an append, with the cause; and nothing
// else is said.  Method: events, as the log reports them.
#include "tools/walctl/waiting_observer.h"

#include <string>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "wal/observer.h"
#include "wal/types.h"

namespace tidelog::walctl {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

class WaitingObserverTest : public testing::Test {
 protected:
  void Report(Event::Kind kind, std::string text) {
    observer_.OnEvent({kind, PChannel{"orders", Term{1}}, std::move(text)});
  }
  std::vector<std::string> lines_;
  WaitingObserver observer_{[this](const std::string& line) { lines_.push_back(line); }};
};

TEST_F(WaitingObserverTest, SaysNothingOfTroubleThatPasses) {
  Report(Event::Kind::kBackendTrouble, "a segment is given up");
  Report(Event::Kind::kTornTail, "12 bytes");
  EXPECT_THAT(lines_, IsEmpty());
}

TEST_F(WaitingObserverTest, TellsOfASlowAppendAndOfTheLastTroubleBeforeIt) {
  Report(Event::Kind::kBackendTrouble, "no space left");
  Report(Event::Kind::kBackendTrouble, "disk quota exceeded");
  Report(Event::Kind::kSlowAppend, "the append at tick 7 has waited for 5s");
  EXPECT_THAT(lines_, ElementsAre(AllOf(HasSubstr("waiting: the append at tick 7"),
                                        HasSubstr("disk quota exceeded"),
                                        Not(HasSubstr("no space left")))));
}

TEST_F(WaitingObserverTest, TellsOfASlowAppendWithoutTrouble) {
  Report(Event::Kind::kSlowAppend, "the append at tick 7 has waited for 5s");
  EXPECT_THAT(lines_, ElementsAre(AllOf(HasSubstr("tick 7"), Not(HasSubstr("before that")))));
}

}  // namespace
}  // namespace tidelog::walctl
