#include "wal/status.h"

#include <cstddef>
#include <cstdint>
#include <iterator>
#include <optional>
#include <string>
#include <string_view>

#include "absl/log/check.h"
#include "absl/status/status.h"
#include "absl/strings/cord.h"
#include "absl/strings/str_cat.h"
#include "wal/proto/wal.pb.h"

namespace tidelog {
namespace {

struct Row {
  WalErrorCode code;
  std::string_view name;
  absl::StatusCode canonical;
  Effect effect;
};

using absl::StatusCode;

constexpr Row kTable[] = {
    {WalErrorCode::kOk, "OK", StatusCode::kOk, Effect::kDone},
    {WalErrorCode::kChannelNotExist, "CHANNEL_NOT_EXIST", StatusCode::kNotFound, Effect::kNotDone},
    {WalErrorCode::kChannelFenced, "CHANNEL_FENCED", StatusCode::kFailedPrecondition,
     Effect::kNotDone},
    {WalErrorCode::kOnShutdown, "ON_SHUTDOWN", StatusCode::kUnavailable, Effect::kNotDone},
    {WalErrorCode::kInvalidRequestSeq, "INVALID_REQUEST_SEQ", StatusCode::kInvalidArgument,
     Effect::kNotDone},
    {WalErrorCode::kUnmatchedTerm, "UNMATCHED_CHANNEL_TERM", StatusCode::kFailedPrecondition,
     Effect::kNotDone},
    {WalErrorCode::kIgnoredOperation, "IGNORED_OPERATION", StatusCode::kAlreadyExists,
     Effect::kDone},
    {WalErrorCode::kInner, "INNER", StatusCode::kInternal, Effect::kNotDone},
    {WalErrorCode::kInvalidArgument, "INVALID_ARGUMENT", StatusCode::kInvalidArgument,
     Effect::kNotDone},
    {WalErrorCode::kTransactionExpired, "TRANSACTION_EXPIRED", StatusCode::kAborted,
     Effect::kNotDone},
    {WalErrorCode::kInvalidTransactionState, "INVALID_TRANSACTION_STATE",
     StatusCode::kFailedPrecondition, Effect::kNotDone},
    {WalErrorCode::kUnrecoverable, "UNRECOVERABLE", StatusCode::kInternal, Effect::kNotDone},
    {WalErrorCode::kResourceAcquired, "RESOURCE_ACQUIRED", StatusCode::kAborted, Effect::kNotDone},
    {WalErrorCode::kReplicateViolation, "REPLICATE_VIOLATION", StatusCode::kFailedPrecondition,
     Effect::kNotDone},
    {WalErrorCode::kWalNameMismatch, "WAL_NAME_MISMATCH", StatusCode::kInvalidArgument,
     Effect::kNotDone},
    {WalErrorCode::kSchemaVersionMismatch, "SCHEMA_VERSION_MISMATCH",
     StatusCode::kFailedPrecondition, Effect::kNotDone},
    {WalErrorCode::kRateLimitRejected, "RATE_LIMIT_REJECTED", StatusCode::kResourceExhausted,
     Effect::kNotDone},
    {WalErrorCode::kPartialUpdateRetryable, "PARTIAL_UPDATE_RETRYABLE", StatusCode::kAborted,
     Effect::kNotDone},
    {WalErrorCode::kUnknownError, "UNKNOWN", StatusCode::kUnknown, Effect::kUnknown},
    {WalErrorCode::kTooLarge, "TOO_LARGE", StatusCode::kInvalidArgument, Effect::kNotDone},
    {WalErrorCode::kPositionGone, "POSITION_GONE", StatusCode::kOutOfRange, Effect::kNotDone},
    {WalErrorCode::kOutcomeUnknown, "OUTCOME_UNKNOWN", StatusCode::kDeadlineExceeded,
     Effect::kUnknown},
    {WalErrorCode::kCorrupt, "CORRUPT", StatusCode::kDataLoss, Effect::kNotDone},
    {WalErrorCode::kResourceExhausted, "RESOURCE_EXHAUSTED", StatusCode::kResourceExhausted,
     Effect::kNotDone},
    {WalErrorCode::kDeadlineExceeded, "DEADLINE_EXCEEDED", StatusCode::kCancelled,
     Effect::kNotDone},
    {WalErrorCode::kUnavailable, "UNAVAILABLE", StatusCode::kUnavailable, Effect::kNotDone},
};

// For a number that a newer peer sent.
constexpr Row kUnlisted = {WalErrorCode::kUnknownError, "", StatusCode::kUnknown, Effect::kUnknown};

// Every code that is declared, in order.  The switch makes the compiler warn (-Wswitch, an error
// here) when one is added to the enumeration and not here.
constexpr bool IsDeclared(WalErrorCode code) {
  switch (code) {
    case WalErrorCode::kOk:
    case WalErrorCode::kChannelNotExist:
    case WalErrorCode::kChannelFenced:
    case WalErrorCode::kOnShutdown:
    case WalErrorCode::kInvalidRequestSeq:
    case WalErrorCode::kUnmatchedTerm:
    case WalErrorCode::kIgnoredOperation:
    case WalErrorCode::kInner:
    case WalErrorCode::kInvalidArgument:
    case WalErrorCode::kTransactionExpired:
    case WalErrorCode::kInvalidTransactionState:
    case WalErrorCode::kUnrecoverable:
    case WalErrorCode::kResourceAcquired:
    case WalErrorCode::kReplicateViolation:
    case WalErrorCode::kWalNameMismatch:
    case WalErrorCode::kSchemaVersionMismatch:
    case WalErrorCode::kRateLimitRejected:
    case WalErrorCode::kPartialUpdateRetryable:
    case WalErrorCode::kUnknownError:
    case WalErrorCode::kTooLarge:
    case WalErrorCode::kPositionGone:
    case WalErrorCode::kOutcomeUnknown:
    case WalErrorCode::kCorrupt:
    case WalErrorCode::kResourceExhausted:
    case WalErrorCode::kDeadlineExceeded:
    case WalErrorCode::kUnavailable:
      return true;
  }
  return false;
}

// Every declared number below 2000 has one row, rows ascend, and no row lacks a declaration.
constexpr bool TableIsComplete() {
  size_t row = 0;
  for (int32_t number = 0; number < 2000; ++number) {
    if (!IsDeclared(static_cast<WalErrorCode>(number))) continue;
    if (row == std::size(kTable) || static_cast<int32_t>(kTable[row].code) != number) return false;
    ++row;
  }
  return row == std::size(kTable);
}
static_assert(TableIsComplete());

const Row& RowOf(WalErrorCode code) {
  for (const Row& row : kTable) {
    if (row.code == code) return row;
  }
  return kUnlisted;
}

std::optional<proto::WalError> PayloadOf(const absl::Status& status) {
  const std::optional<absl::Cord> bytes = status.GetPayload(kWalErrorTypeUrl);
  if (!bytes) return std::nullopt;
  proto::WalError payload;
  if (!payload.ParseFromString(std::string(*bytes))) return std::nullopt;
  return payload;
}

absl::Status Make(WalErrorCode code, std::string_view message, const proto::WalError& payload) {
  absl::Status status(CanonicalCodeOf(code), message);
  status.SetPayload(kWalErrorTypeUrl, absl::Cord(payload.SerializeAsString()));
  return status;
}

}  // namespace

absl::Status WalError(WalErrorCode code, std::string_view message) {
  CHECK(code != WalErrorCode::kOk) << "an error without a code: " << message;
  proto::WalError payload;
  payload.set_code(static_cast<int32_t>(code));
  return Make(code, message, payload);
}

absl::Status WalErrorFrom(WalErrorCode code, std::string_view message, const absl::Status& cause) {
  CHECK(code != WalErrorCode::kOk) << "an error without a code: " << message;
  proto::WalError payload;
  if (GetWalErrorCode(cause) == code) payload = PayloadOf(cause).value_or(payload);
  payload.set_code(static_cast<int32_t>(code));
  return Make(code, absl::StrCat(message, ": ", cause.message()), payload);
}

WalErrorCode GetWalErrorCode(const absl::Status& status) {
  if (status.ok()) return WalErrorCode::kOk;
  const std::optional<proto::WalError> payload = PayloadOf(status);
  // An error cannot say that all is well: a payload without a code is none.
  if (!payload || payload->code() == 0) return WalErrorCode::kUnknownError;
  return static_cast<WalErrorCode>(payload->code());
}

Effect EffectOf(const absl::Status& status) { return RowOf(GetWalErrorCode(status)).effect; }

std::string WalErrorCodeName(WalErrorCode code) {
  const Row& row = RowOf(code);
  if (row.name.empty()) return absl::StrCat("ERROR_", static_cast<int32_t>(code));
  return std::string(row.name);
}

absl::StatusCode CanonicalCodeOf(WalErrorCode code) { return RowOf(code).canonical; }

}  // namespace tidelog
