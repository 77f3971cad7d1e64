#include "adaptor/prometheus/prometheus_exporter.h"

#include <cstddef>
#include <cstdint>
#include <exception>
#include <limits>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "prometheus/client_metric.h"
#include "prometheus/collectable.h"
#include "prometheus/exposer.h"
#include "prometheus/metric_family.h"
#include "prometheus/metric_type.h"
#include "prometheus/text_serializer.h"
#include "wal/status.h"

namespace tidelog {
namespace {

prometheus::MetricType TypeOf(Metric::Type type) {
  switch (type) {
    case Metric::Type::kCounter:
      return prometheus::MetricType::Counter;
    case Metric::Type::kGauge:
      return prometheus::MetricType::Gauge;
    case Metric::Type::kHistogram:
      return prometheus::MetricType::Histogram;
  }
  return prometheus::MetricType::Untyped;
}

// Theirs include one another.
prometheus::ClientMetric::Histogram HistogramOf(const Metric::Histogram& from) {
  prometheus::ClientMetric::Histogram histogram;
  for (size_t i = 0; i < from.counts.size(); ++i) {
    histogram.sample_count += from.counts[i];
    prometheus::ClientMetric::Bucket bucket;
    bucket.cumulative_count = histogram.sample_count;
    bucket.upper_bound =
        i < from.bounds.size() ? from.bounds[i] : std::numeric_limits<double>::infinity();
    histogram.bucket.push_back(bucket);
  }
  histogram.sample_sum = from.sum;
  return histogram;
}

prometheus::ClientMetric MetricOf(const Metric& from) {
  prometheus::ClientMetric metric;
  for (const auto& [name, value] : from.labels) metric.label.push_back({name, value});
  if (from.type == Metric::Type::kCounter) metric.counter.value = from.value;
  if (from.type == Metric::Type::kGauge) metric.gauge.value = from.value;
  if (from.type == Metric::Type::kHistogram) metric.histogram = HistogramOf(from.histogram);
  return metric;
}

class Families : public prometheus::Collectable {
 public:
  explicit Families(const MetricRegistry* metrics) : metrics_(*metrics) {}

  std::vector<prometheus::MetricFamily> Collect() const override {
    std::vector<prometheus::MetricFamily> families;
    for (const Metric& metric : metrics_.Collect()) {
      // They are sorted by name.
      if (families.empty() || families.back().name != metric.name) {
        families.push_back({metric.name, metric.help, TypeOf(metric.type), {}});
      }
      families.back().metric.push_back(MetricOf(metric));
    }
    return families;
  }

 private:
  const MetricRegistry& metrics_;
};

class HttpExporter : public PrometheusExporter {
 public:
  // Throws if nobody can listen there.
  HttpExporter(const MetricRegistry* metrics, const std::string& address)
      : families_(std::make_shared<Families>(metrics)), exposer_(address) {
    exposer_.RegisterCollectable(families_);
  }

  int port() const override { return exposer_.GetListeningPorts().front(); }

 private:
  const std::shared_ptr<Families> families_;
  prometheus::Exposer exposer_;
};

// The library's words end with a full stop and a line.
std::string_view Sentence(std::string_view text) {
  text = absl::StripTrailingAsciiWhitespace(text);
  if (!text.empty() && text.back() == '.') text.remove_suffix(1);
  return text;
}

}  // namespace

std::string PrometheusText(const MetricRegistry& metrics) {
  return prometheus::TextSerializer().Serialize(Families(&metrics).Collect());
}

absl::StatusOr<std::unique_ptr<PrometheusExporter>> PrometheusExporter::Serve(
    const MetricRegistry* metrics, std::string_view address) {
  try {
    return std::make_unique<HttpExporter>(metrics, std::string(address));
  } catch (const std::exception& error) {
    return WalError(WalErrorCode::kInvalidArgument,
                    absl::StrCat("metrics at \"", address,
                                 "\": nobody can listen there: ", Sentence(error.what())));
  }
}

}  // namespace tidelog
