// RecoveryObserver: rebuilds state from what the log holds, while it is being opened (D6, G1).
#ifndef TIDELOG_ADAPTOR_RECOVERY_RECOVERY_OBSERVER_H_
#define TIDELOG_ADAPTOR_RECOVERY_RECOVERY_OBSERVER_H_

#include "wal/message/message.h"

namespace tidelog::adaptor {

// Implemented by interceptors that have a memory.  Confined to the channel's executor.
class RecoveryObserver {
 public:
  virtual ~RecoveryObserver() = default;

  // Called for each record from the replay's start to the boundary, in log order, stored TimeTicks
  // included and fence barriers not; of what is stored in chunks, when it is whole (F9).  The
  // replay reaches back far enough to rebuild what the newest stored TimeTick promises (D3, D6),
  // and holds only a batch of records at a time: whoever keeps them bounds that.
  virtual void OnReplayed(const ImmutableMessage& message) = 0;
};

}  // namespace tidelog::adaptor

#endif  // TIDELOG_ADAPTOR_RECOVERY_RECOVERY_OBSERVER_H_
