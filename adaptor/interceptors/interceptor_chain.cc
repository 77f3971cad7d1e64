#include "adaptor/interceptors/interceptor_chain.h"

namespace tidelog::adaptor {

Verdict InterceptorChain::Before(size_t* passed, AppendOp& op, bool timed) {
  for (; *passed < interceptors_.size(); ++*passed) {
    if (PassesBy(*passed, op)) continue;
    Verdict verdict =
        timed ? TimedBefore(*passed, op) : interceptors_[*passed].interceptor->Before(op);
    if (!verdict.goes_on()) return verdict;
  }
  return Verdict::Go();
}

Verdict InterceptorChain::TimedBefore(size_t index, AppendOp& op) {
  Link& link = interceptors_[index];
  const absl::Duration begin = executor_.Now();
  Verdict verdict = link.interceptor->Before(op);
  link.timing.before += executor_.Now() - begin;
  ++link.timing.count;
  return verdict;
}

void InterceptorChain::TimedAfter(size_t index, const AppendOp& op) {
  Link& link = interceptors_[index];
  const absl::Duration begin = executor_.Now();
  link.interceptor->After(op);
  link.timing.after += executor_.Now() - begin;
}

}  // namespace tidelog::adaptor
