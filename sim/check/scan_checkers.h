// Checkers of what scans deliver.
#ifndef TIDELOG_SIM_CHECK_SCAN_CHECKERS_H_
#define TIDELOG_SIM_CHECK_SCAN_CHECKERS_H_

#include "sim/check/report.h"

namespace tidelog::sim::check {

// Each reader is given the log, in its order, whole, once (A4, D8, F2, F3).
Checker OrderChecker();
// A scan begins and ends where it was told to, and can be resumed (D4, F1).
Checker RangeChecker();
// What is forgotten is said to be forgotten, and nothing else is (F4, G3).
Checker TruncationChecker();
// What was acknowledged is seen by those who look for it later (C1).
Checker VisibilityChecker();

}  // namespace tidelog::sim::check

#endif  // TIDELOG_SIM_CHECK_SCAN_CHECKERS_H_
