#include "tools/benchmark/processor_time.h"

#include <cstddef>
#include <cstdint>
#include <fstream>
#include <optional>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_split.h"

namespace tidelog::benchmark {
namespace {

// cpu user nice system idle iowait irq softirq steal guest guest_nice: the last two are counted in
// the first two as well.
constexpr size_t kStealField = 8;

}  // namespace

std::optional<ProcessorTime> ProcessorTime::Parse(std::string_view text) {
  const std::string_view line = text.substr(0, text.find('\n'));
  const std::vector<std::string_view> fields = absl::StrSplit(line, ' ', absl::SkipEmpty());
  if (fields.size() <= kStealField || fields[0] != "cpu") return std::nullopt;
  ProcessorTime time;
  for (size_t i = 1; i <= kStealField; ++i) {
    uint64_t ticks = 0;
    if (!absl::SimpleAtoi(fields[i], &ticks)) return std::nullopt;
    time.total += ticks;
    if (i == kStealField) time.stolen = ticks;
  }
  return time;
}

ProcessorTime ProcessorTime::Now() {
  const std::ifstream file("/proc/stat");
  std::ostringstream text;
  text << file.rdbuf();
  return Parse(text.str()).value_or(ProcessorTime{});
}

double StolenBetween(const ProcessorTime& before, const ProcessorTime& after) {
  if (after.total <= before.total || after.stolen <= before.stolen) return 0;
  return static_cast<double>(after.stolen - before.stolen) /
         static_cast<double>(after.total - before.total);
}

}  // namespace tidelog::benchmark
