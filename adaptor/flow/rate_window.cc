#include "adaptor/flow/rate_window.h"

#include <algorithm>
#include <numeric>

namespace tidelog::adaptor {

void RateWindow::Add(absl::Duration now, uint64_t total) {
  const int64_t bucket = absl::Ceil(now, kBucket) / kBucket;
  const int64_t passed = std::min<int64_t>(bucket - newest_, kBucketCount);
  for (int64_t i = 0; i < passed; ++i) BucketAt(bucket - i) = 0;
  newest_ = bucket;
  Spread(total - total_, has_begun_ ? last_ : now, now);
  has_begun_ = true;
  last_ = now;
  total_ = total;
  sum_ = std::accumulate(buckets_.begin(), buckets_.end(), uint64_t{0});
  rate_ = sum_ / static_cast<uint64_t>(absl::ToInt64Seconds(kWindow));
}

// In the newest bucket alone it would be all of it in the window, though a part came before: with
// readings six seconds apart the window would have twelve.
void RateWindow::Spread(uint64_t added, absl::Duration from, absl::Duration to) {
  if (to <= from) {
    BucketAt(newest_) += added;
    return;
  }
  const auto until = [=](absl::Duration end) {
    return static_cast<uint64_t>(static_cast<double>(added) *
                                 absl::FDivDuration(end - from, to - from));
  };
  const int64_t oldest =
      std::max(absl::Floor(from, kBucket) / kBucket + 1, newest_ - int64_t{kBucketCount} + 1);
  uint64_t before = until(std::max(from, (oldest - 1) * kBucket));
  for (int64_t i = oldest; i <= newest_; ++i) {
    const uint64_t end = i == newest_ ? added : until(i * kBucket);
    BucketAt(i) += end - before;
    before = end;
  }
}

}  // namespace tidelog::adaptor
