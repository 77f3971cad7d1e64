// Child: runs a piece of work in a forked process, so that what dies there dies alone.
#ifndef TIDELOG_SIM_TRIAL_CHILD_H_
#define TIDELOG_SIM_TRIAL_CHILD_H_

#include <sys/types.h>

#include <string>

#include "absl/functional/function_ref.h"
#include "sim/trial/death.h"

namespace tidelog::sim {

struct ChildResult {
  bool finished = false;  // False: see `death`.
  std::string text;       // What the work returned.
  Death death;
};

// In a child: ends this process when its parent ends, which has the number `parent`.
void EndWith(pid_t parent);

// Gives this process the whole of kCpuSecondsMax, from now on.
void WindCpuAlarm();

// Returns what `work` returns in a child of its own.  Requires: this process has one thread.
ChildResult RunInChild(absl::FunctionRef<std::string()> work);

}  // namespace tidelog::sim

#endif  // TIDELOG_SIM_TRIAL_CHILD_H_
