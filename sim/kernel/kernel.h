// Kernel: one run of a simulated world, in one thread and in virtual time.
//
//   Kernel kernel({.seed = 1});
//   Process* server = kernel.Spawn("server");
//   server->Enter([&] { ... make an executor of server->runtime(), start coroutines ... });
//   kernel.At(absl::Seconds(1), [&] { kernel.Kill(server); });
//   kernel.RunUntil([&] { return history.complete(); }, absl::Minutes(1));
//
// A step runs one job, one timer or one event to its end.  What runs next is the scheduler's
// choice; when nothing can run, time jumps to the next timer or event.  Everything that happened
// goes into the trace: equal options give equal hashes.
//
// The border.  Code of a process runs by its jobs, its memory is its own, and it knows the world
// only by models (a disk, a log service) that it calls.  A model keeps no pointer into a process:
// it copies the request under a WorldScope, plans an event of the world, and answers by number
// (remote_calls.h).  An answer to a process that has died is dropped, one to a process that is
// paused waits.
#ifndef TIDELOG_SIM_KERNEL_KERNEL_H_
#define TIDELOG_SIM_KERNEL_KERNEL_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/functional/function_ref.h"
#include "absl/time/time.h"
#include "sim/kernel/event_queue.h"
#include "sim/kernel/process.h"
#include "sim/kernel/ready_set.h"
#include "sim/kernel/scheduler.h"
#include "sim/kernel/trace.h"
#include "wal/async/random_stream.h"
#include "wal/async/timer_queue.h"

namespace tidelog::sim {

// What a process had left when it ended; none of it is, after an orderly end.
struct Leftovers {
  size_t executors = 0;
  size_t jobs = 0;    // Executors with something posted.
  size_t timers = 0;  // Armed.
  size_t events = 0;  // Blocking jobs and answers of the world under way.
  size_t calls = 0;   // Tables of remote calls.
  size_t quarantined = 0;
  int64_t blocks = 0;  // Of memory,
  int64_t bytes = 0;   // and their size.

  friend bool operator==(const Leftovers&, const Leftovers&) = default;
};

// Confined to one thread.  Made, called and destroyed in the memory of the world; where a method
// may be called by code of a process, it says so.
class Kernel {
 public:
  struct Options {
    uint64_t seed = 1;
    SchedulerOptions scheduler = {};
    Trace::Options trace = {};
    // Virtual time that a step takes.
    absl::Duration step_cost = absl::Nanoseconds(100);
    // When nothing can run, time jumps to the next multiple of this, if positive, at which
    // something can.  What comes due in between is late by less than that, is ready together, and
    // its order is the scheduler's choice: with no grain there is rarely a choice, as no two delays
    // are equal.
    absl::Duration time_grain = absl::ZeroDuration();
    // Keep what was picked against the default order, for a replay.
    bool record_choices = true;
  };

  explicit Kernel(const Options& options);
  Kernel(const Kernel&) = delete;
  Kernel& operator=(const Kernel&) = delete;
  ~Kernel();  // Kills what is alive.

  // A process that lives.  `name` is for people, and need not be unique.
  Process* Spawn(std::string_view name);

  // A power cut for one process: nothing of it runs again, and its memory is taken away with no
  // destructor run.  From inside a step of its own, which a model may ask for in the middle of a
  // call, it takes effect when the step ends.  No-op if it is dead.  From anywhere.
  void Kill(Process* process);

  // As Kill(), for a process whose code has ended in an orderly way: says what it left behind.
  // Requires: alive; outside of its steps.
  Leftovers End(Process* process);

  // SIGSTOP and SIGCONT: nothing of it runs, its clocks go on.  Its jobs, timers, blocking calls
  // and answers wait.  Idempotent.  Requires: outside of its steps.
  void Pause(Process* process);
  void Resume(Process* process);

  // Runs `job`, in the memory of the world and on no executor, at `when` on the scale of Now(), or
  // as soon as possible if that is past.  From anywhere, under a WorldScope.
  using WorldJob = absl::AnyInvocable<void() &&>;
  void At(absl::Duration when, WorldJob job);

  // Runs `job` as code of process `to`, on no executor, as soon as possible; drops it if the
  // process is dead by then.  `job` itself is memory of the world: what it leaves in the process
  // it copies there.  From anywhere, under a WorldScope.
  void Deliver(ProcessId to, WorldJob job) { Send(to, std::move(job), /*awaited=*/true); }
  // As Deliver(), but nobody waits for it: a process that ends leaves nothing behind by it.
  void Notify(ProcessId to, WorldJob job) { Send(to, std::move(job), /*awaited=*/false); }

  // From anywhere.
  absl::Duration Now() const { return now_; }
  Process* process(ProcessId id) const;

  // Puts something into the trace: what a model decided, and about which bytes.  From anywhere.
  void Note(uint64_t what, uint64_t payload);

  // One step, moving time if nothing is due.  False if there is nothing left to do at all.
  // Requires: outside of all steps, as for those below.
  bool Step();

  // Steps until `done`, which is asked before each.  False if there was nothing left to do, or
  // when `limit` of virtual time has passed.
  bool RunUntil(absl::FunctionRef<bool()> done, absl::Duration limit);

  // Nothing is left to do, now or later: whoever still waits, waits for ever.
  bool idle() const {
    return ready_.empty() && events_.next_ns() == EventQueue::kNever && alarms_.empty();
  }

  // Steps through the next `duration` and moves time by that.
  void RunFor(absl::Duration duration);

  // A stream of random numbers that depends on the seed and `name` alone.
  RandomStream Stream(std::string_view name) const;

  const Trace& trace() const { return trace_; }
  uint64_t step_count() const { return step_count_; }
  const std::vector<Choice>& choices() const { return choices_; }

  // A line for people: when, what, of which process and executor.
  std::string Describe(const TraceEvent& event) const;

 private:
  friend class Process;
  friend class SimExecutor;
  friend class SimRuntime;

  // Moves time, no further than `end_ns`, until something is ready.  False if nothing is.
  bool FindReady(int64_t end_ns);
  void CollectDue();
  void MoveTimeTo(int64_t now_ns);
  int64_t After(absl::Duration duration) const;
  void RunPicked();
  void RunExecutor(SimExecutor* executor, bool is_default);
  void RunEvent(Event* event, bool is_default);
  // What goes into the trace for a choice; keeps it if it is not the default.
  uint64_t Record(const Runnable* picked, bool is_default, bool flipped);
  // Calls `start` as code of the process, on `executor` if it is lent the thread.
  FutureStateBase* StartOutside(SimExecutor* executor, bool lend,
                                absl::FunctionRef<FutureStateBase*()> start);

  void MarkReady(Runnable* item);
  void Unready(Runnable* item);
  void Settle(SimExecutor* executor);
  void PlanBlocking(Process* process, Job* job, int64_t delay_ns);
  void MakeDue(Event* event);
  void Send(ProcessId to, WorldJob job, bool awaited);
  void Bury(Process* process, EventKind how);
  void Add(EventKind kind, const Process* process, uint64_t strand, uint64_t payload);

  const Options options_;
  const std::unique_ptr<Scheduler> scheduler_;
  const bool scheduler_listens_;
  absl::Duration now_;
  int64_t now_ns_ = 0;
  const int64_t step_cost_ns_;
  const int64_t time_grain_ns_;
  uint64_t step_count_ = 0;
  ReadySet ready_;
  EventQueue events_;
  TimerQueue alarms_;  // One of each executor whose first timer is not due yet.
  Trace trace_;
  std::vector<Choice> choices_;
  std::vector<std::unique_ptr<Process>> processes_;  // By id, from 1.
  std::vector<std::string> executor_names_;          // By number, from 1.
  bool stepping_ = false;
  Process* running_process_ = nullptr;
  SimExecutor* running_executor_ = nullptr;  // Null once its own job has destroyed it.
};

}  // namespace tidelog::sim

#endif  // TIDELOG_SIM_KERNEL_KERNEL_H_
