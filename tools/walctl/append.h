// walctl append.
#ifndef TIDELOG_TOOLS_WALCTL_APPEND_H_
#define TIDELOG_TOOLS_WALCTL_APPEND_H_

#include <map>
#include <string>
#include <vector>

#include "tools/walctl/exit_code.h"
#include "tools/walctl/input.h"
#include "tools/walctl/session.h"

namespace tidelog::walctl {

struct AppendFlags {
  WriteFlags write;
  InputMode mode = InputMode::kLines;
  std::vector<std::string> files;
  std::string vchannel;
  std::vector<std::string> properties;  // "KEY=VALUE"
  bool latency = false;                 // With --json: adds latency_us.
};

ExitCode RunAppend(const LogFlags& log_flags, const AppendFlags& flags);

}  // namespace tidelog::walctl

#endif  // TIDELOG_TOOLS_WALCTL_APPEND_H_
