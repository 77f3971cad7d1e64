// What the flags of a command come to.
#ifndef TIDELOG_TOOLS_SIMULATOR_SETUP_H_
#define TIDELOG_TOOLS_SIMULATOR_SETUP_H_

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "sim/plan/plan.h"
#include "sim/record/run_record.h"
#include "sim/trial/summary.h"
#include "sim/world/run.h"
#include "tools/simulator/commands.h"

namespace tidelog::simulator {

// How plans are made and run.
struct Setup {
  sim::PlanOptions plan;
  sim::RunOptions run;
  std::string mutant;
  std::string directory;
};

// Plants the mutant, if one is named.  kInvalidArgument: there is no such configuration, checker or
// mutant, not so many workers, or no record could be written to the directory.
absl::StatusOr<Setup> MakeSetup(const PlanFlags& flags);

// Reads a record and plants its mutant, if it has one.  kInvalidArgument: as ReadRecord(), or there
// is no such mutant in this program.
absl::StatusOr<sim::RunRecord> LoadRecord(const std::string& path);

// As a part of a file's name: letters, digits and dashes.
std::string FileName(std::string_view text);

// Runs the seed again, writes its record to `path`, and returns the verdict that it has then.
absl::StatusOr<sim::Verdict> WriteFailure(const Setup& setup, const sim::RunSummary& failed,
                                          const std::string& path);

// "seed 17: durability/lost-write: message 3 is not in the log".
std::string FailureLine(uint64_t seed, const sim::Verdict& verdict);

}  // namespace tidelog::simulator

#endif  // TIDELOG_TOOLS_SIMULATOR_SETUP_H_
