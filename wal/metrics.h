// MetricRegistry: what can be measured in a process, for whoever exports it (H4).
//
//   MetricRegistry metrics;
//   Environment environment{.metrics = &metrics};
//   ... open logs with it ...
//   for (const Metric& metric : metrics.Collect()) ...
//
// For Prometheus: adaptor/prometheus/prometheus_exporter.h.
#ifndef TIDELOG_WAL_METRICS_H_
#define TIDELOG_WAL_METRICS_H_

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"

namespace tidelog {

// One series, as it stands.
struct Metric {
  enum class Type {
    kCounter,  // Only grows while its source lives.
    kGauge,
    kHistogram,
  };
  // `counts` has an entry for each bound, and one for what lies above the last; they do not
  // include one another.
  struct Histogram {
    std::vector<double> bounds;  // Inclusive upper bounds, ascending.
    std::vector<uint64_t> counts;
    double sum = 0;
  };
  using Labels = std::vector<std::pair<std::string, std::string>>;

  std::string name;  // "tidelog_wal_append_message_total".  Times are in seconds, sizes in bytes.
  std::string help;  // One sentence.  The same for all series of one name, as the type is.
  Type type{};
  Labels labels;        // In a fixed order.
  double value = 0;     // Of counters and gauges.
  Histogram histogram;  // Of histograms.
};

// Something that is measured: an open log.  Safe from any thread.
class MetricSource {
 public:
  virtual ~MetricSource() = default;
  // Adds all its series to `metrics`.  Must not block for long, and must not call the registry.
  virtual void Collect(std::vector<Metric>* metrics) const = 0;
};

// All there are.  Safe from any thread.  Whoever collects costs those who are measured nothing:
// they leave copies of their numbers behind, a log at every time tick.
class MetricRegistry {
 public:
  MetricRegistry() = default;
  MetricRegistry(const MetricRegistry&) = delete;
  MetricRegistry& operator=(const MetricRegistry&) = delete;

  void Add(std::shared_ptr<const MetricSource> source);
  // Its series are gone from the next Collect() on.  No-op if it is not there.
  void Remove(const MetricSource* source);

  // All series, sorted by name, then labels.  If two sources have the same series, as two terms of
  // one channel may for a moment, it is that of the one that was added last.
  std::vector<Metric> Collect() const;

 private:
  mutable absl::Mutex mutex_;
  // In the order added.
  std::vector<std::shared_ptr<const MetricSource>> sources_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace tidelog

#endif  // TIDELOG_WAL_METRICS_H_
