// DrawTransactions: stories of transactions, as operations of their clients.
#ifndef TIDELOG_SIM_PLAN_DRAW_TRANSACTIONS_H_
#define TIDELOG_SIM_PLAN_DRAW_TRANSACTIONS_H_

#include <cstdint>
#include <vector>

#include "sim/plan/operation.h"

namespace tidelog::sim {

struct TransactionOptions {
  uint32_t in_1000 = 0;           // So many of 1,000 seeds have any.
  std::vector<uint32_t> writers;  // Clients, by their index.  Not empty.
  int64_t horizon_ns = 0;
};

// In the order of drawing.
std::vector<Operation> DrawTransactions(uint64_t seed, const TransactionOptions& options);

}  // namespace tidelog::sim

#endif  // TIDELOG_SIM_PLAN_DRAW_TRANSACTIONS_H_
