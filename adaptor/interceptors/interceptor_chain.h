// InterceptorChain: the interceptors of one channel, outermost first (C6).
#ifndef TIDELOG_ADAPTOR_INTERCEPTORS_INTERCEPTOR_CHAIN_H_
#define TIDELOG_ADAPTOR_INTERCEPTORS_INTERCEPTOR_CHAIN_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "absl/time/time.h"
#include "adaptor/interceptors/interceptor.h"
#include "wal/async/executor.h"

namespace tidelog::adaptor {

// Confined to the channel's executor.
class InterceptorChain {
 public:
  // One append of `sampling_rate` is timed; 0: none.  `executor` outlives this.
  InterceptorChain(const Executor* executor, uint64_t sampling_rate)
      : executor_(*executor), sampling_rate_(sampling_rate) {}

  // Inside those that are there.  Requires: no append came yet.
  void Add(std::unique_ptr<Interceptor> interceptor) {
    const Interceptor::Scope scope = interceptor->scope();
    const bool* const idle = interceptor->idle();
    interceptors_.push_back({std::move(interceptor), scope, idle, {}});
  }

  // Of an append that begins anew (Verdict::Redo()), those that come from here on are passed again.
  // Requires: called once.
  void MarkRedo() { redo_from_ = size(); }
  size_t redo_from() const { return redo_from_; }

  size_t size() const { return interceptors_.size(); }
  Interceptor& operator[](size_t index) { return *interceptors_[index].interceptor; }

  // True for an append whose hooks are to be timed.
  bool Sample() { return sampling_rate_ != 0 && ++appends_ % sampling_rate_ == 0; }

  // Calls Before() of the interceptor at *passed and of those inside it, and counts in *passed each
  // that says Go(), until one says something else.  Yields that, or Go() of the last.
  Verdict Before(size_t* passed, AppendOp& op, bool timed);
  // Calls the hook of the interceptor at `index`.
  void After(size_t index, const AppendOp& op, bool timed) {
    if (PassesBy(index, op)) return;
    if (!timed) return interceptors_[index].interceptor->After(op);
    TimedAfter(index, op);
  }

  // What the hooks of one interceptor took, waits not included.
  struct Timing {
    uint64_t count = 0;  // Appends that were timed.
    absl::Duration before = absl::ZeroDuration();
    absl::Duration after = absl::ZeroDuration();
  };
  const Timing& timing(size_t index) const { return interceptors_[index].timing; }

 private:
  struct Link {
    std::unique_ptr<Interceptor> interceptor;
    Interceptor::Scope scope;
    const bool* idle;
    Timing timing;
  };
  bool PassesBy(size_t index, const AppendOp& op) const {
    switch (interceptors_[index].scope) {
      case Interceptor::Scope::kAll:
        return false;
      case Interceptor::Scope::kTransactions:
        return !op.in_transaction();
      case Interceptor::Scope::kIdempotencyKeys:
        return !op.keyed();
      case Interceptor::Scope::kUnlessIdle:
        return *interceptors_[index].idle;
    }
    return false;
  }
  Verdict TimedBefore(size_t index, AppendOp& op);
  void TimedAfter(size_t index, const AppendOp& op);

  const Executor& executor_;
  const uint64_t sampling_rate_;
  uint64_t appends_ = 0;
  size_t redo_from_ = 0;
  std::vector<Link> interceptors_;
};

}  // namespace tidelog::adaptor

#endif  // TIDELOG_ADAPTOR_INTERCEPTORS_INTERCEPTOR_CHAIN_H_
