// Process: one simulated process, from Kernel::Spawn() until it is killed or ended.
//
// Code of the log runs in it unchanged, on runtime(): one thread, virtual time, seeded.  What that
// code allocates lies in the process's arena.
#ifndef TIDELOG_SIM_KERNEL_PROCESS_H_
#define TIDELOG_SIM_KERNEL_PROCESS_H_

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "absl/time/time.h"
#include "sim/kernel/arena.h"
#include "sim/kernel/tripwire.h"
#include "wal/async/runtime.h"

namespace tidelog::sim {

class Kernel;
class RemoteTable;
class SimExecutor;
class SimRuntime;
struct Event;

// Names one incarnation: a process that is started again is another one.  From 1, in the order
// spawned.
enum class ProcessId : uint32_t {};

// In the memory of the world; owned by the kernel, which keeps it until it is destroyed itself.
// All methods are for the simulated thread.
class Process {
 public:
  Process(Kernel* kernel, ProcessId id, std::string_view name);
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;
  ~Process();

  Kernel* kernel() const { return kernel_; }
  ProcessId id() const { return id_; }
  const std::string& name() const { return name_; }
  bool alive() const { return alive_; }
  bool paused() const { return paused_; }

  // For its code, and for what sets it up.  Dangles for that code once the process is dead.
  Runtime* runtime();

  // Calls `f` as code of the process, on no executor: to set it up, or to give it something to do.
  // What `f` gives back lies in the process's memory.  Requires: alive; outside of other
  // processes' code.
  template <class F>
  auto Enter(F&& f) -> std::invoke_result_t<F&> {
    const Stay stay(this);
    const ArenaScope memory(&arena_);
    const TripwireScope armed(true);
    return f();
  }

  // Memory of the process: live, at most, ever.
  const ArenaUsage& memory() const { return arena_.usage(); }

  // Faults of its clocks.  The wall clock jumps; or goes fast by millionths of the time.
  void JumpWall(absl::Duration by);
  void SetWallDrift(int64_t millionths);
  // From now on timers fire late by up to `by`.
  void SetLateTimers(absl::Duration by);
  // From now on blocking jobs take up to `delay`; 1 ms to begin with.
  void SetBlockingMax(absl::Duration delay);

 private:
  friend class Kernel;
  friend class ProcessScope;
  friend class RemoteTable;
  friend class SimExecutor;
  friend class SimRuntime;

  // While code runs in it by Enter().
  class [[nodiscard]] Stay {
   public:
    explicit Stay(Process* process);
    ~Stay();

   private:
    Process* const process_;
  };

  absl::Duration WallElapsed() const;

  Kernel* const kernel_;
  const ProcessId id_;
  const std::string name_;
  bool alive_ = true;
  bool paused_ = false;
  bool kill_after_step_ = false;

  // The wall clock showed wall_base_ns_ at wall_base_at_ns_ and drifts since then.
  int64_t wall_base_ns_ = 0;
  int64_t wall_base_at_ns_ = 0;
  int64_t wall_drift_millionths_ = 0;
  int64_t late_timers_max_ns_ = 0;
  int64_t blocking_max_ns_ = 1000000;

  Arena arena_;
  std::unique_ptr<SimRuntime> runtime_;
  std::vector<SimExecutor*> executors_;  // Alive, each at its own index.
  std::vector<Event*> held_;             // Due while it is paused, in their order.
  std::vector<RemoteTable*> tables_;     // By number; null once destroyed.
  uint64_t event_count_ = 0;             // Blocking jobs and deliveries under way.
};

// Code of the world that looks into a process: what it allocates meanwhile is the process's.
// Prefer Enter().
class [[nodiscard]] ProcessScope : public ArenaScope {
 public:
  explicit ProcessScope(Process* process) : ArenaScope(&process->arena_) {}
};

}  // namespace tidelog::sim

#endif  // TIDELOG_SIM_KERNEL_PROCESS_H_
