#include "adaptor/interceptors/txn/txn_sessions.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "wal/base/mutant.h"
#include "wal/base/status_macros.h"
#include "wal/message/message_stamper.h"
#include "wal/status.h"

namespace tidelog::adaptor {
namespace {

bool IsMember(const RecordView& record) {
  return (record.flags() & kHasTxn) && record.type() != MessageType::kBeginTxn;
}

TimeTick IdOf(const RecordView& member) { return member.txn()->id; }

std::string_view Text(TransactionEnd reason) {
  switch (reason) {
    case TransactionEnd::kCommitted:
      return "it is committed";
    case TransactionEnd::kMismatched:
      return "its commit did not match its bodies";
    case TransactionEnd::kRolledBack:
      return "it was rolled back";
    case TransactionEnd::kExclusive:
      return "an exclusive message ended it";
    case TransactionEnd::kExpired:
      return "its lease has run out";
  }
  return "";
}

}  // namespace

std::string TxnSessions::What(const RecordView& record) const {
  const std::optional<TxnContext> txn = record.txn();
  return absl::StrCat("append a ", MessageTypeName(record.type()), " to ", ToString(channel_),
                      ": transaction ", ToInt(txn->id), ": ");
}

absl::Status TxnSessions::EndedError(const RecordView& record) const {
  const auto ended = ended_.find(IdOf(record));
  const std::string_view why = ended != ended_.end()
                                   ? Text(ended->second)
                                   : "not found: none began with this id, or it ended long ago";
  return WalError(WalErrorCode::kTransactionExpired, absl::StrCat(What(record), why));
}

absl::StatusOr<TxnSessions::Session*> TxnSessions::Find(const RecordView& record) {
  const auto found = sessions_.find(IdOf(record));
  if (found == sessions_.end()) return EndedError(record);
  const std::string& vchannel = table_.Find(found->first)->vchannel;
  if (record.vchannel() != vchannel) {
    return WalError(WalErrorCode::kInvalidArgument,
                    absl::StrCat(What(record), "it began in VChannel \"", vchannel,
                                 "\", and this is for \"", record.vchannel(), "\""));
  }
  if (found->second.phase == Phase::kOpen) return &found->second;
  const bool commits = found->second.phase == Phase::kCommitting;
  return WalError(
      WalErrorCode::kInvalidTransactionState,
      absl::StrCat(What(record), commits ? "its commit" : "its rollback", " is under way"));
}

// On the way down.

Verdict TxnSessions::Enter(AppendOp& op) {
  const MessageType type = op.record(0).type();
  if (op.count() == 1 && FramesTransaction(type) && type != MessageType::kBeginTxn) {
    return EnterEnd(op);
  }
  const bool begins = op.count() == 1 && type == MessageType::kBeginTxn;
  absl::Status entered = begins ? EnterBegin(op) : EnterBodies(op);
  return entered.ok() ? Verdict::Go() : Verdict::Stop(std::move(entered));
}

absl::Status TxnSessions::EnterBegin(AppendOp& op) {
  if (table_.open().size() + begins_in_flight_ >= limits_.open_max) {
    return WalError(WalErrorCode::kResourceExhausted,
                    absl::StrCat("begin a transaction in ", ToString(channel_), ": ",
                                 table_.open().size(), " are open and ", begins_in_flight_,
                                 " begin; the limit is ", limits_.open_max));
  }
  // Stored, so that readers need not know this log's settings.
  if (op.record(0).txn()->keepalive == absl::ZeroDuration()) {
    const TxnContext txn{TimeTick{0}, limits_.lease};
    MessageStamper::SetTxn(op.message(0), txn);
  }
  ++begins_in_flight_;
  return absl::OkStatus();
}

absl::Status TxnSessions::CheckBody(const RecordView& record) {
  TIDELOG_ASSIGN_OR_RETURN(Session* const session, Find(record));
  const uint64_t stored = table_.Find(IdOf(record))->body_bytes;
  const uint64_t bytes = stored + session->in_flight_bytes + record.size();
  if (bytes <= limits_.bytes_max) return absl::OkStatus();
  return WalError(WalErrorCode::kTooLarge,
                  absl::StrCat(What(record), "its bodies would be of ", bytes,
                               " bytes, and at most ", limits_.bytes_max, " are allowed"));
}

absl::Status TxnSessions::EnterBodies(AppendOp& op) {
  size_t entered = 0;
  absl::Status status;
  for (; entered < op.count() && status.ok(); ++entered) {
    const RecordView record = op.record(entered);
    if (!IsMember(record)) continue;
    status = CheckBody(record);
    if (!status.ok()) break;
    Session& session = sessions_.find(IdOf(record))->second;
    ++session.in_flight_count;
    session.in_flight_bytes += record.size();
  }
  if (status.ok()) return status;
  for (size_t i = 0; i < entered; ++i) LeaveBody(op.record(i));
  return status;
}

Verdict TxnSessions::EnterEnd(AppendOp& op) {
  const RecordView record = op.record(0);
  const absl::StatusOr<Session*> found = Find(record);
  if (!found.ok()) return Verdict::Stop(found.status());
  Session& session = **found;
  const bool commits = record.type() == MessageType::kCommitTxn;
  if (session.in_flight_count == 0) {
    absl::Status counted = CheckCount(record);
    if (!counted.ok()) return Verdict::Stop(std::move(counted));
    session.phase = commits ? Phase::kCommitting : Phase::kRollingBack;
    return Verdict::Go();
  }
  session.phase = commits ? Phase::kCommitting : Phase::kRollingBack;
  session.waiting = &op;
  session.barrier.emplace("the bodies of a transaction in flight");
  return Verdict::Wait(session.barrier->future());
}

absl::Status TxnSessions::CheckCount(const RecordView& record) const {
  if (record.type() != MessageType::kCommitTxn) return absl::OkStatus();
  if (MutantIs(Mutant::kFailedBodyCountedIn)) return absl::OkStatus();
  const uint32_t counted = *record.txn_bodies();
  const uint32_t stored = table_.Find(IdOf(record))->body_count;
  if (counted == stored) return absl::OkStatus();
  return WalError(WalErrorCode::kInvalidTransactionState,
                  absl::StrCat(What(record), "the commit counts ", counted, " bodies in, and ",
                               stored, " are stored: it stays open, roll it back"));
}

void TxnSessions::OpenBarrier(Session& session, const absl::Status& status) {
  session.waiting = nullptr;
  if (!status.ok()) session.phase = Phase::kOpen;
  std::exchange(session.barrier, std::nullopt)->Set(status);
}

void TxnSessions::Withdraw(AppendOp& op) {
  const RecordView record = op.record(0);
  if (!IsMember(record)) return;
  const auto found = sessions_.find(IdOf(record));
  if (found == sessions_.end() || found->second.waiting != &op) return;
  OpenBarrier(found->second,
              WalError(WalErrorCode::kDeadlineExceeded,
                       "withdrawn while it waited for the bodies of its transaction"));
}

// On the way back.

void TxnSessions::Leave(const AppendOp& op) {
  const MessageType type = op.record(0).type();
  if (op.count() == 1 && type == MessageType::kBeginTxn) {
    --begins_in_flight_;
    return;
  }
  if (op.count() == 1 && FramesTransaction(type)) return LeaveEnd(op);
  for (size_t i = 0; i < op.count(); ++i) LeaveBody(op.record(i));
}

void TxnSessions::LeaveBody(const RecordView& record) {
  if (!IsMember(record)) return;
  const auto found = sessions_.find(IdOf(record));
  if (found == sessions_.end()) return;  // It has ended meanwhile.
  Session& session = found->second;
  --session.in_flight_count;
  session.in_flight_bytes -= record.size();
  if (session.in_flight_count > 0 || session.waiting == nullptr) return;
  OpenBarrier(session, CheckCount(session.waiting->record(0)));
}

void TxnSessions::LeaveEnd(const AppendOp& op) {
  // Of an unknown end nobody knows until storage has decided: the log is lost.
  if (op.unknown_count() > 0) return;
  const auto found = sessions_.find(IdOf(op.record(0)));
  if (found != sessions_.end()) found->second.phase = Phase::kOpen;
}

// The hand-over, and what storage says.

absl::Status TxnSessions::CheckMember(const RecordView& record, TimeTick tick) const {
  if (!IsMember(record)) return absl::OkStatus();
  const auto found = sessions_.find(IdOf(record));
  if (found == sessions_.end()) return EndedError(record);
  // If what was handed over before does not land, this will not either (D8).
  const TimeTick expiry = ExpiryOf(found->first, found->second);
  if (tick < expiry || MutantIs(Mutant::kLeaseIgnored)) return absl::OkStatus();
  return WalError(WalErrorCode::kTransactionExpired,
                  absl::StrCat(What(record), "its lease ran out at tick ", ToInt(expiry),
                               ", and this would be at ", ToInt(tick)));
}

TimeTick TxnSessions::ExpiryOf(TimeTick id, const Session& session) const {
  const Transaction& transaction = *table_.Find(id);
  return tidelog::ExpiryOf(std::max(transaction.newest, session.handed_over), transaction.lease);
}

std::optional<TxnSessions::Lease> TxnSessions::LeaseOf(const AppendOp& op) const {
  std::optional<Lease> first;
  for (size_t i = 0; i < op.count(); ++i) {
    const RecordView record = op.record(i);
    const auto found = IsMember(record) ? sessions_.find(IdOf(record)) : sessions_.end();
    if (found == sessions_.end()) continue;
    const TimeTick expiry = ExpiryOf(found->first, found->second);
    if (first && first->expiry <= expiry) continue;
    first = Lease{found->first, table_.Find(found->first)->lease, expiry};
  }
  return first;
}

absl::Status TxnSessions::CheckOpen(const AppendOp& op) const {
  for (size_t i = 0; i < op.count(); ++i) {
    const RecordView record = op.record(i);
    if (IsMember(record) && !sessions_.contains(IdOf(record))) return EndedError(record);
  }
  return absl::OkStatus();
}

void TxnSessions::OnHandOver(const RecordView& record) {
  // An end renews nothing: if it lands, nothing counts behind it.
  if (!IsMember(record) || FramesTransaction(record.type())) return;
  sessions_.find(IdOf(record))->second.handed_over = record.time_tick();
}

void TxnSessions::OnFailure() {
  for (auto& [id, session] : sessions_) session.handed_over = TimeTick{0};
}

void TxnSessions::Apply(const TransactionTable::Outcome& outcome) {
  if (outcome.role == TransactionTable::Role::kBegun) {
    sessions_.try_emplace(table_.open().rbegin()->first);
    return;
  }
  for (const TransactionTable::Ended& ended : outcome.ended) {
    const TimeTick id = ended.transaction.id;
    ended_[id] = ended.reason;
    ++ended_counts_[static_cast<size_t>(ended.reason)];
    if (ended_.size() > kEndedMax) ended_.erase(ended_.begin());
    const auto found = sessions_.find(id);
    if (found->second.waiting != nullptr) {
      OpenBarrier(found->second, EndedError(found->second.waiting->record(0)));
    }
    sessions_.erase(found);
  }
  if (drained() && drained_.count() > 0) drained_.NotifyAll();
}

void TxnSessions::OnLost() {
  lost_ = true;
  drained_.NotifyAll();
}

}  // namespace tidelog::adaptor
