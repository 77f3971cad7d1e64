// RunPlan: runs one plan in a simulated world, and judges what happened.
#ifndef TIDELOG_SIM_WORLD_RUN_H_
#define TIDELOG_SIM_WORLD_RUN_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/time/time.h"
#include "sim/check/history.h"
#include "sim/check/report.h"
#include "sim/kernel/scheduler.h"
#include "sim/kernel/trace.h"
#include "sim/log/log_breaks.h"
#include "sim/plan/plan.h"

namespace tidelog::sim {

// What became of a run.  The numbers are exit codes.  The last two are for who runs plans: a run
// does not survive the one and cannot see the other.
enum class Outcome : int {
  kFine = 0,
  kCorrectness = 20,
  kLiveness = 21,
  kCrash = 22,           // A CHECK or a signal.
  kNondeterminism = 23,  // The same plan, and another trace.
};
std::string_view NameOf(Outcome outcome);

// What a process is doing when a fault meets it; it may do several.
enum class RunPhase : uint8_t {
  kIdle,
  kOpening,     // For the first time.
  kRecovering,  // Opening a log that others have written to.
  kAppending,
  kTicking,  // Open for writing, and nothing under way.
  kTruncating,
  kReading,
  kClosing,
  kTransacting,  // A client of it has begun a transaction and has not ended it.
};
inline constexpr int kRunPhaseCount = 9;
std::string_view NameOf(RunPhase phase);

struct RunOptions {
  bool keep_trace = false;
  // Follow plan.choices instead of the plan's scheduler.
  bool replay_choices = false;
  std::vector<std::string> checkers;  // Empty: those that fit the plan's mode.
  LogBreaks breaks;                   // How a log service breaks its contract.
};

// How often a condition held that a campaign wants to have seen.
struct ProbeHits {
  std::string name;
  uint64_t hits = 0;
  bool rare = false;  // A campaign need not have seen it.
};

// A fault of the plan took effect.
struct FiredFault {
  int64_t at_ns = 0;
  size_t index = 0;  // In plan.faults.
};

struct RunResult {
  Outcome outcome = Outcome::kFine;
  std::vector<check::Violation> violations;
  uint64_t trace_hash = 0;
  uint64_t event_count = 0;
  absl::Duration virtual_time;
  std::vector<Choice> choices;  // Against the default order.
  check::History history;
  std::vector<TraceEvent> trace;         // If asked for.
  std::vector<std::string> trace_lines;  // The same for people.
  std::vector<ProbeHits> probes;         // All there are, in a fixed order.
  // Faults that took effect, by class and phase.
  std::array<std::array<uint32_t, kRunPhaseCount>, kFaultClassCount> fault_phases{};
  std::vector<FiredFault> fired;  // In the order in which they did.
  uint32_t skipped_operations = 0;
  size_t peak_bytes = 0;  // Of all processes at one time.
};

// Requires: the names in options.checkers are checkers'.  Deterministic in its arguments.  Aborts
// if code of the run does.
RunResult RunPlan(const Plan& plan, const RunOptions& options);

}  // namespace tidelog::sim

#endif  // TIDELOG_SIM_WORLD_RUN_H_
