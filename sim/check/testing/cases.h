// For every anomaly the smallest history that has it, and one that has none though it comes close.
#ifndef TIDELOG_SIM_CHECK_TESTING_CASES_H_
#define TIDELOG_SIM_CHECK_TESTING_CASES_H_

#include <span>
#include <string_view>

#include "sim/check/testing/story.h"

namespace tidelog::sim::check {

struct AnomalyCase {
  std::string_view checker;
  std::string_view anomaly;
  void (*bad)(Story& s);
  void (*good)(Story& s);
};

std::span<const AnomalyCase> ScanCases();
std::span<const AnomalyCase> RecordCases();
std::span<const AnomalyCase> CallCases();
std::span<const AnomalyCase> TransactionCases();
std::span<const AnomalyCase> IdempotencyCases();
std::span<const AnomalyCase> FlowCases();

}  // namespace tidelog::sim::check

#endif  // TIDELOG_SIM_CHECK_TESTING_CASES_H_
