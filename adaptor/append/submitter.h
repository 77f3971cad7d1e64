// Submitter: the innermost stage of an append: tick, stamp and hand-over to the backend, in one
// step.
#ifndef TIDELOG_ADAPTOR_APPEND_SUBMITTER_H_
#define TIDELOG_ADAPTOR_APPEND_SUBMITTER_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "absl/container/btree_map.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "adaptor/append/append_run.h"
#include "adaptor/async/intrusive_list.h"
#include "adaptor/buffer/write_ahead_buffer.h"
#include "adaptor/interceptors/idempotency/idempotency.h"
#include "adaptor/interceptors/txn/txn_sessions.h"
#include "adaptor/log/availability.h"
#include "adaptor/log/log_context.h"
#include "adaptor/timetick/mvcc_table.h"
#include "adaptor/timetick/tick_allocator.h"
#include "wal/async/executor.h"
#include "wal/async/future.h"
#include "wal/async/signal.h"
#include "wal/message/message.h"
#include "wal/message/message_id.h"
#include "wal/message/record.h"
#include "wal/types.h"
#include "wal/wal.h"
#include "walimpls/wal.h"

namespace tidelog::adaptor {

// Owns what follows from the order of the log: ticks, last-confirmed, mvcc.  Confined to the
// channel's executor.
//
// INVARIANT (D8): ticks are handed over in the order in which they were allocated, because nothing
// of the executor runs between the two.
//
// After a failure (the backend's prefix property) nothing is handed over until the backend has
// ended all that it had and a pause has passed; then what is to be retried goes first, in its old
// order, so that a batch stays adjacent (C8).
class Submitter {
 public:
  struct Parts {
    const LogContext* log;
    walimpls::WalImpls* backend;
    TickAllocator* ticks;
    Availability* availability;
    TxnSessions* transactions;
    Idempotency* idempotency;
    // What stored TimeTicks carry as replay_start while nothing of this term is stored (D6).
    std::optional<MessageId> boundary;
    WriteAheadBuffer* buffer;  // Is given what is acknowledged; null: there is none.
    size_t chunk_bytes_max;    // As AppendLimits'.
  };
  explicit Submitter(const Parts& parts);
  ~Submitter();

  // False: it has to wait for its turn.
  bool MayGo(const AppendRun& run) const;
  // Ready when MayGo() may have become true, or after Withdraw().
  Future<Unit> WaitTurn(AppendRun& run);
  // It does not want its turn any more.  No-op if it does not wait.
  void LeaveTurn(AppendRun& run);
  // Wakes it, if it waits.
  void Withdraw(const AppendRun& run);

  // Gives the messages that are not stored their ticks and hands them to the backend, in groups.
  // kTransactionExpired: none of them is handed over, for one would not count in its transaction.
  // Requires: MayGo(); the log is available.
  absl::Status HandOver(AppendRun& run);
  // One group of `run` has ended.  Groups are settled in order.
  void Settle(AppendRun& run, size_t group, const absl::StatusOr<walimpls::Ids>& ids);
  // Whether `run`, all of whose groups have ended, is to be handed over again.
  bool WantsRetry(const AppendRun& run) const;

  // Nothing is handed over any more.
  void Stop();

  // The oldest run that has something at the backend; null if there is none.
  AppendRun* oldest_outstanding() const { return outstanding_.first(); }
  // Ready when that has changed.
  Future<Unit> WhenSettled() { return settled_.Wait(); }
  // True if some append ended so that nobody knows whether it is stored.
  bool has_unknown() const { return has_unknown_; }

  // Whether a TimeTick at `tick` would end a transaction, whose lease has run out (D5).
  bool HasExpiredAt(TimeTick tick) const { return parts_.transactions->HasExpiredAt(tick); }
  // Whether it would make the log forget an idempotency key (G4).
  bool HasForgottenAt(TimeTick tick) const { return parts_.idempotency->HasExpiredAt(tick); }

  // The newest acknowledged message of this term; none before the first TimeTick.
  struct Newest {
    MessageId id;
    Position position;
    MessageId last_id;  // Of its last record: of one in chunks, not its own (F9).
  };
  const std::optional<Newest>& newest() const { return newest_; }
  // The newest acknowledged TimeTick, and where the replay of an open begins that finds it.
  struct Covering {
    TimeTick tick{};
    MessageId replay_from;
  };
  const std::optional<Covering>& newest_time_tick() const { return newest_time_tick_; }
  // Where it would begin if a TimeTick were handed over now.  Uses up a tick.
  std::optional<MessageId> NextReplayStart();
  // True once an AlterWAL is at the backend that may be stored, or is (G6).
  bool ending() const { return ending_; }
  // True from a failure on until the backend is tried again.
  bool failing() const { return failing_; }
  const MvccTable& mvcc() const { return mvcc_; }
  TickAllocator& ticks() { return *parts_.ticks; }

  struct Counts {
    uint64_t records = 0;     // Acknowledged ...
    uint64_t time_ticks = 0;  // ... and those among them.
    uint64_t bytes = 0;       // Of records, of those in chunks as they are stored (F9).
    uint64_t retries = 0;     // Hand-overs of what was handed over before.
  };
  const Counts& counts() const { return counts_; }
  size_t chunk_bytes() const { return chunk_bytes_; }  // At the backend, beside their messages.
  // Of the clock: no older than a tick interval.
  absl::Duration last_reading() const { return now_; }

  // Called every tick interval: no tick lags further behind the clock than that, and nothing stays
  // in the buffer for longer than it may.
  void RefreshClock();

 private:
  struct Reopen : Timer {
    Submitter* submitter = nullptr;
  };

  // Reading a clock is a tenth of what an append costs.  While others are at the backend anyway,
  // one reading serves a few appends.
  static constexpr int kAppendsPerClockReading = 8;
  // An append that was cut so often ends not done (C2): each time it leaves something behind.
  static constexpr int kCutsMax = 4;
  absl::Duration Now();

  // The id to stamp; null: the message's own (D3, D6).
  const MessageId* LastConfirmed() const;
  // Where the replay of an open begins that finds the TimeTick at `tick`; none: at its
  // last-confirmed (D6).
  std::optional<MessageId> ReplayStart(TimeTick tick, const MessageId* last_confirmed) const;
  absl::Status StampAll(AppendRun& run);
  void SubmitGroups(AppendRun& run);
  void SubmitGroup(AppendRun& run, size_t first, size_t count);
  void Stored(AppendRun& run, const AppendRun::Group& group, const walimpls::Ids& ids);
  // The next message of `run` is stored, in records from `id` to `last_id`.
  AppendResult& Acknowledge(AppendRun& run, const MessageId& id, const MessageId& last_id);
  void Buffer(AppendRun& run, const ImmutableMessage& message, const MessageId& id);
  // submitter_chunks.cc (F9).
  bool IsInChunks(const RecordView& record) const;
  void SubmitChunks(AppendRun& run, size_t index);
  void SubmitChunkGroup(AppendRun& run, size_t index, std::vector<ImmutableMessage> chunks);
  void StoredChunks(AppendRun& run, const AppendRun::Group& group, const walimpls::Ids& ids);
  void LetGoOfChunks(AppendRun::Group& group);
  void BufferUnacknowledged(AppendRun& run, size_t first, size_t count);
  void RememberUnacknowledged(const AppendRun& run, size_t first, size_t count);
  static bool EndsLog(const AppendRun& run);
  void DeclareEnded(const RecordView& end);
  void CountIn(const AppendRun& run, const RecordView& record, const AppendResult& result);
  void Failed(AppendRun& run, const AppendRun::Group& group, const absl::Status& status);
  void MaybeReopen();
  void WakeFirst();

  const Parts parts_;
  const int appends_per_reading_;
  uint64_t next_sequence_ = 1;
  absl::Duration now_ = absl::ZeroDuration();
  int appends_since_reading_ = 0;
  TimeTick last_handed_over_{};
  bool handing_over_ = false;
  IntrusiveList<AppendRun, OutstandingTag> outstanding_;
  Signal settled_;

  bool failing_ = false;  // Some group ended not done, and AcceptAgain() has not been called since.
  bool stopped_ = false;
  // INVARIANT (G6): nothing is handed over behind an AlterWAL, but itself again if it was not done.
  bool ending_ = false;
  bool pause_ = false;  // The failure is one of those that pass.
  bool has_unknown_ = false;
  absl::Duration retry_delay_ = absl::ZeroDuration();  // Of the last pause; 0: no failure lately.
  Reopen reopen_;
  absl::btree_map<uint64_t, std::optional<Promise<Unit>>> waiting_;  // By sequence.

  std::optional<Newest> newest_;
  std::optional<Covering> newest_time_tick_;
  MvccTable mvcc_;
  Counts counts_;
  size_t chunk_bytes_ = 0;
};

}  // namespace tidelog::adaptor

#endif  // TIDELOG_ADAPTOR_APPEND_SUBMITTER_H_
