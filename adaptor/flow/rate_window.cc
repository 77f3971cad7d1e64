#include "adaptor/flow/rate_window.h"

#include <algorithm>
#include <numeric>

namespace tidelog::adaptor {

void RateWindow::Add(absl::Duration now, uint64_t total) {
  const int64_t bucket = now / kBucket;
  const absl::Duration since = has_begun_ ? now - last_ : absl::ZeroDuration();
  const uint64_t added = total - total_;
  has_begun_ = true;
  last_ = now;
  total_ = total;
  const int64_t passed = std::min<int64_t>(bucket - newest_, kBucketCount);
  for (int64_t i = 1; i <= passed; ++i) buckets_[(newest_ + i) % kBucketCount] = 0;
  newest_ = bucket;
  // `passed` buckets were emptied from the one behind the old newest; if all were, any begins.
  buckets_[newest_ % kBucketCount] += added;
  const uint64_t sum = std::accumulate(buckets_.begin(), buckets_.end(), uint64_t{0});
  rate_ = sum / static_cast<uint64_t>(absl::ToInt64Seconds(std::max(kWindow, since)));
}

}  // namespace tidelog::adaptor
