// RateWindow: how fast a counter has grown lately.
#ifndef TIDELOG_ADAPTOR_FLOW_RATE_WINDOW_H_
#define TIDELOG_ADAPTOR_FLOW_RATE_WINDOW_H_

#include <array>
#include <cstddef>
#include <cstdint>

#include "absl/time/time.h"

namespace tidelog::adaptor {

// Over ten seconds, in buckets of half a second, as Milvus has it.  Fed with what a counter says
// now and then, so that what is counted costs no more than its adding.  Pure; thread-compatible.
class RateWindow {
 public:
  static constexpr absl::Duration kBucket = absl::Milliseconds(500);
  static constexpr size_t kBucketCount = 20;
  static constexpr absl::Duration kWindow = absl::Seconds(10);  // All buckets.

  // What the counter says at `now`.  Requires: neither goes back.
  void Add(absl::Duration now, uint64_t total);

  // Units a second.  What was counted in a longer time than the window is spread over that.
  uint64_t rate() const { return rate_; }

 private:
  std::array<uint64_t, kBucketCount> buckets_{};
  int64_t newest_ = 0;  // The number of the bucket that is filled.
  bool has_begun_ = false;
  absl::Duration last_ = absl::ZeroDuration();
  uint64_t total_ = 0;
  uint64_t rate_ = 0;
};

}  // namespace tidelog::adaptor

#endif  // TIDELOG_ADAPTOR_FLOW_RATE_WINDOW_H_
