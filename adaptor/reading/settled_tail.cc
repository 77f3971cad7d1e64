#include "adaptor/reading/settled_tail.h"

#include <memory>
#include <optional>
#include <utility>

#include "adaptor/reading/term_order.h"
#include "wal/base/status_macros.h"
#include "wal/message/chunks.h"
#include "wal/message/message.h"
#include "wal/message/message_id.h"
#include "wal/message/record.h"
#include "wal/status.h"
#include "wal/types.h"
#include "walimpls/scanner.h"

namespace tidelog::adaptor {
namespace {

// What a look that finds nothing ends with: what it looked for is damaged, or was truncated away.
bool IsNoAnswer(const absl::Status& status) {
  const WalErrorCode code = GetWalErrorCode(status);
  return code == WalErrorCode::kCorrupt || code == WalErrorCode::kPositionGone;
}

// The positions of the newest whole message in what was read so far.  A group lands as a prefix
// (D8), so the last chunk of a message says that all of it is there: nothing is put together.
class NewestWhole {
 public:
  void Take(const ImmutableMessage& message) {
    const std::optional<Chunk> chunk = message.record().chunk();
    if (chunk && chunk->index == 0) first_ = message.id();
    if (IsCut(message.record())) return;
    Position position = message.position();
    // Its own is its first chunk's.
    if (chunk && (message.record().flags() & kLastConfirmedIsSelf) != 0) {
      if (!first_.has_value()) return;
      position.last_confirmed = first_;
    }
    newest_ = position;
  }
  const std::optional<Position>& position() const { return newest_; }

 private:
  MessageId first_;  // Of the run that was read last.
  std::optional<Position> newest_;
};

// Of what `scanner` yields until its end; none: there is none.
Future<absl::StatusOr<std::optional<Position>>> ReadNewest(const LogContext* log,
                                                           walimpls::ScannerImpls* scanner) {
  TermOrder order(log);
  NewestWhole newest;
  walimpls::RawBatch reuse;
  while (true) {
    absl::StatusOr<walimpls::RawBatch> batch = co_await scanner->Next(std::move(reuse));
    TIDELOG_CO_RETURN_IF_ERROR(batch.status());
    for (const ImmutableMessage& message : batch->messages) {
      const absl::StatusOr<bool> counts = order.Take(message);
      TIDELOG_CO_RETURN_IF_ERROR(counts.status());
      if (*counts) newest.Take(message);
    }
    if (batch->end) co_return newest.position();
    reuse = *std::move(batch);
  }
}

}  // namespace

Future<absl::StatusOr<Position>> FindSettledTail(const LogContext* log,
                                                 walimpls::RoWalImpls* backend,
                                                 walimpls::LogState state) {
  Position below = *state.tail;
  below.time_tick = TimeTick{ToInt(below.time_tick) - 1};
  if (!below.last_confirmed.has_value()) co_return below;
  walimpls::ScanOptions options;
  options.from = walimpls::ScanFrom{below.last_confirmed};
  options.until = state.tail_id;
  options.name = "tail";
  absl::StatusOr<std::unique_ptr<walimpls::ScannerImpls>> scanner =
      co_await backend->Read(std::move(options));
  if (IsNoAnswer(scanner.status())) co_return below;
  TIDELOG_CO_RETURN_IF_ERROR(scanner.status());
  absl::StatusOr<std::optional<Position>> newest = co_await ReadNewest(log, scanner->get());
  (void)co_await (*scanner)->Close();
  if (IsNoAnswer(newest.status())) co_return below;
  TIDELOG_CO_RETURN_IF_ERROR(newest.status());
  co_return newest->value_or(below);
}

}  // namespace tidelog::adaptor
