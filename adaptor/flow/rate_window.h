// RateWindow: how fast a counter has grown lately.
#ifndef TIDELOG_ADAPTOR_FLOW_RATE_WINDOW_H_
#define TIDELOG_ADAPTOR_FLOW_RATE_WINDOW_H_

#include <array>
#include <cstddef>
#include <cstdint>

#include "absl/time/time.h"

namespace tidelog::adaptor {

// Over ten seconds, in buckets of half a second, as Milvus has it.  Fed with what a counter says
// now and then, so that what is counted costs no more than its adding; what was counted between two
// readings is taken to have come evenly, however far apart they are.  Pure; thread-compatible.
class RateWindow {
 public:
  static constexpr absl::Duration kBucket = absl::Milliseconds(500);
  static constexpr size_t kBucketCount = 20;
  static constexpr absl::Duration kWindow = absl::Seconds(10);  // All buckets.

  // What the counter says at `now`.  Requires: neither goes back.
  void Add(absl::Duration now, uint64_t total);

  // Units a second.
  uint64_t rate() const { return rate_; }
  // Nothing was counted in the window.
  bool is_empty() const { return sum_ == 0; }

 private:
  void Spread(uint64_t added, absl::Duration from, absl::Duration to);
  uint64_t& BucketAt(int64_t number) {
    return buckets_[static_cast<size_t>(number) % kBucketCount];
  }

  std::array<uint64_t, kBucketCount> buckets_{};
  int64_t newest_ =
      0;  // The number of the bucket that is filled: it ends at so many times kBucket.
  bool has_begun_ = false;
  absl::Duration last_ = absl::ZeroDuration();
  uint64_t total_ = 0;
  uint64_t sum_ = 0;
  uint64_t rate_ = 0;
};

}  // namespace tidelog::adaptor

#endif  // TIDELOG_ADAPTOR_FLOW_RATE_WINDOW_H_
