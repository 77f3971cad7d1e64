// UnstoredTick: a time tick that only the readers of this process are told of (D5).
#ifndef TIDELOG_ADAPTOR_TIMETICK_UNSTORED_TICK_H_
#define TIDELOG_ADAPTOR_TIMETICK_UNSTORED_TICK_H_

#include "wal/message/message_id.h"
#include "wal/types.h"

namespace tidelog::adaptor {

// No message of this term that comes later has a tick at or below it (D2).  It holds for a reader
// once he has read as far as `behind`.
struct UnstoredTick {
  TimeTick tick{};  // 0: there was none yet.
  MessageId behind;
};

}  // namespace tidelog::adaptor

#endif  // TIDELOG_ADAPTOR_TIMETICK_UNSTORED_TICK_H_
