// CallWatch: which system calls of a program work on the files of a log, by kind.
#ifndef TIDELOG_TOOLS_HARNESS_TRACER_CALL_WATCH_H_
#define TIDELOG_TOOLS_HARNESS_TRACER_CALL_WATCH_H_

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>

#include "absl/container/btree_map.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "tools/harness/tracer/system_calls.h"
#include "tools/harness/tracer/tracee.h"

namespace tidelog::harness {

// A kind of call: "fdatasync" of a "segment".  One that may make its file is "openat:create".
struct CallKind {
  std::string call;
  std::string file;
  friend auto operator<=>(const CallKind&, const CallKind&) = default;
};

// Confined to one thread.
class CallWatch {
 public:
  // `tracee` must outlive this; `log` is the directory of the log, absolute and without links.
  CallWatch(const Tracee* tracee, std::string log) : tracee_(*tracee), log_(std::move(log)) {}

  // The kind of a call that was entered, which is counted; none: it is on no file of the log.
  // UNIMPLEMENTED: a call that is not known here, or that nobody can look into.
  absl::StatusOr<std::optional<CallKind>> OnEntered(const CallStop& stop);

  // Must be told, too: from here on a mapping is where it is.
  void OnLeft(const CallStop& stop);

  const absl::btree_map<CallKind, uint64_t>& counts() const { return counts_; }

 private:
  struct Mapping {
    uint64_t end = 0;
    std::string file;
  };

  absl::StatusOr<std::string> FileOf(const SystemCall& call, const CallStop& stop) const;
  std::string DescriptorFile(uint64_t descriptor) const;
  absl::StatusOr<std::string> PathFile(uint64_t directory, uint64_t path) const;
  std::string MappedFile(uint64_t address) const;

  const Tracee& tracee_;
  const std::string log_;
  absl::btree_map<CallKind, uint64_t> counts_;
  absl::btree_map<uint64_t, Mapping> mappings_;  // By where they begin; of the log's files.
};

}  // namespace tidelog::harness

#endif  // TIDELOG_TOOLS_HARNESS_TRACER_CALL_WATCH_H_
