// The subjects by name.
#ifndef TIDELOG_TOOLS_BENCHMARK_SUBJECT_CATALOG_H_
#define TIDELOG_TOOLS_BENCHMARK_SUBJECT_CATALOG_H_

#include <memory>
#include <span>
#include <string_view>

#include "absl/status/statusor.h"
#include "tools/benchmark/subject/subject.h"

namespace tidelog::benchmark {

// In the order in which they are shown: the log, its backend, the peers.  The raw machine is not
// among them: everything is measured beside it.
std::span<const std::string_view> SubjectNames();

// What it is to be measured at.
enum class Purpose {
  kAppend,  // A log is truncated as it grows.
  kRead,    // Everything is kept.
};

// INVALID_ARGUMENT: there is none of that name; the message has those there are.
absl::StatusOr<std::unique_ptr<Subject>> MakeSubject(std::string_view name, Purpose purpose);

}  // namespace tidelog::benchmark

#endif  // TIDELOG_TOOLS_BENCHMARK_SUBJECT_CATALOG_H_
