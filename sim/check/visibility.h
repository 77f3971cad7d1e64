// Until when a reader must see what was acknowledged.
#ifndef TIDELOG_SIM_CHECK_VISIBILITY_H_
#define TIDELOG_SIM_CHECK_VISIBILITY_H_

#include "sim/check/facts.h"
#include "sim/check/record.h"

namespace tidelog::sim::check {

// The newest tick that who asks at `event`, through a handle, must be shown (C1):
//   * a writer what it had itself acknowledged, and what others had before its open returned,
//   * a reader what was acknowledged before the newest open for writing returned,
//   * and what a living writer had acknowledged as long ago as the contract says.
// A crash of the machine may take back the last two until the next open for writing.
Tick VisibleThrough(const Facts& facts, int32_t handle, int event);

}  // namespace tidelog::sim::check

#endif  // TIDELOG_SIM_CHECK_VISIBILITY_H_
