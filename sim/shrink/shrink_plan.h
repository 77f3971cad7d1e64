// Shrinks a plan that fails to a smaller one that fails alike.
#ifndef TIDELOG_SIM_SHRINK_SHRINK_PLAN_H_
#define TIDELOG_SIM_SHRINK_SHRINK_PLAN_H_

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "absl/functional/function_ref.h"
#include "sim/kernel/scheduler.h"
#include "sim/plan/plan.h"
#include "sim/shrink/minimize.h"

namespace tidelog::sim {

// A plan, and how it is run.
struct Candidate {
  Plan plan;
  bool replay_choices = false;  // As in RunOptions.
};

// What became of a candidate.
struct Trial {
  bool fails_alike = false;     // With the signature that is looked for.
  std::vector<Choice> choices;  // Against the default order; of a run that died, none.
};

// Runs a candidate.
using Try = absl::FunctionRef<Trial(const Candidate&)>;

// What shrinking makes less of.
struct PlanSize {
  size_t operations = 0;
  size_t faults = 0;
  size_t clients = 0;
  size_t choices = 0;
  int64_t horizon_ns = 0;

  friend bool operator==(const PlanSize&, const PlanSize&) = default;
};
PlanSize SizeOf(const Plan& plan);

// Told after each pass: its name, what is left, and how many runs it has taken so far.
using Progress = absl::FunctionRef<void(std::string_view pass, const PlanSize& size, int64_t runs)>;

// Cuts operations, whole classes of faults, faults, clients, settings, choices of the scheduler and
// delays, until no pass finds anything or the budget is spent.  What it returns fails alike.
// Requires: so does `failing`.
Candidate ShrinkPlan(const Candidate& failing, Try attempt, ShrinkBudget* budget,
                     Progress progress);

}  // namespace tidelog::sim

#endif  // TIDELOG_SIM_SHRINK_SHRINK_PLAN_H_
