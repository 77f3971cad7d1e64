#include "adaptor/timetick/tick_allocator.h"

#include <algorithm>
#include <cstdint>

#include "absl/strings/str_cat.h"
#include "wal/base/mutant.h"
#include "wal/status.h"

namespace tidelog::adaptor {

TickAllocator::TickAllocator(const Runtime* runtime, TimeTickSource* source, TimeTick highest)
    : runtime_(*runtime), source_(source), last_(highest) {
  if (MutantIs(Mutant::kFirstTickNotAboveStored)) last_ = highest = TimeTick{0};
  const int64_t wall_ms = std::max<int64_t>(0, absl::ToUnixMillis(runtime->WallNow()));
  // With a wall clock that has fallen behind the log, time goes on from where the log stands.
  origin_ms_ = std::max(static_cast<uint64_t>(wall_ms), PhysicalMs(Next(highest)));
  origin_ = runtime->Now();
}

TimeTick TickAllocator::Clock(absl::Duration now) const {
  if (source_ != nullptr) return source_->Now();
  const int64_t passed_ms = absl::ToInt64Milliseconds(now - origin_);
  return MakeTimeTick(origin_ms_ + static_cast<uint64_t>(passed_ms), 0);
}

absl::Status TickAllocator::CheckBarrier(TimeTick barrier) const {
  // Not last_: else a row of barriers, each within the bound, would drive the ticks away from time.
  const uint64_t now_ms = PhysicalMs(Clock(runtime_.Now()));
  const uint64_t ahead_max_ms = static_cast<uint64_t>(absl::ToInt64Milliseconds(kBarrierAheadMax));
  if (PhysicalMs(barrier) <= now_ms + ahead_max_ms) return absl::OkStatus();
  return WalError(
      WalErrorCode::kInvalidArgument,
      absl::StrCat("a barrier at time tick ", ToInt(barrier), ", ", PhysicalMs(barrier) - now_ms,
                   " ms ahead of the clock: at most ", ahead_max_ms, " ms are allowed"));
}

TimeTick TickAllocator::Allocate(TimeTick barrier, absl::Duration now) {
  ++count_;
  last_ = std::max({Clock(now), Next(last_), Next(barrier)});
  return last_;
}

}  // namespace tidelog::adaptor
