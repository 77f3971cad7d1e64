// World: one run of a plan: a kernel, a machine with a disk or a log service, processes, and the
// faults that meet them.
#ifndef TIDELOG_SIM_WORLD_WORLD_H_
#define TIDELOG_SIM_WORLD_WORLD_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/container/btree_map.h"
#include "absl/functional/any_invocable.h"
#include "absl/functional/function_ref.h"
#include "absl/time/time.h"
#include "sim/check/history.h"
#include "sim/disk/disk_fault.h"
#include "sim/disk/sim_disk.h"
#include "sim/kernel/kernel.h"
#include "sim/log/log_fault.h"
#include "sim/log/log_service.h"
#include "sim/plan/plan.h"
#include "sim/world/fault_sites.h"
#include "sim/world/node.h"
#include "sim/world/recorder.h"
#include "sim/world/run.h"
#include "sim/world/slot.h"

namespace tidelog::sim {

// In the memory of the world; confined to one thread.  Steps are taken once, in their order.
class World {
 public:
  // `plan` and `options` outlive this.
  World(const Plan& plan, const RunOptions& options);
  World(const World&) = delete;
  World& operator=(const World&) = delete;

  // Operations and faults, up to the horizon; then everything is healed, and what was called ends.
  void RunOperations();
  // The log is opened anew, written to and read.
  void RunFinale();
  void AwaitGivenUp();
  absl::Duration LeaseGrace() const;
  // Everything is closed, and the processes end.
  void RunStop();

  // What kept the run from its end, for people; empty: nothing did.
  const std::string& trouble() const { return trouble_; }
  check::History& history() { return recorder_.history(); }
  const Kernel& kernel() const { return kernel_; }
  // Says what the world alone knows; the history is kept.
  void Report(RunResult* result);

 private:
  struct SeenFile {
    std::string path;
    uint64_t end = 0;
  };

  void Start(uint32_t slot);
  void Dispatch(const Operation& operation);
  // Runs `begin` as code of the slot's process.
  void InNode(Slot* slot, absl::AnyInvocable<void(Node*)> begin);

  // Steps until `done`, or until `limit` has passed; false then, and if the run has had all its
  // steps.
  bool StepUntil(absl::FunctionRef<bool()> done, absl::Duration limit);
  void AfterStep();
  void NoticeDeath(Slot* slot);
  bool HasPending() const;
  bool SomeBackendIsDead() const;
  void Heal();
  void SetContract();
  void EndSlot(Slot* slot);

  // Faults.
  DiskVerdict OnDisk(const DiskSite& site);
  SyncFate SyncFateOf(const Fault& fault, DiskOperation operation) const;
  LogVerdict OnRequest(const LogCall& call);
  void OnCall(uint32_t slot, Site site);
  void Meet(const Fault& fault, const DiskSite& site, DiskVerdict* verdict);
  void MeetRequest(const Fault& fault, uint32_t slot, LogVerdict* verdict);
  // At its time, or a while after its site.
  void FireLater(const Fault& fault, absl::Duration delay);
  void Fire(const Fault& fault);
  void FireOnProcess(const Fault& fault, Slot* slot);
  void FireOnDisk(const Fault& fault);
  void FireOnService(const Fault& fault, Slot* slot);
  // Later, if the same process is alive still.
  void Later(const Fault& fault, Process* process, absl::AnyInvocable<void(Process*)> undo);
  void NoteFired(const Fault& fault, const Slot* slot);
  bool HasOpenTxn(const Slot& slot) const;
  const SeenFile* PickFile(uint64_t pick) const;
  Slot& SlotOf(const Fault& fault) { return slots_[fault.slot % slots_.size()]; }
  // Null: of none that lives.
  Slot* SlotOf(uint32_t process);

  const Plan& plan_;
  const SwarmConfig& config_;
  Kernel kernel_;
  Recorder recorder_;
  SimDisk disk_;
  std::optional<LogService> service_;  // None: the log lies on the disk.
  std::vector<Slot> slots_;
  std::vector<ClientState> clients_;  // And one more, the examiner.
  FaultSites sites_;
  absl::AnyInvocable<void(uint32_t slot, Site site)> on_call_;
  std::vector<const Fault*> due_;
  std::vector<SeenFile> files_;
  absl::btree_map<std::string, size_t> file_index_;
  std::array<std::array<uint32_t, kRunPhaseCount>, kFaultClassCount> fault_phases_{};
  std::vector<FiredFault> fired_;  // With room for all: processes may be what adds to it.
  // Processes of which a request hangs, and how many events there had been then.
  std::vector<std::pair<int32_t, size_t>> dead_backends_;
  Node::Finale write_;
  Node::Finale own_read_;
  Node::Finale other_read_;
  bool healed_ = false;
  bool machine_crashed_ = false;
  uint32_t skipped_ = 0;
  size_t peak_bytes_ = 0;
  std::string trouble_;
};

}  // namespace tidelog::sim

#endif  // TIDELOG_SIM_WORLD_WORLD_H_
