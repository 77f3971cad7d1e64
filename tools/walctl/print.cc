#include "tools/walctl/print.h"

#include <cstdio>
#include <string_view>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "tools/walctl/exit_code.h"

namespace tidelog::walctl {

ExitCode Complain(const absl::Status& status, std::string_view also) {
  absl::FPrintF(stderr, "walctl: %s%s\n", status.message(),
                also.empty() ? "" : absl::StrCat(" (", also, ")"));
  return ExitCodeOf(status);
}

}  // namespace tidelog::walctl
