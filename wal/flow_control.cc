#include "wal/flow_control.h"

#include "absl/strings/str_cat.h"

namespace tidelog {

std::string_view NameOf(FlowState state) {
  switch (state) {
    case FlowState::kNormal:
      return "normal";
    case FlowState::kRecovering:
      return "recovering";
    case FlowState::kSlowed:
      return "slowed";
    case FlowState::kRejecting:
      return "rejecting";
  }
  return "";
}

std::string ToString(const FlowStatus& status) {
  std::string text(NameOf(status.state));
  if (status.state == FlowState::kNormal) return text;
  if (status.state != FlowState::kRejecting) {
    absl::StrAppend(&text, status.state == FlowState::kSlowed ? " to " : " at ", status.rate,
                    " bytes/s");
  }
  absl::StrAppend(&text, " because of the ", status.source);
  return text;
}

}  // namespace tidelog
