// SeedRange: which seeds are run.
#ifndef TIDELOG_SIM_TRIAL_SEED_RANGE_H_
#define TIDELOG_SIM_TRIAL_SEED_RANGE_H_

#include <cstdint>
#include <string_view>

#include "absl/status/statusor.h"

namespace tidelog::sim {

struct SeedRange {
  uint64_t first = 1;
  uint64_t last = 1;  // Inclusive.

  uint64_t count() const { return last - first + 1; }
  friend bool operator==(const SeedRange&, const SeedRange&) = default;
};

// Of "A..B", both inclusive, or "A".  kInvalidArgument: it is no range, or holds nothing.
absl::StatusOr<SeedRange> ParseSeedRange(std::string_view text);

}  // namespace tidelog::sim

#endif  // TIDELOG_SIM_TRIAL_SEED_RANGE_H_
