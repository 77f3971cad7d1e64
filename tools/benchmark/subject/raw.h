// RawMachine: what the machine itself can do: the limits that a log is measured against.
//
// Records are framed (32 bytes, CRC32C) and written to a file of 256 MiB that was filled with zeros
// and is written over, so that neither allocation nor a growing size costs anything.
#ifndef TIDELOG_TOOLS_BENCHMARK_SUBJECT_RAW_H_
#define TIDELOG_TOOLS_BENCHMARK_SUBJECT_RAW_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "tools/benchmark/subject/subject.h"

namespace tidelog::benchmark {

// For one thread at a time.
class RawMachine final : public Subject, public Asynchronous {
 public:
  // Without a size: as a result is to be measured.
  explicit RawMachine(size_t file_bytes = 256u << 20) : file_bytes_(file_bytes) {}
  RawMachine(const RawMachine&) = delete;
  RawMachine& operator=(const RawMachine&) = delete;
  ~RawMachine() override;

  const Facts& facts() const override;
  absl::Status Open(const std::string& directory) override;

  // One record a pwrite and an fdatasync.
  absl::Status Append(std::string_view payload) override;

  // The records in one pwrite, and an fdatasync.
  absl::Status AppendBatch(std::string_view payload, size_t count) override;

  // The asynchronous model: one thread keeps `in_flight` records outstanding, another writes and
  // syncs what has gathered.
  absl::StatusOr<uint64_t> AppendInFlight(std::string_view payload, size_t in_flight,
                                          Limit limit) override;

  // Reads the whole file, whatever was written to it, in pieces of 1 MiB; computes the CRC32C of
  // each record, as if all were of one size, and shows that.
  absl::Status Scan(Visitor visit) override;
  void set_scanned_payload(size_t size) { scanned_payload_ = size; }

  absl::Status Close() override;
  Asynchronous* asynchronous() override { return this; }

 private:
  absl::Status WriteDurably(const std::vector<char>& bytes);

  const size_t file_bytes_;  // Of whole pieces that a scan reads.
  int descriptor_ = -1;
  size_t offset_ = 0;
  uint64_t sequence_ = 0;
  size_t scanned_payload_ = 1024;
  std::vector<char> frames_;
};

}  // namespace tidelog::benchmark

#endif  // TIDELOG_TOOLS_BENCHMARK_SUBJECT_RAW_H_
