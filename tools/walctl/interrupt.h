// Ctrl-C for commands that write: they stop taking input, wait for what is in flight, and close the
// log.
#ifndef TIDELOG_TOOLS_WALCTL_INTERRUPT_H_
#define TIDELOG_TOOLS_WALCTL_INTERRUPT_H_

#include <atomic>

namespace tidelog::walctl {

// From now on SIGINT and SIGTERM set the flag that is returned, and make a read() that waits
// return; a second one ends the process at once.  A signal that comes just before the read() is
// noticed only when input arrives.
const std::atomic<bool>& CatchInterrupts();

}  // namespace tidelog::walctl

#endif  // TIDELOG_TOOLS_WALCTL_INTERRUPT_H_
