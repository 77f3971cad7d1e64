// Scratch: an open subject in a directory of its own, which ends with it.
#ifndef TIDELOG_TOOLS_BENCHMARK_SCRATCH_H_
#define TIDELOG_TOOLS_BENCHMARK_SCRATCH_H_

#include <memory>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "tools/benchmark/subject/subject.h"

namespace tidelog::benchmark {

class Scratch {
 public:
  explicit Scratch(std::unique_ptr<Subject> subject) : subject_(std::move(subject)) {}
  Scratch(Scratch&&) = default;
  ~Scratch();  // Closes, and removes the directory, whatever comes of it.

  Subject* operator->() { return subject_.get(); }
  Subject& operator*() { return *subject_; }

  // Makes a directory in `parent`, and opens the subject in it.  After Close(): the same again.
  absl::Status Open(const std::string& parent);
  absl::Status Close();

 private:
  std::unique_ptr<Subject> subject_;
  std::string directory_;
  bool open_ = false;
};

}  // namespace tidelog::benchmark

#endif  // TIDELOG_TOOLS_BENCHMARK_SCRATCH_H_
