// Probes: conditions that a campaign of runs wants to have seen, counted over a history.
#ifndef TIDELOG_SIM_WORLD_PROBES_H_
#define TIDELOG_SIM_WORLD_PROBES_H_

#include <vector>

#include "sim/check/history.h"
#include "sim/plan/plan.h"
#include "sim/world/run.h"

namespace tidelog::sim {

// All probes there are, in a fixed order, with how often each was hit in a run of that mode.
std::vector<ProbeHits> ProbesOf(const check::History& history, Mode mode);

}  // namespace tidelog::sim

#endif  // TIDELOG_SIM_WORLD_PROBES_H_
