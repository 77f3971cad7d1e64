// PrometheusExporter: a MetricRegistry, where Prometheus finds it (H4).
//
//   MetricRegistry metrics;
//   absl::StatusOr<std::unique_ptr<PrometheusExporter>> exporter =
//       PrometheusExporter::Serve(&metrics, "127.0.0.1:9464");
//   ... http://127.0.0.1:9464/metrics ...
#ifndef TIDELOG_ADAPTOR_PROMETHEUS_PROMETHEUS_EXPORTER_H_
#define TIDELOG_ADAPTOR_PROMETHEUS_PROMETHEUS_EXPORTER_H_

#include <memory>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "wal/metrics.h"

namespace tidelog {

// All of `metrics` in Prometheus' text format.
std::string PrometheusText(const MetricRegistry& metrics);

// Serves it over HTTP, under /metrics, until it is destroyed.  Safe from any thread; to be
// destroyed on a thread that may block.  The library has two threads of its own for it, outside of
// the log's Runtime: they only read copies (wal/metrics.h).
class PrometheusExporter {
 public:
  // `metrics` outlives the exporter; `address` is "HOST:PORT", or a port of every interface; port 0
  // is any that is free.  kInvalidArgument: nobody can listen there; says where.
  static absl::StatusOr<std::unique_ptr<PrometheusExporter>> Serve(const MetricRegistry* metrics,
                                                                   std::string_view address);
  virtual ~PrometheusExporter() = default;

  // Where it listens.
  virtual int port() const = 0;
};

}  // namespace tidelog

#endif  // TIDELOG_ADAPTOR_PROMETHEUS_PROMETHEUS_EXPORTER_H_
