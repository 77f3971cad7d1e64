// Scanner: reads one log in order, in batches, until it is told to stop or reaches its end.
#ifndef TIDELOG_WAL_SCANNER_H_
#define TIDELOG_WAL_SCANNER_H_

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "wal/async/future.h"
#include "wal/message/message.h"
#include "wal/message/message_id.h"
#include "wal/types.h"

namespace tidelog {

// Where a scan starts (F1).
struct Earliest {};  // The oldest record not truncated.
struct Latest {};  // What is appended after Read() yielded: ticks above the newest allocated then.
struct From {
  Position position;
};  // The message of that position, if there, and all behind it: ticks >= its tick.
struct After {
  Position position;
};  // Behind it: ticks > its tick.  How a reader resumes (D4).
using DeliverPolicy = std::variant<Earliest, Latest, From, After>;

// Where a scan ends.
struct TailAtOpen {};  // The newest settled position when Read() yielded.
using ReadUntil = std::variant<TailAtOpen, Position>;  // A Position is inclusive.

struct ReadOptions {
  DeliverPolicy from = Earliest{};
  std::optional<ReadUntil> until = std::nullopt;  // None: for ever.

  // Filters.  Transactions are assembled between the first and the others.
  std::string vchannel = {};  // Empty: all.  A message without a VChannel belongs to every one.
  // Empty: all.  A transaction is delivered whole if kTxn or the type of any of its bodies is
  // listed.  Listing a type of the system (TimeTick, Begin-, Commit-, RollbackTxn) is
  // kInvalidArgument.
  std::vector<MessageType> types = {};
  std::optional<TimeTick> after_time_tick = std::nullopt;

  // True: stored TimeTicks are delivered as messages too, whatever `types` says.
  bool deliver_ticks = false;

  // What to do about bytes in storage that are not what was written (F5).
  enum class OnCorrupt {
    kStop,  // End with kCorrupt.
    kGap,   // Deliver a Gap that names the range, and go on behind it.
  } on_corrupt = OnCorrupt::kStop;

  // True: Next() also becomes ready when only `complete_through` has moved.
  bool wake_on_tick = false;

  // How far to read ahead of the reader (F6).  Limits: at least one message is always read.
  size_t read_ahead_bytes_max = 4u << 20;
  size_t read_ahead_count_max = 4096;

  // For logs and people; need not be unique.
  std::string name = {};
};

// Records that cannot be read, reported where they would have been delivered.  Ids are inclusive.
struct Gap {
  MessageId first;
  MessageId last;
  absl::Status reason;
};

// What one Next() yields.
struct ScanBatch {
  std::vector<ImmutableMessage> messages;  // In increasing tick order (F2).
  // No message with a tick at or below this will follow (D2); 0: nothing is known yet.
  TimeTick complete_through{};
  // False: that holds in this term only, for it comes from a tick that is not stored.
  bool complete_is_stored = false;
  // After(*resume) continues behind this batch.  Moves with every message and stored tick,
  // delivered or filtered out, so that a reader of a quiet VChannel does not fall behind
  // truncation.  None: nothing was met since the scan began.
  std::optional<Position> resume;
  std::optional<Gap> gap;  // Lies behind `messages`.
  bool end = false;        // The scan reached its `until`: no Next() may follow.
};

// Implemented by the log; used by one reader at a time, from any thread.
//
// Lifetime: its Wal or RoWal closes it; from then on all methods yield kOnShutdown, and it may be
// destroyed at any time, also after the log.  Scanners hold nothing back: truncation does not wait
// for them (G3).
//
// To pause, call no Next(): it is the reader that moves a scanner.  What is read ahead stops at the
// limits (F6), nothing is polled, the log goes on, and the next Next() goes on where the last one
// ended.
class Scanner {
 public:
  // Requires: Close() of this or of its log has completed.
  virtual ~Scanner() = default;

  // Waits until there is a message, a gap, the end or, if asked for, a tick.  `reuse` is an old
  // batch whose memory may be used again; its messages are dropped.  Requires: the Next() before is
  // ready; no error and no end came before.
  //
  // Errors are final and touch nothing (F8):
  //   kPositionGone  What comes next was truncated away; OldestPositionOf() says what is left (F4).
  //   kCorrupt       The range is in the message (F5).
  //   kOnShutdown    This scanner or its log was closed.
  //   kInner         The backend failed for good.
  // Fencing of the log's writer does not end its scanners: they go on, into the new term.
  virtual Future<absl::StatusOr<ScanBatch>> Next(ScanBatch reuse) = 0;

  // Ends a Next() in flight with kOnShutdown, at once and whatever the backend does (F7), and frees
  // everything. Idempotent.
  virtual Future<absl::Status> Close() = 0;
};

}  // namespace tidelog

#endif  // TIDELOG_WAL_SCANNER_H_
