#include "wal/async/test_runtime.h"

#include <algorithm>
#include <string>

#include "absl/log/check.h"
#include "absl/log/log.h"
#include "absl/strings/str_cat.h"
#include "wal/async/timer_queue.h"

namespace tidelog {
namespace {

// 2020-01-01: any date will do, but tests should not depend on today's.
constexpr int64_t kWallOriginSeconds = 1577836800;

// A wait longer than this, in virtual time, is a lost wake-up that timers hide.
constexpr absl::Duration kWaitMax = absl::Hours(1);

}  // namespace

class TestRuntime::TestExecutor final : public Executor {
 public:
  TestExecutor(TestRuntime* runtime, uint64_t id, std::string_view name)
      : runtime_(runtime), id_(id), name_(name) {}

  ~TestExecutor() override {
    CHECK(queue_.empty() && at_idle_.empty())
        << "executor " << name_ << " was destroyed with jobs posted";
    CHECK(timers_.empty()) << "executor " << name_ << " was destroyed with timers armed";
    runtime_->Unlist(this);
  }

  std::string_view name() const override { return name_; }

  void Post(Job* job) override {
    queue_.PushBack(job);
    runtime_->MarkReady(this);
  }

  void AtIdle(Job* job) override {
    CHECK(Current() == this) << "AtIdle() off executor " << name_;
    at_idle_.PushBack(job);
    runtime_->MarkReady(this);
  }

  void PostAt(Timer* timer, absl::Duration when) override {
    CHECK(Current() == this) << "PostAt() off executor " << name_;
    timers_.Arm(timer, when);
    if (when <= runtime_->now_) runtime_->MarkReady(this);
  }

  void Cancel(Timer* timer) override {
    CHECK(Current() == this) << "Cancel() off executor " << name_;
    timers_.Cancel(timer);
  }

  absl::Duration Now() const override { return runtime_->now_; }

  void RunUntilReady(absl::FunctionRef<FutureStateBase*()> start) override {
    CHECK(!runtime_->stepping_) << "Blocking() inside a blocking job";
    // Whether an idle executor borrows the thread is a matter of luck in production: `start`
    // must cope with both.
    const bool lend = idle() && runtime_->schedule_.OneIn(1, 2);
    Executor* before = SetCurrent(lend ? this : nullptr);
    const FutureStateBase* state = start();
    SetCurrent(before);
    runtime_->StepUntilReady(*state, name_);
  }

  uint64_t id() const { return id_; }
  bool idle() const { return queue_.empty() && at_idle_.empty(); }
  bool timer_due() const { return timers_.next() <= runtime_->now_; }
  absl::Duration next_timer() const { return timers_.next(); }

  // Runs one job or timer; of a timer that is due and a job that waits, the one that the
  // schedule picks.  Nothing if what there was has been cancelled.
  void RunOne() {
    Executor* before = SetCurrent(this);
    if (timer_due() && (idle() || runtime_->schedule_.OneIn(1, 2))) {
      Timer* timer = timers_.PopDue(runtime_->now_);
      runtime_->Mix(Event::kTimer, id_);
      timer->fire(timer);
    } else if (Job* job = queue_.PopFront(); job != nullptr) {
      runtime_->Mix(Event::kJob, id_);
      job->run(job);
    } else if (Job* late = at_idle_.PopFront(); late != nullptr) {
      runtime_->Mix(Event::kAtIdle, id_);
      late->run(late);
    }
    SetCurrent(before);
  }

  bool listed = false;  // Is in ready_ of the runtime.

 private:
  TestRuntime* const runtime_;
  const uint64_t id_;
  const std::string name_;
  JobList queue_;
  JobList at_idle_;
  TimerQueue timers_;
};

TestRuntime::TestRuntime(uint64_t seed)
    : seed_(seed),
      schedule_(seed, "schedule"),
      wall_origin_(absl::FromUnixSeconds(kWallOriginSeconds)),
      executor_(MakeExecutor("test")) {}

TestRuntime::~TestRuntime() {
  executor_.reset();
  CHECK(executors_.empty()) << "executor " << executors_.front()->name() << " outlives its runtime";
  CHECK(blocking_.empty()) << blocking_.size() << " blocking jobs outlive their runtime";
}

std::unique_ptr<Executor> TestRuntime::MakeExecutor(std::string_view name) {
  auto executor = std::make_unique<TestExecutor>(this, next_executor_id_++, name);
  executors_.push_back(executor.get());
  return executor;
}

void TestRuntime::RunBlocking(Job* job, Urgency) {
  // A quarter of them is done before anything else has moved.
  const bool at_once = schedule_.OneIn(1, 4);
  const uint64_t delay_ns =
      at_once ? 0 : schedule_.Below(absl::ToInt64Nanoseconds(kBlockingMax) + 1);
  blocking_.push_back({now_ + absl::Nanoseconds(delay_ns), next_sequence_++, job});
}

RandomStream TestRuntime::MakeRandom(std::string_view name) {
  return RandomStream(seed_, absl::StrCat("stream ", name));
}

void TestRuntime::RunInJob(Executor* executor, absl::FunctionRef<FutureStateBase*()> start) {
  CHECK(!stepping_) << "Run() inside a job";
  struct Start : Job {
    absl::FunctionRef<FutureStateBase*()> start;
    const FutureStateBase* state;
  };
  Start job{{}, start, nullptr};
  job.run = [](Job* base) {
    auto* self = static_cast<Start*>(base);
    self->state = self->start();
  };
  executor->Post(&job);
  const absl::Duration begin = now_;
  while (job.state == nullptr) {
    CHECK(Step() && now_ - begin <= kWaitMax)
        << "executor " << executor->name() << " does not run the jobs posted to it";
  }
  StepUntilReady(*job.state, executor->name());
}

void TestRuntime::StepUntilReady(const FutureStateBase& state, std::string_view executor_name) {
  const absl::Duration begin = now_;
  while (!state.ready()) {
    CHECK(Step()) << "lost wake-up: the future that executor " << executor_name
                  << " was asked for is not ready at " << now_ << " and nothing is left to run";
    CHECK_LE(now_ - begin, kWaitMax)
        << "lost wake-up: the future that executor " << executor_name
        << " was asked for is not ready after " << kWaitMax << ", only timers keep firing";
  }
}

void TestRuntime::RunUntilIdle() {
  CHECK(!stepping_) << "RunUntilIdle() inside a job";
  while (true) {
    while (StepNow()) {
    }
    if (blocking_.empty()) return;
    MoveTimeTo(NextEvent());
  }
}

void TestRuntime::Advance(absl::Duration duration) {
  CHECK(!stepping_) << "Advance() inside a job";
  const absl::Duration end = now_ + duration;
  while (true) {
    while (StepNow()) {
    }
    if (NextEvent() > end) break;
    MoveTimeTo(NextEvent());
  }
  now_ = end;
}

bool TestRuntime::Step() {
  CHECK(!stepping_) << "Step() inside a job";
  while (!StepNow()) {
    const absl::Duration next = NextEvent();
    if (next == absl::InfiniteDuration()) return false;
    MoveTimeTo(next);
  }
  return true;
}

// Runs one thing that is due now.  False if there is none.
bool TestRuntime::StepNow() {
  const auto due = [this](const BlockingJob& job) { return job.when <= now_; };
  while (true) {
    const bool blocking_due = std::any_of(blocking_.begin(), blocking_.end(), due);
    const size_t count = ready_.size() + (blocking_due ? 1 : 0);
    if (count == 0) return false;
    const uint64_t before = step_count_;
    const size_t choice = count == 1 ? 0 : schedule_.Below(count);
    stepping_ = true;
    if (choice < ready_.size()) {
      StepExecutor(choice);
    } else {
      StepBlocking();
    }
    stepping_ = false;
    if (step_count_ != before) return true;
  }
}

void TestRuntime::StepExecutor(size_t index) {
  TestExecutor* executor = ready_[index];
  // Off the list first: the job may destroy its executor.
  ready_[index] = ready_.back();
  ready_.pop_back();
  executor->listed = false;
  executor->RunOne();
  const auto alive = std::find(executors_.begin(), executors_.end(), executor);
  if (alive == executors_.end()) return;
  if (!executor->idle() || executor->timer_due()) MarkReady(executor);
}

// Runs the first blocking job that is due.
void TestRuntime::StepBlocking() {
  const auto first = std::min_element(
      blocking_.begin(), blocking_.end(), [](const BlockingJob& a, const BlockingJob& b) {
        return a.when != b.when ? a.when < b.when : a.sequence < b.sequence;
      });
  Job* job = first->job;
  blocking_.erase(first);
  Mix(Event::kBlocking, 0);
  job->run(job);
}

void TestRuntime::MarkReady(TestExecutor* executor) {
  if (executor->listed) return;
  executor->listed = true;
  ready_.push_back(executor);
}

void TestRuntime::Unlist(TestExecutor* executor) {
  std::erase(executors_, executor);
  std::erase(ready_, executor);
}

// When the next timer or blocking job comes due; infinite if there is none.
absl::Duration TestRuntime::NextEvent() const {
  absl::Duration next = absl::InfiniteDuration();
  for (const TestExecutor* executor : executors_) next = std::min(next, executor->next_timer());
  for (const BlockingJob& job : blocking_) next = std::min(next, job.when);
  return next;
}

void TestRuntime::MoveTimeTo(absl::Duration when) {
  now_ = std::max(now_, when);
  for (TestExecutor* executor : executors_) {
    if (executor->timer_due()) MarkReady(executor);
  }
}

void TestRuntime::Mix(Event event, uint64_t executor_id) {
  ++step_count_;
  for (const uint64_t word : {static_cast<uint64_t>(event), executor_id,
                              static_cast<uint64_t>(absl::ToInt64Nanoseconds(now_))}) {
    trace_hash_ = (trace_hash_ ^ word) * 0x100000001b3;
    trace_hash_ ^= trace_hash_ >> 29;
  }
}

}  // namespace tidelog
