#include "adaptor/reading/settled_tail.h"

#include <memory>
#include <optional>
#include <utility>

#include "adaptor/reading/term_order.h"
#include "wal/base/status_macros.h"
#include "wal/message/message.h"
#include "wal/status.h"
#include "wal/types.h"
#include "wal/utility/chunk_assembly.h"
#include "walimpls/scanner.h"

namespace tidelog::adaptor {
namespace {

// What a look that finds nothing ends with: what it looked for is damaged, or was truncated away.
bool IsNoAnswer(const absl::Status& status) {
  const WalErrorCode code = GetWalErrorCode(status);
  return code == WalErrorCode::kCorrupt || code == WalErrorCode::kPositionGone;
}

// The newest whole message that `scanner` yields until its end; none: there is none.
Future<absl::StatusOr<std::optional<Position>>> NewestWhole(const LogContext* log,
                                                            walimpls::ScannerImpls* scanner) {
  TermOrder order(log);
  ChunkAssembly chunks;
  std::optional<Position> newest;
  walimpls::RawBatch reuse;
  while (true) {
    absl::StatusOr<walimpls::RawBatch> batch = co_await scanner->Next(std::move(reuse));
    TIDELOG_CO_RETURN_IF_ERROR(batch.status());
    for (ImmutableMessage& message : batch->messages) {
      const absl::StatusOr<bool> counts = order.Take(message);
      TIDELOG_CO_RETURN_IF_ERROR(counts.status());
      if (*counts && chunks.Take(message) == ChunkAssembly::Result::kMessage) {
        newest = message.position();
      }
    }
    if (batch->end) co_return newest;
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
  absl::StatusOr<std::optional<Position>> newest = co_await NewestWhole(log, scanner->get());
  (void)co_await (*scanner)->Close();
  if (IsNoAnswer(newest.status())) co_return below;
  TIDELOG_CO_RETURN_IF_ERROR(newest.status());
  co_return newest->value_or(below);
}

}  // namespace tidelog::adaptor
