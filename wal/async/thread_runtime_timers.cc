#include "wal/async/thread_runtime_timers.h"

#include <pthread.h>

#include "wal/async/thread_runtime_futex.h"

namespace tidelog::internal {

TimerThread::TimerThread() : thread_([this] { Main(); }) {}

void TimerThread::Stop() {
  {
    absl::MutexLock lock(&mutex_);
    stop_ = true;
    word_.fetch_add(1, std::memory_order_relaxed);
  }
  FutexWakeOne(&word_);
  thread_.join();
}

void TimerThread::SetEarlier(Alarm* alarm, absl::Duration when) {
  bool wake = false;
  {
    absl::MutexLock lock(&mutex_);
    if (!alarm->posted_) wake = SetLocked(alarm, when);
  }
  if (wake) FutexWakeOne(&word_);
}

void TimerThread::Reset(Alarm* alarm, absl::Duration when) {
  bool wake = false;
  {
    absl::MutexLock lock(&mutex_);
    alarm->posted_ = false;
    if (when != absl::InfiniteDuration()) wake = SetLocked(alarm, when);
  }
  if (wake) FutexWakeOne(&word_);
}

void TimerThread::Forget(Alarm* alarm) {
  absl::MutexLock lock(&mutex_);
  alarms_.Cancel(alarm);
}

bool TimerThread::SetLocked(Alarm* alarm, absl::Duration when) {
  alarms_.Cancel(alarm);
  alarm->fire = [](Timer* timer) {
    auto* self = static_cast<Alarm*>(timer);
    self->posted_ = true;
    self->executor_->Post(self->due_);
  };
  alarms_.Arm(alarm, when);
  if (when >= sleeps_until_) return false;
  sleeps_until_ = when;
  word_.fetch_add(1, std::memory_order_relaxed);
  return true;
}

void TimerThread::Main() {
  pthread_setname_np(pthread_self(), "tidelog-timers");
  while (true) {
    absl::Duration until;
    uint32_t seen = 0;
    {
      absl::MutexLock lock(&mutex_);
      if (stop_) return;
      const absl::Duration now = MonotonicNow();
      while (Timer* alarm = alarms_.PopDue(now)) alarm->fire(alarm);
      until = alarms_.next();
      sleeps_until_ = until;
      seen = word_.load(std::memory_order_relaxed);
    }
    FutexWait(&word_, seen, until);
    wakes_.fetch_add(1, std::memory_order_relaxed);
  }
}

}  // namespace tidelog::internal
