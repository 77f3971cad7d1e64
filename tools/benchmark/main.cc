// benchmark: the file log beside the machine's own limit, in one run, interleaved, so that a
// machine whose speed drifts spoils neither.  Prints medians, spread and ratios; only the ratios
// travel.

#include <sys/resource.h>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <string>
#include <vector>

#include "CLI/CLI.hpp"
#include "absl/log/check.h"
#include "absl/log/globals.h"
#include "absl/log/initialize.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/time/time.h"
#include "nlohmann/json.hpp"
#include "tools/benchmark/log_work.h"
#include "tools/benchmark/raw.h"
#include "wal/types.h"

namespace tidelog::benchmark {
namespace {

struct Flags {
  std::string directory;
  bool quick = false;
  bool json = false;
  size_t payload = 1024;
};

// One kind of work, measured for the log and for the raw machine in turn.
struct Series {
  std::string work;
  size_t in_flight;  // 0: not an append.
  std::string unit;
  std::vector<double> raw, log, ratio;

  void Add(double raw_rate, double log_rate) {
    raw.push_back(raw_rate);
    log.push_back(log_rate);
    ratio.push_back(log_rate / raw_rate);
  }
};

double Median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

template <class Result>
double Rate(const Result& result) {
  return static_cast<double>(result.records) / absl::ToDoubleSeconds(result.elapsed);
}

std::string Name(const Series& series) {
  return series.in_flight == 0 ? series.work
                               : absl::StrCat(series.work, ", ", series.in_flight, " in flight");
}

void PrintTable(const std::vector<Series>& all, const Flags& flags) {
  absl::PrintF(
      "payload %d bytes; every append is durable (fdatasync) before it is acknowledged;\n"
      "both write to files that were written before: the log is truncated as it grows\n",
      flags.payload);
  absl::PrintF("%-24s %-10s %12s %12s %8s %8s %8s\n", "work", "unit", "raw", "log", "ratio", "min",
               "max");
  for (const Series& series : all) {
    const auto [low, high] = std::minmax_element(series.ratio.begin(), series.ratio.end());
    absl::PrintF("%-24s %-10s %12.0f %12.0f %8.2f %8.2f %8.2f\n", Name(series), series.unit,
                 Median(series.raw), Median(series.log), Median(series.ratio), *low, *high);
  }
}

void PrintJson(const std::vector<Series>& all, const Flags& flags) {
  nlohmann::ordered_json rows = nlohmann::ordered_json::array();
  for (const Series& series : all) {
    const auto [low, high] = std::minmax_element(series.ratio.begin(), series.ratio.end());
    nlohmann::ordered_json row;
    row["work"] = series.work;
    row["subject"] = "file";
    row["payload"] = flags.payload;
    row["in_flight"] = series.in_flight;
    row["unit"] = series.unit;
    row["median"] = Median(series.log);
    row["raw_median"] = Median(series.raw);
    row["ratio_to_raw"] = Median(series.ratio);
    row["ratio_min"] = *low;
    row["ratio_max"] = *high;
    row["samples"] = series.ratio.size();
    row["durable"] = true;
    rows.push_back(row);
  }
  nlohmann::ordered_json object;
  object["rows"] = rows;
  absl::PrintF("%s\n", object.dump());
}

int64_t PeakMemoryMiB() {
  rusage usage = {};
  getrusage(RUSAGE_SELF, &usage);
  return usage.ru_maxrss / 1024;
}

void RunAll(const Flags& flags) {
  const int rounds = flags.quick ? 5 : 15;
  const absl::Duration slice = flags.quick ? absl::Milliseconds(700) : absl::Seconds(2);
  absl::StatusOr<RawFile> raw = RawFile::Create(flags.directory + "/raw");
  CHECK_OK(raw.status());
  Series single{"append", 1, "records/s", {}, {}, {}};
  Series groups{"append", 64, "records/s", {}, {}, {}};
  Series many{"append", 1024, "records/s", {}, {}, {}};
  Series scan{"scan, verified", 0, "MB/s", {}, {}, {}};
  {
    LogUnderTest log(flags.directory + "/log", "append", Term{1});
    for (int round = 0; round < rounds; ++round) {
      const RawResult raw_single = raw->WriteSingly(flags.payload, slice);
      const LogResult log_single = log.AppendBlocking(flags.payload, slice);
      single.Add(Rate(raw_single), Rate(log_single));
      const RawResult raw_groups = raw->WriteGroups(flags.payload, 64, slice);
      const LogResult log_groups = log.AppendAsync(flags.payload, 64, slice);
      groups.Add(Rate(raw_groups), Rate(log_groups));
      const RawResult raw_many = raw->WriteGroups(flags.payload, 1024, slice);
      const LogResult log_many = log.AppendAsync(flags.payload, 1024, slice);
      many.Add(Rate(raw_many), Rate(log_many));
    }
  }
  {
    LogUnderTest log(flags.directory + "/log", "scan", Term{1});
    log.Fill(flags.payload, (256u << 20) / flags.payload);
    for (int round = 0; round < rounds; ++round) {
      const double raw_scan = raw->ScanBytesPerSecond(flags.payload, slice / 2);
      scan.Add(raw_scan / 1e6, log.ScanBytesPerSecond() / 1e6);
    }
  }
  const std::vector<Series> all = {single, groups, many, scan};
  if (flags.json) {
    PrintJson(all, flags);
  } else {
    PrintTable(all, flags);
    absl::PrintF("peak memory %d MiB\n", PeakMemoryMiB());
  }
}

int Main(int argc, char** argv) {
  absl::SetStderrThreshold(absl::LogSeverityAtLeast::kError);
  absl::InitializeLog();
  CLI::App app("benchmark: the file log beside the machine's own limit", "benchmark");
  Flags flags;
  app.add_option("--dir", flags.directory, "an empty directory on the disk to measure")->required();
  app.add_flag("--quick", flags.quick, "about a minute");
  app.add_flag("--json", flags.json, "print {\"rows\": [...]}");
  app.add_option("--payload", flags.payload, "bytes a message")
      ->capture_default_str()
      ->check(CLI::Range(1, 1 << 20));
  CLI11_PARSE(app, argc, argv);
  RunAll(flags);
  return 0;
}

}  // namespace
}  // namespace tidelog::benchmark

int main(int argc, char** argv) { return tidelog::benchmark::Main(argc, argv); }
