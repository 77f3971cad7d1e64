#include "sim/kernel/sim_executor.h"

#include <utility>

#include "absl/log/check.h"
#include "sim/kernel/arena.h"
#include "sim/kernel/sim_runtime.h"
#include "wal/async/future_state.h"

namespace tidelog::sim {
namespace {

// A wait longer than this, in virtual time, is a lost wake-up that timers hide.
constexpr absl::Duration kWaitMax = absl::Hours(1);

}  // namespace

SimExecutor::SimExecutor(Kernel* kernel, Process* owner, uint64_t id, std::string_view name)
    : Runnable(id, owner), kernel_(kernel), name_(name), index_(owner->executors_.size()) {
  owner->executors_.push_back(this);
  alarm_.executor = this;
  alarm_.fire = [](Timer* timer) {
    SimExecutor* self = static_cast<Alarm*>(timer)->executor;
    self->alarm_at_ = absl::InfiniteDuration();
    self->kernel_->MarkReady(self);
  };
}

SimExecutor::~SimExecutor() {
  CHECK(!has_job()) << "executor " << name_ << " was destroyed with jobs posted";
  CHECK(timers_.empty()) << "executor " << name_ << " was destroyed with timers armed";
  kernel_->alarms_.Cancel(&alarm_);
  if (ready) kernel_->Unready(this);
  if (kernel_->running_executor_ == this) kernel_->running_executor_ = nullptr;
  process->executors_[index_] = process->executors_.back();
  process->executors_[index_]->index_ = index_;
  process->executors_.pop_back();
}

void SimExecutor::Post(Job* job) {
  DCHECK(Arena::Current() == &process->arena_ || !kernel_->stepping_)
      << "a post to executor " << name_ << " of process " << process->name()
      << " by code of others: see Kernel::Deliver()";
  queue_.PushBack(job);
  if (!ready) kernel_->MarkReady(this);
}

void SimExecutor::AtIdle(Job* job) {
  CHECK(Current() == this) << "AtIdle() off executor " << name_;
  at_idle_.PushBack(job);
}

void SimExecutor::PostAt(Timer* timer, absl::Duration when) {
  CHECK(Current() == this) << "PostAt() off executor " << name_;
  if (process->late_timers_max_ns_ > 0) {
    when += absl::Nanoseconds(process->runtime_->DrawLateness(process->late_timers_max_ns_));
  }
  WorldScope world;
  timers_.Arm(timer, when);
}

void SimExecutor::Cancel(Timer* timer) {
  CHECK(Current() == this) << "Cancel() off executor " << name_;
  timers_.Cancel(timer);
}

absl::Duration SimExecutor::Now() const { return kernel_->now_; }

void SimExecutor::RunUntilReady(absl::FunctionRef<FutureStateBase*()> start) {
  CHECK(!kernel_->stepping_) << "Blocking() on executor " << name_
                             << " inside a step: the one thread would wait for itself";
  // Whether an idle executor borrows the thread is a matter of luck in production: `start` must
  // cope with both.
  const bool lend = !has_job() && process->runtime_->DrawLend();
  const FutureStateBase* state = kernel_->StartOutside(this, lend, start);
  const absl::Duration begin = kernel_->now_;
  while (!state->ready()) {
    CHECK(kernel_->Step()) << "lost wake-up: the future that executor " << name_
                           << " was asked for is not ready at " << kernel_->now_
                           << " and nothing is left to run";
    CHECK_LE(kernel_->now_ - begin, kWaitMax)
        << "lost wake-up: the future that executor " << name_
        << " was asked for is not ready after " << kWaitMax << ", only timers keep firing";
  }
}

void SimExecutor::Abandon() {
  queue_ = JobList();
  at_idle_ = JobList();
  while (timers_.PopDue(absl::InfiniteDuration()) != nullptr) {
  }
}

}  // namespace tidelog::sim
