// The commands of the simulator.  Each prints what it has to say, and returns how the program ends.
#ifndef TIDELOG_TOOLS_SIMULATOR_COMMANDS_H_
#define TIDELOG_TOOLS_SIMULATOR_COMMANDS_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "tools/simulator/exit_code.h"

namespace tidelog::simulator {

// What commands that make plans share.
struct PlanFlags {
  std::string config = "default";
  std::vector<std::string> checkers;
  std::string mutant;
  int workers = 2;
  std::string directory = "tidelog-failures";  // Of records.
};

struct RunFlags {
  PlanFlags plan;
  std::string seeds;
  bool hashes = false;
  bool trace = false;  // Instead: the events of one seed.
  bool twice = false;
  uint64_t failures_max = 100;
};
ExitCode RunSeedsCommand(const RunFlags& flags);

struct RecordFlags {
  std::string file;
  std::string out;  // Empty: standard output, or a name beside the record's.
  int64_t runs_max = 20000;
  int64_t minutes_max = 5;
};
ExitCode RunReplay(const RecordFlags& flags);
ExitCode RunShrink(const RecordFlags& flags);
ExitCode RunExplain(const RecordFlags& flags);
ExitCode RunToTest(const RecordFlags& flags);
ExitCode RunView(const RecordFlags& flags);

struct CampaignFlags {
  PlanFlags plan;
  double minutes = 1;
  uint64_t first_seed = 0;  // 0: one that no campaign had.
};
ExitCode RunCampaign(const CampaignFlags& flags);

struct CoverageFlags {
  PlanFlags plan;
  std::string seeds = "1..8000";
};
ExitCode RunCoverage(const CoverageFlags& flags);

struct BenchFlags {
  std::string config = "default";
  double seconds = 10;
};
ExitCode RunBench(const BenchFlags& flags);

struct MutantsFlags {
  std::string only;       // Empty: all.
  uint64_t seeds = 0;     // At most, a mutant; 0: as many as mostly do.
  std::string out;        // Empty: in sim/doc.
  bool ablation = false;  // Tell what the mutants are not found without.
};
ExitCode RunMutants(const MutantsFlags& flags);
// Requires: mutants can be planted.
ExitCode RunAblation(const MutantsFlags& flags);

// Says in one sentence what was wrong with the call.
ExitCode UsageError(const absl::Status& status);

}  // namespace tidelog::simulator

#endif  // TIDELOG_TOOLS_SIMULATOR_COMMANDS_H_
