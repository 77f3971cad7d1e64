// What a scan was to deliver, as far as its options and the history tell.
#ifndef TIDELOG_SIM_CHECK_SCAN_RANGE_H_
#define TIDELOG_SIM_CHECK_SCAN_RANGE_H_

#include <vector>

#include "absl/functional/function_ref.h"
#include "sim/check/facts.h"
#include "sim/check/history.h"

namespace tidelog::sim::check {

// Whether a record passes the filters (F1).
bool PassesFilters(const ScanOpen& options, const Record& record);

// Calls `visit` with each entry of the log that the scan went past without delivering it, though it
// lies behind its start and passes its filters (F2, F4).  A scan has gone past what it delivered,
// what it said to be complete or to resume behind, and what lies before an end that it reached.
// Entries that some final scan lacks are left out: that is the log's fault and not the scan's.
void ForEachSkipped(const Facts& facts, const Scan& scan,
                    absl::FunctionRef<void(const Entry& entry)> visit);

// Calls `visit` with each entry behind what the scan went past, up to `through`, that it was to
// deliver.
void ForEachUnreached(const Facts& facts, const Scan& scan, Tick through,
                      absl::FunctionRef<void(const Entry& entry)> visit);

}  // namespace tidelog::sim::check

#endif  // TIDELOG_SIM_CHECK_SCAN_RANGE_H_
