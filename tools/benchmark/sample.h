// Sample: one subject at one kind of work, for a slice of time.
#ifndef TIDELOG_TOOLS_BENCHMARK_SAMPLE_H_
#define TIDELOG_TOOLS_BENCHMARK_SAMPLE_H_

#include <cstddef>
#include <cstdint>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "tools/benchmark/subject/subject.h"

namespace tidelog::benchmark {

enum class WorkKind {
  kAppend,   // Asynchronously, where the subject can; else a thread each.
  kThreads,  // A thread each, which waits.
  kBatch,    // kBatchCount together, one thread.
  kScan,     // All there is, one thread.
};

struct Work {
  WorkKind kind = WorkKind::kAppend;
  size_t payload = 1024;
  size_t in_flight = 1;  // Of appends; 1 of other work.
};

inline constexpr size_t kBatchCount = 64;

// With so many the machine is busy with switching, and a peer's groups are as large as they get: a
// thread each is how nobody keeps 1024 appends in flight.
inline constexpr size_t kThreadsMax = 256;

// How many appends of `work` are in flight at `subject`, and how.
struct Client {
  bool asynchronous = false;
  size_t count = 1;
};
Client ClientOf(Subject& subject, const Work& work);

// Works for about `slice` and yields the rate: records a second, or of a scan, megabytes of payload
// a second.  Where the subject itself checks nothing a scan computes the CRC32C of each payload.
absl::StatusOr<double> TakeSample(Subject& subject, const Work& work, absl::Duration slice);

// Appends `count` payloads as fast as it can, to have something to read.
absl::Status Fill(Subject& subject, size_t payload, uint64_t count);

}  // namespace tidelog::benchmark

#endif  // TIDELOG_TOOLS_BENCHMARK_SAMPLE_H_
