// FileLog: the log as its users have it: the adaptor over the file backend.
#ifndef TIDELOG_TOOLS_BENCHMARK_SUBJECT_FILE_LOG_H_
#define TIDELOG_TOOLS_BENCHMARK_SUBJECT_FILE_LOG_H_

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "tools/benchmark/subject/subject.h"
#include "wal/opener.h"
#include "wal/types.h"
#include "wal/wal.h"

namespace tidelog::benchmark {

// One channel.  Each Open() has the next term.
class FileLog final : public Subject, public Asynchronous {
 public:
  // Whether the log is truncated as it grows, and uses its files again; else it is kept, to be
  // read.
  explicit FileLog(bool truncates) : truncates_(truncates) {}

  const Facts& facts() const override;
  absl::Status Open(const std::string& directory) override;
  absl::Status Append(std::string_view payload) override;
  absl::Status AppendBatch(std::string_view payload, size_t count) override;
  absl::StatusOr<uint64_t> AppendInFlight(std::string_view payload, size_t in_flight,
                                          Limit limit) override;
  absl::Status Scan(Visitor visit) override;
  absl::Status Close() override;
  Asynchronous* asynchronous() override { return this; }

  // For what measures a log of this project and nothing else.  Requires: open.
  Wal* wal() { return wal_.get(); }

 private:
  absl::Status TruncateAsItGrows(uint64_t bytes, const AppendResult& newest);

  const bool truncates_;
  int64_t term_ = 0;
  std::atomic<uint64_t> appended_bytes_{0};  // By blocking calls.
  std::unique_ptr<OpenerBuilder> builder_;
  std::unique_ptr<Opener> opener_;
  std::unique_ptr<Wal> wal_;
};

}  // namespace tidelog::benchmark

#endif  // TIDELOG_TOOLS_BENCHMARK_SUBJECT_FILE_LOG_H_
