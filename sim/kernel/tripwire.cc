#include "sim/kernel/tripwire.h"

namespace tidelog::sim::internal {

constinit thread_local bool tripwires_armed = false;

}  // namespace tidelog::sim::internal
