#include "sim/shrink/shrink_plan.h"

#include <algorithm>
#include <cstddef>
#include <string>
#include <utility>

#include "sim/plan/fault.h"
#include "sim/plan/operation.h"

namespace tidelog::sim {
namespace {

constexpr int64_t kMillisecond = 1'000'000;

using Indices = std::vector<size_t>;

template <class T>
std::vector<T> Kept(const std::vector<T>& items, const Indices& kept) {
  std::vector<T> fewer;
  fewer.reserve(kept.size());
  for (const size_t index : kept) fewer.push_back(items[index]);
  return fewer;
}

// What is left if only those clients are, with their operations.
Plan WithClients(const Plan& plan, const Indices& kept) {
  Plan fewer = plan;
  fewer.config.clients = Kept(plan.config.clients, kept);
  fewer.operations.clear();
  for (Operation operation : plan.operations) {
    const auto found = std::lower_bound(kept.begin(), kept.end(), operation.client);
    if (found == kept.end() || *found != operation.client) continue;
    operation.client = static_cast<uint32_t>(found - kept.begin());
    fewer.operations.push_back(std::move(operation));
  }
  return fewer;
}

class Shrinker {
 public:
  Shrinker(const Candidate& failing, Try attempt, ShrinkBudget* budget, Progress progress)
      : best_(failing), attempt_(attempt), budget_(*budget), progress_(progress) {}

  Candidate Shrink() {
    CutScheduler();
    Report("scheduler");
    while (!budget_.spent()) {
      const Plan before = best_.plan;
      CutFaultClasses();
      Report("fault classes");
      CutOperations();
      Report("operations");
      CutFaults();
      Report("faults");
      CutClients();
      Report("clients");
      CutChoices();
      Report("choices");
      CutKnobs();
      SimplifyOperations();
      Report("settings");
      CutDelays();
      Report("delays");
      if (best_.plan == before) break;
    }
    return best_;
  }

 private:
  void Report(std::string_view pass) { progress_(pass, SizeOf(best_.plan), budget_.runs()); }

  bool Fails(const Candidate& candidate) { return attempt_(candidate).fails_alike; }
  bool FailsWith(const Plan& plan) { return Fails(Candidate{plan, best_.replay_choices}); }

  // Takes it if it still fails, and may still be tested.
  bool Take(Candidate candidate) {
    if (candidate.plan == best_.plan && candidate.replay_choices == best_.replay_choices) {
      return false;
    }
    if (!budget_.Spend() || !Fails(candidate)) return false;
    best_ = std::move(candidate);
    return true;
  }
  bool TakePlan(Plan plan) { return Take(Candidate{std::move(plan), best_.replay_choices}); }

  // Replaces best_ by `make(kept)` for the fewest of `count` items.
  void Cut(size_t count, absl::FunctionRef<Plan(const Indices&)> make) {
    if (count == 0) return;
    const Indices kept = Minimize(
        count, [&](const Indices& items) { return FailsWith(make(items)); }, &budget_);
    if (kept.size() < count) best_.plan = make(kept);
  }

  // Without choices if that will do, else with those that the scheduler draws from the seed: they
  // follow the plan when it gets shorter, as recorded ones do not.
  void CutScheduler() {
    Candidate simple = best_;
    simple.replay_choices = false;
    simple.plan.choices.clear();
    Candidate drawn = simple;
    simple.plan.config.scheduler = SchedulerKind::kFifo;
    if (!Take(std::move(simple))) Take(std::move(drawn));
  }

  void CutFaultClasses() {
    std::vector<FaultClass> classes;
    for (const Fault& fault : best_.plan.faults) {
      if (std::find(classes.begin(), classes.end(), fault.kind) == classes.end()) {
        classes.push_back(fault.kind);
      }
    }
    const Plan plan = best_.plan;
    Cut(classes.size(), [&](const Indices& items) {
      const std::vector<FaultClass> kept = Kept(classes, items);
      Plan fewer = plan;
      std::erase_if(fewer.faults, [&kept](const Fault& fault) {
        return std::find(kept.begin(), kept.end(), fault.kind) == kept.end();
      });
      return fewer;
    });
  }

  void CutFaults() {
    const Plan plan = best_.plan;
    Cut(plan.faults.size(), [&plan](const Indices& items) {
      Plan fewer = plan;
      fewer.faults = Kept(plan.faults, items);
      return fewer;
    });
  }

  void CutOperations() {
    const Plan plan = best_.plan;
    Cut(plan.operations.size(), [&plan](const Indices& items) {
      Plan fewer = plan;
      fewer.operations = Kept(plan.operations, items);
      return fewer;
    });
  }

  void CutClients() {
    const Plan plan = best_.plan;
    Cut(plan.config.clients.size(),
        [&plan](const Indices& items) { return WithClients(plan, items); });
  }

  void CutKnobs() {
    const Plan plan = best_.plan;
    std::vector<std::pair<std::string, std::string>> knobs(plan.config.knobs.begin(),
                                                           plan.config.knobs.end());
    Cut(knobs.size(), [&plan, &knobs](const Indices& items) {
      Plan fewer = plan;
      fewer.config.knobs.clear();
      for (const size_t item : items) fewer.config.knobs.insert(knobs[item]);
      return fewer;
    });
  }

  // Writes down what the scheduler chose, and leaves out what it need not have chosen.
  void CutChoices() {
    if (!best_.replay_choices) {
      if (best_.plan.config.scheduler == SchedulerKind::kFifo || !budget_.Spend()) return;
      Candidate recorded = best_;
      recorded.replay_choices = true;
      recorded.plan.choices = attempt_(best_).choices;
      if (!Take(std::move(recorded))) return;
    }
    const Plan plan = best_.plan;
    Cut(plan.choices.size(), [&plan](const Indices& items) {
      Plan fewer = plan;
      fewer.choices = Kept(plan.choices, items);
      return fewer;
    });
    if (!best_.plan.choices.empty()) return;
    Candidate simple = best_;
    simple.replay_choices = false;
    simple.plan.config.scheduler = SchedulerKind::kFifo;
    Take(std::move(simple));
  }

  // One change to one operation at a time; each makes it plainer.
  void SimplifyOperations() {
    static constexpr void (*kPlainer[])(Operation*) = {
        [](Operation* o) { o->count = 1; },      [](Operation* o) { o->bytes = 0; },
        [](Operation* o) { o->timeout_ns = 0; }, [](Operation* o) { o->pause_ns = 0; },
        [](Operation* o) { o->types.clear(); },  [](Operation* o) { o->vchannel = 0; },
        [](Operation* o) { o->handle = 0; },     [](Operation* o) { o->misuse = Misuse::kNone; },
        [](Operation* o) { o->lease_ms = 0; },   [](Operation* o) { o->miscount = 0; },
    };
    for (auto* const make_plainer : kPlainer) {
      Plan all = best_.plan;
      for (Operation& operation : all.operations) make_plainer(&operation);
      if (TakePlan(std::move(all))) continue;
      for (size_t i = 0; i < best_.plan.operations.size(); ++i) {
        Plan one = best_.plan;
        make_plainer(&one.operations[i]);
        TakePlan(std::move(one));
      }
    }
  }

  // Lets everything that comes `at_ns` or later come earlier.
  static Plan Earlier(const Plan& plan, int64_t at_ns, int64_t by_ns) {
    Plan earlier = plan;
    for (Operation& operation : earlier.operations) {
      if (operation.at_ns >= at_ns) operation.at_ns -= by_ns;
    }
    for (Fault& fault : earlier.faults) {
      if (fault.trigger.site == Site::kTime && fault.trigger.at_ns >= at_ns) {
        fault.trigger.at_ns -= by_ns;
      }
    }
    earlier.config.horizon_ns -= by_ns;
    return earlier;
  }

  void CutDelays() {
    std::vector<int64_t> times = {0};
    for (const Operation& operation : best_.plan.operations) times.push_back(operation.at_ns);
    for (const Fault& fault : best_.plan.faults) {
      if (fault.trigger.site == Site::kTime) times.push_back(fault.trigger.at_ns);
    }
    times.push_back(best_.plan.config.horizon_ns);
    std::sort(times.begin(), times.end());
    // From the end, so that times that are still to be looked at stay as they are.
    for (size_t i = times.size() - 1; i > 0; --i) {
      const int64_t gap = times[i] - times[i - 1];
      for (const int64_t rest : {int64_t{0}, kMillisecond, 10 * kMillisecond}) {
        if (rest >= gap) break;
        if (TakePlan(Earlier(best_.plan, times[i], gap - rest))) break;
      }
    }
    for (size_t i = 0; i < best_.plan.faults.size(); ++i) {
      Plan at_once = best_.plan;
      at_once.faults[i].duration_ns = 0;
      TakePlan(std::move(at_once));
      Plan undelayed = best_.plan;
      undelayed.faults[i].trigger.delay_ns = 0;
      TakePlan(std::move(undelayed));
    }
  }

  Candidate best_;
  const Try attempt_;
  ShrinkBudget& budget_;
  const Progress progress_;
};

}  // namespace

PlanSize SizeOf(const Plan& plan) {
  PlanSize size;
  size.operations = plan.operations.size();
  size.faults = plan.faults.size();
  size.clients = plan.config.clients.size();
  size.choices = plan.choices.size();
  size.horizon_ns = plan.config.horizon_ns;
  return size;
}

Candidate ShrinkPlan(const Candidate& failing, Try attempt, ShrinkBudget* budget,
                     Progress progress) {
  return Shrinker(failing, attempt, budget, progress).Shrink();
}

}  // namespace tidelog::sim
