// Plan: one run of the simulator as data.  The same plan is the same run, with every compiler.
//
//   Plan plan = MakePlan(4711, *PlanOptionsOf("default"));
//   RunResult result = RunPlan(plan, {});   // sim/world/run.h
//
// Nothing is drawn from the plan's generator during a run; what the world draws then (latencies,
// what a crash leaves) depends on the seed alone, by streams of its own.
#ifndef TIDELOG_SIM_PLAN_PLAN_H_
#define TIDELOG_SIM_PLAN_PLAN_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/container/btree_map.h"
#include "absl/status/statusor.h"
#include "nlohmann/json_fwd.hpp"
#include "sim/kernel/scheduler.h"
#include "sim/plan/fault.h"
#include "sim/plan/operation.h"

namespace tidelog::sim {

enum class BackendKind : uint8_t { kFile, kTransactional, kSequenced, kObjects };
inline constexpr int kBackendKindCount = 4;

enum class Mode : uint8_t {
  kCalm,     // Nothing goes wrong: whatever a checker says is a false alarm, or a bug.
  kNormal,   // What goes wrong is survivable by contract.
  kHostile,  // All goes wrong; asserted is only that no answer is silently wrong.
};

struct Client {
  uint32_t slot = 0;
  // Not 0: opens for writing by itself when an append finds no handle that is good, but not within
  // this time of the last attempt.
  int64_t reopen_after_ns = 0;

  friend bool operator==(const Client&, const Client&) = default;
};

struct Latencies {
  int64_t least_ns = 0;
  int64_t most_ns = 0;

  friend bool operator==(const Latencies&, const Latencies&) = default;
};

struct SwarmConfig {
  BackendKind backend = BackendKind::kFile;
  Mode mode = Mode::kNormal;
  uint32_t slots = 1;  // Processes at one time.
  std::vector<Client> clients;
  // Settings of the opener: those of the log, and of the backend if it has any.
  absl::btree_map<std::string, std::string> knobs;

  SchedulerKind scheduler = SchedulerKind::kFifo;
  uint32_t scheduler_depth = 3;
  uint64_t scheduler_steps = 5000;
  uint64_t scheduler_victim = 1;
  int64_t time_grain_ns = 0;
  int64_t step_cost_ns = 100;

  Latencies disk_cached;
  Latencies disk_device;
  uint64_t tear_bytes = 512;
  uint64_t two_steps_in_1000 = 250;
  int64_t blocking_max_ns = 1000000;
  Latencies network;
  uint32_t upload_window = 4;

  int64_t horizon_ns = 0;  // Operations and faults lie before it; then all is healed.
  int64_t settle_ns = 0;   // Virtual time in which all that is possible gets done after that.
  uint64_t steps_max = 0;  // Of the whole run: a bound for runs that do not end.

  friend bool operator==(const SwarmConfig&, const SwarmConfig&) = default;
};

struct Plan {
  uint64_t seed = 1;
  SwarmConfig config;
  std::vector<Operation> operations;
  std::vector<Fault> faults;
  // Where the run is to leave the default order, for a replay; empty when generated.
  std::vector<Choice> choices;

  friend bool operator==(const Plan&, const Plan&) = default;
};

// Of 1,000 plans, so many have transactions, where a preset does not say otherwise.
inline constexpr uint32_t kTransactionsIn1000 = 200;
// And so many have idempotency keys.
inline constexpr uint32_t kKeysIn1000 = 200;
// And so many have flow control that is easily moved.
inline constexpr uint32_t kFlowIn1000 = 100;
// And so many store large messages in chunks.
inline constexpr uint32_t kChunksIn1000 = 100;

// What MakePlan() may draw.
struct PlanOptions {
  std::vector<BackendKind> backends = {BackendKind::kFile, BackendKind::kTransactional,
                                       BackendKind::kSequenced, BackendKind::kObjects};
  Mode mode = Mode::kNormal;
  uint32_t operations_min = 20;
  uint32_t operations_max = 200;
  // Of 1,000 classes of faults that fit, so many are on in a run.
  uint32_t classes_in_1000 = 500;
  // Of 1,000 plans, so many are of takeovers: owners race, stop anywhere, and the machine crashes.
  uint32_t takeovers_in_1000 = 100;
  // So many have transactions, beside what they would be without.
  uint32_t transactions_in_1000 = kTransactionsIn1000;
  uint32_t keys_in_1000 = kKeysIn1000;
  uint32_t flow_in_1000 = kFlowIn1000;
  uint32_t chunks_in_1000 = kChunksIn1000;
};

// "default", "calm", "hostile", "file", "log", "quick", "long", "takeover", "transactions",
// "keys", "flow", "chunks".
// kInvalidArgument: no such name; names those there are.
absl::StatusOr<PlanOptions> PlanOptionsOf(std::string_view preset);
std::vector<std::string_view> PlanPresets();

// A pure function.
Plan MakePlan(uint64_t seed, const PlanOptions& options);

// kInvalidArgument: names the field that is missing, unknown or bad.  Both are exact inverses.
nlohmann::ordered_json ToJson(const Plan& plan);
absl::StatusOr<Plan> PlanFromJson(const nlohmann::ordered_json& json);

std::string_view NameOf(BackendKind kind);
std::string_view NameOf(Mode mode);
std::string_view NameOf(FaultClass kind);
std::string_view NameOf(Site site);
std::string_view NameOf(OperationKind kind);

}  // namespace tidelog::sim

#endif  // TIDELOG_SIM_PLAN_PLAN_H_
