// walctl switch.
#ifndef TIDELOG_TOOLS_WALCTL_SWITCH_H_
#define TIDELOG_TOOLS_WALCTL_SWITCH_H_

#include <string>

#include "tools/walctl/exit_code.h"
#include "tools/walctl/session.h"

namespace tidelog::walctl {

struct SwitchFlags {
  WriteFlags write;
  std::string to_directory;
};

// Ends the log where it is, and begins its next part in another directory, under the term behind.
// Prints where it ended.
ExitCode RunSwitch(const LogFlags& log_flags, const SwitchFlags& flags);

}  // namespace tidelog::walctl

#endif  // TIDELOG_TOOLS_WALCTL_SWITCH_H_
