// Switching the backend of a channel (G6): from A, where it lies, to B, where it goes on.
//
//   absl::StatusOr<MutableMessage> alter =
//       MakeAlterWal({.backend = "file", .config = {{"dir", "/mnt/larger/tide"}}});
//   absl::StatusOr<AppendResult> ended = co_await wal->Append(*std::move(alter), {});
//   ... close `wal`, and open the channel again, under a higher term, by the same Opener ...
//
// The AlterWAL record is the last one on A: it ends every open transaction, is its own covering
// TimeTick, and nothing follows it.  From then on the Wal is fenced: every other append ends with
// kChannelFenced, not done.  The next open with a higher term, of whichever process, writes B into
// the chain of backends, which lies in the CheckpointStore, and opens B.  A crash at any instant is
// completed by the open after it.
//
// Readers notice nothing: the one scan goes on from A to B, each message once, in increasing order
// of ticks, wherever it was opened and whenever.  One that is open during the switch waits at its
// end until somebody has opened B.  Ids and positions carry the epoch, the number of the link in
// the chain, so a position on A stays good.  A RoWal that was opened before the switch takes the
// end of A for the tail (Info(), Latest, TailAtOpen): open it anew.
//
// What lies at B must be there from then on: an open that does not find it, as where a disk is not
// mounted, ends with kUnavailable and makes nothing.
//
// A channel is always opened by what it began with: the Opener of A, and its CheckpointStore, which
// keeps the chain; an Opener of B's would find a log of its own, which knows nothing of A.  Data
// at A goes when a truncation to a position on B finds that no checkpoint is on A, and in part when
// one to a position on A does; while a checkpoint is there, it holds back whatever is truncated on
// B, for who goes on from it reads that too.  A is emptied, and not removed.
//
// Errors of such an Append(), beside those of every append:
//   kInvalidArgument  not done  The message is none of MakeAlterWal(); it names a VChannel; the log
//                               has no store of checkpoints; the backend is not linked into this
//                               program, or does not know a setting; the channel lies there
//                               already, now or earlier; the target holds a log of that name, or
//                               cannot hold one (a directory with other files, without permission,
//                               without a parent, on a file system that its settings do not
//                               allow); the chain would become longer than its store keeps.
//   kUnavailable, kResourceExhausted
//                     not done  The target cannot be looked at, or prepared, for the moment.
// As part of AppendBatch() it is refused.
//
// Not carried over: idempotency keys (wal/idempotency.h).  A key that was stored on A is new on B.
#ifndef TIDELOG_WAL_BACKEND_SWITCH_H_
#define TIDELOG_WAL_BACKEND_SWITCH_H_

#include <cstddef>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "wal/message/message.h"
#include "wal/message/record.h"
#include "wal/types.h"

namespace tidelog {

// Where a log lies.
struct BackendTarget {
  std::string backend;  // The name that it is registered by.
  // Its settings, without those of the log ("wal.*"), which stay those of the Opener.  Stored in
  // the log and in the chain, in clear: no secrets.  Every process that opens the channel takes
  // them as they are: a directory is an absolute path.
  Config config;
  friend bool operator==(const BackendTarget&, const BackendTarget&) = default;
};

// kInvalidArgument: the backend or a key is not 1 to kBackendNameMax bytes of [A-Za-z0-9._-], or a
// key begins with "wal.".
absl::Status ValidateTarget(const BackendTarget& target);
inline constexpr size_t kBackendNameMax = 100;

// The message to append.  Its properties: "backend", and "config.KEY" for each setting.
// kInvalidArgument: ValidateTarget().
absl::StatusOr<MutableMessage> MakeAlterWal(const BackendTarget& target);

// What such a message says.  kInvalidArgument: it is none.
absl::StatusOr<BackendTarget> TargetOf(const RecordView& record);

}  // namespace tidelog

#endif  // TIDELOG_WAL_BACKEND_SWITCH_H_
