// walctl info, metrics, verify and dump: they look and change nothing.
#ifndef TIDELOG_TOOLS_WALCTL_INSPECT_COMMANDS_H_
#define TIDELOG_TOOLS_WALCTL_INSPECT_COMMANDS_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "tools/walctl/exit_code.h"
#include "tools/walctl/session.h"

namespace tidelog::walctl {

struct DumpFlags {
  std::optional<uint64_t> limit;
};

// Of one channel, or of all if none is named.
ExitCode RunInfo(const LogFlags& flags);
// The channel that is named, or all there are.
absl::StatusOr<std::vector<std::string>> ChannelsToShow(const LogFlags& flags);

// What a log at rest says of itself, in Prometheus' text format; of one channel, or of all.
ExitCode RunMetrics(const LogFlags& flags);

// Reads every byte.  kCorrupt if something acknowledged cannot be read; a torn tail and orphans are
// told and fine.
ExitCode RunVerify(const LogFlags& flags);

// Prints the frames of a file log.
ExitCode RunDump(const LogFlags& flags, const DumpFlags& dump);

}  // namespace tidelog::walctl

#endif  // TIDELOG_TOOLS_WALCTL_INSPECT_COMMANDS_H_
