// TransactionEnd: whether a history explains that a call was refused for its transaction's sake.
#ifndef TIDELOG_SIM_CHECK_TRANSACTION_END_H_
#define TIDELOG_SIM_CHECK_TRANSACTION_END_H_

#include "sim/check/facts.h"
#include "sim/check/history.h"
#include "sim/check/transaction_facts.h"

namespace tidelog::sim::check {

// The transaction that an append asked to go on with.
class TransactionEnd {
 public:
  // The append `call` was judged by `event`.  `facts` and `call` outlive this.
  TransactionEnd(const Facts& facts, const Call& call, int event);

  // It is not known, or something may have ended it (E6).
  bool MayHaveCome() const;
  // It is ending already, or the commit may have counted wrong, or storage lost a body (E3).
  bool MayBeWrong() const;

 private:
  bool BeganInHigherTerm() const;
  bool HasOtherEnd() const;
  bool IsInterrupted() const;
  bool MayBeExpired() const;
  bool MayHaveLostBodies() const;

  const Facts& facts_;
  const TransactionFacts transactions_;
  const Call& call_;
  const int at_;
  const Submission* content_ = nullptr;
  const Transaction* transaction_ = nullptr;
};

}  // namespace tidelog::sim::check

#endif  // TIDELOG_SIM_CHECK_TRANSACTION_END_H_
