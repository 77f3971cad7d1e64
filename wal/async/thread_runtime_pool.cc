#include "wal/async/thread_runtime_pool.h"

#include <algorithm>
#include <string>
#include <utility>

#include "absl/base/attributes.h"
#include "absl/log/check.h"
#include "absl/log/log.h"
#include "absl/strings/str_cat.h"
#include "wal/async/thread_runtime_futex.h"

namespace tidelog::internal {
namespace {

// Turns after which a thread with work of its own looks for shared work too.
constexpr uint32_t kTurnsAlone = 8;

// Turns by which a strand that waits for idleness is put off.
constexpr uint32_t kLateTurnsMax = 2;

constinit thread_local WorkerPool::Local local_of_this_thread;

}  // namespace

// Not inlined: see executor.cc.
ABSL_ATTRIBUTE_NOINLINE WorkerPool::Local& WorkerPool::Self() { return local_of_this_thread; }

WorkerPool::Lend::Lend(WorkerPool* pool) : pool_(pool) {
  Local& self = Self();
  CHECK(self.pool == nullptr);
  self.pool = pool;
  self.lent = true;
  absl::MutexLock lock(&pool_->mutex_);
  ++pool_->lent_count_;
}

WorkerPool::Lend::~Lend() {
  Local& self = Self();
  self.until = nullptr;
  self.leave_strand = false;
  self.pool = nullptr;
  self.lent = false;
  Worker* called = nullptr;
  {
    absl::MutexLock lock(&pool_->mutex_);
    pool_->GiveLocked(self);
    called = pool_->CallLocked();
    --pool_->lent_count_;  // From the end of this lock on the pool may be gone.
  }
  Wake(called);
}

void WorkerPool::Lend::RunUntil(const FutureStateBase* state, Job* strand) {
  Local& self = Self();
  self.until = state;
  strand->run(strand);
  pool_->RunLocal(self);
}

WorkerPool::WorkerPool(Options options)
    : options_(options), hungry_(true), blocking_max_(options.blocking_threads_max) {
  CHECK_GT(options.executor_threads, 0);
  CHECK_GT(options.blocking_threads_max, 0);
}

WorkerPool::~WorkerPool() {
  std::vector<std::unique_ptr<Worker>> workers;
  {
    absl::MutexLock lock(&mutex_);
    mutex_.Await(absl::Condition(
        +[](int* lent_count) { return *lent_count == 0; }, &lent_count_));
    // Whoever is asleep has nothing to do, and whoever is not looks once more before it ends.
    // Should there be work and no worker, one starts.
    Wake(CallLocked());
    stop_ = true;
    while (idle_ != nullptr) Wake(PopIdleLocked());
    workers = std::move(workers_);
  }
  for (const std::unique_ptr<Worker>& worker : workers) pthread_join(worker->thread, nullptr);
}

void WorkerPool::Submit(Job* strand) {
  Local& self = Self();
  if (self.pool == this) {
    self.ready.PushBack(strand);
    return;
  }
  Worker* called = nullptr;
  {
    absl::MutexLock lock(&mutex_);
    shared_.PushBack(strand);
    called = CallLocked();
  }
  Wake(called);
}

void WorkerPool::SubmitLate(Job* strand) {
  Local& self = Self();
  CHECK(self.pool == this);
  self.late.PushBack(strand);
}

void WorkerPool::SubmitBlocking(Job* job, bool now) {
  Local& self = Self();
  if (self.pool == this) {
    self.blocking.PushBack(job);
    if (now) self.leave_strand = true;
    return;
  }
  Worker* called = nullptr;
  {
    absl::MutexLock lock(&mutex_);
    shared_blocking_.PushBack(job);
    called = CallLocked();
  }
  Wake(called);
}

WorkerPool::Stats WorkerPool::stats() const {
  absl::MutexLock lock(&mutex_);
  return {.threads = static_cast<int>(workers_.size()),
          .idle = idle_count_,
          .blocking = blocking_count_,
          .wakes = wakes_.load(std::memory_order_relaxed)};
}

void* WorkerPool::WorkerMain(void* argument) {
  auto* worker = static_cast<Worker*>(argument);
  const std::string name = absl::StrCat("tidelog-", worker->index);
  pthread_setname_np(pthread_self(), name.c_str());
  worker->pool->Work(worker);
  return nullptr;
}

void WorkerPool::Work(Worker* worker) {
  Local& self = Self();
  self.pool = this;
  do {
    RunLocal(self);
  } while (TakeOrSleep(self, worker));
}

// Takes something that is shared, or sleeps until there may be.  False: the worker ends.
bool WorkerPool::TakeOrSleep(Local& self, Worker* worker) {
  CHECK(!self.has_other_work());
  bool taken = false;
  Worker* called = nullptr;
  {
    absl::MutexLock lock(&mutex_);
    taken = TakeSharedLocked(self);
    if (taken) {
      called = CallLocked();  // If there is more, it takes two: so a call of one becomes many.
    } else if (stop_) {
      return false;
    } else {
      worker->called.store(0, std::memory_order_relaxed);
      worker->next_idle = std::exchange(idle_, worker);
      ++idle_count_;
      UpdateHintsLocked();
    }
  }
  Wake(called);
  if (taken) return true;
  while (worker->called.load(std::memory_order_acquire) == 0) {
    FutexWait(&worker->called, 0);
    wakes_.fetch_add(1, std::memory_order_relaxed);
  }
  return true;
}

// Runs what this thread holds, and what comes from that.
void WorkerPool::RunLocal(Local& self) {
  while (self.until == nullptr || !self.until->ready()) {
    if (!self.lent && has_shared_work() && ++self.turns % kTurnsAlone == 0) {
      absl::MutexLock lock(&mutex_);
      TakeSharedLocked(self);
      UpdateHintsLocked();
    }
    if (Job* job = self.blocking.PopFront(); job != nullptr) {
      RunBlocking(self, job);
    } else if (Job* strand = NextStrand(self); strand != nullptr) {
      strand->run(strand);
    } else {
      return;
    }
  }
}

void WorkerPool::RunBlocking(Local& self, Job* job) {
  self.leave_strand = false;
  bool reserved = true;
  Worker* called = nullptr;
  {
    absl::MutexLock lock(&mutex_);
    GiveLocked(self);  // It would have to wait behind the system call.
    // A lent thread is not ours: it may block, and none of ours does instead.
    if (!self.lent) reserved = ReserveBlockingLocked();
    if (!reserved) shared_blocking_.PushBack(job);
    called = CallLocked();
  }
  Wake(called);
  if (!reserved) return;
  job->run(job);
  if (self.lent) return;
  {
    absl::MutexLock lock(&mutex_);
    --blocking_count_;
    called = CallLocked();
  }
  Wake(called);
}

// The strand whose turn it is; null if this thread has none.
Job* WorkerPool::NextStrand(Local& self) {
  if (!self.late.empty() && (self.ready.empty() || ++self.late_turns > kLateTurnsMax)) {
    self.late_turns = 0;
    return self.late.PopFront();
  }
  Job* strand = self.ready.PopFront();
  if (!self.ready.empty() && hungry_.load(std::memory_order_relaxed)) GiveReady(self);
  return strand;
}

void WorkerPool::GiveReady(Local& self) {
  Worker* called = nullptr;
  {
    absl::MutexLock lock(&mutex_);
    while (Job* strand = self.ready.PopFront()) shared_.PushBack(strand);
    called = CallLocked();
  }
  Wake(called);
}

bool WorkerPool::TakeSharedLocked(Local& self) {
  // Blocking jobs first: they are the slower ones, and limited, so that they starve nobody.
  Job* job = nullptr;
  if (blocking_count_ < blocking_max_) job = shared_blocking_.PopFront();
  if (job != nullptr) {
    self.blocking.PushBack(job);
    return true;
  }
  job = shared_.PopFront();
  if (job != nullptr) self.ready.PushBack(job);
  return job != nullptr;
}

void WorkerPool::GiveLocked(Local& self) {
  while (Job* strand = self.ready.PopFront()) shared_.PushBack(strand);
  while (Job* strand = self.late.PopFront()) shared_.PushBack(strand);
  while (Job* job = self.blocking.PopFront()) shared_blocking_.PushBack(job);
  self.late_turns = 0;
}

// Makes this worker one that blocks.  False if no more may.
bool WorkerPool::ReserveBlockingLocked() {
  if (blocking_count_ >= blocking_max_) return false;
  const bool last = blocking_count_ + 1 >= static_cast<int>(workers_.size());
  if (last && !stop_ && !SpawnLocked()) {
    // The system gives no more threads: what we have must do, one of them for strands.
    blocking_max_ = std::max(blocking_count_, 1);
    if (blocking_count_ > 0) return false;
  }
  ++blocking_count_;
  return true;
}

int WorkerPool::ActiveLocked() const {
  return static_cast<int>(workers_.size()) - idle_count_ - blocking_count_;
}

bool WorkerPool::SpawnLocked() {
  auto worker = std::make_unique<Worker>();
  worker->pool = this;
  worker->index = static_cast<int>(workers_.size());
  const int error = pthread_create(&worker->thread, nullptr, &WorkerMain, worker.get());
  if (error != 0) {
    CHECK(!workers_.empty()) << "cannot start a thread: error " << error;
    LOG_FIRST_N(WARNING, 1) << "cannot start thread " << workers_.size() + 1 << ": error " << error
                            << "; fewer blocking calls run at once";
    return false;
  }
  workers_.push_back(std::move(worker));
  return true;
}

WorkerPool::Worker* WorkerPool::PopIdleLocked() {
  Worker* worker = std::exchange(idle_, idle_->next_idle);
  --idle_count_;
  worker->called.store(1, std::memory_order_release);
  return worker;
}

// Gets one more worker if there is shared work for it: returns one to wake, or starts one.
// No more run strands than there are cores: an active one looks at what is shared before it sleeps.
WorkerPool::Worker* WorkerPool::CallLocked() {
  Worker* called = nullptr;
  if (HasSharedWorkLocked() && !stop_ && ActiveLocked() < options_.executor_threads) {
    if (idle_ != nullptr) {
      called = PopIdleLocked();
    } else {
      SpawnLocked();
    }
  }
  UpdateHintsLocked();
  return called;
}

bool WorkerPool::HasSharedWorkLocked() const {
  return !shared_.empty() || (!shared_blocking_.empty() && blocking_count_ < blocking_max_);
}

void WorkerPool::UpdateHintsLocked() {
  has_shared_work_.store(HasSharedWorkLocked(), std::memory_order_relaxed);
  hungry_.store(!stop_ && ActiveLocked() < options_.executor_threads, std::memory_order_relaxed);
}

void WorkerPool::Wake(Worker* called) {
  if (called != nullptr) FutexWakeOne(&called->called);
}

}  // namespace tidelog::internal
