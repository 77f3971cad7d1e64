// The report: what was measured as JSON, from which everything that is shown is made.
#ifndef TIDELOG_TOOLS_BENCHMARK_REPORT_H_
#define TIDELOG_TOOLS_BENCHMARK_REPORT_H_

#include <string>
#include <vector>

#include "nlohmann/json.hpp"
#include "tools/benchmark/place.h"
#include "tools/benchmark/plan.h"
#include "tools/benchmark/row.h"

namespace tidelog::benchmark {

// One row.  Keys are always there; null: it was not measured, or does not apply.  README.md has the
// list.
nlohmann::ordered_json ToJson(const Row& row);

// {"version", "quick", "place", "subjects", "rows", "left_out"}.
nlohmann::ordered_json ToJson(const Options& options, const Place& place,
                              const std::vector<Row>& rows, const std::vector<LeftOut>& left_out);

}  // namespace tidelog::benchmark

#endif  // TIDELOG_TOOLS_BENCHMARK_REPORT_H_
