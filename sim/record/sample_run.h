// A run to show, for tests: two writers, one of which crashes, a scan, and an acknowledged record
// that the final scan does not find.
#ifndef TIDELOG_SIM_RECORD_SAMPLE_RUN_H_
#define TIDELOG_SIM_RECORD_SAMPLE_RUN_H_

#include <vector>

#include "sim/check/history.h"
#include "sim/check/report.h"
#include "sim/record/explain.h"

namespace tidelog::sim {

struct SampleRun {
  check::History history;
  std::vector<check::Violation> violations;  // "durability/lost-write" is among them.

  // Lives no longer than this.
  RunStory Story() const;
};

SampleRun MakeSampleRun();

}  // namespace tidelog::sim

#endif  // TIDELOG_SIM_RECORD_SAMPLE_RUN_H_
