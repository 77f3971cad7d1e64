// Scheduler: which of the things that could run does run.  A plug, chosen by data.
//
// The default order is first in, first out.  What a scheduler picks otherwise is recorded, with the
// number of the step, so that a run can be repeated without its scheduler, and shrunk: a choice
// that is left out falls back to the default, one that names what is not ready too.
#ifndef TIDELOG_SIM_KERNEL_SCHEDULER_H_
#define TIDELOG_SIM_KERNEL_SCHEDULER_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "sim/kernel/ready_set.h"

namespace tidelog::sim {

// At `step`, Runnable `number` ran (of an executor with a timer due and a job, in the unusual
// order if `flipped`), and not what would by default.
struct Choice {
  uint64_t step = 0;
  uint64_t number = 0;
  bool flipped = false;

  friend bool operator==(const Choice&, const Choice&) = default;
};

enum class SchedulerKind {
  kFifo,         // The default order.
  kRandomReady,  // Any, each as likely as the other.
  // Priorities, with `depth` - 1 points at which what runs gets the least: finds a bug that needs
  // `depth` orderings with a known probability.  Burckhardt and others, "A randomized scheduler
  // with probabilistic guarantees of finding bugs", 2010.
  kPct,
  kStarve,  // The default order, but one executor runs only when nothing else can.
  kReplay,  // `choices`, and else the default order.
};

std::string_view NameOf(SchedulerKind kind);

struct SchedulerOptions {
  SchedulerKind kind = SchedulerKind::kFifo;
  int depth = 3;                     // kPct: 1 to 5 is what pays.
  uint64_t step_count = 5000;        // kPct: how long the run will be, about.
  uint64_t victim = 0;               // kStarve: number of the executor, from 1 in the order made.
  std::vector<Choice> choices = {};  // kReplay: with ascending steps.
  // Nobody who could run waits for more steps than this, lest an unfair order passes for a hang.
  uint64_t wait_steps_max = 2000;
};

// Confined to one thread, in the memory of the world.
class Scheduler {
 public:
  virtual ~Scheduler() = default;

  // What runs at `step`.  Requires: `ready` is not empty.
  virtual Runnable* Pick(const ReadySet& ready, uint64_t step) = 0;

  // At `step` the executor picked has both a timer due and a job: in the unusual order?
  virtual bool Flip(uint64_t step) = 0;

  // If it wants to know who joins and leaves the set.
  virtual bool listens() const { return false; }
  virtual void Added(Runnable*) {}
  virtual void Removed(Runnable*) {}
};

std::unique_ptr<Scheduler> MakeScheduler(const SchedulerOptions& options, uint64_t seed);

}  // namespace tidelog::sim

#endif  // TIDELOG_SIM_KERNEL_SCHEDULER_H_
