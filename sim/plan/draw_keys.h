// DrawKeys: appends with idempotency keys and their repeats, as operations of clients.
#ifndef TIDELOG_SIM_PLAN_DRAW_KEYS_H_
#define TIDELOG_SIM_PLAN_DRAW_KEYS_H_

#include <cstdint>
#include <string>
#include <vector>

#include "sim/plan/operation.h"

namespace tidelog::sim {

struct KeyOptions {
  uint32_t in_1000 = 0;           // So many of 1,000 seeds have any.
  std::vector<uint32_t> writers;  // Clients, by their index.  Not empty.
  int64_t horizon_ns = 0;
};

struct DrawnKeys {
  std::vector<Operation> operations;  // In the order of drawing.
  std::string window;                 // The setting wal.idempotency_window; empty: as it is.
};

DrawnKeys DrawKeys(uint64_t seed, const KeyOptions& options);

}  // namespace tidelog::sim

#endif  // TIDELOG_SIM_PLAN_DRAW_KEYS_H_
