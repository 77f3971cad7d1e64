#include "wal/metrics.h"

#include "absl/container/btree_map.h"

namespace tidelog {

void MetricRegistry::Add(std::shared_ptr<const MetricSource> source) {
  absl::MutexLock lock(&mutex_);
  sources_.push_back(std::move(source));
}

void MetricRegistry::Remove(const MetricSource* source) {
  absl::MutexLock lock(&mutex_);
  std::erase_if(sources_, [source](const auto& s) { return s.get() == source; });
}

std::vector<Metric> MetricRegistry::Collect() const {
  std::vector<std::shared_ptr<const MetricSource>> sources;
  {
    absl::MutexLock lock(&mutex_);
    sources = sources_;
  }
  std::vector<Metric> collected;
  for (const auto& source : sources) source->Collect(&collected);
  absl::btree_map<std::pair<std::string, Metric::Labels>, Metric> sorted;
  for (Metric& metric : collected) {
    std::pair<std::string, Metric::Labels> key(metric.name, metric.labels);
    sorted.insert_or_assign(std::move(key), std::move(metric));
  }
  std::vector<Metric> metrics;
  metrics.reserve(sorted.size());
  for (auto& [key, metric] : sorted) metrics.push_back(std::move(metric));
  return metrics;
}

}  // namespace tidelog
