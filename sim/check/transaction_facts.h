// TransactionFacts: what a history tells of each transaction, by its id.
#ifndef TIDELOG_SIM_CHECK_TRANSACTION_FACTS_H_
#define TIDELOG_SIM_CHECK_TRANSACTION_FACTS_H_

#include <cstdint>
#include <vector>

#include "absl/container/btree_map.h"
#include "sim/check/facts.h"
#include "sim/check/record.h"

namespace tidelog::sim::check {

// One whose begin was acknowledged.
struct Transaction {
  Tick id = 0;
  Nanos lease = 0;  // kForever: it has no end.
  const Message* begin = nullptr;
  std::vector<const Message*> members;  // Bodies, commits and rollbacks, in the order of the calls.

  int32_t vchannel() const { return begin->content->vchannel; }
};

// A lease as a distance of ticks, which have milliseconds above 18 bits.
constexpr Tick TicksOf(Nanos lease) {
  return lease == kForever ? UINT64_MAX >> 1 : static_cast<Tick>(lease / 1'000'000) << 18;
}

// Whether an exclusive message on `vchannel` ends a transaction on `of` (E5).  What has no VChannel
// belongs to all.
constexpr bool IsInScope(int32_t vchannel, int32_t of) {
  return vchannel == 0 || of == 0 || vchannel == of;
}

class TransactionFacts {
 public:
  // `facts` outlives this.
  explicit TransactionFacts(const Facts& facts);

  bool empty() const { return by_id_.empty(); }
  const absl::btree_map<Tick, Transaction>& all() const { return by_id_; }
  // Null: no begin was acknowledged that has this id.
  const Transaction* Find(Tick id) const;

  // Exclusive messages that may be in the log, in the order of the calls.
  const std::vector<const Message*>& exclusives() const { return exclusives_; }

  // How many bodies a commit of it may find stored, which was called for at `invoke` and judged by
  // `event`.
  struct Count {
    int32_t least = 0;
    int32_t most = 0;
  };
  Count BodiesOf(const Transaction& transaction, int invoke, int event) const;

 private:
  absl::btree_map<Tick, Transaction> by_id_;
  std::vector<const Message*> exclusives_;
};

}  // namespace tidelog::sim::check

#endif  // TIDELOG_SIM_CHECK_TRANSACTION_FACTS_H_
