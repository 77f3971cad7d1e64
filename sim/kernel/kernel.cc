#include "sim/kernel/kernel.h"

#include <algorithm>
#include <cstdint>
#include <utility>

#include "absl/base/config.h"
#include "absl/log/check.h"
#include "absl/strings/cord.h"  // IWYU pragma: keep (what is declared below)
#include "absl/strings/str_cat.h"
#include "sim/kernel/arena.h"
#include "sim/kernel/sim_executor.h"
#include "sim/kernel/sim_runtime.h"
#include "sim/kernel/tripwire.h"
#include "wal/async/future_state.h"

// Declared here since its header is Abseil's own.
namespace absl {
ABSL_NAMESPACE_BEGIN
namespace cord_internal {
void set_cordz_mean_interval(int32_t mean_interval);
}  // namespace cord_internal
ABSL_NAMESPACE_END
}  // namespace absl

namespace tidelog::sim {
namespace {

uint32_t NumberOf(const Process* process) {
  return process == nullptr ? 0 : static_cast<uint32_t>(process->id());
}

// Rounded up: a timer may be armed for a fraction, and is not due before.
int64_t NanosecondsUp(absl::Duration duration) {
  const int64_t ns = absl::ToInt64Nanoseconds(duration);
  return absl::Nanoseconds(ns) < duration && ns != EventQueue::kNever ? ns + 1 : ns;
}

}  // namespace

Kernel::Kernel(const Options& options)
    : options_(options),
      scheduler_(MakeScheduler(options.scheduler, options.seed)),
      scheduler_listens_(scheduler_->listens()),
      step_cost_ns_(absl::ToInt64Nanoseconds(options.step_cost)),
      time_grain_ns_(std::max<int64_t>(1, absl::ToInt64Nanoseconds(options.time_grain))),
      trace_(options.trace) {
  CHECK(Arena::Current() == nullptr) << "a kernel is made in the memory of the world";
  // Statuses carry Cords, of which Abseil samples one in 50,000: it reads the clock, and keeps a
  // list of them that would lead into the memory of processes.
  absl::cord_internal::set_cordz_mean_interval(0);
}

Kernel::~Kernel() {
  CHECK(!stepping_) << "a kernel was destroyed inside a step";
  for (const auto& process : processes_) Kill(process.get());
}

Process* Kernel::Spawn(std::string_view name) {
  CHECK(Arena::Current() == nullptr) << "process " << name << " was spawned by another's code";
  const auto id = static_cast<ProcessId>(processes_.size() + 1);
  processes_.push_back(std::make_unique<Process>(this, id, name));
  Process* process = processes_.back().get();
  Add(EventKind::kSpawn, process, 0, HashBytes(name));
  return process;
}

Process* Kernel::process(ProcessId id) const {
  const auto number = static_cast<uint32_t>(id);
  CHECK(number >= 1 && number <= processes_.size()) << "there is no process " << number;
  return processes_[number - 1].get();
}

void Kernel::Kill(Process* process) {
  if (!process->alive_) return;
  if (running_process_ == process) {
    process->kill_after_step_ = true;
    return;
  }
  WorldScope world;
  Bury(process, EventKind::kKill);
}

Leftovers Kernel::End(Process* process) {
  CHECK(process->alive_) << "process " << process->name() << " has ended already";
  CHECK(running_process_ != process) << "process " << process->name() << " ends inside its step";
  WorldScope world;
  Leftovers left;
  left.executors = process->executors_.size();
  for (const SimExecutor* executor : process->executors_) {
    left.jobs += executor->has_job() ? 1 : 0;
    left.timers += executor->timer_count();
  }
  left.events = process->event_count_;
  left.calls =
      static_cast<size_t>(std::count_if(process->tables_.begin(), process->tables_.end(),
                                        [](const RemoteTable* table) { return table != nullptr; }));
  left.quarantined = process->runtime_->EndQuarantine();
  left.blocks = process->memory().count;
  left.bytes = process->memory().bytes;
  Bury(process, EventKind::kEnd);
  return left;
}

// Drops all that points into the process, then takes its memory away.
void Kernel::Bury(Process* process, EventKind how) {
  Add(how, process, 0, static_cast<uint64_t>(process->executors_.size()));
  process->alive_ = false;
  process->kill_after_step_ = false;
  while (!process->executors_.empty()) {
    const std::unique_ptr<SimExecutor> executor(process->executors_.back());
    executor->Abandon();
  }
  // Those that are not due yet are dropped when they are.
  for (size_t i = ready_.size(); i > 0; --i) {
    Runnable* item = ready_.at(i - 1);
    if (item->process != process) continue;
    Unready(item);
    events_.Free(static_cast<Event*>(item));
  }
  for (Event* event : process->held_) events_.Free(event);
  process->held_.clear();
  process->tables_.clear();
  process->event_count_ = 0;
  process->arena_.FreeAll();
}

void Kernel::Pause(Process* process) {
  CHECK(running_process_ != process) << "process " << process->name() << " pauses inside its step";
  if (!process->alive_ || process->paused_) return;
  WorldScope world;
  Add(EventKind::kPause, process, 0, 0);
  process->paused_ = true;
  for (SimExecutor* executor : process->executors_) {
    if (executor->ready) Unready(executor);
    alarms_.Cancel(&executor->alarm_);
    executor->alarm_at_ = absl::InfiniteDuration();
  }
  for (Runnable* item = ready_.oldest(); item != nullptr;) {
    Runnable* next = ReadySet::NewerThan(item);
    if (item->process == process) {
      Unready(item);
      process->held_.push_back(static_cast<Event*>(item));
    }
    item = next;
  }
}

void Kernel::Resume(Process* process) {
  if (!process->alive_ || !process->paused_) return;
  WorldScope world;
  Add(EventKind::kResume, process, 0, 0);
  process->paused_ = false;
  for (Event* event : process->held_) MarkReady(event);
  process->held_.clear();
  for (SimExecutor* executor : process->executors_) Settle(executor);
}

void Kernel::At(absl::Duration when, WorldJob job) {
  CHECK(Arena::Current() == nullptr) << "an event of the world is planned under a WorldScope";
  Event* event = events_.Make(EventKind::kWorld, nullptr);
  event->job = std::move(job);
  events_.Plan(event, absl::ToInt64Nanoseconds(when));
}

void Kernel::Send(ProcessId to, WorldJob job, bool awaited) {
  CHECK(Arena::Current() == nullptr) << "an answer of the world is given under a WorldScope";
  Process* receiver = process(to);
  if (!receiver->alive_) return;
  Event* event = events_.Make(EventKind::kDeliver, receiver);
  event->job = std::move(job);
  event->awaited = awaited;
  if (awaited) ++receiver->event_count_;
  events_.Plan(event, now_ns_);
}

void Kernel::PlanBlocking(Process* process, Job* job, int64_t delay_ns) {
  Event* event = events_.Make(EventKind::kBlocking, process);
  event->blocking = job;
  event->awaited = true;
  ++process->event_count_;
  events_.Plan(event, now_ns_ + delay_ns);
}

void Kernel::Note(uint64_t what, uint64_t payload) {
  Add(EventKind::kNote, running_process_, what, payload);
}

RandomStream Kernel::Stream(std::string_view name) const {
  return RandomStream(options_.seed, name);
}

void Kernel::Add(EventKind kind, const Process* process, uint64_t strand, uint64_t payload) {
  trace_.Add({now_ns_, kind, NumberOf(process), strand, 0, payload});
}

bool Kernel::Step() {
  if (!FindReady(EventQueue::kNever)) return false;
  RunPicked();
  return true;
}

// So much later than now, or the end of time.
int64_t Kernel::After(absl::Duration duration) const {
  const int64_t ns = absl::ToInt64Nanoseconds(duration);
  return ns < EventQueue::kNever - now_ns_ ? now_ns_ + ns : EventQueue::kNever;
}

bool Kernel::RunUntil(absl::FunctionRef<bool()> done, absl::Duration limit) {
  const int64_t end_ns = After(limit);
  while (!done()) {
    if (!FindReady(end_ns) || now_ns_ > end_ns) return false;
    RunPicked();
  }
  return true;
}

void Kernel::RunFor(absl::Duration duration) {
  const int64_t end_ns = After(duration);
  while (now_ns_ <= end_ns && FindReady(end_ns)) RunPicked();
  if (now_ns_ < end_ns && end_ns != EventQueue::kNever) MoveTimeTo(end_ns);
}

bool Kernel::FindReady(int64_t end_ns) {
  CHECK(!stepping_) << "a step inside a step";
  while (true) {
    CollectDue();
    if (!ready_.empty()) return true;
    const int64_t next_ns = std::min(events_.next_ns(), NanosecondsUp(alarms_.next()));
    if (next_ns == EventQueue::kNever || next_ns > end_ns) return false;
    const int64_t past_grain_ns = next_ns % time_grain_ns_;
    const int64_t wait_ns = past_grain_ns == 0 ? 0 : time_grain_ns_ - past_grain_ns;
    MoveTimeTo(next_ns + std::min(wait_ns, end_ns - next_ns));
  }
}

void Kernel::MoveTimeTo(int64_t now_ns) {
  now_ns_ = std::max(now_ns_, now_ns);
  now_ = absl::Nanoseconds(now_ns_);
}

// What has come due becomes ready: events first, each kind in its order.
void Kernel::CollectDue() {
  while (events_.next_ns() <= now_ns_) MakeDue(events_.Pop());
  while (Timer* alarm = alarms_.PopDue(now_)) alarm->fire(alarm);
}

void Kernel::MakeDue(Event* event) {
  if (Process* owner = event->process; owner != nullptr) {
    if (!owner->alive_) return events_.Free(event);
    if (owner->paused_) return owner->held_.push_back(event);
  }
  MarkReady(event);
}

void Kernel::MarkReady(Runnable* item) {
  if (item->ready || (item->process != nullptr && item->process->paused_)) return;
  ready_.Add(item, step_count_);
  if (!scheduler_listens_) return;
  WorldScope world;
  scheduler_->Added(item);
}

void Kernel::Unready(Runnable* item) {
  ready_.Remove(item);
  if (!scheduler_listens_) return;
  WorldScope world;
  scheduler_->Removed(item);
}

void Kernel::RunPicked() {
  CHECK(Arena::Current() == nullptr) << "the kernel steps in the memory of the world";
  Runnable* oldest = ready_.oldest();
  Runnable* picked = oldest;
  if (step_count_ - oldest->ready_since <= options_.scheduler.wait_steps_max) {
    picked = scheduler_->Pick(ready_, step_count_);
  }
  Unready(picked);
  stepping_ = true;
  Process* owner = picked->process;
  running_process_ = owner;
  if ((picked->number & kEventNumber) == 0) {
    RunExecutor(static_cast<SimExecutor*>(picked), picked == oldest);
  } else {
    RunEvent(static_cast<Event*>(picked), picked == oldest);
  }
  running_process_ = nullptr;
  stepping_ = false;
  ++step_count_;
  MoveTimeTo(now_ns_ + step_cost_ns_);
  if (owner != nullptr && owner->kill_after_step_) Kill(owner);
}

void Kernel::RunExecutor(SimExecutor* executor, bool is_default) {
  bool timer = executor->timer_next(now_);
  bool flipped = false;
  if (executor->has_job() && executor->timer_due(now_)) flipped = scheduler_->Flip(step_count_);
  if (flipped) timer = !timer;
  const uint64_t choice = Record(executor, is_default, flipped);
  const uint64_t number = executor->number;
  const uint32_t process = NumberOf(executor->process);
  running_executor_ = executor;
  {
    const ArenaScope memory(&executor->process->arena_);
    const TripwireScope armed(true);
    Executor* before = SimExecutor::SetCurrent(executor);
    executor->RunOne(timer, now_, [&](EventKind kind) {
      trace_.Add({now_ns_, kind, process, number, choice, 0});
    });
    SimExecutor::SetCurrent(before);
  }
  if (running_executor_ != nullptr) Settle(executor);
  running_executor_ = nullptr;
}

void Kernel::RunEvent(Event* event, bool is_default) {
  const uint64_t choice = Record(event, is_default, false);
  Process* owner = event->process;
  trace_.Add({now_ns_, event->kind, NumberOf(owner), event->number, choice, 0});
  Job* blocking = event->blocking;
  WorldJob job = std::move(event->job);
  if (event->awaited) --owner->event_count_;
  events_.Free(event);
  const TripwireScope armed(true);
  const ArenaScope memory(owner == nullptr ? nullptr : &owner->arena_);
  if (blocking != nullptr) {
    blocking->run(blocking);
  } else {
    std::move(job)();
  }
}

uint64_t Kernel::Record(const Runnable* picked, bool is_default, bool flipped) {
  if (is_default && !flipped) return 0;
  if (options_.record_choices) choices_.push_back({step_count_, picked->number, flipped});
  return picked->number << 1 | (flipped ? 1 : 0);
}

// After its code ran: it may have more to do, now or at another time than before.
void Kernel::Settle(SimExecutor* executor) {
  const absl::Duration next = executor->next_timer();
  const bool due = next <= now_;
  if (due || executor->has_job()) MarkReady(executor);
  if (executor->process->paused_) return;
  const absl::Duration alarm_at = due ? absl::InfiniteDuration() : next;
  if (alarm_at == executor->alarm_at_) return;
  alarms_.Cancel(&executor->alarm_);
  executor->alarm_at_ = alarm_at;
  if (alarm_at != absl::InfiniteDuration()) alarms_.Arm(&executor->alarm_, alarm_at);
}

FutureStateBase* Kernel::StartOutside(SimExecutor* executor, bool lend,
                                      absl::FunctionRef<FutureStateBase*()> start) {
  FutureStateBase* state = nullptr;
  executor->process->Enter([&] {
    Executor* before = SimExecutor::SetCurrent(lend ? executor : nullptr);
    state = start();
    SimExecutor::SetCurrent(before);
  });
  Settle(executor);
  return state;
}

std::string Kernel::Describe(const TraceEvent& event) const {
  std::string line = absl::StrCat(absl::FormatDuration(absl::Nanoseconds(event.time_ns)), " ");
  if (event.process == 0) {
    absl::StrAppend(&line, "world");
  } else {
    absl::StrAppend(&line, processes_[event.process - 1]->name(), "#", event.process);
  }
  absl::StrAppend(&line, " ", NameOf(event.kind));
  if (event.kind == EventKind::kNote) {
    absl::StrAppend(&line, " ", event.strand);
  } else if ((event.strand & kEventNumber) != 0) {
    absl::StrAppend(&line, " event ", event.strand & ~kEventNumber);
  } else if (event.strand != 0) {
    absl::StrAppend(&line, " on ", executor_names_[event.strand - 1], "#", event.strand);
  }
  if (event.choice != 0) absl::StrAppend(&line, " (chosen)");
  if (event.payload != 0) absl::StrAppend(&line, " ", absl::Hex(event.payload));
  return line;
}

}  // namespace tidelog::sim
