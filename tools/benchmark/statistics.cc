#include "tools/benchmark/statistics.h"

#include <algorithm>
#include <cstddef>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_format.h"

namespace tidelog::benchmark {

std::optional<Summary> Summarize(std::vector<double> values) {
  if (values.empty()) return std::nullopt;
  std::sort(values.begin(), values.end());
  const size_t middle = values.size() / 2;
  const double median =
      values.size() % 2 == 1 ? values[middle] : (values[middle - 1] + values[middle]) / 2;
  return Summary{median, values.front(), values.back()};
}

Judgement Judge(const std::vector<Pair>& pairs, const std::vector<double>& raws,
                const NoiseLimits& limits) {
  Judgement judgement;
  const std::optional<Summary> raw = Summarize(raws);
  for (const Pair& pair : pairs) {
    const double ratio = pair.raw / raw->median;
    if (pair.stolen > limits.stolen_max) {
      std::string why = absl::StrFormat("%.0f%% of the processor was stolen", 100 * pair.stolen);
      judgement.spoiled.push_back({pair.round, std::move(why)});
    } else if (ratio > limits.raw_ratio_max || ratio * limits.raw_ratio_max < 1) {
      std::string why = absl::StrFormat("raw beside it was %.2f of its median", ratio);
      judgement.spoiled.push_back({pair.round, std::move(why)});
    } else {
      judgement.used.push_back(pair);
    }
  }
  return judgement;
}

}  // namespace tidelog::benchmark
