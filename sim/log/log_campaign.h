// One random run of writers, readers and faults against a simulated log: drawn from a seed, then
// executed, then checked.
#ifndef TIDELOG_SIM_LOG_LOG_CAMPAIGN_H_
#define TIDELOG_SIM_LOG_LOG_CAMPAIGN_H_

#include <array>
#include <cstdint>
#include <string>

#include "sim/log/log_breaks.h"
#include "sim/log/log_fault.h"
#include "sim/log/protocol.h"

namespace tidelog::sim {

struct LogRunResult {
  std::string violation;  // Empty: none.
  uint64_t trace_hash = 0;
  uint64_t step_count = 0;
  // How often something happened: so that a test can see that it does.
  std::array<uint64_t, kLogFaultKindCount> faults = {};
  uint64_t done = 0;
  uint64_t not_done = 0;
  uint64_t unknown = 0;
  uint64_t opens = 0;
  uint64_t refused_opens = 0;
};

struct LogRunOptions {
  LogProtocol protocol = LogProtocol::kTransactional;
  uint64_t seed = 1;
  bool faults = true;
  LogBreaks breaks;
};

// A run leaves nothing behind: what its processes left at an orderly end is a violation too.
LogRunResult RunLogOnce(const LogRunOptions& options);

}  // namespace tidelog::sim

#endif  // TIDELOG_SIM_LOG_LOG_CAMPAIGN_H_
