#include "sim/record/sample_run.h"

#include "sim/check/code.h"
#include "sim/check/events.h"
#include "sim/check/registry.h"
#include "sim/check/testing/story.h"

namespace tidelog::sim {

SampleRun MakeSampleRun() {
  check::Story story;
  story.Add(/*handle=*/1, /*op=*/0, check::ProcessStart{});
  story.Writer(1, /*term=*/1).Append(1, 1).Append(1, 2).StoreTick(1).Append(1, 3);
  story.CallBatch(1, {4, 5}).Land(4).Land(5).Done(4);
  story.Add(/*handle=*/2, /*op=*/0, check::ProcessStart{});
  story.Reader(2).Scan(2, 50).Read(50, 2).Read(50);
  story.Call(1, 6);
  story.Pass(40 * check::kMillisecond);
  story.Add(/*handle=*/1, /*op=*/0, check::ProcessCrash{});
  story.Add(/*handle=*/3, /*op=*/0, check::ProcessStart{});
  story.Writer(3, /*term=*/2).Append(3, 7);
  story.Call(3, 8).Fail(8, check::Code::kOutcomeUnknown);
  story.Call(3, 9).Fail(9, check::Code::kResourceExhausted);
  story.Read(50).Truncate(3, /*through=*/20).Info(3).StoreTick(3);
  story.Forget(3);
  story.Final();
  const std::vector<check::Violation> violations = check::Check(story.history);
  return SampleRun{story.history, violations};
}

RunStory SampleRun::Story() const {
  RunStory story{"seed 4711: durability/lost-write",
                 {"replay: tools/simulate replay sample.json", "file backend, <normal>"},
                 history,
                 violations,
                 {}};
  story.faults.push_back(Happening{20 * check::kMillisecond, "disk-slow of slot 0 & its <disk>"});
  story.faults.push_back(Happening{1000 * check::kMillisecond, "bit-rot of slot 0"});
  return story;
}

}  // namespace tidelog::sim
