// Place: where it is measured: a directory that can be measured in, and the machine around it.
#ifndef TIDELOG_TOOLS_BENCHMARK_PLACE_H_
#define TIDELOG_TOOLS_BENCHMARK_PLACE_H_

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace tidelog::benchmark {

struct Place {
  std::string file_system;  // "ext4".
  std::string kernel;       // "Linux 6.1.0".
  std::string processor;
  int cores = 0;
};

// Looks at `directory`, and writes a probe to it.  INVALID_ARGUMENT, in one sentence that names the
// directory and the way out: it is missing, not empty, or cannot be written to; its file system
// keeps files in memory or has no direct I/O, so that a sync means nothing; or less than
// `free_bytes_min` are free there.
absl::StatusOr<Place> LookAt(const std::string& directory, uint64_t free_bytes_min);

}  // namespace tidelog::benchmark

#endif  // TIDELOG_TOOLS_BENCHMARK_PLACE_H_
