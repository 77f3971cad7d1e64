// RunSummary: what a worker tells of one run, as a line of text.
#ifndef TIDELOG_SIM_TRIAL_SUMMARY_H_
#define TIDELOG_SIM_TRIAL_SUMMARY_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sim/plan/fault.h"
#include "sim/record/run_record.h"
#include "sim/world/run.h"

namespace tidelog::sim {

// Faults that took effect, by class and phase.
using FaultMatrix = std::array<std::array<uint64_t, kRunPhaseCount>, kFaultClassCount>;

struct RunSummary {
  uint64_t seed = 0;
  Verdict verdict;
  std::vector<std::string> signatures;  // Of all violations.
  uint64_t trace_hash = 0;
  uint64_t event_count = 0;
  uint64_t peak_bytes = 0;
  std::vector<ProbeHits> probes;
  FaultMatrix faults{};
  // The worker put a lie into this run's history; whether a checker found it.
  bool is_canary = false;
  bool canary_noticed = false;

  bool failed() const { return verdict.outcome != Outcome::kFine; }
};

RunSummary Summarize(uint64_t seed, const RunResult& result);

// Without a newline.
std::string ToLine(const RunSummary& summary);
// Requires: ToLine() made it.
RunSummary SummaryFromLine(std::string_view line);

}  // namespace tidelog::sim

#endif  // TIDELOG_SIM_TRIAL_SUMMARY_H_
