// Scans, as the model knows them.
#ifndef TIDELOG_WALIMPLS_TESTING_MODEL_SCANS_H_
#define TIDELOG_WALIMPLS_TESTING_MODEL_SCANS_H_

#include <cstdint>
#include <optional>

#include "absl/status/status.h"
#include "wal/async/executor.h"
#include "wal/message/message.h"
#include "wal/message/message_id.h"
#include "walimpls/scanner.h"
#include "walimpls/testing/conformance_tools.h"
#include "walimpls/testing/log_model.h"

namespace tidelog::walimpls {

LogModel::Record RecordOf(const ImmutableMessage& message);

// A start that `amount` chooses, and what the model says of a scan from there that has no end.
LogModel::Range StartAt(const LogModel& model, uint64_t amount, ScanStart* start);

// Of a scan that failed before it delivered anything.
LogModel::Seen SeenError(const absl::Status& status);

// What is left of a scan: to its own end, or until `last` has come.  kDeadlineExceeded: nothing
// came for so long, in virtual time, that nothing will.
LogModel::Seen ReadRest(ScanHandle* scanner, Executor* strand,
                        const std::optional<MessageId>& last);

}  // namespace tidelog::walimpls

#endif  // TIDELOG_WALIMPLS_TESTING_MODEL_SCANS_H_
