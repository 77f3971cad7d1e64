// Idempotency: stores what has an idempotency key once (G4).
#ifndef TIDELOG_ADAPTOR_INTERCEPTORS_IDEMPOTENCY_IDEMPOTENCY_H_
#define TIDELOG_ADAPTOR_INTERCEPTORS_IDEMPOTENCY_IDEMPOTENCY_H_

#include <cstddef>
#include <cstdint>
#include <list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "absl/container/flat_hash_map.h"
#include "absl/container/inlined_vector.h"
#include "absl/status/status.h"
#include "adaptor/interceptors/append_op.h"
#include "adaptor/interceptors/interceptor.h"
#include "adaptor/interceptors/txn/txn_sessions.h"
#include "adaptor/recovery/recovery_observer.h"
#include "wal/async/future.h"
#include "wal/message/message.h"
#include "wal/message/message_id.h"
#include "wal/message/record.h"
#include "wal/types.h"
#include "wal/utility/idempotency_table.h"
#include "wal/utility/transaction_table.h"

namespace tidelog::adaptor {

// The outermost interceptor: a repeat of a commit has its answer though the transaction has ended,
// and a repeat that waits holds nothing that the first may wait for.
//
// Which keys are remembered follows from the stored records.  Besides there are those in flight:
// an append claims all its keys at once or waits, holding none, so that no two wait for each other.
//
// INVARIANT: a key has one owner in flight at most.  An owner that ended unknown stays it: only the
// end of this log settles that.
//
// Confined to the channel's executor.
class Idempotency : public Interceptor, public RecoveryObserver {
 public:
  struct Limits {
    IdempotencyTable::Limits keys;
    // Of appends that wait for others with their keys; one is let wait whatever its size (C5).
    size_t waiting_count_max;
    size_t waiting_bytes_max;
  };
  // All outlive this.  `transactions` is fed with the replay by this, as both need it in one order.
  Idempotency(const PChannel* channel, const Limits& limits, TxnSessions* transactions)
      : channel_(*channel), limits_(limits), transactions_(*transactions), table_(limits.keys) {}

  std::string_view name() const override { return "idempotency"; }
  RecoveryObserver* recovery() override { return this; }
  Scope scope() const override { return Scope::kIdempotencyKeys; }
  Verdict Before(AppendOp& op) override;
  void Withdraw(AppendOp& op) override;
  void After(const AppendOp& op) override;
  void OnReplayed(const ImmutableMessage& message) override;

  // For the submitter.

  // `record` is acknowledged; `outcome` is what it is to transactions.  Called in log order.
  void OnStored(const RecordView& record, const MessageId& id,
                const TransactionTable::Outcome& outcome) {
    table_.Feed(record, id, outcome);
  }
  // As OnStored(), of a record that has no key.
  void OnStoredWithoutKey(const RecordView& record) { table_.Pass(record); }
  // Where a replay has to begin that finds a TimeTick at `tick`; none: the keys do not matter (D6).
  std::optional<MessageId> WindowStart(TimeTick tick) const { return table_.StartAt(tick); }

  // Whether a TimeTick at `tick` would end the time of a key.
  bool HasExpiredAt(TimeTick tick) const { return table_.HasExpiredAt(tick); }

  size_t key_count() const { return table_.size(); }
  size_t waiting_count() const { return places_.size(); }
  // Of keys, and of appends that wait for them.
  size_t bytes() const { return table_.bytes() + waiting_bytes_; }
  // How often a message was looked at to see whether its append must wait: what the waiting costs.
  uint64_t look_count() const { return look_count_; }

 private:
  struct Waiter {
    AppendOp* op;
    size_t bytes;
    size_t look_from;  // The message whose key it waits for.
    Promise<absl::Status> go_on;
  };
  // A key in flight.
  struct Flight {
    std::string text;  // The VChannel's name, and behind it the key.
    size_t vchannel_size = 0;
    bool owned = false;
    std::list<Waiter> waiting;  // In the order in which they came.

    IdempotencyKey key() const {
      const std::string_view view = text;
      return {view.substr(0, vchannel_size), view.substr(vchannel_size)};
    }
  };
  struct Place {
    Flight* flight;
    std::list<Waiter>::iterator waiter;
  };

  // Of each message of an append its key in flight; null: it has none.
  using Claims = absl::InlinedVector<Flight*, 1>;

  absl::Status CheckBatch(const AppendOp& op) const;
  absl::Status CheckRoom(const AppendOp& op) const;
  // Answers what `op` repeats and claims the keys of the rest; or yields what it must wait for.
  // Begins to look at the message at *look_from, and leaves there where it stopped.
  Flight* Enter(AppendOp& op, size_t* look_from);
  Flight* FindOwner(const AppendOp& op, size_t* look_from);
  void AnswerRepeats(AppendOp& op) const;
  void ClaimAll(const AppendOp& op);
  Flight* Claim(const IdempotencyKey& key);
  // Nobody has the key in flight any more, until one of those takes it over that wait for it.
  void Release(Flight& flight);
  void Wake(const AppendOp& op, const absl::Status& status);

  const PChannel& channel_;
  const Limits limits_;
  TxnSessions& transactions_;
  IdempotencyTable table_;
  // None of them is iterated over.  The keys are views of the flights' texts.
  absl::flat_hash_map<IdempotencyKey, std::unique_ptr<Flight>> flights_;
  absl::flat_hash_map<const AppendOp*, Place> places_;  // Of those that wait.
  // Of those that went on.  What an interceptor inside makes of the messages has no say in this.
  absl::flat_hash_map<const AppendOp*, Claims> claims_;
  size_t waiting_bytes_ = 0;
  uint64_t look_count_ = 0;
};

}  // namespace tidelog::adaptor

#endif  // TIDELOG_ADAPTOR_INTERCEPTORS_IDEMPOTENCY_IDEMPOTENCY_H_
