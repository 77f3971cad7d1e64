#include "sim/check/transaction_end.h"

#include <algorithm>

#include "sim/check/record.h"

namespace tidelog::sim::check {

TransactionEnd::TransactionEnd(const Facts& facts, const Call& call, int event)
    : facts_(facts), transactions_(facts), call_(call), at_(event) {
  const auto& messages = facts.as<AppendInvoke>(call.invoke).messages;
  if (messages.empty()) return;
  content_ = &messages.front();
  transaction_ = transactions_.Find(content_->txn);
}

bool TransactionEnd::MayHaveCome() const {
  if (content_ == nullptr || content_->txn == 0) return false;
  return transaction_ == nullptr || BeganInHigherTerm() || HasOtherEnd() || IsInterrupted() ||
         MayBeExpired();
}

bool TransactionEnd::MayBeWrong() const {
  if (transaction_ == nullptr) return false;
  if (HasOtherEnd()) return true;
  if (content_->type != kCommitType) return false;
  const auto count = transactions_.BodiesOf(*transaction_, call_.invoke, at_);
  return count.least != count.most || count.least != content_->bodies || MayHaveLostBodies();
}

// What another open appended is known from storage alone.
bool TransactionEnd::MayHaveLostBodies() const {
  return facts_.history().contract.corruption &&
         std::any_of(transaction_->members.begin(), transaction_->members.end(),
                     [this](const Message* other) {
                       return RoleOf(*other->content) == Role::kBody &&
                              other->handle != call_.handle && other->invoke < at_;
                     });
}

// A writer that is superseded does not know what its successor has begun.
bool TransactionEnd::BeganInHigherTerm() const {
  return facts_.handle(transaction_->begin->handle).term > facts_.handle(call_.handle).term;
}

bool TransactionEnd::HasOtherEnd() const {
  return std::any_of(transaction_->members.begin(), transaction_->members.end(),
                     [this](const Message* other) {
                       return RoleOf(*other->content) != Role::kBody &&
                              other->invoke != call_.invoke && other->invoke < at_ &&
                              (other->outcome != Outcome::kNotDone || other->end > call_.invoke);
                     });
}

bool TransactionEnd::IsInterrupted() const {
  return std::any_of(transactions_.exclusives().begin(), transactions_.exclusives().end(),
                     [this](const Message* other) {
                       const bool is_over =
                           other->ack != nullptr && other->end < transaction_->begin->invoke;
                       return other->invoke < at_ && !is_over &&
                              IsInScope(other->content->vchannel, transaction_->vchannel());
                     });
}

// Ticks have whole milliseconds.  Clocks drift, by far less than half; where they may jump, the
// next term shows it (D1).
bool TransactionEnd::MayBeExpired() const {
  Nanos renewed = facts_.event(transaction_->begin->invoke).at;
  for (const Message* other : transaction_->members) {
    const bool renews = RoleOf(*other->content) == Role::kBody && other->ack != nullptr;
    if (renews && other->end < call_.invoke) renewed = facts_.event(other->invoke).at;
  }
  constexpr Nanos kTickGrain = 1'000'000;
  if (facts_.event(at_).at - renewed + kTickGrain >= transaction_->lease / 2) return true;
  return facts_.history().contract.faults &&
         std::any_of(facts_.handles().begin(), facts_.handles().end(),
                     [this](const Handle& handle) {
                       return handle.writes() && handle.opened > transaction_->begin->invoke &&
                              handle.opened < at_;
                     });
}

}  // namespace tidelog::sim::check
