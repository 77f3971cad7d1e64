// TxnSessions: the transactions of one channel, as its writer sees them (E1 to E6).
#ifndef TIDELOG_ADAPTOR_INTERCEPTORS_TXN_TXN_SESSIONS_H_
#define TIDELOG_ADAPTOR_INTERCEPTORS_TXN_TXN_SESSIONS_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "absl/container/btree_map.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "adaptor/interceptors/append_op.h"
#include "adaptor/interceptors/interceptor.h"
#include "wal/async/future.h"
#include "wal/async/signal.h"
#include "wal/message/message.h"
#include "wal/message/message_id.h"
#include "wal/message/record.h"
#include "wal/types.h"
#include "wal/utility/transaction_table.h"

namespace tidelog::adaptor {

// Outside of all interceptors that a body may wait in, so that it counts as in flight from the call
// on: a commit called behind it waits for it, wherever it is.  And the submitter's partner: what is
// stored goes into the same table that readers have, and no member is handed over that would not
// count.
//
// INVARIANT: there is a session for each transaction that the table has open.
//
// Confined to the channel's executor.
class TxnSessions : public Interceptor {
 public:
  struct Limits {
    size_t open_max;       // Transactions.
    size_t bytes_max;      // Of one's bodies.
    absl::Duration lease;  // Of a begin that names none.
  };
  // `channel` outlives this.
  TxnSessions(const PChannel* channel, const Limits& limits)
      : channel_(*channel), limits_(limits) {}

  // As Interceptor.  A commit or rollback waits until no body is in flight.
  std::string_view name() const override { return "transactions"; }
  Scope scope() const override { return Scope::kTransactions; }
  Verdict Before(AppendOp& op) override { return Enter(op); }
  void Withdraw(AppendOp& op) override;
  void After(const AppendOp& op) override { Leave(op); }
  // For the submitter.

  // Whether the member `record` may be handed over with `tick`.  kTransactionExpired: its
  // transaction has ended, or its lease will have run out by then.
  absl::Status CheckMember(const RecordView& record, TimeTick tick) const;
  // The member `record` is handed over, stamped: it renews the lease if it lands.
  void OnHandOver(const RecordView& record);
  // Something handed over ended not done, and so will all that was handed over behind it (D8).
  void OnFailure();
  // `record` is acknowledged, or replayed (E4).  Called in log order.  What it yields is valid
  // until the next call.
  TransactionTable::Outcome OnStored(const RecordView& record, const MessageId& id) {
    const TransactionTable::Outcome outcome = table_.Feed(record, id);
    if (outcome.role != TransactionTable::Role::kNone || !outcome.ended.empty()) [[unlikely]] {
      Apply(outcome);
    }
    return outcome;
  }

  // For flow control.

  // The one that ends first of the leases that `op`'s members renew; none: it has no member of a
  // transaction that is open.
  struct Lease {
    TimeTick txn{};
    absl::Duration duration;
    TimeTick expiry{};
  };
  std::optional<Lease> LeaseOf(const AppendOp& op) const;
  // kTransactionExpired: a transaction that `op` has a member of is not open any more.
  absl::Status CheckOpen(const AppendOp& op) const;

  // Where the oldest one that is open begins; null: none is (D3).
  const MessageId* oldest_begin() const { return table_.oldest_begin(); }
  // Whether a TimeTick at `tick` would end any (D5).
  bool HasExpiredAt(TimeTick tick) const { return table_.HasExpiredAt(tick); }
  size_t open_count() const { return table_.open().size(); }
  // How many have ended in this term or its replay, by TransactionEnd.
  const std::array<uint64_t, 5>& ended_counts() const { return ended_counts_; }

  // True when none is open, or the log is lost: nothing can be ended any more (H2).
  bool drained() const { return lost_ || sessions_.empty(); }
  // Ready when that has become true.
  Future<Unit> WhenDrained() { return drained_.Wait(); }
  // The log is lost.
  void OnLost();

 private:
  enum class Phase : uint8_t { kOpen, kCommitting, kRollingBack };
  struct Session {
    Phase phase = Phase::kOpen;
    size_t in_flight_count = 0;  // Bodies between Before() and After().
    size_t in_flight_bytes = 0;
    TimeTick handed_over{};  // The newest body's that is at the backend, or was; 0: none.
    // Of a commit or rollback that waits for the bodies.
    AppendOp* waiting = nullptr;
    std::optional<Promise<absl::Status>> barrier;
  };

  Verdict Enter(AppendOp& op);
  absl::Status EnterBegin(AppendOp& op);
  absl::Status EnterBodies(AppendOp& op);
  Verdict EnterEnd(AppendOp& op);
  void Leave(const AppendOp& op);
  void LeaveBody(const RecordView& record);
  void LeaveEnd(const AppendOp& op);

  // The open session of the member `record`, or why there is none.
  absl::StatusOr<Session*> Find(const RecordView& record);
  absl::Status CheckBody(const RecordView& record);
  // Whether as many bodies are stored as the commit `record` counts in (E3).
  absl::Status CheckCount(const RecordView& record) const;
  absl::Status EndedError(const RecordView& record) const;
  // As it will be if all that was handed over before lands.
  TimeTick ExpiryOf(TimeTick id, const Session& session) const;
  std::string What(const RecordView& record) const;
  void Apply(const TransactionTable::Outcome& outcome);
  // Lets the commit or rollback of `session` go on that waited, or ends it.
  void OpenBarrier(Session& session, const absl::Status& status);

  const PChannel& channel_;
  const Limits limits_;
  TransactionTable table_;
  absl::btree_map<TimeTick, Session> sessions_;
  size_t begins_in_flight_ = 0;
  // Why the last ones ended, for who asks for them.
  static constexpr size_t kEndedMax = 1024;
  absl::btree_map<TimeTick, TransactionEnd> ended_;
  std::array<uint64_t, 5> ended_counts_{};
  bool lost_ = false;
  Signal drained_;
};

}  // namespace tidelog::adaptor

#endif  // TIDELOG_ADAPTOR_INTERCEPTORS_TXN_TXN_SESSIONS_H_
