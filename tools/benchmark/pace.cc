#include "tools/benchmark/pace.h"

#include <algorithm>

#include "absl/time/time.h"

namespace tidelog::benchmark {
namespace {

// Below that a sample of single appends says little.
constexpr absl::Duration kSliceMin = absl::Milliseconds(60);
// Until there is experience.
constexpr absl::Duration kSetUpGuess = absl::Milliseconds(200);

}  // namespace

absl::Duration Pace::Slice(absl::Duration now) const {
  if (deadline_ == absl::InfiniteDuration()) return slice_max_;
  const absl::Duration set_up =
      set_ups_done_ == 0 ? kSetUpGuess : set_ups_took_ / std::max(set_ups_done_, 1);
  const absl::Duration left = deadline_ - now - set_up * std::max(set_ups_, 0);
  return std::clamp(left / (2 * std::max(pairs_, 1)), std::min(kSliceMin, slice_max_), slice_max_);
}

void Pace::SetUpDone(absl::Duration took) {
  --set_ups_;
  ++set_ups_done_;
  set_ups_took_ += took;
}

}  // namespace tidelog::benchmark
