// benchmark: the log, its backend and its peers beside the machine's own limit, in one run,
// interleaved, so that a machine whose speed drifts spoils none of them.  Prints JSON; tools/bench
// makes tables and a page of it.

#include <unistd.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "CLI/CLI.hpp"
#include "absl/base/log_severity.h"
#include "absl/log/globals.h"
#include "absl/log/initialize.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_format.h"
#include "absl/time/time.h"
#include "tools/benchmark/bench.h"
#include "tools/benchmark/life.h"
#include "tools/benchmark/place.h"
#include "tools/benchmark/plan.h"
#include "tools/benchmark/report.h"
#include "tools/benchmark/row.h"
#include "tools/benchmark/subject/catalog.h"
#include "wal/async/thread_runtime.h"
#include "wal/base/status_macros.h"

namespace tidelog::benchmark {
namespace {

constexpr int kFailed = 1;
constexpr int kUsage = 2;

// All but building; what is left to 50 s is for that.
constexpr absl::Duration kQuick = absl::Seconds(40);
// What open, visible and idle take of it.
constexpr absl::Duration kQuickLife = absl::Seconds(8);

struct Flags {
  std::string directory;
  bool quick = false;
  bool keep_spoiled = false;
  std::vector<std::string> works;
  std::vector<std::string> subjects;
  std::vector<size_t> payloads;
  int pairs = 5;
  int slice_ms = 500;
};

template <class Names>
std::vector<std::string> AsStrings(const Names& names) {
  return std::vector<std::string>(names.begin(), names.end());
}

bool Has(const std::vector<std::string>& names, std::string_view name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

Options OptionsOf(const Flags& flags, absl::Duration started) {
  Options options;
  options.directory = flags.directory;
  options.quick = flags.quick;
  options.keep_spoiled = flags.keep_spoiled;
  options.works = flags.works.empty() ? AsStrings(WorkNames()) : flags.works;
  options.subjects = flags.subjects.empty() ? AsStrings(SubjectNames()) : flags.subjects;
  options.payloads = flags.payloads;
  options.pairs = flags.pairs;
  options.pairs_of_others = flags.pairs;
  options.slice = absl::Milliseconds(flags.slice_ms);
  if (options.payloads.empty()) {
    options.payloads =
        flags.quick ? std::vector<size_t>{1024} : std::vector<size_t>{128, 1024, 4096, 65536};
  }
  if (flags.quick) {
    options.pairs_of_others = std::min(2, flags.pairs);
    options.slice = std::min(options.slice, absl::Milliseconds(250));
    options.deadline = started + kQuick - kQuickLife;
    options.bytes_to_read = 64u << 20;
    options.idle_channels = 100;
    options.idle_interval = absl::Milliseconds(300);
  }
  return options;
}

// A line that is written over, for people who wait.
void Show(std::string_view text) {
  static const bool is_terminal = isatty(STDERR_FILENO) != 0;
  if (is_terminal) absl::FPrintF(stderr, "\r\033[K%s", text);
}

absl::Status AddLife(const Options& options, std::vector<Row>* rows) {
  using Measure = absl::StatusOr<std::vector<Row>> (*)(const Options&);
  const std::pair<std::string_view, Measure> measures[] = {
      {"open", MeasureOpen}, {"visible", MeasureVisible}, {"idle", MeasureIdle}};
  for (const auto& [work, measure] : measures) {
    if (!Has(options.works, work)) continue;
    if (work != "open" && !Has(options.subjects, "file")) continue;
    Show(work);
    std::vector<Row> measured;
    TIDELOG_ASSIGN_OR_RETURN(measured, measure(options));
    for (Row& row : measured) rows->push_back(std::move(row));
  }
  return absl::OkStatus();
}

void LeaveOutPeers(const Options& options, std::vector<LeftOut>* left_out) {
  for (const std::string& name : options.subjects) {
    if (name == "file") continue;
    if (Has(options.works, "visible")) {
      left_out->push_back({"visible", name,
                           name == "backend" ? "readers go through the adaptor"
                                             : "it tells no reader: one would have to poll"});
    }
    if (Has(options.works, "idle")) {
      left_out->push_back({"idle", name, "it has no channels that share a process's threads"});
    }
  }
}

// Generously: a subject's files are removed before the next kind of work, but all of one kind are
// there at once, and RocksDB reserves as much as it may need.
uint64_t FreeBytesNeeded(const Options& options) {
  constexpr uint64_t kGiB = uint64_t{1} << 30;
  uint64_t bytes = kGiB + options.subjects.size() * options.bytes_to_read * 2;
  if (Has(options.subjects, "rocksdb")) bytes += 3 * kGiB;
  for (const size_t payload : options.payloads) {
    if (payload >= 16 << 10 && !options.quick) bytes += 4 * kGiB;
  }
  return bytes;
}

absl::StatusOr<std::vector<Row>> Measure(const Options& options, const Plan& plan) {
  const auto progress = [](size_t done, size_t of, std::string_view what) {
    Show(absl::StrFormat("%d of %d: %s", done + 1, of, what));
  };
  std::vector<Row> rows;
  TIDELOG_ASSIGN_OR_RETURN(rows, RunPlan(options, plan, progress));
  TIDELOG_RETURN_IF_ERROR(AddLife(options, &rows));
  return rows;
}

absl::Status Run(const Flags& flags) {
  const Options options = OptionsOf(flags, DefaultRuntime()->Now());
  Place place;
  TIDELOG_ASSIGN_OR_RETURN(place, LookAt(options.directory, FreeBytesNeeded(options)));
  Plan plan = MakePlan(options);
  absl::StatusOr<std::vector<Row>> rows = Measure(options, plan);
  Show("");
  if (!rows.ok()) {
    return absl::AbortedError(absl::StrFormat(
        "%s: see that %s has room and takes writes, or choose another directory by --dir",
        rows.status().message(), options.directory));
  }
  LeaveOutPeers(options, &plan.left_out);
  CompareWithPeers(&*rows);
  absl::PrintF("%s\n", ToJson(options, place, *rows, plan.left_out).dump(1));
  return absl::OkStatus();
}

int Main(int argc, char** argv) {
  absl::SetStderrThreshold(absl::LogSeverityAtLeast::kError);
  absl::InitializeLog();
  CLI::App app("benchmark: the log and its peers beside the machine's own limit", "benchmark");
  Flags flags;
  app.add_option("--dir", flags.directory, "an empty directory on the disk to measure")->required();
  app.add_flag("--quick", flags.quick, "payloads of 1 KiB, few samples: 40 seconds");
  app.add_option("--work", flags.works, "only these kinds of work")
      ->delimiter(',')
      ->check(CLI::IsMember(AsStrings(WorkNames())));
  app.add_option("--subject", flags.subjects, "only these subjects, beside the raw machine")
      ->delimiter(',')
      ->check(CLI::IsMember(AsStrings(SubjectNames())));
  app.add_option("--payload", flags.payloads, "bytes a record, 1 to 1048576")
      ->delimiter(',')
      ->check(CLI::Range(1, 1 << 20));
  app.add_option("--pairs", flags.pairs, "samples of each subject")
      ->capture_default_str()
      ->check(CLI::Range(1, 1000));
  app.add_option("--slice", flags.slice_ms, "milliseconds a sample")
      ->capture_default_str()
      ->check(CLI::Range(1, 60000));
  app.add_flag("--keep-spoiled", flags.keep_spoiled,
               "use the samples that a noisy neighbour spoiled as well");
  try {
    app.parse(argc, argv);
  } catch (const CLI::CallForHelp&) {
    absl::PrintF("%s", app.help());
    return 0;
  } catch (const CLI::ParseError& error) {
    absl::FPrintF(stderr, "bench: %s: see --help\n", error.what());
    return kUsage;
  }
  const absl::Status status = Run(flags);
  if (status.ok()) return 0;
  absl::FPrintF(stderr, "bench: %s\n", status.message());
  return absl::IsInvalidArgument(status) ? kUsage : kFailed;
}

}  // namespace
}  // namespace tidelog::benchmark

int main(int argc, char** argv) { return tidelog::benchmark::Main(argc, argv); }
