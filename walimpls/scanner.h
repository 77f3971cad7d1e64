// ScannerImpls: reads a backend's log in id order.
#ifndef TIDELOG_WALIMPLS_SCANNER_H_
#define TIDELOG_WALIMPLS_SCANNER_H_

#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "wal/async/future.h"
#include "wal/message/message.h"
#include "wal/message/message_id.h"
#include "wal/scanner.h"
#include "wal/types.h"

namespace tidelog::walimpls {

// Where a backend's scan starts: an id of this log.  What lies before the truncation mark may still
// be delivered; the caller filters by tick.
struct ScanEarliest {
  // kPositionGone, with the oldest position, if a message with a tick above this was truncated
  // away: 0 if the caller knows of no truncation.  None: whatever is left is wanted.
  std::optional<TimeTick> behind;
};
// Behind the newest durable record when Read() yielded.
struct ScanLatest {};
// `id`, which need not exist (ids may have gaps), and on.
struct ScanFrom {
  MessageId id;
  // Of a log that retention shortens: kPositionGone if a message with a tick above this is gone.
  // The position that retention leaves as the oldest has an id that is there, and a tick that may
  // be that of a message which is not.  0: whatever is left is wanted.
  TimeTick behind{};
};
// What is above `id`.
struct ScanAfter {
  MessageId id;
};
using ScanStart = std::variant<ScanEarliest, ScanLatest, ScanFrom, ScanAfter>;

struct ScanOptions {
  ScanStart from = ScanEarliest{};
  // Delivers nothing above it, and ends as soon as nothing at or below it can follow; it need not
  // exist.  None: for ever.
  std::optional<MessageId> until;
  ReadOptions::OnCorrupt on_corrupt = ReadOptions::OnCorrupt::kStop;
  size_t read_ahead_bytes_max = 4u << 20;
  size_t read_ahead_count_max = 4096;
  std::string name;
};

// What one Next() yields.  Messages have their ids; each record that was acknowledged is in exactly
// one batch.  A backend's own fence barriers (kFenceBarrier) are among them, for their term: the
// caller drops them (A5, D6).
struct RawBatch {
  std::vector<ImmutableMessage> messages;
  std::optional<Gap> gap;  // Lies behind `messages`.
  bool end = false;        // `until` is reached.
};

// Confined to its log's executor.  Lifetime: within its RoWalImpls.
class ScannerImpls {
 public:
  // Requires: Close() has completed, or this went to a Quarantine.
  virtual ~ScannerImpls() = default;

  // Waits until there is something, and yields it: only what is durable, in id order, each record
  // once, pushed by the writer or the backend, not polled for.  After its writer was fenced a
  // scanner goes on from storage, into the new term.  `reuse` is an old batch whose memory may be
  // used again.
  // Requires: the Next() before is ready; no error and no end came before.
  //
  // Errors are final:
  //   kPositionGone  The next id lies below the oldest that is kept (F4); carries the oldest
  //                  position.
  //   kCorrupt       Names the range (F5).
  //   kOnShutdown    This scanner or its log was closed.
  //   kInner         The backend failed for good; short failures are the backend's to retry.
  virtual Future<absl::StatusOr<RawBatch>> Next(RawBatch reuse) = 0;

  // Ends a Next() in flight with kOnShutdown.  Idempotent.
  virtual Future<absl::Status> Close() = 0;
};

}  // namespace tidelog::walimpls

#endif  // TIDELOG_WALIMPLS_SCANNER_H_
