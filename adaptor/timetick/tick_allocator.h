// TickAllocator: gives each stored message of a channel its time tick.
#ifndef TIDELOG_ADAPTOR_TIMETICK_TICK_ALLOCATOR_H_
#define TIDELOG_ADAPTOR_TIMETICK_TICK_ALLOCATOR_H_

#include <algorithm>
#include <cstdint>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "wal/async/runtime.h"
#include "wal/environment.h"
#include "wal/types.h"

namespace tidelog::adaptor {

// How far a message's barrier may lie ahead of the clock (D1).
inline constexpr absl::Duration kBarrierAheadMax = absl::Seconds(10);

// Unique and increasing ticks (D1).  Without a source of the cluster's own it is a hybrid clock:
// the wall clock places the first tick of a term, and from then on the monotonic clock leads, so
// that no jump of the wall clock is felt.  Confined to the channel's executor.
class TickAllocator {
 public:
  // `runtime` and `source` outlive this; `source` may be null.  No tick will be at or below
  // `highest`, the highest one that the log holds.
  TickAllocator(const Runtime* runtime, TimeTickSource* source, TimeTick highest);

  // OK: Allocate() may be called with this barrier.  kInvalidArgument: it lies too far ahead.
  absl::Status CheckBarrier(TimeTick barrier) const;

  // A tick above every one allocated before and above `barrier`.  `now` is the runtime's Now(), or
  // was a moment ago: reading a clock is a good part of what an append costs.
  TimeTick Allocate(TimeTick barrier, absl::Duration now);

  // Where the clock stands: an Allocate() that came now would yield no less.
  TimeTick Present() const { return std::max(Clock(runtime_.Now()), last_); }

  // The last one allocated; `highest` if none was.
  TimeTick last() const { return last_; }
  uint64_t count() const { return count_; }  // Of those that were allocated.

 private:
  // What the clock says now, taken for a tick.
  TimeTick Clock(absl::Duration now) const;

  const Runtime& runtime_;
  TimeTickSource* const source_;
  TimeTick last_;
  uint64_t count_ = 0;
  uint64_t origin_ms_;     // Of the hybrid clock, since 1970 ...
  absl::Duration origin_;  // ... and when that was on the monotonic clock.
};

}  // namespace tidelog::adaptor

#endif  // TIDELOG_ADAPTOR_TIMETICK_TICK_ALLOCATOR_H_
