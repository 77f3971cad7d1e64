// All checkers, by name, and Check(), which runs them over a history.
#ifndef TIDELOG_SIM_CHECK_REGISTRY_H_
#define TIDELOG_SIM_CHECK_REGISTRY_H_

#include <span>
#include <string_view>
#include <vector>

#include "sim/check/history.h"
#include "sim/check/report.h"

namespace tidelog::sim::check {

// In the order in which Check() runs them.
std::span<const Checker> AllCheckers();

// The violations that the checkers named in `enabled` find, in the order of the checkers; all
// checkers, if it is empty.  A pure function of the history.  Requires: the names are checkers'.
std::vector<Violation> Check(const History& history,
                             std::span<const std::string_view> enabled = {});

}  // namespace tidelog::sim::check

#endif  // TIDELOG_SIM_CHECK_REGISTRY_H_
