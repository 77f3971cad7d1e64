#include <array>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "sim/plan/plan.h"
#include "wal/status.h"

namespace tidelog::sim {
namespace {

constexpr std::array<std::string_view, 12> kPresets = {
    "default", "calm",     "hostile",      "file", "log",  "quick",
    "long",    "takeover", "transactions", "keys", "flow", "chunks"};

}  // namespace

std::vector<std::string_view> PlanPresets() { return {kPresets.begin(), kPresets.end()}; }

absl::StatusOr<PlanOptions> PlanOptionsOf(std::string_view preset) {
  PlanOptions options;
  if (preset == "default") return options;
  if (preset == "calm") {
    options.mode = Mode::kCalm;
    options.takeovers_in_1000 = 0;
  } else if (preset == "hostile") {
    options.mode = Mode::kHostile;
  } else if (preset == "file") {
    options.backends = {BackendKind::kFile};
  } else if (preset == "log") {
    options.backends = {BackendKind::kTransactional, BackendKind::kSequenced,
                        BackendKind::kObjects};
  } else if (preset == "quick") {
    options.operations_min = 5;
    options.operations_max = 40;
  } else if (preset == "long") {
    options.operations_min = 500;
    options.operations_max = 3000;
  } else if (preset == "takeover") {
    options.backends = {BackendKind::kFile};
    options.takeovers_in_1000 = 1000;
  } else if (preset == "transactions") {
    options.transactions_in_1000 = 1000;
  } else if (preset == "keys") {
    options.keys_in_1000 = 1000;
  } else if (preset == "flow") {
    options.flow_in_1000 = 1000;
  } else if (preset == "chunks") {
    options.chunks_in_1000 = 1000;
  } else {
    return WalError(WalErrorCode::kInvalidArgument,
                    absl::StrCat("there is no preset ", preset,
                                 " of plans; there are: ", absl::StrJoin(kPresets, ", ")));
  }
  return options;
}

}  // namespace tidelog::sim
