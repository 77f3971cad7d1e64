// ProcessorTime: how much of the machine's time others took: the "steal" of a virtual machine.
#ifndef TIDELOG_TOOLS_BENCHMARK_PROCESSOR_TIME_H_
#define TIDELOG_TOOLS_BENCHMARK_PROCESSOR_TIME_H_

#include <cstdint>
#include <optional>
#include <string_view>

namespace tidelog::benchmark {

// Counts of the kernel's ticks, over all processors, since it booted.
struct ProcessorTime {
  uint64_t total = 0;
  uint64_t stolen = 0;

  // Of the text of /proc/stat; none: it is not what it should be.
  static std::optional<ProcessorTime> Parse(std::string_view text);
  // Of this machine; zeros where there is no /proc.
  static ProcessorTime Now();
};

// Between two readings; 0 if no tick has passed.
double StolenBetween(const ProcessorTime& before, const ProcessorTime& after);

}  // namespace tidelog::benchmark

#endif  // TIDELOG_TOOLS_BENCHMARK_PROCESSOR_TIME_H_
