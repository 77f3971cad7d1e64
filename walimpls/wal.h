// RoWalImpls and WalImpls: one open channel, as a backend implements it.  Callers use tidelog::Wal,
// which //adaptor builds from this.
//
// README.md, "Adding a backend", says how; testing/conformance.h is this contract as tests.
#ifndef TIDELOG_WALIMPLS_WAL_H_
#define TIDELOG_WALIMPLS_WAL_H_

#include <memory>
#include <optional>
#include <string>

#include "absl/container/btree_map.h"
#include "absl/container/inlined_vector.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "wal/async/future.h"
#include "wal/message/message.h"
#include "wal/message/message_id.h"
#include "wal/types.h"
#include "wal/wal.h"
#include "walimpls/scanner.h"

namespace tidelog::walimpls {

// What a backend can do.  Constant for its lifetime.
struct Traits {
  LogKind kind = LogKind::kNone;
  size_t message_bytes_max = 0;  // Of MutableMessage::encoded_size().
  size_t group_bytes_max = 0;    // Of a whole Group; at least message_bytes_max.
  size_t group_count_max = 0;
  int property_count_max = 0;
  bool durable_on_ack = false;
};

// Messages that land together: stamped with term, tick and last-confirmed, without ids yet.  Blocks
// are shared, not copied; nobody changes them until the append has ended.
using Group = absl::InlinedVector<ImmutableMessage, 1>;
using Ids = absl::InlinedVector<MessageId, 1>;

// What a log holds, as its backend sees it.  No position or id here is a fence barrier's, but
// boundary() may be.
struct LogState {
  std::optional<Position>
      truncated;  // The mark of Truncate(); with retention, {first kept id, its tick - 1}, or
                  // its tick if it is a chunk, and not its message's first (F9).
  std::optional<Position> tail;      // Of the newest durable record.
  std::optional<MessageId> tail_id;  // Its id: where a scan that reads everything there is ends.
  bool tail_is_cut = false;          // It is a chunk, and not its message's last (IsCut()).
  TimeTick newest_tick{};            // Its tick; 0: there is none.
  Term newest_term{};                // The highest term that opened it, as far as can be seen.
  LogInfo::Holder holder = LogInfo::Holder::kUnknown;
  absl::btree_map<std::string, std::string> details;  // For people and tools.
};

// How a log is closed.
enum class CloseMode {
  kClean,    // The caller owes nothing: leave the mark that lets the same term open again (A2),
             // unless an append is unsettled.
  kAbandon,  // Leave no mark.
};

// Confined to the executor it was opened on: no method is called from another, and no lock is
// needed.
//
// Lifetime: the OpenerImpls that made it outlives it; it outlives its scanners.
class RoWalImpls {
 public:
  // Requires: Close() has completed, or this went to a Quarantine with what hangs in it.
  virtual ~RoWalImpls() = default;

  virtual const PChannel& channel() const = 0;
  virtual const Traits& traits() const = 0;

  // What the log holds.  A writer looks at its fence after reading, and yields kChannelFenced if it
  // has lost (A2).  It tells no mark that may be lost, nor a lower one than others may have seen:
  // kUnavailable while a truncation is in doubt.
  virtual Future<absl::StatusOr<LogState>> Info() = 0;

  // Opens a scanner.  Any number may be open.
  // Errors: kPositionGone, kWalNameMismatch, kOnShutdown, kInner.
  virtual Future<absl::StatusOr<std::unique_ptr<ScannerImpls>>> Read(ScanOptions options) = 0;

  // Ends every operation in flight and every scanner, then frees everything.  Idempotent.  New
  // operations end with kOnShutdown.  It may hang with the backend: the caller bounds the wait
  // (H2). Error: kInner, when the clean mark or a descriptor could not be dealt with; it is closed
  // all the same.
  virtual Future<absl::Status> Close(CloseMode mode) = 0;
};

class WalImpls : public RoWalImpls {
 public:
  // Stores all of `group` or none, adjacent and in order, and yields its ids.  Groups land in the
  // order of the calls.  Several may be outstanding at once; they complete in order.  Requires:
  // within traits().
  //
  // The prefix property (D8): after one ended not done, every other that is outstanding, and every
  // later one, ends with kUnavailable, not done, until AcceptAgain().
  //
  // OK: durable, and seen exactly once at those ids by every later reader of any term.
  //
  // Errors.  The backend settles its own attempts (C2): it retries inside until it knows.  An
  // append whose outcome it cannot learn stays pending until Close() or a fence ends it.
  //   kOutcomeUnknown     unknown   Close() or a fence came after a byte of it was handed to
  //                                 storage.
  //   kChannelFenced      not done  A higher term owns the channel, and nothing of it was handed to
  //                                 storage.  Final.
  //   kOnShutdown         not done  Closed, and nothing of it was handed to storage.
  //   kResourceExhausted  not done  Storage is full.  It heals: later appends may succeed.  The
  //                                 caller does not retry.
  //   kUnavailable        not done  A passing failure: the caller retries, with fresh ticks.
  //   kInner              not done  Broken for good; WhenUnavailable() is ready.
  // Before it ends not done, the backend has dropped every reference to the messages.
  virtual Future<absl::StatusOr<Ids>> Append(Group group) = 0;

  // The caller has seen the end of every append that it handed over: new ones are taken again.
  // No-op if none failed. Requires: none is outstanding.
  virtual void AcceptAgain() = 0;

  // Remembers, durably, `mark` as the point up to which messages are forgotten, and frees what
  // storage it can (G3).  Marks only grow: a lower one is done at once.  Requires: `mark` was
  // stored in this log. Errors: kChannelFenced, kOnShutdown, kUnavailable, kResourceExhausted,
  // kInner: not done.  kOutcomeUnknown: handed to storage.  Doing it again is harmless.
  virtual Future<absl::Status> Truncate(Position mark) = 0;

  // The last id of a lower term or of an earlier open of this term (A2).  None: there was nothing.
  // Constant.
  virtual std::optional<MessageId> boundary() const = 0;

  // The newest stored TimeTick at or below the boundary, where recovery starts (D6).  has_value()
  // is false if there was none.  Constant.
  virtual const ImmutableMessage& newest_time_tick() const = 0;

  // Called every tick interval (D5): moves an idle log's watermark, looks at the fence.
  virtual void OnTick() = 0;

  // Ready with kChannelFenced once the writer has found a higher term, kInner when it is broken for
  // good, kOnShutdown when it is closed.  At most one waits.
  virtual Future<absl::Status> WhenUnavailable() = 0;
};

}  // namespace tidelog::walimpls

#endif  // TIDELOG_WALIMPLS_WAL_H_
