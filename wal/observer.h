// Observer: is told what an operator should know though no call failed.
#ifndef TIDELOG_WAL_OBSERVER_H_
#define TIDELOG_WAL_OBSERVER_H_

#include <string>

#include "wal/flow_control.h"
#include "wal/types.h"

namespace tidelog {

struct Event {
  enum class Kind {
    kTermViolation,  // A reader met and dropped a record of a term lower than one already seen
                     // (A5).  Must never happen.
    kTornTail,  // Recovery dropped bytes of a group that was never acknowledged; the range is in
                // the text.
    kRecoveryProgress,  // Open is replaying.
    kSlowAppend,        // An append, and with it the tick, waits for longer than the limit (D5).
    kFenced,            // A writer found that a higher term owns the channel.
    kBackendTrouble,  // A passing failure is being retried, or a segment was poisoned and replaced.
    kSlowAppendEnded,  // An append took longer than the limit; where the time went is in the text.
    kFlowChanged,      // Flow control has another state or rate, see `flow` (G5).
  };
  Kind kind{};
  PChannel channel;
  std::string text;      // One sentence for people.
  FlowStatus flow = {};  // Of kFlowChanged.
};

// Implemented by the embedder.  Safe from any thread.
class Observer {
 public:
  virtual ~Observer() = default;
  // Called on the channel's executor: must not block and must not call the log.
  virtual void OnEvent(const Event& event) = 0;
};

}  // namespace tidelog

#endif  // TIDELOG_WAL_OBSERVER_H_
