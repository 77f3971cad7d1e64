// walctl repair: makes a damaged file log whole again, with gaps for what is lost.
#ifndef TIDELOG_TOOLS_WALCTL_REPAIR_H_
#define TIDELOG_TOOLS_WALCTL_REPAIR_H_

#include <string>

#include "tools/walctl/exit_code.h"
#include "tools/walctl/session.h"

namespace tidelog::walctl {

struct RepairFlags {
  WriteFlags write;
  bool apply = false;  // Without it, only tells what it would do.
  std::string log_of;  // A position of the log, or "new".
};

// kFine: nothing is to be repaired, or everything was.  kCorrupt: something is, and was not.
ExitCode RunRepair(const LogFlags& log_flags, const RepairFlags& flags);

}  // namespace tidelog::walctl

#endif  // TIDELOG_TOOLS_WALCTL_REPAIR_H_
