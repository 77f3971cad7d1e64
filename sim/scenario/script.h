// Script: a plan written by hand, for a story that is known.
//
//   Plan plan = Script(BackendKind::kFile)
//                   .Open(0, /*ms=*/0).Append(0, 1).Scan(1, 2, ScanStart::kEarliest)
//                   .Fault(FaultClass::kProcessCrash, At(5), /*slot=*/0)
//                   .Make(seed);
//
// Client N is the process in slot N.  The seed chooses latencies and the order of what is ready.
#ifndef TIDELOG_SIM_SCENARIO_SCRIPT_H_
#define TIDELOG_SIM_SCENARIO_SCRIPT_H_

#include <cstdint>
#include <string>

#include "sim/plan/fault.h"
#include "sim/plan/operation.h"
#include "sim/plan/plan.h"

namespace tidelog::sim {

inline constexpr int64_t kMillisecond = 1'000'000;

// So long after the start.
Trigger At(int64_t ms);
Trigger AtMicros(int64_t us);
// The `nth` time, from 0, that the slot comes to `site`.
Trigger Nth(Site site, uint64_t nth);

// Thread-compatible.
class Script {
 public:
  explicit Script(BackendKind backend, uint32_t clients = 2);

  Script& Knob(const std::string& name, const std::string& value);
  // The client opens again by itself whenever it has no handle that is good.
  Script& Persists(uint32_t client);

  // The disk may lie and rot.
  Script& Hostile();

  Script& Open(uint32_t client, int64_t ms);
  Script& OpenReadOnly(uint32_t client, int64_t ms);
  Script& Append(uint32_t client, int64_t ms, uint32_t times = 1, uint32_t bytes = 64);
  Script& AppendBatch(uint32_t client, int64_t ms, uint32_t count, uint32_t bytes = 64);
  // One transaction of a client at a time.  A lease of 0: the log's default.
  Script& BeginTxn(uint32_t client, int64_t ms, int64_t lease_ms = 0);
  Script& TxnBody(uint32_t client, int64_t ms, uint32_t times = 1);
  Script& CommitTxn(uint32_t client, int64_t ms);
  Script& Scan(uint32_t client, int64_t ms, ScanStart start, uint32_t position = 0);
  // Up to the newest position but `position`.
  Script& Truncate(uint32_t client, int64_t ms, uint32_t position);
  Script& Close(uint32_t client, int64_t ms);

  Script& Fault(FaultClass kind, Trigger trigger, uint32_t slot, int64_t duration_ms = 0,
                int64_t amount = 0, uint32_t variant = 0, uint64_t pick = 0);

  Plan Make(uint64_t seed) const;

 private:
  Operation& Add(OperationKind kind, uint32_t client, int64_t ms);

  Plan plan_;
  bool hostile_ = false;
};

}  // namespace tidelog::sim

#endif  // TIDELOG_SIM_SCENARIO_SCRIPT_H_
