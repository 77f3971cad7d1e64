// Ctrl-C for commands that write: they stop taking input, wait for what is in flight, and close the
// log.
#ifndef TIDELOG_TOOLS_WALCTL_INTERRUPT_H_
#define TIDELOG_TOOLS_WALCTL_INTERRUPT_H_

#include <atomic>

namespace tidelog::walctl {

// From now on SIGINT and SIGTERM set the flag that is returned and make InterruptDescriptor()
// readable; a second one ends the process at once.
const std::atomic<bool>& CatchInterrupts();

// Readable, for poll(), once a signal has come: so none is missed that comes just before the wait,
// or in another thread.  -1 before CatchInterrupts().
int InterruptDescriptor();

}  // namespace tidelog::walctl

#endif  // TIDELOG_TOOLS_WALCTL_INTERRUPT_H_
