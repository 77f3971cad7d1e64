// Pace: how long a sample may take, so that a run with a deadline measures everything and ends in
// time.
#ifndef TIDELOG_TOOLS_BENCHMARK_PACE_H_
#define TIDELOG_TOOLS_BENCHMARK_PACE_H_

#include "absl/time/time.h"

namespace tidelog::benchmark {

class Pace {
 public:
  // So many pairs of samples, and so many subjects to be set up, lie ahead.
  Pace(absl::Duration slice_max, absl::Duration deadline, int pairs, int set_ups)
      : slice_max_(slice_max), deadline_(deadline), pairs_(pairs), set_ups_(set_ups) {}

  // Of the next sample, if it is `now`.
  absl::Duration Slice(absl::Duration now) const;
  bool late(absl::Duration now) const { return now >= deadline_; }

  void PairDone() { --pairs_; }
  void SetUpDone(absl::Duration took);

 private:
  const absl::Duration slice_max_;
  const absl::Duration deadline_;
  int pairs_;
  int set_ups_;
  int set_ups_done_ = 0;
  absl::Duration set_ups_took_;
};

}  // namespace tidelog::benchmark

#endif  // TIDELOG_TOOLS_BENCHMARK_PACE_H_
