// Plan: what is to be measured, and how much time there is for it.
#ifndef TIDELOG_TOOLS_BENCHMARK_PLAN_H_
#define TIDELOG_TOOLS_BENCHMARK_PLAN_H_

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/time/time.h"
#include "tools/benchmark/sample.h"
#include "tools/benchmark/statistics.h"

namespace tidelog::benchmark {

// "append", "append_threads", "batch", "scan": beside the raw machine; "open", "visible", "idle".
std::span<const std::string_view> WorkNames();

struct Options {
  std::string directory;  // Empty, on the disk to measure.
  bool quick = false;
  std::vector<std::string> works;     // Of WorkNames().
  std::vector<std::string> subjects;  // Of SubjectNames().
  std::vector<size_t> payloads;
  int pairs = 5;  // Of what is to be judged: a median wants five.
  int pairs_of_others = 5;
  absl::Duration slice = absl::Milliseconds(500);
  // The slices shrink as needed to be through by then, on the scale of the runtime's Now().
  absl::Duration deadline = absl::InfiniteDuration();
  size_t bytes_to_read = 128u << 20;  // For a scan or an open.
  size_t raw_file_bytes = 256u << 20;
  size_t settle_bytes = 256u << 20;  // Appended to a log before it is measured at appends.
  size_t idle_channels = 1000;
  absl::Duration idle_interval = absl::Seconds(2);
  NoiseLimits noise;
  bool keep_spoiled = false;
};

struct Contender {
  std::string subject;
  int pairs;
};

// One kind of work, and who does it.
struct Cell {
  std::string work;
  Work what;
  std::vector<Contender> contenders;
};

// Work that a subject was not asked to do, and why.
struct LeftOut {
  std::string work;
  std::string subject;
  std::string why;
};

struct Plan {
  std::vector<Cell> cells;
  std::vector<LeftOut> left_out;
};

// What is measured beside the raw machine.
Plan MakePlan(const Options& options);

}  // namespace tidelog::benchmark

#endif  // TIDELOG_TOOLS_BENCHMARK_PLAN_H_
