// What the machine itself can do: the limits that a log is measured against.
//
// Records are framed (32 bytes, CRC32C) and written to a file of 256 MiB that was filled with zeros
// and is written over, so that neither allocation nor a growing size costs anything: no log on this
// file system can be faster.
#ifndef TIDELOG_TOOLS_BENCHMARK_RAW_H_
#define TIDELOG_TOOLS_BENCHMARK_RAW_H_

#include <cstddef>
#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace tidelog::benchmark {

struct RawResult {
  uint64_t records = 0;
  absl::Duration elapsed;
};

// A pre-filled file to write over.
class RawFile {
 public:
  static absl::StatusOr<RawFile> Create(const std::string& path);
  RawFile(RawFile&& other) noexcept;
  RawFile& operator=(RawFile&&) = delete;
  ~RawFile();

  // One record a pwrite and an fdatasync, for `duration`.
  RawResult WriteSingly(size_t payload, absl::Duration duration);

  // The asynchronous model: one thread keeps `in_flight` records outstanding, another writes and
  // syncs what has gathered.
  RawResult WriteGroups(size_t payload, size_t in_flight, absl::Duration duration);

  // Reads the file in pieces of 1 MiB and computes the CRC32C of each record: bytes a second.
  double ScanBytesPerSecond(size_t payload, absl::Duration duration);

 private:
  explicit RawFile(int descriptor) : descriptor_(descriptor) {}
  int descriptor_;
};

}  // namespace tidelog::benchmark

#endif  // TIDELOG_TOOLS_BENCHMARK_RAW_H_
