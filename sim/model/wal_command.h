// WalCommand: what a history of the model test is made of.
#ifndef TIDELOG_SIM_MODEL_WAL_COMMAND_H_
#define TIDELOG_SIM_MODEL_WAL_COMMAND_H_

#include <cstdint>
#include <ostream>

#include "rapidcheck.h"

namespace tidelog::sim {

// One thing that is done to the log; the amounts choose among what there is.
struct WalCommand {
  enum class Kind {
    kAppend,
    kAppendSeveral,  // 2 to 5 in flight.
    kBatch,          // Of 1 to 5.
    kDropAppend,     // Its caller does not wait for the end.
    kScan,           // From anywhere to anywhere, through any filter.
    kScanElsewhere,  // The same, by a reader of another process.
    kFollow,         // A scanner is opened that goes on.
    kFollowElsewhere,
    kReadOn,  // What those that go on have not delivered yet.
    kResume,  // One of them is closed, and another goes on from its position.
    kTruncate,
    kAboveTail,  // Truncates, or reads from, where there is nothing yet.
    kAsk,
    kAdvance,
    kReopen,      // After a close, under the same term.
    kNextTerm,    // After a close.
    kCloseUnder,  // The same, with appends in flight.
    kTakeOver,    // The next term opens while this one is open.
    kDropOpen,    // The same, and the open's caller does not wait for it; and another takes over.
    kOpenTooLow,
    kUseStale,  // A writer that was taken over does something.
    kCloseStale,
    kRegister,    // A checkpoint, or moves it.
    kUnregister,  // One, which may not be there.
  } kind{};
  uint64_t a = 0;
  uint64_t b = 0;
};

std::ostream& operator<<(std::ostream& out, const WalCommand& command);

rc::Gen<WalCommand> AnyWalCommand();

}  // namespace tidelog::sim

#endif  // TIDELOG_SIM_MODEL_WAL_COMMAND_H_
