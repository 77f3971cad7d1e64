#include "sim/scenario/script.h"

#include <algorithm>

namespace tidelog::sim {
namespace {

constexpr int64_t kMicro = 1000;

}  // namespace

Trigger At(int64_t ms) { return AtMicros(1000 * ms); }

Trigger AtMicros(int64_t us) {
  Trigger trigger;
  trigger.at_ns = us * kMicro;
  return trigger;
}

Trigger Nth(Site site, uint64_t nth) {
  Trigger trigger;
  trigger.site = site;
  trigger.nth = nth;
  return trigger;
}

Script::Script(BackendKind backend, uint32_t clients) {
  SwarmConfig& config = plan_.config;
  config.backend = backend;
  config.slots = clients;
  for (uint32_t i = 0; i < clients; ++i) config.clients.push_back({.slot = i});
  config.scheduler = SchedulerKind::kRandomReady;
  config.disk_cached = {500, 2 * kMicro};
  config.disk_device = {10 * kMicro, 100 * kMicro};
  config.network = {50 * kMicro, 200 * kMicro};
  config.settle_ns = 120'000 * kMillisecond;
  config.steps_max = 4'000'000;
  config.knobs["wal.tick_interval"] = "5ms";
  if (backend == BackendKind::kFile) config.knobs["segment_bytes"] = "65536";
}

Script& Script::Knob(const std::string& name, const std::string& value) {
  plan_.config.knobs[name] = value;
  return *this;
}

Script& Script::Persists(uint32_t client) {
  plan_.config.clients[client].reopen_after_ns = kMillisecond;
  return *this;
}

Script& Script::Hostile() {
  hostile_ = true;
  return *this;
}

Script& Script::Open(uint32_t client, int64_t ms) {
  Add(OperationKind::kOpen, client, ms);
  return *this;
}

Script& Script::OpenReadOnly(uint32_t client, int64_t ms) {
  Add(OperationKind::kOpenReadOnly, client, ms);
  return *this;
}

Script& Script::Append(uint32_t client, int64_t ms, uint32_t times, uint32_t bytes) {
  for (uint32_t i = 0; i < times; ++i) Add(OperationKind::kAppend, client, ms).bytes = bytes;
  return *this;
}

Script& Script::AppendBatch(uint32_t client, int64_t ms, uint32_t count, uint32_t bytes) {
  Operation& append = Add(OperationKind::kAppend, client, ms);
  append.count = count;
  append.bytes = bytes;
  return *this;
}

Script& Script::BeginTxn(uint32_t client, int64_t ms, int64_t lease_ms) {
  Add(OperationKind::kBeginTxn, client, ms).lease_ms = lease_ms;
  return *this;
}

Script& Script::TxnBody(uint32_t client, int64_t ms, uint32_t times) {
  for (uint32_t i = 0; i < times; ++i) Add(OperationKind::kTxnBody, client, ms).bytes = 64;
  return *this;
}

Script& Script::CommitTxn(uint32_t client, int64_t ms) {
  Add(OperationKind::kCommitTxn, client, ms);
  return *this;
}

Script& Script::Scan(uint32_t client, int64_t ms, ScanStart start, uint32_t position) {
  Operation& scan = Add(OperationKind::kScan, client, ms);
  scan.start = start;
  scan.position = position;
  scan.deliver_ticks = true;
  scan.wake_on_tick = true;
  return *this;
}

Script& Script::Truncate(uint32_t client, int64_t ms, uint32_t position) {
  Add(OperationKind::kTruncate, client, ms).position = position;
  return *this;
}

Script& Script::Close(uint32_t client, int64_t ms) {
  Add(OperationKind::kClose, client, ms);
  return *this;
}

Script& Script::Fault(FaultClass kind, Trigger trigger, uint32_t slot, int64_t duration_ms,
                      int64_t amount, uint32_t variant, uint64_t pick) {
  sim::Fault fault;
  fault.kind = kind;
  fault.trigger = trigger;
  fault.slot = slot;
  fault.duration_ns = duration_ms * kMillisecond;
  fault.amount = amount;
  fault.variant = variant;
  fault.pick = pick;
  plan_.faults.push_back(fault);
  return *this;
}

Plan Script::Make(uint64_t seed) const {
  Plan plan = plan_;
  plan.seed = seed;
  plan.config.mode = plan.faults.empty() ? Mode::kCalm : Mode::kNormal;
  if (hostile_) plan.config.mode = Mode::kHostile;
  const int64_t last_ns = plan.operations.empty() ? 0 : plan.operations.back().at_ns;
  plan.config.horizon_ns = last_ns + 20 * kMillisecond;
  return plan;
}

Operation& Script::Add(OperationKind kind, uint32_t client, int64_t ms) {
  Operation operation;
  operation.kind = kind;
  operation.client = client;
  operation.at_ns = ms * kMillisecond;
  // In order of time, and of calls at the same time.
  const auto at =
      std::upper_bound(plan_.operations.begin(), plan_.operations.end(), operation,
                       [](const Operation& a, const Operation& b) { return a.at_ns < b.at_ns; });
  return *plan_.operations.insert(at, operation);
}

}  // namespace tidelog::sim
