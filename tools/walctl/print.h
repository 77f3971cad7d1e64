// What walctl says to people.
#ifndef TIDELOG_TOOLS_WALCTL_PRINT_H_
#define TIDELOG_TOOLS_WALCTL_PRINT_H_

#include <string_view>

#include "absl/status/status.h"
#include "tools/walctl/exit_code.h"

namespace tidelog::walctl {

// Prints "walctl: MESSAGE" and, in parentheses, `also` to standard error.  Returns the exit code
// that belongs to `status`. Requires: !status.ok()
ExitCode Complain(const absl::Status& status, std::string_view also = "");

}  // namespace tidelog::walctl

#endif  // TIDELOG_TOOLS_WALCTL_PRINT_H_
