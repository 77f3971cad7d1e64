// Row: what was measured of one subject at one kind of work, and how it compares.
#ifndef TIDELOG_TOOLS_BENCHMARK_ROW_H_
#define TIDELOG_TOOLS_BENCHMARK_ROW_H_

#include <cstddef>
#include <string>
#include <vector>

#include "tools/benchmark/statistics.h"

namespace tidelog::benchmark {

struct Row {
  std::string work;
  std::string subject;
  bool peer = false;
  bool durable = true;
  size_t payload = 0;
  size_t in_flight = 0;  // 0: not of appends.
  size_t batch = 1;
  size_t threads = 0;   // Of the client; 0: it is asynchronous.
  size_t channels = 1;  // That are open.
  std::string unit;
  bool more_is_better = true;
  std::vector<double> values;
  std::vector<double> raws;  // Beside each value, in its unit; empty: the work has no raw limit.
  std::vector<Spoiled> spoiled;
  // Set by CompareWithPeers(); empty: no durable peer does this work.
  std::string best_peer;
  double ratio_to_best_peer = 0;

  // For each value, how much of the raw machine's performance it is: more is better.  None for one
  // that stands beside nothing: on a busy machine a short sample may end no work at all.
  std::vector<double> Ratios() const;
};

// Finds the best durable peer of each row's work, by the median of its ratios to raw (which a drift
// of the machine does not touch), or of its values where there is no raw limit.
void CompareWithPeers(std::vector<Row>* rows);

}  // namespace tidelog::benchmark

#endif  // TIDELOG_TOOLS_BENCHMARK_ROW_H_
