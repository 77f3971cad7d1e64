#include "walimpls/testing/model_scans.h"

#include <cstddef>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "wal/async/timeout.h"
#include "wal/status.h"
#include "wal/types.h"

namespace tidelog::walimpls {
namespace {

constexpr size_t kNever = std::numeric_limits<size_t>::max();
// In virtual time, in which whatever comes at all comes long before.
constexpr absl::Duration kLongEnough = absl::Seconds(5);

}  // namespace

LogModel::Record RecordOf(const ImmutableMessage& message) {
  return {message.id(), message.time_tick(), message.type() == MessageType::kTimeTick,
          std::string(message.record().data(), message.record().size())};
}

LogModel::Range StartAt(const LogModel& model, uint64_t amount, ScanStart* start) {
  const size_t count = model.records.size();
  const size_t index = count == 0 ? 0 : (amount / 4) % count;
  *start = ScanEarliest{};
  if (amount % 4 == 1) {
    *start = ScanLatest{};
    return {count, count, count};
  }
  if (amount % 4 == 0 || count == 0) return {model.kept, count, kNever, /*earliest=*/true};
  if (amount % 4 == 2) {
    *start = ScanFrom{model.records[index].id};
    return {index, count, index + 1};
  }
  *start = ScanAfter{model.records[index].id};
  return {index + 1, count, index + 1};
}

LogModel::Seen SeenError(const absl::Status& status) {
  return {{}, GetWalErrorCode(status), OldestPositionOf(status)};
}

LogModel::Seen ReadRest(ScanHandle* scanner, Executor* strand,
                        const std::optional<MessageId>& last) {
  LogModel::Seen seen;
  bool end = false;
  while (!end) {
    std::optional<absl::StatusOr<RawBatch>> batch = Await(strand, [scanner] {
      return AwaitWithTimeout<absl::StatusOr<RawBatch>>(scanner->get()->Next({}), kLongEnough);
    });
    if (!batch) {
      seen.end = WalErrorCode::kDeadlineExceeded;
      return seen;
    }
    if (!batch->ok()) {
      const LogModel::Seen error = SeenError(batch->status());
      seen.end = error.end;
      seen.oldest = error.oldest;
      return seen;
    }
    end = (*batch)->end;
    std::vector<ImmutableMessage> messages;
    TakeMessages(&**batch, &messages);
    for (const ImmutableMessage& message : messages) seen.records.push_back(RecordOf(message));
    end = end || (last && !seen.records.empty() && !BeforeWithinLog(seen.records.back().id, *last));
  }
  return seen;
}

}  // namespace tidelog::walimpls
