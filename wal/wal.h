// Wal and RoWal: one open physical channel, as its users see it.
//
//   PChannel channel{"orders", Term{7}};
//   absl::StatusOr<std::unique_ptr<Wal>> wal = co_await opener->Open(channel);
//   AppendOptions options;
//   absl::StatusOr<AppendResult> result = co_await (*wal)->Append(std::move(message), options);
//
// From a thread of your own, wait by Blocking() or be called back by Then() (wal/async/future.h).
#ifndef TIDELOG_WAL_WAL_H_
#define TIDELOG_WAL_WAL_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "wal/async/executor.h"
#include "wal/async/future.h"
#include "wal/checkpoint_store.h"
#include "wal/idempotency.h"  // IWYU pragma: export
#include "wal/log_info.h"     // IWYU pragma: export
#include "wal/message/message.h"
#include "wal/message/message_id.h"
#include "wal/scanner.h"
#include "wal/types.h"

namespace tidelog {

struct AppendOptions {
  // Counted from the call.  If it runs out while the message waits in a queue the append is
  // withdrawn: kDeadlineExceeded, not done.  Later it only ends the wait: kOutcomeUnknown (C3).
  absl::Duration timeout = absl::InfiniteDuration();
  // When the queue of appends is full: true waits for room, false ends with kResourceExhausted at
  // once (C5).  Repeats of idempotency keys that wait have limits of their own (G4).
  bool wait_when_full = false;
};

struct AppendResult {
  MessageId id;
  MessageId last_confirmed;
  TimeTick time_tick{};
  TxnContext txn;          // Of a BeginTxn: what its bodies carry.
  bool duplicate = false;  // An idempotency key met again: this is the first append's result (G4).
  // Store this to resume reading behind the message.  A duplicate's may be truncated away.
  Position position() const { return Position{last_confirmed, time_tick}; }
};

// A batch lands adjacent and in order; if not all of it, a prefix (C8).  What lands is the batch
// without its repeats of idempotency keys (G4): earlier appends stored those, elsewhere.
struct BatchResult {
  std::vector<AppendResult> done;  // The first messages, repeats among them counted in.
  // The next ones, to the last that is unknown: storage may hold a prefix of those that are no
  // repeats.  Of {repeat, a, repeat, b} with a and b unknown these are 3, and 1 is done.
  size_t unknown = 0;
  absl::Status rest;  // OK: all are done.  Else why; behind `unknown` the batch stored none.
};

// A channel opened for reading.  It creates, locks and writes nothing (A3), and it has no Append():
// misuse does not compile.
//
// Implemented by //adaptor.  Safe from any thread.  Lifetime: within its Opener; its Scanners
// within it.
class RoWal {
 public:
  // Requires: Close() has completed.  Aborts with the channel's name otherwise.  (If the Future
  // that would have yielded a handle was dropped, the handle is closed for its owner.)
  virtual ~RoWal() = default;

  // Constant.
  virtual const PChannel& channel() const = 0;

  // Where it runs: what to give to Blocking(), so that the calling thread does the work itself.
  // Lives as long as this.
  virtual Executor* executor() const = 0;

  // Opens a scanner.
  // Errors: kPositionGone, kWalNameMismatch (a position of another log), kInvalidArgument
  // (options), kOnShutdown; kUnavailable (storage failed, or a truncation that failed is still in
  // doubt: try again).
  virtual Future<absl::StatusOr<std::unique_ptr<Scanner>>> Read(ReadOptions options) = 0;

  // What the log holds now.  On a writer it was checked after the call that the channel is still
  // owned.  Errors: kChannelFenced, kOnShutdown, kInner; kUnavailable, as Read().
  virtual Future<absl::StatusOr<LogInfo>> Info() = 0;

  // The checkpoints of the channel, sorted by name, as they are stored (G2).  Errors:
  // kInvalidArgument (it has no store of them), kUnavailable, kInner, kCorrupt, kOnShutdown.
  virtual Future<absl::StatusOr<std::vector<Checkpoint>>> Checkpoints() = 0;

  // Ready when the log has become useless, and says why: kChannelFenced, kOnShutdown (closed),
  // kInner (poisoned). Any number may wait.
  virtual Future<absl::Status> WhenUnavailable() = 0;

  // Refuses new work, ends what is in flight and frees everything.  Idempotent; bounded in time
  // (H2).  Members of open transactions are taken for a while (wal.interceptor_close_limit); what
  // is open then stays open in storage.
  //   OK             nothing of it runs, calls back or holds a byte any more.
  //   kUnavailable   names the step that hung; the stuck call is quarantined and calls nobody back.
  virtual Future<absl::Status> Close() = 0;
};

// Transactions (E1): messages of one VChannel, or of none, that become visible all at once at the
// commit's tick, next to each other, or not at all.
//
//   MutableMessage::Builder begin(MessageType::kBeginTxn);
//   begin.VChannel("orders_v1").Txn({.keepalive = absl::Seconds(5)});   // Or none: the default.
//   ... append it; AppendResult::txn is what its members name ...
//   MutableMessage::Builder body(MessageType::kInsert);
//   body.VChannel("orders_v1").Txn(txn);                                // Any number of them.
//   MutableMessage::Builder commit(MessageType::kCommitTxn);
//   commit.VChannel("orders_v1").Txn(txn).TxnBodies(1);                 // Or kRollbackTxn.
//
// A commit counts in the bodies that its client takes for stored: acknowledged, in flight or
// unknown, and not those that ended not done (E3).  It waits for those in flight, and commits just
// what it counts in or nothing.  Each body renews the lease, which is measured in ticks (E2).  A
// transaction survives a crash and a change of owners: its client goes on with the same id, while
// the lease lasts (E4).  An exclusive message (IsExclusive(), wal/types.h) ends all that is open in
// its VChannel, or in the log if it names none; a transaction without a VChannel is ended by each.

// A channel opened for writing under a term.
class Wal : public RoWal {
 public:
  // Constant.
  virtual const AppendLimits& limits() const = 0;

  // Appends one message and consumes it.
  //
  // OK: it is durable, and every later reader sees it exactly once at that id (C1).  An append that
  // returned before another was invoked has the smaller tick and id (C4), a `duplicate` excepted.
  //
  // Errors:
  //   kChannelFenced      not done  A higher term owns the channel.  Final.
  //   kOnShutdown         not done  The log is closed.
  //   kTooLarge           not done  Above limits(), or a body too much; terminal.
  //   kResourceExhausted  not done  Too many wait in the queue or for a key; too many transactions
  //                                 are open; the disk is full.
  //   kRateLimitRejected  not done  Flow control refuses data (wal/flow_control.h): back off.
  //   kDeadlineExceeded   not done  `timeout` ran out in the queue, or in a wait for a key (G4).
  //   kInvalidArgument    not done  A barrier more than 10 s ahead; a type or property that is the
  //                                 log's own; a member of another VChannel than its transaction's;
  //                                 an idempotency key that is none (wal/idempotency.h).
  //   kTransactionExpired not done  It is not known, has ended, or will have by the message's tick.
  //   kInvalidTransactionState  not done  Its commit or rollback is under way; or a commit counts
  //                                 other bodies in than are stored: the transaction stays open.
  //   kUnavailable        not done  The backend went on failing until `timeout` ran out.
  //   kInner              not done  The backend is broken for good.
  //   kOutcomeUnknown     unknown   `timeout`, Close() or a fence came after it was handed to
  //                                 storage (C2).
  virtual Future<absl::StatusOr<AppendResult>> Append(MutableMessage message,
                                                      AppendOptions options) = 0;

  // Appends all messages next to each other, in order; if not all, a prefix (C8).  Errors as
  // Append()'s.  An empty batch is done at once.  kInvalidArgument, nothing appended, for what
  // would have to wait for another of the same batch: two equal idempotency keys of one VChannel; a
  // begin, a commit, a rollback or an exclusive message beside others; and for idempotency keys
  // beside bodies of transactions.  Bodies may be in a batch; if one of them would not count in its
  // transaction any more, nothing more of the batch is handed over.
  virtual Future<BatchResult> AppendBatch(std::vector<MutableMessage> messages,
                                          AppendOptions options) = 0;

  // The newest committed tick of a VChannel, or of the log if `vchannel` is empty.  Errors:
  // kChannelFenced, kOnShutdown.
  virtual Future<absl::StatusOr<Mvcc>> LatestMvcc(std::string vchannel) = 0;

  // Forgets messages with ticks at or below `through`'s, and yields how far that went: checkpoints
  // may hold it back, and what an open replays (G3, G4) holds its id back: what is between is
  // hidden and takes room until a later call, with some backends one of a higher tick.  Survives
  // restart.  Readers that are further back end with kPositionGone.  Errors: kChannelFenced,
  // kOnShutdown, kWalNameMismatch, kPositionGone (above the tail), kInner, kUnavailable,
  // kResourceExhausted (no room for a TimeTick above `through`; below the newest none is needed):
  // not done.  kOutcomeUnknown: the mark was handed to storage.  Calling it again is harmless.
  virtual Future<absl::StatusOr<Position>> Truncate(Position through) = 0;

  // Registers a checkpoint, or moves it (G2): while it is there, whoever reads After(position)
  // finds everything.  It survives restarts and changes of owners.  A name is 1 to
  // kCheckpointNameMax bytes of [A-Za-z0-9._-].
  //
  // Errors, not done: kChannelFenced (a higher term owns the channel, and the checkpoints),
  // kInvalidArgument (no store; a bad name; within a term it never goes back), kPositionGone
  // (truncated away, or above the tail), kWalNameMismatch (a position of another log or backend),
  // kResourceExhausted, kUnavailable, kInner, kOnShutdown.  kOutcomeUnknown: storage decides; until
  // a later call has settled it, nothing behind the older of the two is truncated.
  virtual Future<absl::Status> RegisterCheckpoint(std::string name, Position position) = 0;

  // Removes one; done at once if it is not there.  Errors as above.
  virtual Future<absl::Status> UnregisterCheckpoint(std::string name) = 0;
};

}  // namespace tidelog

#endif  // TIDELOG_WAL_WAL_H_
