#include "tools/benchmark/row.h"

#include <cstddef>
#include <optional>
#include <vector>

#include "tools/benchmark/statistics.h"

namespace tidelog::benchmark {
namespace {

bool SameWork(const Row& a, const Row& b) {
  return a.work == b.work && a.payload == b.payload && a.in_flight == b.in_flight &&
         a.batch == b.batch;
}

// By what rows of the same work are compared: more is better.  None: everything was spoiled.
std::optional<double> Score(const Row& row) {
  const std::optional<Summary> ratios = Summarize(row.Ratios());
  if (ratios.has_value()) return ratios->median;
  const std::optional<Summary> values = Summarize(row.values);
  if (!values.has_value() || !row.raws.empty()) return std::nullopt;
  return row.more_is_better ? values->median : 1 / values->median;
}

}  // namespace

std::vector<double> Row::Ratios() const {
  std::vector<double> ratios;
  for (size_t i = 0; i < raws.size(); ++i) {
    const double over = more_is_better ? values[i] : raws[i];
    const double under = more_is_better ? raws[i] : values[i];
    if (under > 0) ratios.push_back(over / under);
  }
  return ratios;
}

void CompareWithPeers(std::vector<Row>* rows) {
  for (Row& row : *rows) {
    const std::optional<double> score = Score(row);
    if (!score.has_value()) continue;
    double best = 0;
    for (const Row& peer : *rows) {
      if (!peer.peer || !peer.durable || !SameWork(row, peer)) continue;
      const std::optional<double> other = Score(peer);
      if (!other.has_value() || *other <= best) continue;
      best = *other;
      row.best_peer = peer.subject;
      row.ratio_to_best_peer = *score / best;
    }
  }
}

}  // namespace tidelog::benchmark
