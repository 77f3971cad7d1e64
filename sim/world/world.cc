#include "sim/world/world.h"

#include <algorithm>
#include <utility>
#include <variant>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "sim/kernel/arena.h"
#include "sim/log/connection.h"

namespace tidelog::sim {
namespace {

constexpr uint64_t kPlenty = UINT64_MAX / 2;
constexpr absl::Duration kTickDefault = absl::Milliseconds(200);
constexpr absl::Duration kLeaseDefault = absl::Seconds(10);

Kernel::Options KernelOptions(const Plan& plan, const RunOptions& options) {
  const SwarmConfig& config = plan.config;
  Kernel::Options kernel;
  kernel.seed = plan.seed;
  kernel.scheduler.kind = config.scheduler;
  kernel.scheduler.depth = static_cast<int>(config.scheduler_depth);
  kernel.scheduler.step_count = std::max<uint64_t>(config.scheduler_steps, 1);
  kernel.scheduler.victim = config.scheduler_victim;
  if (options.replay_choices) {
    kernel.scheduler.kind = SchedulerKind::kReplay;
    kernel.scheduler.choices = plan.choices;
  }
  if (options.keep_trace) kernel.trace.kept_max = Trace::kWhole;
  kernel.step_cost = absl::Nanoseconds(config.step_cost_ns);
  kernel.time_grain = absl::Nanoseconds(config.time_grain_ns);
  return kernel;
}

SimDisk::Options DiskOptions(const SwarmConfig& config) {
  const auto latency = [](const Latencies& l) {
    return SimDisk::Latency{absl::Nanoseconds(l.least_ns), absl::Nanoseconds(l.most_ns)};
  };
  SimDisk::Options options;
  options.tear_bytes = config.tear_bytes;
  options.cached = latency(config.disk_cached);
  options.device = latency(config.disk_device);
  options.two_steps_in_1000 = config.two_steps_in_1000;
  return options;
}

LogServiceOptions ServiceOptions(const SwarmConfig& config, const LogBreaks& breaks) {
  LogServiceOptions options;
  options.breaks = breaks;
  if (config.backend == BackendKind::kSequenced) options.protocol = LogProtocol::kSequenced;
  if (config.backend == BackendKind::kObjects) options.protocol = LogProtocol::kObjects;
  options.latency_min = absl::Nanoseconds(config.network.least_ns);
  options.latency_max = absl::Nanoseconds(config.network.most_ns);
  options.upload_window = config.upload_window;
  return options;
}

absl::Duration TickInterval(const SwarmConfig& config) {
  absl::Duration interval = kTickDefault;
  const auto found = config.knobs.find("wal.tick_interval");
  if (found != config.knobs.end() && !absl::ParseDuration(found->second, &interval)) {
    interval = kTickDefault;  // The opener refuses it.
  }
  return interval;
}

}  // namespace

World::World(const Plan& plan, const RunOptions& options)
    : plan_(plan),
      config_(plan.config),
      kernel_(KernelOptions(plan, options)),
      recorder_(&kernel_),
      disk_(&kernel_, DiskOptions(config_)),
      slots_(plan.config.slots),
      clients_(plan.config.clients.size() + 1),
      sites_(plan) {
  if (config_.backend == BackendKind::kFile) {
    disk_.SetHook([this](const DiskSite& site) { return OnDisk(site); });
  } else {
    service_.emplace(&kernel_, ServiceOptions(config_, options.breaks));
    service_->SetFaults([this](const LogCall& call) { return OnRequest(call); });
  }
  on_call_ = [this](uint32_t slot, Site site) { OnCall(slot, site); };
  fired_.reserve(plan.faults.size());
  SetContract();
  for (uint32_t i = 0; i < config_.slots; ++i) slots_[i].index = i;
}

// What nothing disturbs is visible and noticed within an interval or so.
void World::SetContract() {
  check::Contract& contract = recorder_.history().contract;
  contract.faults = config_.mode != Mode::kCalm;
  contract.corruption = config_.mode == Mode::kHostile;
  contract.flow = std::any_of(config_.knobs.begin(), config_.knobs.end(), [](const auto& knob) {
    return absl::StartsWith(knob.first, "wal.flow_");
  });
  const auto window = config_.knobs.find("wal.idempotency_window");
  if (window != config_.knobs.end()) {
    absl::Duration duration;
    CHECK(absl::ParseDuration(window->second, &duration)) << window->second;
    contract.idempotency_window = absl::ToInt64Nanoseconds(duration);
  }
  if (config_.mode != Mode::kCalm) return;
  const absl::Duration bound = 2 * TickInterval(config_) + absl::Seconds(5);
  contract.visible_within = absl::ToInt64Nanoseconds(bound);
  contract.fence_noticed_within = absl::ToInt64Nanoseconds(bound);
  contract.lease_ended_within = absl::ToInt64Nanoseconds(bound);
}

void World::Start(uint32_t index) {
  Slot& slot = slots_[index];
  slot = Slot{};
  slot.index = index;
  slot.process = kernel_.Spawn(absl::StrCat("slot", index));
  slot.process->SetBlockingMax(absl::Nanoseconds(config_.blocking_max_ns));
  recorder_.Add({slot.process_number(), 0, 0}, check::ProcessStart{});
  NodeHost host;
  host.plan = &plan_;
  host.kernel = &kernel_;
  host.process = slot.process;
  host.recorder = &recorder_;
  host.slot = &slot;
  host.clients = clients_.data();
  host.disk = &disk_;
  if (service_) host.service = &*service_;
  host.healed = &healed_;
  host.on_call = &on_call_;
  slot.node = slot.process->Enter([&host] { return std::make_unique<Node>(host).release(); });
}

void World::InNode(Slot* slot, absl::AnyInvocable<void(Node*)> begin) {
  kernel_.Deliver(slot->process->id(),
                  [node = slot->node, begin = std::move(begin)]() mutable { begin(node); });
}

void World::Dispatch(const Operation& operation) {
  const bool has_client = operation.client < config_.clients.size();
  Slot* slot = has_client ? &slots_[config_.clients[operation.client].slot] : nullptr;
  if (slot == nullptr || slot->process == nullptr || !slot->process->alive() || healed_) {
    ++skipped_;
    return;
  }
  ++slot->operations;
  InNode(slot, [&operation](Node* node) { node->Begin(&operation); });
}

void World::RunOperations() {
  recorder_.Add({}, check::Phase{check::Phase::Kind::kFaults});
  for (uint32_t i = 0; i < config_.slots; ++i) Start(i);
  for (const Operation& operation : plan_.operations) {
    kernel_.At(absl::Nanoseconds(operation.at_ns), [this, &operation] { Dispatch(operation); });
  }
  for (const Fault& fault : plan_.faults) {
    if (fault.trigger.site != Site::kTime) continue;
    kernel_.At(absl::Nanoseconds(fault.trigger.at_ns), [this, &fault] { Fire(fault); });
  }
  const absl::Duration horizon = absl::Nanoseconds(config_.horizon_ns);
  StepUntil([this, horizon] { return kernel_.Now() > horizon; }, horizon + absl::Seconds(1));
  Heal();
  // What waits for a backend that never answers is left to wait; but an open gives up after a step,
  // and takes the steps of a close then.
  const absl::Duration patience =
      SomeBackendIsDead() ? absl::Seconds(70) : absl::Nanoseconds(config_.settle_ns);
  StepUntil([this] { return !HasPending(); }, patience);
}

bool World::StepUntil(absl::FunctionRef<bool()> done, absl::Duration limit) {
  if (!trouble_.empty()) return false;
  const bool is_done = kernel_.RunUntil(
      [&] {
        AfterStep();
        return done() || kernel_.step_count() > config_.steps_max;
      },
      limit);
  AfterStep();
  if (kernel_.step_count() > config_.steps_max) {
    trouble_ = absl::StrCat("the run goes on after ", config_.steps_max, " steps");
    return false;
  }
  return is_done;
}

void World::AfterStep() {
  size_t bytes = 0;
  for (Slot& slot : slots_) {
    if (slot.process == nullptr) continue;
    if (!slot.process->alive()) {
      NoticeDeath(&slot);
    } else {
      bytes += static_cast<size_t>(slot.process->memory().bytes);
    }
  }
  machine_crashed_ = false;
  peak_bytes_ = std::max(peak_bytes_, bytes);
}

void World::NoticeDeath(Slot* slot) {
  if (machine_crashed_) {
    recorder_.Add({}, check::MachineCrash{});
    machine_crashed_ = false;
  }
  recorder_.Add({slot->process_number(), 0, 0}, check::ProcessCrash{});
  slot->process = nullptr;
  slot->node = nullptr;
  const uint32_t index = slot->index;
  if (healed_) {
    Start(index);
    return;
  }
  slot->restart_planned = true;
  kernel_.At(kernel_.Now() + slot->restart_after, [this, index] {
    if (slots_[index].restart_planned) Start(index);
  });
}

bool World::HasPending() const {
  return std::any_of(slots_.begin(), slots_.end(), [](const Slot& slot) {
    return slot.process != nullptr && (slot.pending() > 0 || slot.operations > 0);
  });
}

bool World::SomeBackendIsDead() const { return !dead_backends_.empty(); }

void World::Heal() {
  healed_ = true;
  recorder_.Add({}, check::Phase{check::Phase::Kind::kHealed});
  disk_.EndFaults();
  disk_.SetCapacity(kPlenty);
  disk_.SetReadOnly(false);
  if (service_) service_->SetFaults(nullptr);
  for (Slot& slot : slots_) {
    if (slot.process == nullptr) {
      Start(slot.index);
      continue;
    }
    if (slot.process->paused()) {
      recorder_.Add({slot.process_number(), 0, 0}, check::Resume{});
      kernel_.Resume(slot.process);
    }
    slot.process->SetWallDrift(0);
    slot.process->SetLateTimers(absl::ZeroDuration());
    slot.process->SetBlockingMax(absl::Nanoseconds(config_.blocking_max_ns));
    if (service_) service_->Heal(slot.process->id());
  }
}

void World::RunFinale() {
  recorder_.Add({}, check::Phase{check::Phase::Kind::kFinal});
  check::EndOfRun& end = recorder_.history().end;
  const absl::Duration settle = absl::Nanoseconds(config_.settle_ns);
  end.quiesced = trouble_.empty();
  for (const auto& [process, event_count] : dead_backends_) {
    for (size_t i = 0; i < event_count; ++i) {
      const check::Event& event = recorder_.history().events[i];
      const bool is_open = std::holds_alternative<check::OpenInvoke>(event.what);
      if (is_open && event.process == process) end.dead_backends.push_back(event.handle);
    }
  }
  InNode(&slots_.front(), [this](Node* node) { node->BeginFinalWrite(&write_); });
  StepUntil([this] { return write_.done; }, settle);
  if (!write_.wrote) {
    if (trouble_.empty()) trouble_ = "no new term could be opened and written to";
    return;
  }
  if (service_ && !SomeBackendIsDead()) AwaitGivenUp();
  // A reader whose request was lost asks again when that has timed out.
  const absl::Duration poll = service_ ? Connection::kPollMax : absl::ZeroDuration();
  const absl::Duration grace = 3 * TickInterval(config_) + poll + absl::Seconds(1);
  StepUntil([] { return false; }, grace + LeaseGrace());
  InNode(&slots_.front(), [this](Node* node) { node->BeginFinalRead(true, &own_read_); });
  InNode(&slots_.back(), [this](Node* node) { node->BeginFinalRead(false, &other_read_); });
  StepUntil([this] { return own_read_.done && other_read_.done; }, settle);
  for (const Node::Finale* read : {&own_read_, &other_read_}) {
    if (read->scan != 0) end.final_scans.push_back(read->scan);
    end.mark = std::max(end.mark, read->mark);
  }
  if (end.final_scans.size() < 2 && trouble_.empty())
    trouble_ = "the log could not be read to its tail";
}

// Until transactions that nobody has ended have run out, as far as the contract promises when.
absl::Duration World::LeaseGrace() const {
  const bool has_open =
      std::any_of(clients_.begin(), clients_.end(),
                  [](const ClientState& client) { return client.has_open_txn(); });
  const bool is_promised = recorder_.history().contract.lease_ended_within != check::kForever;
  if (!has_open || !is_promised) return absl::ZeroDuration();
  return kLeaseDefault + absl::Nanoseconds(recorder_.history().contract.lease_ended_within);
}

// Claims of opens that were given up go on for a while, and hold up who has won.
void World::AwaitGivenUp() {
  const auto has_none = [](const Slot& slot) {
    return slot.process == nullptr || slot.process->runtime()->quarantine().size() == 0;
  };
  StepUntil([&] { return std::all_of(slots_.begin(), slots_.end(), has_none); }, absl::Seconds(30));
}

void World::RunStop() {
  if (kernel_.step_count() > config_.steps_max) return;
  const std::string trouble = std::exchange(trouble_, "");
  for (Slot& slot : slots_) {
    if (slot.process != nullptr) InNode(&slot, [](Node* node) { node->BeginStop(); });
  }
  // What hung may use the environment until it lets go (H2).
  const auto is_done = [](const Slot& slot) {
    return slot.process == nullptr || (slot.stopped && slot.activities == 0 &&
                                       slot.process->runtime()->quarantine().size() == 0);
  };
  StepUntil([&] { return std::all_of(slots_.begin(), slots_.end(), is_done); },
            absl::Nanoseconds(config_.settle_ns));
  for (Slot& slot : slots_) EndSlot(&slot);
  if (trouble_.empty()) trouble_ = trouble;
}

void World::EndSlot(Slot* slot) {
  if (slot->process == nullptr) return;
  std::vector<check::Leftover>& leftovers = recorder_.history().end.leftovers;
  const auto add = [&](const char* what, int64_t count) {
    if (count != 0) leftovers.push_back({absl::StrCat(what, " of slot ", slot->index), count});
  };
  Process* process = std::exchange(slot->process, nullptr);
  const size_t quarantined = process->runtime()->quarantine().size();
  if (slot->activities != 0 || quarantined != 0) {
    add("activities that never ended", slot->activities);
    if (!SomeBackendIsDead()) add("quarantined calls", static_cast<int64_t>(quarantined));
    kernel_.Kill(process);
    return;
  }
  process->Enter([node = slot->node] { std::unique_ptr<Node>(node).reset(); });
  const Leftovers left = kernel_.End(process);
  add("executors", static_cast<int64_t>(left.executors));
  add("jobs", static_cast<int64_t>(left.jobs));
  add("timers", static_cast<int64_t>(left.timers));
  // Answers of a service to calls that were given up are on their way for good.
  if (!service_) add("events", static_cast<int64_t>(left.events));
  add("tables of calls", static_cast<int64_t>(left.calls));
  add("blocks of memory", left.blocks);
}

void World::Report(RunResult* result) {
  result->trace_hash = kernel_.trace().hash();
  result->event_count = kernel_.trace().count();
  result->virtual_time = kernel_.Now();
  result->choices = kernel_.choices();
  result->trace = kernel_.trace().Events();
  for (const TraceEvent& event : result->trace) {
    result->trace_lines.push_back(kernel_.Describe(event));
  }
  result->fault_phases = fault_phases_;
  result->fired = fired_;
  result->skipped_operations = skipped_;
  result->peak_bytes = peak_bytes_;
}

}  // namespace tidelog::sim
