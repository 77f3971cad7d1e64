#include "sim/log/log_reader.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "sim/log/stored_message.h"
#include "wal/base/status_macros.h"
#include "wal/status.h"

namespace tidelog::sim {

absl::Status ConnectionClosed(std::string_view what, const PChannel& channel) {
  return WalError(WalErrorCode::kOnShutdown,
                  absl::StrCat(what, " ", ToString(channel), ": the log is closed"));
}

std::unique_ptr<LogReader> MakeLogReader(LogProtocol protocol, Connection* connection,
                                         const PChannel& channel) {
  if (protocol == LogProtocol::kObjects) return MakeObjectReader(connection, channel);
  return MakeBrokerReader(connection, channel, protocol);
}

void Tail::Append(const StoredRecord& record) {
  newest = record;
  if (IsFence(record)) return;
  newest_message = record;
  if (TypeOf(record) == MessageType::kTimeTick) newest_time_tick = record;
}

Future<absl::StatusOr<Tail>> ReadTail(LogReader* reader, LogBounds bounds, uint64_t end,
                                      TailDepth depth) {
  Tail tail;
  bool has_passed = false;  // Retention, or a truncation, what was about to be read.
  while (bounds.first < end) {
    absl::StatusOr<FetchedBefore> before = co_await reader->FetchBefore(bounds, end);
    const bool is_gone = GetWalErrorCode(before.status()) == WalErrorCode::kPositionGone;
    if (is_gone) {
      const absl::StatusOr<LogBounds> now = co_await reader->Look();
      TIDELOG_CO_RETURN_IF_ERROR(now.status());
      bounds = *now;
      has_passed = true;
    } else {
      TIDELOG_CO_RETURN_IF_ERROR(before.status());
      Tail older;
      for (const StoredRecord& record : before->records) older.Append(record);
      if (!tail.newest) tail.newest = std::move(older.newest);
      if (!tail.newest_message) tail.newest_message = std::move(older.newest_message);
      if (!tail.newest_time_tick) tail.newest_time_tick = std::move(older.newest_time_tick);
      end = before->from;
      const bool found = depth == TailDepth::kMessage ? tail.newest_message.has_value()
                                                      : tail.newest_time_tick.has_value();
      if (found) break;
    }
    if (bounds.first >= end && has_passed) {
      // What was sought is gone: if there is one, it is newer.
      tail = Tail();
      end = bounds.end;
      has_passed = false;
    }
  }
  co_return tail;
}

Future<absl::StatusOr<std::vector<StoredRecord>>> ReadAll(LogReader* reader, uint64_t from,
                                                          uint64_t end) {
  std::vector<StoredRecord> records;
  FetchRange range;
  range.from = from;
  range.end = end;
  while (range.from < end) {
    absl::StatusOr<Fetched> fetched = co_await reader->Fetch(range);
    TIDELOG_CO_RETURN_IF_ERROR(fetched.status());
    for (StoredRecord& record : fetched->records) records.push_back(std::move(record));
    range.from = fetched->next;
  }
  co_return records;
}

Future<absl::StatusOr<std::vector<StoredRecord>>> ReadLeft(LogReader* reader, uint64_t from,
                                                           uint64_t end) {
  while (true) {
    absl::StatusOr<std::vector<StoredRecord>> records = co_await ReadAll(reader, from, end);
    if (GetWalErrorCode(records.status()) != WalErrorCode::kPositionGone) co_return records;
    const absl::StatusOr<LogBounds> bounds = co_await reader->Look();
    TIDELOG_CO_RETURN_IF_ERROR(bounds.status());
    from = std::max(from, bounds->first);
  }
}

}  // namespace tidelog::sim
