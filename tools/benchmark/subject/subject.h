// Subject: what is measured: something that payloads are appended to durably, and read from.
//
// The log, its backend alone, the bare machine and other people's stores are each one short file
// behind this.  A benchmark runs the same loops over all of them.
#ifndef TIDELOG_TOOLS_BENCHMARK_SUBJECT_SUBJECT_H_
#define TIDELOG_TOOLS_BENCHMARK_SUBJECT_SUBJECT_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace tidelog::benchmark {

// What a reader of the figures has to know.  Constant.
struct Facts {
  std::string_view name;
  bool durable;          // An append that returned survives a power cut.
  bool peer;             // Somebody else's store.
  bool groups_commits;   // Appends of several threads share a sync.
  bool verifies;         // A scan checks checksums of its own.
  std::string_view how;  // How it is set up, and what a scan of it reads.
};

// When a run of appends is over: at a time, on the scale of the runtime's Now(), or after a number.
struct Limit {
  absl::Duration deadline = absl::InfiniteDuration();
  uint64_t count_max = UINT64_MAX;
};

using Visitor = absl::FunctionRef<void(std::string_view payload)>;

// A subject that takes appends without a thread for each.
class Asynchronous {
 public:
  virtual ~Asynchronous() = default;

  // Keeps `in_flight` appends outstanding until `limit`, and yields how many were acknowledged.
  virtual absl::StatusOr<uint64_t> AppendInFlight(std::string_view payload, size_t in_flight,
                                                  Limit limit) = 0;
};

// One thread opens, scans and closes it; Append() is safe from any thread.  Errors are of any code
// and say what failed.
class Subject {
 public:
  // Requires: closed.
  virtual ~Subject() = default;

  virtual const Facts& facts() const = 0;

  // Opens what is in `directory`, which is there, and empty the first time.  It belongs to this
  // subject.
  virtual absl::Status Open(const std::string& directory) = 0;

  // Returns once the payload is durable.
  virtual absl::Status Append(std::string_view payload) = 0;

  // Appends it `count` times, together, and returns once all are durable.  One thread at a time.
  virtual absl::Status AppendBatch(std::string_view payload, size_t count) = 0;

  // Shows every payload, in the order of the appends.  Requires: nothing is being appended.
  virtual absl::Status Scan(Visitor visit) = 0;

  virtual absl::Status Close() = 0;

  // Null: it has calls that block only.
  virtual Asynchronous* asynchronous() { return nullptr; }
};

}  // namespace tidelog::benchmark

#endif  // TIDELOG_TOOLS_BENCHMARK_SUBJECT_SUBJECT_H_
