// Checkers of calls: how they end, when, and what they may say.
#ifndef TIDELOG_SIM_CHECK_CALL_CHECKERS_H_
#define TIDELOG_SIM_CHECK_CALL_CHECKERS_H_

#include "sim/check/report.h"

namespace tidelog::sim::check {

// A call fails only as its header says, and for a reason that is in the history (C2, C3, F8, H3).
Checker ErrorChecker();
// Each call ends once, nothing comes after an end, and nothing is left (C2, F7, F8, H2).
Checker LifetimeChecker();
// When faults have stopped, everything comes to its end (C3, D5, F4, F7, G1, H2).
Checker LivenessChecker();
// Append, read and tail take effect at one moment between call and return (C1, C4, F1).
Checker LinearizabilityChecker();
// Flow control refuses data only, when it is not normal, and recovers step by step (G5).
Checker FlowChecker();

}  // namespace tidelog::sim::check

#endif  // TIDELOG_SIM_CHECK_CALL_CHECKERS_H_
