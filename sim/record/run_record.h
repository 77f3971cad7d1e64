// RunRecord: a run that failed, as one file of JSON from which anybody can repeat it.
//
// The file is for machines first, but its first lines tell a person what failed and how to see it.
// A checksum over the rest keeps a record that was cut or edited from passing for what happened.
#ifndef TIDELOG_SIM_RECORD_RUN_RECORD_H_
#define TIDELOG_SIM_RECORD_RUN_RECORD_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "sim/plan/plan.h"
#include "sim/world/run.h"

namespace tidelog::sim {

// How a run ended.
struct Verdict {
  Outcome outcome = Outcome::kFine;
  // Of the first violation; empty if there was none.
  std::string checker;
  std::string anomaly;
  std::string rule;
  // What runs that failed alike have in common: "durability/lost-write", "crash/SIGSEGV".
  std::string signature;
  std::string message;

  friend bool operator==(const Verdict&, const Verdict&) = default;
};

// Of a run that came to its end: of the violation with the signature `wanted` if there is one, else
// of the first that is of the run's outcome.
Verdict VerdictOf(const RunResult& result, std::string_view wanted = "");

// Which build a record is of.
struct BuildStamp {
  std::string revision;  // "unknown" if nobody told.
  std::string compiler;

  friend bool operator==(const BuildStamp&, const BuildStamp&) = default;
};

struct RunRecord {
  // Files with another number are refused.
  static constexpr int kSchema = 1;

  BuildStamp build;
  Verdict verdict;
  uint64_t trace_hash = 0;  // 0: the run died before it had one.
  uint64_t event_count = 0;
  std::vector<std::string> checkers;  // As in RunOptions.
  std::string mutant;                 // The bug that was planted (//sim/mutant); mostly none.
  // The run follows plan.choices; else the scheduler that the plan's configuration names.
  bool replay_choices = false;
  Plan plan;

  RunOptions Options() const;

  friend bool operator==(const RunRecord&, const RunRecord&) = default;
};

// The text of a file called `path`, which its replay command names.
std::string ToText(const RunRecord& record, std::string_view path);

// The inverse.  kInvalidArgument: says in one sentence what is wrong with `path`.
absl::StatusOr<RunRecord> RecordFromText(std::string_view text, std::string_view path);

// kInvalidArgument: there is no such file, it cannot be read or written, or as above.
absl::StatusOr<RunRecord> ReadRecord(const std::string& path);
absl::Status WriteRecord(const RunRecord& record, const std::string& path);
absl::Status WriteText(std::string_view text, const std::string& path);

// kInvalidArgument: one of them is no checker; names those there are.
absl::Status ValidateCheckers(const std::vector<std::string>& checkers);

}  // namespace tidelog::sim

#endif  // TIDELOG_SIM_RECORD_RUN_RECORD_H_
