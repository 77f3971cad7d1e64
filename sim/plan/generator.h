// The parts of MakePlan(): settings, then operations, then faults, each from a stream of its own.
#ifndef TIDELOG_SIM_PLAN_GENERATOR_H_
#define TIDELOG_SIM_PLAN_GENERATOR_H_

#include <cstdint>
#include <vector>

#include "sim/plan/fault.h"
#include "sim/plan/operation.h"
#include "sim/plan/plan.h"

namespace tidelog::sim {

// Of a plan whose kind is drawn.
inline bool IsOfTakeovers(const PlanOptions& options) { return options.takeovers_in_1000 != 0; }

SwarmConfig DrawConfig(uint64_t seed, const PlanOptions& options);
std::vector<Operation> DrawOperations(uint64_t seed, const PlanOptions& options,
                                      const SwarmConfig& config);
std::vector<Fault> DrawFaults(uint64_t seed, const PlanOptions& options, const SwarmConfig& config,
                              const std::vector<Operation>& operations);

}  // namespace tidelog::sim

#endif  // TIDELOG_SIM_PLAN_GENERATOR_H_
