#include "sim/check/transaction_facts.h"

namespace tidelog::sim::check {

TransactionFacts::TransactionFacts(const Facts& facts) {
  for (const Message& message : facts.messages()) {
    const Submission& content = *message.content;
    if (content.type == kBeginType && message.ack != nullptr) {
      by_id_.try_emplace(message.ack->tick,
                         Transaction{message.ack->tick, message.ack->lease, &message, {}});
    } else if (IsExclusive(content.type) && message.outcome != Outcome::kNotDone) {
      exclusives_.push_back(&message);
    }
  }
  if (by_id_.empty()) return;
  for (const Message& message : facts.messages()) {
    const auto found = by_id_.find(message.content->txn);
    if (found != by_id_.end()) found->second.members.push_back(&message);
  }
}

const Transaction* TransactionFacts::Find(Tick id) const {
  const auto found = by_id_.find(id);
  return found == by_id_.end() ? nullptr : &found->second;
}

TransactionFacts::Count TransactionFacts::BodiesOf(const Transaction& transaction, int invoke,
                                                   int event) const {
  Count count;
  for (const Message* message : transaction.members) {
    if (RoleOf(*message->content) != Role::kBody) continue;
    if (message->invoke > event || message->outcome == Outcome::kNotDone) continue;
    ++count.most;
    if (message->ack != nullptr && message->end < invoke) ++count.least;
  }
  return count;
}

}  // namespace tidelog::sim::check
