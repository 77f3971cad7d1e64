// Words of the log in those of a history (sim/check/record.h), and the messages that clients send.
#ifndef TIDELOG_SIM_WORLD_WORDS_H_
#define TIDELOG_SIM_WORLD_WORDS_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "sim/check/code.h"
#include "sim/check/events.h"
#include "sim/check/record.h"
#include "sim/plan/operation.h"
#include "wal/message/message.h"
#include "wal/message/message_id.h"
#include "wal/message/record.h"
#include "wal/scanner.h"
#include "wal/wal.h"

namespace tidelog::sim {

check::Code CodeOf(const absl::Status& status);
check::Id IdOf(const MessageId& id);
check::Position PositionOf(const Position& position);
std::optional<check::Position> PositionOf(const std::optional<Position>& position);
check::Acknowledgement AcknowledgementOf(const AppendResult& result);
check::Record RecordOf(const ImmutableMessage& message);
// Its memory is whosever scope it is called under.
check::ScanBatch BatchOf(const ScanBatch& batch);

// "": none.
std::string VChannelName(uint32_t vchannel);

// A message that names itself: the client, from 1, and its running number.  `size_min`: what the
// payload has at least, besides what the operation says.
absl::StatusOr<MutableMessage> MakeMessage(const Operation& append, int32_t client, int32_t number,
                                           size_t size_min, bool far_barrier);
// The same of a transaction's message: of its begin, or of one that goes on with `txn`.
struct TxnPart {
  TxnContext txn;
  std::optional<uint32_t> bodies = {};  // Of a commit.
};
absl::StatusOr<MutableMessage> MakeTxnMessage(const Operation& append, const TxnPart& part,
                                              int32_t client, int32_t number);
check::Submission SubmissionOf(const MutableMessage& message);

AppendOptions AppendOptionsOf(const Operation& operation);
// One append, told as a batch.
BatchResult AsBatch(absl::StatusOr<AppendResult> result);

}  // namespace tidelog::sim

#endif  // TIDELOG_SIM_WORLD_WORDS_H_
