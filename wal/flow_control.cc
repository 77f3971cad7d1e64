#include "wal/flow_control.h"

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

}  // namespace tidelog
