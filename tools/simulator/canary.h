// Canary: a lie that is put into the history of one run in a hundred, to see that a lie is found.
// A campaign in which none is noticed would notice nothing else.
#ifndef TIDELOG_TOOLS_SIMULATOR_CANARY_H_
#define TIDELOG_TOOLS_SIMULATOR_CANARY_H_

#include <cstdint>

#include "sim/check/history.h"
#include "sim/trial/summary.h"

namespace tidelog::simulator {

// Whether the run of this seed, if it is fine, is to carry one.
bool IsCanarySeed(uint64_t seed);

// Makes an acknowledged record of `history` one that no reader ever finds.  False: there is none,
// or the run has no end by which it should have been found.
bool PlantLie(sim::check::History* history);

// Plants a lie and has the checkers look; what they find goes into `summary`, not its verdict.
void FlyCanary(sim::check::History history, sim::RunSummary* summary);

}  // namespace tidelog::simulator

#endif  // TIDELOG_TOOLS_SIMULATOR_CANARY_H_
