// ScanCounts: what all scans of one log have done.
#ifndef TIDELOG_ADAPTOR_METRICS_SCAN_COUNTS_H_
#define TIDELOG_ADAPTOR_METRICS_SCAN_COUNTS_H_

#include <cstdint>

namespace tidelog::adaptor {

// Confined to the channel's executor.
struct ScanCounts {
  uint64_t read = 0;  // Records, from the backend or the buffer.
  uint64_t read_bytes = 0;
  uint64_t delivered = 0;  // Messages; a transaction is one.
  uint64_t delivered_bytes = 0;
  uint64_t term_violations = 0;  // Dropped (A5).
};

}  // namespace tidelog::adaptor

#endif  // TIDELOG_ADAPTOR_METRICS_SCAN_COUNTS_H_
