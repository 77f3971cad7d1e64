#include "sim/log/log_campaign.h"

#include <memory>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "sim/kernel/kernel.h"
#include "sim/kernel/scheduler.h"
#include "sim/log/log_actor.h"
#include "sim/log/log_history.h"
#include "sim/log/log_service.h"
#include "wal/async/random_stream.h"

namespace tidelog::sim {
namespace {

constexpr int kActors = 5;
constexpr absl::Duration kLifeMax = absl::Seconds(90);
constexpr absl::Duration kCalmMax = absl::Minutes(5);

// How likely each kind is, in 1024ths of the requests it can do anything to; 0: off.
using Rates = std::array<uint64_t, kLogFaultKindCount>;

uint64_t DrawSize(LogFaultKind kind, RandomStream* random) {
  switch (kind) {
    case LogFaultKind::kAppliedLate:
    case LogFaultKind::kReplyDelayed: {
      const bool is_long = random->OneIn(1, 4);
      return 1 + random->Below(is_long ? 3000 : 20);
    }
    case LogFaultKind::kIdJump:
      return 1 + random->Below(40);
    default:
      return 1 + random->Below(4);
  }
}

class LogRun {
 public:
  explicit LogRun(const LogRunOptions& options);

  LogRunResult Run();

 private:
  static Kernel::Options OptionsOf(const LogRunOptions& options, RandomStream* plan);
  static LogServiceOptions ServiceOptionsOf(const LogRunOptions& options);
  LogVerdict Judge(const LogCall& call);
  void DrawRates();
  void PlanActors();
  void PlanTrouble(absl::Duration when, size_t actor);
  void StartActor(const LogActorPlan& plan);
  bool AllAtRest() const;
  void CalmDown();
  std::string Check();
  std::string EndAll();

  const LogRunOptions options_;
  RandomStream plan_;
  Kernel kernel_;
  LogService service_;
  RandomStream faults_;
  Rates rates_ = {};
  bool calm_ = false;
  int starting_ = 0;
  int64_t term_max_ = 0;
  LogHistory history_;
  std::vector<std::unique_ptr<LogActor>> actors_;
  LogRunResult result_;
};

Kernel::Options LogRun::OptionsOf(const LogRunOptions& options, RandomStream* plan) {
  static constexpr SchedulerKind kKinds[] = {SchedulerKind::kRandomReady, SchedulerKind::kPct,
                                             SchedulerKind::kFifo};
  Kernel::Options kernel;
  kernel.seed = options.seed;
  kernel.scheduler.kind = kKinds[plan->Below(3)];
  return kernel;
}

LogServiceOptions LogRun::ServiceOptionsOf(const LogRunOptions& options) {
  LogServiceOptions service;
  service.protocol = options.protocol;
  service.breaks = options.breaks;
  return service;
}

LogRun::LogRun(const LogRunOptions& options)
    : options_(options),
      plan_(options.seed, "plan of a log run"),
      kernel_(OptionsOf(options, &plan_)),
      service_(&kernel_, ServiceOptionsOf(options)),
      faults_(kernel_.Stream("faults of a log run")) {
  DrawRates();
  PlanActors();
  service_.SetFaults([this](const LogCall& call) { return Judge(call); });
}

void LogRun::DrawRates() {
  if (!options_.faults) return;
  for (uint64_t& rate : rates_) {
    const bool is_on = plan_.OneIn(1, 2);
    const uint64_t shift = plan_.Below(6);
    if (is_on) rate = uint64_t{2} << shift;  // 0.2 % to 6 %.
  }
  // What hangs for good ends a writer, and many of them end every run early.
  uint64_t& stuck = rates_[static_cast<size_t>(LogFaultKind::kStuck)];
  stuck = stuck > 0 ? 1 : 0;
}

LogVerdict LogRun::Judge(const LogCall& call) {
  if (calm_) return LogVerdict{};
  for (size_t i = 0; i < rates_.size(); ++i) {
    const auto kind = static_cast<LogFaultKind>(i);
    if (rates_[i] == 0 || !AppliesTo(kind, call.op)) continue;
    if (!faults_.OneIn(rates_[i], 1024)) continue;
    ++result_.faults[i];
    return VerdictOf(kind, DrawSize(kind, &faults_));
  }
  return LogVerdict{};
}

void LogRun::PlanActors() {
  const bool truncates = plan_.OneIn(1, 4);
  absl::Duration when;
  for (size_t i = 0; i < kActors; ++i) {
    LogActorPlan plan;
    plan.seed = plan_.Next();
    if (i == 0) {
      plan.term = 0;
    } else {
      const bool same_term = term_max_ > 0 && plan_.OneIn(1, 4);
      if (!same_term) ++term_max_;
      plan.term = term_max_;
      const bool at_once = plan_.OneIn(1, 5);
      const uint64_t pause_ms = plan_.Below(300);
      if (!at_once) when += absl::Milliseconds(static_cast<int64_t>(pause_ms));
    }
    plan.in_flight_max = 1 + static_cast<int>(plan_.Below(6));
    plan.scans = plan_.OneIn(1, 2);
    plan.truncate_one_in = truncates ? 6 : 0;
    ++starting_;
    kernel_.At(when, [this, plan] { StartActor(plan); });
    if (options_.faults && i > 0) PlanTrouble(when, i);
  }
}

void LogRun::PlanTrouble(absl::Duration when, size_t actor) {
  const absl::Duration begin = when + absl::Milliseconds(static_cast<int64_t>(plan_.Below(400)));
  const absl::Duration end = begin + absl::Milliseconds(static_cast<int64_t>(plan_.Below(2000)));
  const uint64_t kind = plan_.Below(8);
  const auto process = [this, actor] {
    return actor < actors_.size() ? actors_[actor]->process() : nullptr;
  };
  if (kind == 0) {
    kernel_.At(begin, [this, process] { process() ? kernel_.Kill(process()) : void(); });
  } else if (kind == 1) {
    kernel_.At(begin, [this, process] { process() ? kernel_.Pause(process()) : void(); });
    kernel_.At(end, [this, process] { process() ? kernel_.Resume(process()) : void(); });
  } else if (kind == 2) {
    kernel_.At(begin, [this, process] { process() ? service_.Cut(process()->id()) : void(); });
    kernel_.At(end, [this, process] { process() ? service_.Heal(process()->id()) : void(); });
  } else if (kind == 3) {
    const absl::Duration down = absl::Milliseconds(static_cast<int64_t>(plan_.Below(700)));
    kernel_.At(begin, [this, down] { service_.Restart(down); });
  }
}

void LogRun::StartActor(const LogActorPlan& plan) {
  --starting_;
  actors_.push_back(std::make_unique<LogActor>(&kernel_, &service_, &history_, plan));
}

bool LogRun::AllAtRest() const {
  if (starting_ > 0) return false;
  for (const std::unique_ptr<LogActor>& actor : actors_) {
    if (actor->process()->alive() && !actor->done()) return false;
  }
  return true;
}

void LogRun::CalmDown() {
  calm_ = true;
  for (const std::unique_ptr<LogActor>& actor : actors_) {
    service_.Heal(actor->process()->id());
    kernel_.Resume(actor->process());
  }
}

std::string LogRun::EndAll() {
  for (const std::unique_ptr<LogActor>& actor : actors_) {
    ++(actor->opened() ? result_.opens : result_.refused_opens);
    if (!actor->process()->alive()) continue;
    Leftovers left = actor->End();
    left.events = 0;  // Answers that nobody waits for any more are the network's.
    if (left == Leftovers{}) continue;
    return absl::StrCat("a process left behind ", left.executors, " executors, ", left.jobs,
                        " jobs, ", left.timers, " timers, ", left.events, " events, ", left.calls,
                        " tables of calls, ", left.blocks, " blocks");
  }
  return "";
}

std::string LogRun::Check() {
  if (!AllAtRest()) return "liveness: a process has not ended";
  std::string violation = EndAll();
  if (!violation.empty()) return violation;
  if (!ReadWholeLog(&kernel_, &service_, &history_, term_max_ + 1)) {
    return "liveness: the log cannot be opened at the end";
  }
  return FindViolation(history_);
}

LogRunResult LogRun::Run() {
  // Writers end by themselves, the reader once it is told.
  const auto writers_rest = [this] {
    for (size_t i = 1; i < actors_.size(); ++i) {
      if (actors_[i]->process()->alive() && !actors_[i]->done()) return false;
    }
    return starting_ == 0;
  };
  kernel_.RunUntil(writers_rest, kLifeMax);
  CalmDown();
  for (const std::unique_ptr<LogActor>& actor : actors_) actor->Stop();
  kernel_.RunUntil([this] { return AllAtRest(); }, kCalmMax);
  result_.violation = Check();
  for (const LogHistory::Append& append : history_.appends) {
    if (append.outcome == Effect::kDone) ++result_.done;
    if (append.outcome == Effect::kNotDone) ++result_.not_done;
    if (append.outcome == Effect::kUnknown) ++result_.unknown;
  }
  result_.trace_hash = kernel_.trace().hash();
  result_.step_count = kernel_.step_count();
  return result_;
}

}  // namespace

LogRunResult RunLogOnce(const LogRunOptions& options) { return LogRun(options).Run(); }

}  // namespace tidelog::sim
