// walctl truncate.
#ifndef TIDELOG_TOOLS_WALCTL_TRUNCATE_H_
#define TIDELOG_TOOLS_WALCTL_TRUNCATE_H_

#include <string>

#include "tools/walctl/exit_code.h"
#include "tools/walctl/session.h"

namespace tidelog::walctl {

struct TruncateFlags {
  WriteFlags write;
  std::string through;  // A position, as text.
};

// Forgets everything at or below a position, and prints how far that went.
ExitCode RunTruncate(const LogFlags& log_flags, const TruncateFlags& flags);

}  // namespace tidelog::walctl

#endif  // TIDELOG_TOOLS_WALCTL_TRUNCATE_H_
