#include "wal/async/thread_runtime_strand.h"

#include <cstdint>
#include <string>
#include <utility>

#include "absl/log/check.h"
#include "wal/async/future_state.h"
#include "wal/async/thread_runtime_futex.h"
#include "wal/async/timer_queue.h"

namespace tidelog::internal {
namespace {

// Jobs in a round.  After it the inbox is looked at: jobs that post to their own strand, over
// and over, must not starve what comes from other threads.
constexpr int kRoundJobsMax = 256;

// Rounds in a turn, after which the thread's other work goes first.
constexpr int kTurnRoundsMax = 8;

}  // namespace

// Owned by one thread at a time: by whoever took it from idle, or popped it where it was
// submitted.  `inbox_` says which it is.
class Strand::Core : public Job {
 public:
  Core(const StrandHome& home, Executor* handle, std::string_view name)
      : home_(home), handle_(handle), name_(name), alarm_(handle, &due_) {
    run = [](Job* job) { static_cast<Core*>(job)->RunTurn(/*idle_turn=*/false); };
    SetUp(&late_, [](Core* core) { core->RunTurn(/*idle_turn=*/true); });
    SetUp(&due_, [](Core* core) { core->FireTimers(); });
    SetUp(&retire_, [](Core* core) { core->retired_ = true; });
  }

  const std::string& name() const { return name_; }
  const StrandHome& home() const { return home_; }

  void Post(Job* job) {
    if (Current() == handle_) {
      local_.PushBack(job);
      return;
    }
    Job* old = inbox_.load(std::memory_order_relaxed);
    do {
      job->next = old == &idle_ ? nullptr : old;
    } while (!inbox_.compare_exchange_weak(old, job, std::memory_order_acq_rel,
                                           std::memory_order_relaxed));
    if (old == &idle_) home_.pool->Submit(this);
  }

  void AtIdle(Job* job) {
    CHECK(Current() == handle_) << "AtIdle() off executor " << name_;
    at_idle_.PushBack(job);
  }

  void PostAt(Timer* timer, absl::Duration when) {
    CHECK(Current() == handle_) << "PostAt() off executor " << name_;
    timers_.Arm(timer, when);
    if (when >= rings_at_) return;
    rings_at_ = when;
    home_.timers->SetEarlier(&alarm_, when);
  }

  void Cancel(Timer* timer) {
    CHECK(Current() == handle_) << "Cancel() off executor " << name_;
    // The alarm is left as it is: once it rings for nothing, which is cheaper than a lock for
    // each deadline that is met.
    timers_.Cancel(timer);
  }

  // Takes the strand if it is idle; it then belongs to this thread, which runs a turn of it.
  bool TryTake() {
    Job* expected = &idle_;
    return inbox_.compare_exchange_strong(expected, nullptr, std::memory_order_acq_rel,
                                          std::memory_order_relaxed);
  }

  void RunTurn(bool idle_turn);

  // The handle is being destroyed.  The core goes now, or when the thread that has it leaves.
  void Retire() {
    home_.timers->Forget(&alarm_);
    if (TryTake()) {
      Delete();
    } else {
      Post(&retire_);
    }
  }

 private:
  // A job of the core itself.
  struct CoreJob : Job {
    Core* core;
    void (*call)(Core*);
  };

  void SetUp(CoreJob* job, void (*call)(Core*)) {
    job->core = this;
    job->call = call;
    job->run = [](Job* base) {
      auto* self = static_cast<CoreJob*>(base);
      self->call(self->core);
    };
  }

  void RunRound(const WorkerPool::Local& self);
  bool TakeInbox();
  void FireTimers();
  void Delete();

  // Stands in `inbox_` for: nobody owns the strand, and nothing is posted.
  static inline constinit Job idle_;

  const StrandHome home_;
  Executor* const handle_;  // To compare; it may be gone.
  const std::string name_;
  std::atomic<Job*> inbox_{&idle_};  // Posted from other threads, the last one first.

  // The owner's.
  JobList local_;
  JobList at_idle_;
  TimerQueue timers_;
  absl::Duration rings_at_ = absl::InfiniteDuration();  // When the alarm rings.
  TimerThread::Alarm alarm_;
  CoreJob late_;
  CoreJob due_;
  CoreJob retire_;
  bool retired_ = false;
};

// Requires: this thread owns the strand.  Afterwards it does not.
void Strand::Core::RunTurn(bool idle_turn) {
  WorkerPool::Local& self = WorkerPool::Self();
  SetCurrent(handle_);
  bool put_off = false;
  for (int round = 1;; ++round) {
    RunRound(self);
    if (retired_) break;
    if (self.leave_strand || (self.until != nullptr && self.until->ready())) break;
    if (round >= kTurnRoundsMax &&
        (self.has_other_work() || (!self.lent && home_.pool->has_shared_work()))) {
      break;
    }
    if (TakeInbox() || !local_.empty()) continue;
    if (at_idle_.empty()) break;
    if (!idle_turn && !self.ready.empty()) {
      put_off = true;
      break;
    }
    while (Job* job = at_idle_.PopFront()) local_.PushBack(job);
  }
  SetCurrent(nullptr);
  if (retired_) return Delete();
  Job* nothing = nullptr;
  if (local_.empty() && at_idle_.empty() &&
      inbox_.compare_exchange_strong(nothing, &idle_, std::memory_order_release,
                                     std::memory_order_relaxed)) {
    return;
  }
  if (put_off) {
    home_.pool->SubmitLate(&late_);
  } else {
    home_.pool->Submit(this);
  }
}

void Strand::Core::RunRound(const WorkerPool::Local& self) {
  for (int n = 0; n < kRoundJobsMax && !self.leave_strand; ++n) {
    Job* job = local_.PopFront();
    if (job == nullptr) return;
    job->run(job);
  }
}

// Moves what was posted from other threads, oldest first, behind the strand's own jobs.
bool Strand::Core::TakeInbox() {
  if (inbox_.load(std::memory_order_relaxed) == nullptr) return false;
  Job* newest = inbox_.exchange(nullptr, std::memory_order_acquire);
  Job* oldest = nullptr;
  while (newest != nullptr) {
    Job* next_newest = newest->next;
    newest->next = std::exchange(oldest, newest);
    newest = next_newest;
  }
  while (oldest != nullptr) {
    Job* next_oldest = oldest->next;
    local_.PushBack(oldest);
    oldest = next_oldest;
  }
  return true;
}

void Strand::Core::FireTimers() {
  rings_at_ = -absl::InfiniteDuration();  // Until the reset below nobody needs to be told.
  const absl::Duration now = MonotonicNow();
  // No more than there are: one that arms itself for a time past must not hold up the strand.
  for (size_t left = timers_.size(); left > 0; --left) {
    Timer* timer = timers_.PopDue(now);
    if (timer == nullptr) break;
    timer->fire(timer);
  }
  rings_at_ = timers_.next();
  home_.timers->Reset(&alarm_, rings_at_);
}

void Strand::Core::Delete() {
  CHECK(local_.empty() && at_idle_.empty())
      << "executor " << name_ << " was destroyed with jobs posted";
  CHECK(timers_.empty()) << "executor " << name_ << " was destroyed with timers armed";
  delete this;
}

Strand::Strand(const StrandHome& home, std::string_view name) : core_(new Core(home, this, name)) {
  home.strand_count->fetch_add(1, std::memory_order_relaxed);
}

Strand::~Strand() {
  std::atomic<int>* strand_count = core_->home().strand_count;
  core_->Retire();
  strand_count->fetch_sub(1, std::memory_order_release);
}

std::string_view Strand::name() const { return core_->name(); }
void Strand::Post(Job* job) { core_->Post(job); }
void Strand::AtIdle(Job* job) { core_->AtIdle(job); }
void Strand::PostAt(Timer* timer, absl::Duration when) { core_->PostAt(timer, when); }
void Strand::Cancel(Timer* timer) { core_->Cancel(timer); }
absl::Duration Strand::Now() const { return MonotonicNow(); }

void Strand::RunUntilReady(absl::FunctionRef<FutureStateBase*()> start) {
  CHECK(Current() == nullptr) << "RunUntilReady() on an executor";
  CHECK(WorkerPool::Self().pool == nullptr)
      << "executor " << name() << " was waited for inside a blocking job";
  // Once the state is ready the strand may be destroyed by somebody else who learned of it.
  Core* const core = core_;
  FutureStateBase* state = nullptr;
  if (core->home().lend && core->TryTake()) {
    WorkerPool::Lend lend(core->home().pool);
    SetCurrent(this);
    state = start();
    SetCurrent(nullptr);
    lend.RunUntil(state, core);
  } else {
    state = start();
  }
  // Woken one by one: a word that many share would also wake those whose turn has not come.
  struct Sleeper : Waiter {
    std::atomic<uint32_t> woken{0};
  };
  Sleeper sleeper;
  sleeper.run = [](Job* job) {
    std::atomic<uint32_t>* woken = &static_cast<Sleeper*>(job)->woken;
    woken->store(1, std::memory_order_release);  // The sleeper may be gone from here on.
    FutexWakeOne(woken);
  };
  if (!state->Wait(&sleeper)) return;
  while (sleeper.woken.load(std::memory_order_acquire) == 0) FutexWait(&sleeper.woken, 0);
}

}  // namespace tidelog::internal
