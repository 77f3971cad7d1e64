// Stopwatch: how long the simulator itself takes.  Nothing of a run may depend on it.
#ifndef TIDELOG_TOOLS_SIMULATOR_STOPWATCH_H_
#define TIDELOG_TOOLS_SIMULATOR_STOPWATCH_H_

#include <cstdint>

#include "absl/time/time.h"

namespace tidelog::simulator {

// Runs from its making on.
class Stopwatch {
 public:
  Stopwatch();
  absl::Duration Elapsed() const;

 private:
  absl::Duration start_;
};

// A seed that no campaign before had, with room for all that a campaign runs.
uint64_t FreshSeed();

// Of this process, in user mode and in the kernel.
absl::Duration CpuTime();

// The most memory that this process ever had, in bytes.
int64_t PeakMemory();

}  // namespace tidelog::simulator

#endif  // TIDELOG_TOOLS_SIMULATOR_STOPWATCH_H_
