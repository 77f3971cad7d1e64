// walctl checkpoint.
#ifndef TIDELOG_TOOLS_WALCTL_CHECKPOINT_H_
#define TIDELOG_TOOLS_WALCTL_CHECKPOINT_H_

#include <string>

#include "tools/walctl/exit_code.h"
#include "tools/walctl/session.h"

namespace tidelog::walctl {

struct CheckpointFlags {
  WriteFlags write;
  std::string action = "list";  // Or set, remove.
  std::string name;
  std::string position;  // As text.
};

// Lists the checkpoints of a channel, registers or moves one, or removes one.
ExitCode RunCheckpoint(const LogFlags& log_flags, const CheckpointFlags& flags);

}  // namespace tidelog::walctl

#endif  // TIDELOG_TOOLS_WALCTL_CHECKPOINT_H_
