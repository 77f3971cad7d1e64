// ModelCommand: what a history of the model test is made of.
#ifndef TIDELOG_WALIMPLS_TESTING_MODEL_COMMANDS_H_
#define TIDELOG_WALIMPLS_TESTING_MODEL_COMMANDS_H_

#include <cstdint>
#include <ostream>

#include "rapidcheck.h"

namespace tidelog::walimpls {

// One thing that is done to the log; the amounts choose among what there is.
struct ModelCommand {
  enum class Kind {
    kAppend,         // 1 to 4 messages, or one TimeTick.
    kAppendSeveral,  // 2 to 4 groups in flight.
    kFailAppends,    // The same, while storage fails; then it heals.
    kScan,           // From anywhere to anywhere.
    kScanElsewhere,  // The same, by a reader of another process.
    kFollow,         // A scanner is opened that goes on.
    kReadOn,         // What those that go on have not delivered yet.
    kTruncate,
    kAsk,         // Info().
    kReopen,      // After a clean close, under the same term.
    kNextTerm,    // After a close.
    kTakeOver,    // The next term opens while this one is open.
    kOpenTooLow,  // Under a term that is not above the highest.
    kUseStale,    // A writer that was taken over does something.
    kCloseStale,
  } kind{};
  uint64_t a = 0;
  uint64_t b = 0;
};

std::ostream& operator<<(std::ostream& out, const ModelCommand& command);

rc::Gen<ModelCommand> AnyModelCommand();

}  // namespace tidelog::walimpls

#endif  // TIDELOG_WALIMPLS_TESTING_MODEL_COMMANDS_H_
