// walctl cat and walctl tail.
#ifndef TIDELOG_TOOLS_WALCTL_READ_H_
#define TIDELOG_TOOLS_WALCTL_READ_H_

#include <cstdint>
#include <optional>
#include <string>

#include "tools/walctl/exit_code.h"
#include "tools/walctl/session.h"

namespace tidelog::walctl {

struct CatFlags {
  std::string from;  // Positions, as text.
  std::string after;
  std::optional<uint64_t> limit;
  std::string vchannel;
  bool gaps = false;  // Go on behind corrupt records, and say on standard error what is missing.
};

struct TailFlags {
  uint64_t count = 10;
  bool follow = false;
  std::string vchannel;
};

ExitCode RunCat(const LogFlags& log_flags, const CatFlags& flags);
ExitCode RunTail(const LogFlags& log_flags, const TailFlags& flags);

}  // namespace tidelog::walctl

#endif  // TIDELOG_TOOLS_WALCTL_READ_H_
