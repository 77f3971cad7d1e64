// The log under test: the file backend with the adaptor on top, through the interfaces that
// everybody uses.
#ifndef TIDELOG_TOOLS_BENCHMARK_LOG_WORK_H_
#define TIDELOG_TOOLS_BENCHMARK_LOG_WORK_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "wal/opener.h"
#include "wal/wal.h"

namespace tidelog::benchmark {

struct LogResult {
  uint64_t records = 0;
  absl::Duration elapsed;
};

// One open channel of a file log in a directory of its own.  Aborts on errors: a benchmark has
// nobody to tell.
class LogUnderTest {
 public:
  // Makes the log, or opens the next term of it.
  LogUnderTest(const std::string& directory, const std::string& channel, Term term);
  ~LogUnderTest();

  // A thread of its own appends, one message at a time, and waits for each.
  LogResult AppendBlocking(size_t payload, absl::Duration duration);

  // Keeps `in_flight` appends outstanding, from the log's own executor.
  LogResult AppendAsync(size_t payload, size_t in_flight, absl::Duration duration);

  // Appends `count` messages, to have something to read.
  void Fill(size_t payload, uint64_t count);

  // Reads everything once: payload bytes a second.
  double ScanBytesPerSecond();

 private:
  std::unique_ptr<OpenerBuilder> builder_;
  std::unique_ptr<Opener> opener_;
  std::unique_ptr<Wal> wal_;
};

}  // namespace tidelog::benchmark

#endif  // TIDELOG_TOOLS_BENCHMARK_LOG_WORK_H_
