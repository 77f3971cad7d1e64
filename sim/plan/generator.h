// The parts of MakePlan(): settings, then operations, then faults, each from a stream of its own.
#ifndef TIDELOG_SIM_PLAN_GENERATOR_H_
#define TIDELOG_SIM_PLAN_GENERATOR_H_

#include <cstdint>
#include <vector>

#include "sim/plan/draw_keys.h"
#include "sim/plan/fault.h"
#include "sim/plan/operation.h"
#include "sim/plan/plan.h"

namespace tidelog::sim {

// Of a plan whose kind is drawn.
inline bool IsOfTakeovers(const PlanOptions& options) { return options.takeovers_in_1000 != 0; }

// The clients that may write, by their index.
inline std::vector<uint32_t> WritersOf(const SwarmConfig& config) {
  std::vector<uint32_t> writers;
  for (uint32_t i = 0; i < config.clients.size(); ++i) {
    if (config.clients[i].reopen_after_ns != 0) writers.push_back(i);
  }
  return writers;
}

// For DrawKeys(): settings and operations come of the same draw.
inline KeyOptions OptionsOfKeys(const PlanOptions& options, const SwarmConfig& config) {
  return {options.keys_in_1000, WritersOf(config), config.horizon_ns};
}

SwarmConfig DrawConfig(uint64_t seed, const PlanOptions& options);
std::vector<Operation> DrawOperations(uint64_t seed, const PlanOptions& options,
                                      const SwarmConfig& config);
std::vector<Fault> DrawFaults(uint64_t seed, const PlanOptions& options, const SwarmConfig& config,
                              const std::vector<Operation>& operations);

}  // namespace tidelog::sim

#endif  // TIDELOG_SIM_PLAN_GENERATOR_H_
