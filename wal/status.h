// The log's errors: what happened, what a caller may do about it, and whether the operation took
// effect.
//
// Every error of the log is an absl::Status with two codes.  The canonical one says what to *do*;
// the WalErrorCode in its payload says what *happened*.  One table ties them together, so that they
// never disagree.  Branch on GetWalErrorCode() or on the canonical code, never on text.
#ifndef TIDELOG_WAL_STATUS_H_
#define TIDELOG_WAL_STATUS_H_

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/status.h"

namespace tidelog {

// Each with its canonical code, the effect of a mutating call that ends with it, and what to do.
// Numbers below 1000 are those of Milvus's streaming errors and travel on the wire: never renumber.
//
// "Not done" means: not in the log, and it never will be.  "Unknown": it may be in the log, now or
// after the next open; storage has decided or will, for ever and the same for all readers (C2).
enum class WalErrorCode : int32_t {
  kOk = 0,
  // NOT_FOUND, not done.  The channel is not here: refresh the assignment.
  kChannelNotExist = 1,
  // FAILED_PRECONDITION, not done.  A higher term owns the channel.  Final for this handle.
  kChannelFenced = 2,
  // UNAVAILABLE, not done.  Closing or closed: retry elsewhere.
  kOnShutdown = 3,
  // INVALID_ARGUMENT, not done.  A protocol violation on a stream.
  kInvalidRequestSeq = 4,
  // FAILED_PRECONDITION, not done.  Open: the term is not above the highest.  Refresh the
  // assignment.
  kUnmatchedTerm = 5,
  // ALREADY_EXISTS, done before.  A duplicate: go on.
  kIgnoredOperation = 6,
  // INTERNAL, not done.  The backend or the machine failed: report.
  kInner = 7,
  // INVALID_ARGUMENT, not done.  Fix the call.
  kInvalidArgument = 8,
  // ABORTED, not done.  Start the transaction again.
  kTransactionExpired = 9,
  // FAILED_PRECONDITION, not done.  The transaction cannot do that now.
  kInvalidTransactionState = 10,
  // INTERNAL, not done.  Report to the user.
  kUnrecoverable = 11,
  // ABORTED, not done.  A broadcast lock is busy.
  kResourceAcquired = 12,
  // FAILED_PRECONDITION, not done.  Not as the replication role allows.
  kReplicateViolation = 13,
  // INVALID_ARGUMENT, not done.  An id or position of another log or backend.
  kWalNameMismatch = 14,
  // FAILED_PRECONDITION, not done.  Refresh the schema.
  kSchemaVersionMismatch = 15,
  // RESOURCE_EXHAUSTED, not done.  Back off.
  kRateLimitRejected = 16,
  // ABORTED, not done.  Read again, merge, retry.
  kPartialUpdateRetryable = 17,
  // UNKNOWN, unknown.  Nobody said more.
  kUnknownError = 999,

  // Tidelog's own.

  // INVALID_ARGUMENT, not done.  Above a limit of the backend.  Terminal: never retried.
  kTooLarge = 1000,
  // OUT_OF_RANGE, not done.  Truncated, or beyond the tail: see OldestPositionOf() in message_id.h.
  kPositionGone = 1001,
  // DEADLINE_EXCEEDED, unknown.  Handed to the backend, and then came deadline, close or a fence.
  kOutcomeUnknown = 1002,
  // DATA_LOSS, not done.  Bytes in storage are not what was written; the range is in the message.
  kCorrupt = 1003,
  // RESOURCE_EXHAUSTED, not done.  A bounded queue or the disk is full.
  kResourceExhausted = 1004,
  // CANCELLED, not done.  The deadline came while it waited in a queue.
  kDeadlineExceeded = 1005,
  // UNAVAILABLE, not done.  The backend hangs or is down; of Close: names the step that hung (H2).
  kUnavailable = 1006,
};

// Whether a mutating call took effect.
enum class Effect { kDone, kNotDone, kUnknown };

// The only way to make an error of the log.  `message` says what was attempted, with the values,
// and where a user can help it the way out: lower case, no full stop.  Requires: code is not kOk.
absl::Status WalError(WalErrorCode code, std::string_view message);

// As WalError() with the message "MESSAGE: " and that of `cause`.  If `cause` is an error of the
// same code, what else it carries (an oldest position) is kept.
absl::Status WalErrorFrom(WalErrorCode code, std::string_view message, const absl::Status& cause);

// The code that `status` carries.  kOk for OK; kUnknownError if it carries none; a number that is
// not listed if a newer peer sent one.
WalErrorCode GetWalErrorCode(const absl::Status& status);

// What became of a mutating call that ended with `status`.
Effect EffectOf(const absl::Status& status);

// "CHANNEL_FENCED"; "ERROR_<n>" for a number that is not listed.
std::string WalErrorCodeName(WalErrorCode code);

// The canonical code that belongs to `code`; UNKNOWN for a number that is not listed.
absl::StatusCode CanonicalCodeOf(WalErrorCode code);

// Under which a status carries its tidelog.proto.WalError (wal/proto/wal.proto).  An RPC layer that
// passes payloads on under their URLs passes the errors of the log on.
inline constexpr std::string_view kWalErrorTypeUrl = "type.googleapis.com/tidelog.proto.WalError";

}  // namespace tidelog

#endif  // TIDELOG_WAL_STATUS_H_
