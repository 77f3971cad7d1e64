// NodeMetrics: what a node counts of all its channels (H4).
#ifndef TIDELOG_ADAPTOR_NODE_MANAGER_NODE_METRICS_H_
#define TIDELOG_ADAPTOR_NODE_MANAGER_NODE_METRICS_H_

#include <atomic>
#include <cstdint>
#include <vector>

#include "wal/async/runtime.h"
#include "wal/metrics.h"

namespace tidelog::adaptor {

// Counted on the node's executor, and read from any thread: a node has no tick at which it could
// leave a copy behind, and opens and closes are seldom enough for atomics.
class NodeMetrics : public MetricSource {
 public:
  // `runtime` outlives this.
  explicit NodeMetrics(Runtime* runtime) : runtime_(*runtime) {}

  void Collect(std::vector<Metric>* metrics) const override;

  std::atomic<uint64_t> channels{0};  // That were ever asked for.
  std::atomic<uint64_t> open_logs{0};
  std::atomic<uint64_t> opens{0};
  std::atomic<uint64_t> failed_opens{0};
  std::atomic<uint64_t> lost_logs{0};
  std::atomic<uint64_t> hung_closes{0};

 private:
  Runtime& runtime_;
};

}  // namespace tidelog::adaptor

#endif  // TIDELOG_ADAPTOR_NODE_MANAGER_NODE_METRICS_H_
