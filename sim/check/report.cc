#include "sim/check/report.h"

#include <algorithm>
#include <cstddef>
#include <utility>

#include "absl/log/check.h"

namespace tidelog::sim::check {

void Report::Begin(const Checker* checker) {
  checker_ = checker;
  counts_.assign(checker->anomalies.size(), 0);
}

void Report::Add(std::string_view anomaly, std::string_view message,
                 std::initializer_list<int> events) {
  const auto found = std::find_if(checker_->anomalies.begin(), checker_->anomalies.end(),
                                  [anomaly](const Anomaly& a) { return a.name == anomaly; });
  CHECK(found != checker_->anomalies.end()) << checker_->name << " does not list " << anomaly;
  int& count = counts_[static_cast<size_t>(found - checker_->anomalies.begin())];
  if (++count > kKeptMax) return;
  Violation violation{std::string(checker_->name), std::string(found->rule), std::string(anomaly),
                      std::string(message), std::vector<int>()};
  for (const int event : events) {
    if (event >= 0) violation.events.push_back(event);
  }
  violations_.push_back(std::move(violation));
}

}  // namespace tidelog::sim::check
