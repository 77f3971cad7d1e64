// The fields of a plan, named once for both ways of JSON.
//
// `visit(name, field)` is called for each field in order.  Of an operation the kind decides which
// there are; it comes first, so that a reader knows it by then.
#ifndef TIDELOG_SIM_PLAN_FIELDS_H_
#define TIDELOG_SIM_PLAN_FIELDS_H_

#include "sim/kernel/scheduler.h"
#include "sim/plan/fault.h"
#include "sim/plan/operation.h"
#include "sim/plan/plan.h"

namespace tidelog::sim {

template <class V>
void VisitFields(V& visit, Client& client) {
  visit("slot", client.slot);
  visit("reopen_after_ns", client.reopen_after_ns);
}

template <class V>
void VisitFields(V& visit, Latencies& latencies) {
  visit("least_ns", latencies.least_ns);
  visit("most_ns", latencies.most_ns);
}

template <class V>
void VisitFields(V& visit, SwarmConfig& config) {
  visit("backend", config.backend);
  visit("mode", config.mode);
  visit("slots", config.slots);
  visit("clients", config.clients);
  visit("knobs", config.knobs);
  visit("scheduler", config.scheduler);
  visit("scheduler_depth", config.scheduler_depth);
  visit("scheduler_steps", config.scheduler_steps);
  visit("scheduler_victim", config.scheduler_victim);
  visit("time_grain_ns", config.time_grain_ns);
  visit("step_cost_ns", config.step_cost_ns);
  visit("disk_cached", config.disk_cached);
  visit("disk_device", config.disk_device);
  visit("tear_bytes", config.tear_bytes);
  visit("two_steps_in_1000", config.two_steps_in_1000);
  visit("blocking_max_ns", config.blocking_max_ns);
  visit("network", config.network);
  visit("upload_window", config.upload_window);
  visit("horizon_ns", config.horizon_ns);
  visit("settle_ns", config.settle_ns);
  visit("steps_max", config.steps_max);
}

template <class V>
void VisitAppendFields(V& visit, Operation& operation) {
  visit("count", operation.count);
  visit("bytes", operation.bytes);
  visit("vchannel", operation.vchannel);
  visit("type", operation.type);
  visit("timeout_ns", operation.timeout_ns);
  visit("wait_when_full", operation.wait_when_full);
  visit("misuse", operation.misuse);
}

template <class V>
void VisitTxnFields(V& visit, Operation& operation) {
  visit("txn", operation.txn);
  if (operation.kind == OperationKind::kBeginTxn) {
    visit("vchannel", operation.vchannel);
    visit("lease_ms", operation.lease_ms);
  }
  if (operation.kind == OperationKind::kTxnBody) {
    visit("count", operation.count);
    visit("bytes", operation.bytes);
    visit("type", operation.type);
  }
  if (operation.kind == OperationKind::kCommitTxn ||
      operation.kind == OperationKind::kKeyedCommit) {
    visit("miscount", operation.miscount);
  }
  visit("timeout_ns", operation.timeout_ns);
  visit("wait_when_full", operation.wait_when_full);
  visit("misuse", operation.misuse);
}

template <class V>
void VisitScanFields(V& visit, Operation& operation) {
  visit("start", operation.start);
  visit("position", operation.position);
  visit("end", operation.end);
  visit("until", operation.until);
  visit("vchannel", operation.vchannel);
  visit("types", operation.types);
  visit("after_tick_of", operation.after_tick_of);
  visit("deliver_ticks", operation.deliver_ticks);
  visit("wake_on_tick", operation.wake_on_tick);
  visit("gaps", operation.gaps);
  visit("read_ahead_bytes", operation.read_ahead_bytes);
  visit("read_ahead_count", operation.read_ahead_count);
  visit("pause_ns", operation.pause_ns);
}

template <class V>
void VisitFields(V& visit, Operation& operation) {
  visit("kind", operation.kind);
  visit("at_ns", operation.at_ns);
  visit("client", operation.client);
  switch (operation.kind) {
    case OperationKind::kOpen:
      visit("term", operation.term);
      return;
    case OperationKind::kOpenReadOnly:
    case OperationKind::kCloseOpener:
      return;
    case OperationKind::kCloseScan:
      visit("scan", operation.scan);
      return;
    default:
      visit("handle", operation.handle);
  }
  if (operation.kind == OperationKind::kAppend || operation.kind == OperationKind::kKeyedAppend) {
    VisitAppendFields(visit, operation);
  } else if (operation.kind >= OperationKind::kBeginTxn) {
    VisitTxnFields(visit, operation);
  }
  if (operation.kind >= OperationKind::kKeyedAppend) visit("key", operation.key);
  if (operation.kind == OperationKind::kScan) VisitScanFields(visit, operation);
  if (operation.kind == OperationKind::kTruncate) visit("position", operation.position);
  if (operation.kind == OperationKind::kMvcc) visit("vchannel", operation.vchannel);
}

template <class V>
void VisitFields(V& visit, Trigger& trigger) {
  visit("site", trigger.site);
  visit("at_ns", trigger.at_ns);
  visit("nth", trigger.nth);
  visit("delay_ns", trigger.delay_ns);
}

template <class V>
void VisitFields(V& visit, Fault& fault) {
  visit("kind", fault.kind);
  visit("trigger", fault.trigger);
  visit("slot", fault.slot);
  visit("amount", fault.amount);
  visit("duration_ns", fault.duration_ns);
  visit("variant", fault.variant);
  visit("pick", fault.pick);
}

template <class V>
void VisitFields(V& visit, Choice& choice) {
  visit("step", choice.step);
  visit("number", choice.number);
  visit("flipped", choice.flipped);
}

template <class V>
void VisitFields(V& visit, Plan& plan) {
  visit("seed", plan.seed);
  visit("config", plan.config);
  visit("operations", plan.operations);
  visit("faults", plan.faults);
  visit("choices", plan.choices);
}

}  // namespace tidelog::sim

#endif  // TIDELOG_SIM_PLAN_FIELDS_H_
