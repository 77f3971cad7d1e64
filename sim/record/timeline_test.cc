#include "sim/record/timeline.h"

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "sim/check/history.h"
#include "sim/record/explain.h"
#include "sim/record/sample_run.h"

namespace tidelog::sim {
namespace {

using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::Field;
using ::testing::Gt;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;

class TimelineTest : public ::testing::Test {
 protected:
  TimelineTest() : timeline_(MakeTimeline(run_.Story())) {}

  const TimelineLane& Lane(std::string_view name) const {
    const auto found =
        std::find_if(timeline_.lanes.begin(), timeline_.lanes.end(),
                     [name](const TimelineLane& lane) { return lane.name.starts_with(name); });
    EXPECT_NE(found, timeline_.lanes.end()) << name;
    return *found;
  }

  static std::vector<std::string> Labels(const TimelineLane& lane, Look look) {
    std::vector<std::string> labels;
    for (const TimelineBar& bar : lane.bars) {
      if (bar.look == look) labels.push_back(bar.label);
    }
    return labels;
  }

  const SampleRun run_ = MakeSampleRun();
  const Timeline timeline_;
};

TEST_F(TimelineTest, LanesComeInFourGroups) {
  std::vector<std::string_view> groups;
  for (const TimelineLane& lane : timeline_.lanes) {
    if (groups.empty() || groups.back() != lane.group) groups.push_back(lane.group);
  }
  EXPECT_THAT(groups, ElementsAre("clients", "log", "backend", "faults"));
}

TEST_F(TimelineTest, AppendsAreOnTheLaneOfTheirHandle) {
  EXPECT_THAT(Labels(Lane("handle 1: writer, term 1"), Look::kAppend), SizeIs(5));
  EXPECT_THAT(Labels(Lane("handle 3: writer, term 2"), Look::kAppend), SizeIs(3));
}

TEST_F(TimelineTest, HowACallEndedIsSeen) {
  std::vector<Ending> endings;
  for (const TimelineBar& bar : Lane("handle 3").bars) {
    if (bar.look == Look::kAppend) endings.push_back(bar.ending);
  }
  EXPECT_THAT(endings, ElementsAre(Ending::kFine, Ending::kUnknown, Ending::kFailed));
}

TEST_F(TimelineTest, ACallWhoseProcessDiesHasNoAnswerAndEndsThere) {
  const TimelineLane& process = Lane("process 1");
  const auto crash = std::find_if(process.bars.begin(), process.bars.end(),
                                  [](const TimelineBar& b) { return b.look == Look::kCrash; });
  ASSERT_NE(crash, process.bars.end());
  const TimelineBar& last = Lane("handle 1").bars.back();
  EXPECT_EQ(last.ending, Ending::kNever);
  EXPECT_EQ(last.x + last.width, crash->x);
}

TEST_F(TimelineTest, AcknowledgedRecordsAreOnTheLaneOfTheirTerm) {
  EXPECT_THAT(Labels(Lane("records of term 1"), Look::kRecord), SizeIs(5));
  EXPECT_THAT(Labels(Lane("records of term 2"), Look::kRecord), SizeIs(1));
}

TEST_F(TimelineTest, BarsOfOneRowDoNotOverlap) {
  for (const TimelineLane& lane : timeline_.lanes) {
    std::vector<int> past(static_cast<size_t>(lane.row_count), -1);
    for (const TimelineBar& bar : lane.bars) {
      ASSERT_LT(bar.row, lane.row_count) << lane.name;
      if (bar.look == Look::kBatch || bar.look == Look::kPause || bar.look == Look::kCrash) {
        continue;  // They lie on the bar of their scan or process.
      }
      int& row = past[static_cast<size_t>(bar.row)];
      EXPECT_GT(bar.x, row) << lane.name << " " << bar.label;
      row = bar.x + bar.width - 1;
    }
  }
}

TEST_F(TimelineTest, FaultsAreThereEvenAfterTheLastEvent) {
  EXPECT_THAT(Labels(Lane("what was made to fail"), Look::kFault),
              ElementsAre("disk-slow", "bit-rot"));
}

TEST_F(TimelineTest, EveryEventThatShowsAViolationIsMarked) {
  size_t events = 0;
  for (const check::Violation& violation : run_.violations) events += violation.events.size();
  ASSERT_GT(events, 0u);
  EXPECT_THAT(timeline_.anomalies, SizeIs(events));
  EXPECT_THAT(timeline_.anomalies, Each(Field(&AnomalyMark::violation, Gt(0))));
}

TEST_F(TimelineTest, LaterIsFurtherToTheRight) {
  EXPECT_THAT(timeline_.ticks, Not(IsEmpty()));
  for (size_t i = 1; i < timeline_.ticks.size(); ++i) {
    EXPECT_GT(timeline_.ticks[i].x, timeline_.ticks[i - 1].x);
  }
}

TEST_F(TimelineTest, ALongSilenceTakesLittleRoom) {
  check::History history;
  check::Event event;
  event.what = check::CloseInvoke{};
  history.events.push_back(event);
  event.at = check::Nanos{3600} * 1'000'000'000;
  history.events.push_back(event);
  EXPECT_LT(MakeTimeline(RunStory{"", {}, history, {}, {}}).width, 500);
}

TEST_F(TimelineTest, AnEmptyRunHasItsLanesAndNoBars) {
  const check::History history;
  const Timeline empty = MakeTimeline(RunStory{"", {}, history, {}, {}});
  EXPECT_THAT(empty.lanes, Each(Field(&TimelineLane::bars, IsEmpty())));
  EXPECT_THAT(empty.lanes, SizeIs(2));
}

}  // namespace
}  // namespace tidelog::sim
