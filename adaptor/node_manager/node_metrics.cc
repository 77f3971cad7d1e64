#include "adaptor/node_manager/node_metrics.h"

#include <string>
#include <string_view>

#include "absl/strings/str_cat.h"

namespace tidelog::adaptor {
namespace {

void Add(std::string_view name, std::string_view help, Metric::Type type, uint64_t value,
         std::vector<Metric>* metrics) {
  Metric& metric = metrics->emplace_back();
  metric.name = absl::StrCat("tidelog_node_", name);
  metric.help = std::string(help);
  metric.type = type;
  metric.value = static_cast<double>(value);
}

}  // namespace

void NodeMetrics::Collect(std::vector<Metric>* metrics) const {
  using Type = Metric::Type;
  Add("channels", "Channels that the node was ever asked for.", Type::kGauge, channels, metrics);
  Add("open_logs", "Channels that are open here for writing.", Type::kGauge, open_logs, metrics);
  Add("open_total", "Opens that have ended, however.", Type::kCounter, opens, metrics);
  Add("open_failed_total", "Opens that have failed.", Type::kCounter, failed_opens, metrics);
  Add("log_lost_total", "Logs that were fenced or broken while they were open.", Type::kCounter,
      lost_logs, metrics);
  Add("close_hung_total", "Closes of which a step took too long.", Type::kCounter, hung_closes,
      metrics);
  Add("quarantine_size", "What hangs in the backend and waits to be freed.", Type::kGauge,
      runtime_.quarantine().size(), metrics);
}

}  // namespace tidelog::adaptor
