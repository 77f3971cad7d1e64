// Bench: a whole run: every subject at every kind of work, interleaved with the raw machine.
#ifndef TIDELOG_TOOLS_BENCHMARK_BENCH_H_
#define TIDELOG_TOOLS_BENCHMARK_BENCH_H_

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "tools/benchmark/plan.h"
#include "tools/benchmark/row.h"

namespace tidelog::benchmark {

// Is told what is being measured, and how far the run is.
using Progress = std::function<void(size_t done, size_t of, std::string_view what)>;

// Runs `plan`: in each round each subject in turn, the order rotating, and before each of its
// samples one of the raw machine.  What a neighbour spoiled is measured again, but not for ever.
absl::StatusOr<std::vector<Row>> RunPlan(const Options& options, const Plan& plan,
                                         const Progress& progress);

}  // namespace tidelog::benchmark

#endif  // TIDELOG_TOOLS_BENCHMARK_BENCH_H_
