// Job: a unit of work that an Executor runs.  Intrusive, so that a post never
// allocates: awaiters, timers and operations in flight *are* jobs.
#ifndef TIDELOG_WAL_ASYNC_JOB_H_
#define TIDELOG_WAL_ASYNC_JOB_H_

namespace tidelog {

// The poster owns the job and keeps it alive until `run` is called.  From that
// moment the executor does not touch it again, so `run` may free it.
struct Job {
  void (*run)(Job*) = nullptr;
  Job* next = nullptr;  // Whoever holds the job in a list; free for reuse once `run` is called.
};

// A first-in-first-out list of jobs.  Not thread-safe; owns nothing.
class JobList {
 public:
  bool empty() const { return head_ == nullptr; }

  void PushBack(Job* job) {
    job->next = nullptr;
    (head_ == nullptr ? head_ : tail_->next) = job;
    tail_ = job;
  }

  // The oldest job, or null.
  Job* PopFront() {
    Job* job = head_;
    if (job != nullptr) head_ = job->next;
    return job;
  }

 private:
  Job* head_ = nullptr;
  Job* tail_ = nullptr;  // Meaningless while head_ is null.
};

}  // namespace tidelog

#endif  // TIDELOG_WAL_ASYNC_JOB_H_
