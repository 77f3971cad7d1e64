#include "adaptor/append/appendable.h"

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "wal/backend_switch.h"
#include "wal/base/status_macros.h"
#include "wal/message/chunks.h"
#include "wal/status.h"

namespace tidelog::adaptor {
namespace {

std::string What(const PChannel& channel, const RecordView& record) {
  return absl::StrCat("append a ", MessageTypeName(record.type()), " to ", ToString(channel));
}

std::string WhyNotInChunks(const RecordView& record) {
  if (record.type() == MessageType::kAlterWal) return "ends the log, as one record";
  return absl::StrCat(ChunkHeadSize(record),
                      " of them are no payload: at most half a chunk may be");
}

absl::Status CheckSize(const PChannel& channel, const AppendLimits& limits,
                       const RecordView& record) {
  const size_t size = record.size();
  if (size > limits.message_bytes_max) {
    return WalError(WalErrorCode::kTooLarge,
                    absl::StrCat(What(channel, record), ": it is of ", size, " bytes, and at most ",
                                 limits.message_bytes_max, " are allowed"));
  }
  const bool in_chunks = limits.chunk_bytes_max != 0 && size > limits.chunk_bytes_max;
  if (in_chunks && !FitsChunks(record, limits.chunk_bytes_max)) {
    return WalError(
        WalErrorCode::kTooLarge,
        absl::StrCat(What(channel, record), ": it is of ", size, " bytes, more than a chunk's ",
                     limits.chunk_bytes_max, ", and ", WhyNotInChunks(record)));
  }
  const size_t properties = record.property_count();
  if (properties > static_cast<size_t>(limits.property_count_max)) {
    return WalError(
        WalErrorCode::kTooLarge,
        absl::StrCat(What(channel, record), ": it has ", properties, " properties, and at most ",
                     limits.property_count_max, " are allowed"));
  }
  return absl::OkStatus();
}

// What only the log itself, or a reader, makes.
absl::Status CheckOrigin(const PChannel& channel, const RecordView& record) {
  constexpr uint16_t kLogsOwn =
      kLastConfirmedIsSelf | kNotPersisted | kFenceBarrier | kHasReplayStart | kHasChunk;
  const bool is_logs_own = record.type() == MessageType::kTimeTick ||
                           record.type() == MessageType::kTxn || (record.flags() & kLogsOwn) != 0;
  if (!is_logs_own) return absl::OkStatus();
  return WalError(
      WalErrorCode::kInvalidArgument,
      absl::StrCat(What(channel, record), ": only the log itself writes such a message"));
}

// Whether what it says of a transaction makes sense, whichever transaction that is (E1, E3).
absl::Status CheckTransaction(const PChannel& channel, const RecordView& record) {
  const MessageType type = record.type();
  std::string_view what;
  if ((record.flags() & kHasTxn) == 0) {
    if (!FramesTransaction(type)) return absl::OkStatus();
    what = "it names no transaction";
  } else if (IsExclusive(type)) {
    what = "it ends the transactions around it, and can be in none";
  } else if (type == MessageType::kCommitTxn && !record.txn_bodies()) {
    what = "it does not say how many bodies count in";
  } else if (type == MessageType::kBeginTxn && record.txn()->keepalive < absl::ZeroDuration()) {
    what = "its lease is negative";
  }
  if (what.empty()) return absl::OkStatus();
  return WalError(WalErrorCode::kInvalidArgument, absl::StrCat(What(channel, record), ": ", what));
}

// G4.
absl::Status CheckIdempotencyKey(const PChannel& channel, const RecordView& record) {
  const std::optional<std::string_view> key = record.idempotency_key();
  if (!key) return absl::OkStatus();
  std::string what;
  if (key->empty()) {
    what = "its idempotency key is empty";
  } else if (key->size() > kIdempotencyKeyMax) {
    what = absl::StrCat("its idempotency key is of ", key->size(), " bytes, and at most ",
                        kIdempotencyKeyMax, " are allowed");
  } else if ((record.flags() & kHasTxn) != 0 && record.type() != MessageType::kCommitTxn) {
    what = "in a transaction only the commit has an idempotency key";
  }
  if (what.empty()) return absl::OkStatus();
  return WalError(WalErrorCode::kInvalidArgument, absl::StrCat(What(channel, record), ": ", what));
}

// G6.
absl::Status CheckSwitch(const PChannel& channel, const RecordView& record) {
  if (record.type() != MessageType::kAlterWal) return absl::OkStatus();
  if (!record.vchannel().empty()) {
    return WalError(WalErrorCode::kInvalidArgument,
                    absl::StrCat(What(channel, record), ": it names a VChannel, and ends the log"));
  }
  const absl::Status target = TargetOf(record).status();
  if (target.ok()) return absl::OkStatus();
  return WalErrorFrom(WalErrorCode::kInvalidArgument, What(channel, record), target);
}

}  // namespace

bool FitsChunks(const RecordView& record, size_t bytes_max) {
  return record.type() != MessageType::kAlterWal && ChunkHeadSize(record) <= bytes_max / 2;
}

AppendLimits LimitsOf(const walimpls::Traits& traits, const LogOptions& options) {
  AppendLimits limits{traits.message_bytes_max, traits.property_count_max, traits.durable_on_ack};
  if (options.chunking == 0) return limits;
  limits.chunk_bytes_max = std::min(traits.message_bytes_max, options.chunk_bytes_max);
  limits.message_bytes_max = std::max(traits.message_bytes_max, options.chunked_message_bytes_max);
  return limits;
}

absl::Status CheckAppendable(const PChannel& channel, const AppendLimits& limits,
                             const RecordView& record) {
  TIDELOG_RETURN_IF_ERROR(CheckSize(channel, limits, record));
  TIDELOG_RETURN_IF_ERROR(CheckOrigin(channel, record));
  TIDELOG_RETURN_IF_ERROR(CheckTransaction(channel, record));
  TIDELOG_RETURN_IF_ERROR(CheckIdempotencyKey(channel, record));
  return CheckSwitch(channel, record);
}

absl::Status CheckInBatch(const PChannel& channel, const RecordView& record) {
  const MessageType type = record.type();
  if (!FramesTransaction(type) && !IsExclusive(type)) return absl::OkStatus();
  return WalError(WalErrorCode::kInvalidArgument,
                  absl::StrCat(What(channel, record),
                               ": in a batch with others, for which it would have to wait"));
}

}  // namespace tidelog::adaptor
