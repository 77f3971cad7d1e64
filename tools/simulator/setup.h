// What the flags of a command come to.
#ifndef TIDELOG_TOOLS_SIMULATOR_SETUP_H_
#define TIDELOG_TOOLS_SIMULATOR_SETUP_H_

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "sim/plan/plan.h"
#include "sim/world/run.h"
#include "tools/simulator/commands.h"
#include "tools/simulator/summary.h"

namespace tidelog::simulator {

// How plans are made and run.
struct Setup {
  sim::PlanOptions plan;
  sim::RunOptions run;
  std::string directory;
};

// kInvalidArgument: there is no such configuration or checker, or not so many workers.
absl::StatusOr<Setup> MakeSetup(const PlanFlags& flags);

// Makes the directory of records.
absl::Status MakeDirectory(const std::string& directory);

// As a part of a file's name: letters, digits and dashes.
std::string FileName(std::string_view text);

// Runs the seed again, writes its record to `path`, and returns the verdict that it has then.
absl::StatusOr<sim::Verdict> WriteFailure(const Setup& setup, const RunSummary& failed,
                                          const std::string& path);

// "seed 17: durability/lost-write: message 3 is not in the log".
std::string FailureLine(uint64_t seed, const sim::Verdict& verdict);

}  // namespace tidelog::simulator

#endif  // TIDELOG_TOOLS_SIMULATOR_SETUP_H_
