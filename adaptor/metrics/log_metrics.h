// LogMetrics: the numbers of one log that is open for writing, as they were at its last time tick.
#ifndef TIDELOG_ADAPTOR_METRICS_LOG_METRICS_H_
#define TIDELOG_ADAPTOR_METRICS_LOG_METRICS_H_

#include <array>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "adaptor/metrics/latency_histogram.h"
#include "adaptor/metrics/scan_counts.h"
#include "wal/metrics.h"
#include "wal/types.h"

namespace tidelog::adaptor {

// What the parts of a log count, at one moment.  Counters begin at 0 when the log is opened.
struct LogNumbers {
  uint64_t term = 0;
  uint64_t available = 0;  // 0: it is lost.

  // Ticks.
  uint64_t ticks_allocated = 0;
  TimeTick last_allocated{};
  TimeTick last_acknowledged{};
  TimeTick last_stored_tick{};
  TimeTick last_unstored_tick{};
  uint64_t stored_ticks = 0;
  uint64_t unstored_ticks = 0;

  // Appends, in messages.
  uint64_t done = 0;
  uint64_t not_done = 0;
  uint64_t unknown = 0;
  uint64_t stored_bytes = 0;  // Of records, the log's own ticks included.
  uint64_t retries = 0;       // Further attempts at the backend.
  uint64_t slow = 0;
  LatencyHistogram append;      // Of those that were sampled and are done, from the call on ...
  LatencyHistogram at_backend;  // ... and from the hand-over on.
  uint64_t in_flight = 0;
  uint64_t in_flight_bytes = 0;
  uint64_t waiting = 0;  // For room (C5).

  // Flow control (G5).
  uint64_t flow_state = 0;
  uint64_t flow_rate = 0;  // 0: unlimited, or rejecting.
  uint64_t flow_waiting = 0;
  uint64_t flow_paced = 0;
  uint64_t flow_refused = 0;

  // Transactions.
  uint64_t open_transactions = 0;
  std::array<uint64_t, 5> ended_transactions{};  // By TransactionEnd.

  // The write-ahead buffer.
  uint64_t buffer_entries = 0;
  uint64_t buffer_bytes = 0;
  uint64_t buffer_capacity = 0;
  TimeTick buffer_oldest{};
  TimeTick buffer_newest{};
  uint64_t buffer_batches = 0;
  uint64_t buffer_entered = 0;
  uint64_t buffer_left_behind = 0;

  // Scans.
  uint64_t scans = 0;
  uint64_t scan_pending_bytes = 0;
  ScanCounts scan_counts;

  // Of the appends that were sampled, by interceptor, outermost first.
  struct Hooks {
    std::string name;
    uint64_t count = 0;
    double before_seconds = 0;
    double after_seconds = 0;
  };
  std::vector<Hooks> interceptors;
};

// Safe from any thread.  Lives on its own, so that nobody who collects reaches into a log.
class LogMetrics : public MetricSource {
 public:
  // Labels of all series: one value each for every open log, so bounded.
  LogMetrics(std::string channel, std::string backend)
      : channel_(std::move(channel)), backend_(std::move(backend)) {}

  void Publish(const LogNumbers& numbers) {
    absl::MutexLock lock(&mutex_);
    numbers_ = numbers;
  }

  void Collect(std::vector<Metric>* metrics) const override;

 private:
  const std::string channel_;
  const std::string backend_;
  mutable absl::Mutex mutex_;
  LogNumbers numbers_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace tidelog::adaptor

#endif  // TIDELOG_ADAPTOR_METRICS_LOG_METRICS_H_
