// What is measured of a log's life besides its throughput: how long it takes to open, how soon a
// reader sees what was appended, and what a log costs that nobody uses.
#ifndef TIDELOG_TOOLS_BENCHMARK_LIFE_H_
#define TIDELOG_TOOLS_BENCHMARK_LIFE_H_

#include <vector>

#include "absl/status/statusor.h"
#include "tools/benchmark/plan.h"
#include "tools/benchmark/row.h"

namespace tidelog::benchmark {

// "open": milliseconds from the call until appends are taken, of options.bytes_to_read in records
// of 1 KiB that were closed cleanly and lie in the page cache.  Subjects in turn.
absl::StatusOr<std::vector<Row>> MeasureOpen(const Options& options);

// "visible" and "visible_after_ack": microseconds until a reader in the writer's process, which
// waits for it, is given what was appended, from the call of the append and from its return.  A
// thousand appends of 1 KiB a second; a value is the median of one round.  Raw, of
// "visible": a thread that writes, syncs and then wakes another.
absl::StatusOr<std::vector<Row>> MeasureVisible(const Options& options);

// "idle_cpu", "idle_wakes", "idle_memory": what many open channels cost that nobody appends to:
// microseconds of processor time a second, times that any thread was given the processor a second,
// and bytes of the heap; each for one channel, but the wakes for all.
absl::StatusOr<std::vector<Row>> MeasureIdle(const Options& options);

}  // namespace tidelog::benchmark

#endif  // TIDELOG_TOOLS_BENCHMARK_LIFE_H_
