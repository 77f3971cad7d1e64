// LatencyHistogram: how long something took, many times, in buckets.
#ifndef TIDELOG_ADAPTOR_METRICS_LATENCY_HISTOGRAM_H_
#define TIDELOG_ADAPTOR_METRICS_LATENCY_HISTOGRAM_H_

#include <array>
#include <cstddef>
#include <cstdint>

#include "absl/time/time.h"

namespace tidelog::adaptor {

// Thread-compatible; copied as a whole.
class LatencyHistogram {
 public:
  // From a write to a fast device to a backend that hangs.  Seconds, inclusive.
  static constexpr std::array<double, 16> kBounds = {0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005,
                                                     0.01,   0.025,   0.05,   0.1,   0.25,   0.5,
                                                     1,      2.5,     5,      10};

  void Add(absl::Duration took) {
    const double seconds = absl::ToDoubleSeconds(took);
    size_t bucket = 0;
    while (bucket < kBounds.size() && seconds > kBounds[bucket]) ++bucket;
    ++counts_[bucket];
    sum_ += seconds;
  }

  // One for each bound, and one for what lies above the last.
  const std::array<uint64_t, kBounds.size() + 1>& counts() const { return counts_; }
  double sum() const { return sum_; }  // Seconds.

 private:
  std::array<uint64_t, kBounds.size() + 1> counts_{};
  double sum_ = 0;
};

}  // namespace tidelog::adaptor

#endif  // TIDELOG_ADAPTOR_METRICS_LATENCY_HISTOGRAM_H_
