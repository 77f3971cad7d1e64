// Checkers of what the log holds.
#ifndef TIDELOG_SIM_CHECK_RECORD_CHECKERS_H_
#define TIDELOG_SIM_CHECK_RECORD_CHECKERS_H_

#include "sim/check/report.h"

namespace tidelog::sim::check {

// The log holds what was acknowledged, nothing that was not appended, and each once (C1, C2, C8).
Checker DurabilityChecker();
// Ticks are unique, in order, and keep their promises (C4, D1, D2, D6, D7).
Checker TickChecker();
// A last-confirmed id is where a scan meets all that comes later (D3).
Checker LastConfirmedChecker();
// Transactions are read whole or not at all, as what is stored says (E1, E2, E3, E5, E6).
Checker TransactionChecker();
// What has an idempotency key is stored once in its window, and repeats are told of it (G4).
Checker IdempotencyChecker();
// A term ends when a higher one begins (A2, A5).
Checker FencingChecker();

}  // namespace tidelog::sim::check

#endif  // TIDELOG_SIM_CHECK_RECORD_CHECKERS_H_
