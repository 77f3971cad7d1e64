#include "sim/log/sim_reader.h"

#include <algorithm>
#include <utility>
#include <variant>

#include "absl/strings/str_cat.h"
#include "sim/log/stored_message.h"
#include "wal/base/status_macros.h"
#include "wal/message/chunks.h"
#include "wal/status.h"

namespace tidelog::sim {

using walimpls::LogState;
using walimpls::ScannerImpls;
using walimpls::ScanOptions;

namespace {

absl::StatusOr<std::optional<Position>> MarkOf(const LogBounds& bounds,
                                               const MessageId::Origin& origin) {
  if (bounds.mark.empty()) return std::optional<Position>();
  TIDELOG_ASSIGN_OR_RETURN(Position mark, Position::Parse(bounds.mark));
  mark.last_confirmed = MessageId::FromNumber(origin, mark.last_confirmed.ToNumber().value());
  return mark;
}

// The first in the range that is no fence, by as many fetches as it takes.
Future<absl::StatusOr<std::optional<StoredRecord>>> FirstMessage(LogReader* reader,
                                                                 FetchRange range) {
  while (range.from < range.end) {
    absl::StatusOr<Fetched> fetched = co_await reader->Fetch(range);
    TIDELOG_CO_RETURN_IF_ERROR(fetched.status());
    for (StoredRecord& record : fetched->records) {
      if (!IsFence(record)) co_return std::move(record);
    }
    range.from = fetched->next;
  }
  co_return std::nullopt;
}

}  // namespace

absl::StatusOr<uint64_t> NumberOf(const ReaderContext& context, const MessageId& id,
                                  std::string_view what) {
  absl::StatusOr<uint64_t> number = id.ToNumber();
  if (id.origin() == context.origin && number.ok()) return number;
  return WalError(WalErrorCode::kWalNameMismatch,
                  absl::StrCat(what, " ", id.ToString(), " in ", ToString(context.channel),
                               ": that is an id of another log"));
}

Future<absl::StatusOr<std::optional<Position>>> OldestOf(LogReader* reader, LogBounds bounds,
                                                         MessageId::Origin origin) {
  while (true) {
    TIDELOG_CO_ASSIGN_OR_RETURN(std::optional<Position> oldest, MarkOf(bounds, origin));
    const bool is_retained_away =
        oldest ? oldest->last_confirmed.ToNumber().value() < bounds.first : bounds.first > 1;
    if (!is_retained_away || bounds.first >= bounds.end || bounds.term) co_return oldest;
    FetchRange range;
    range.from = bounds.first;
    range.end = bounds.end;
    range.wait = true;
    absl::StatusOr<std::optional<StoredRecord>> found = co_await FirstMessage(reader, range);
    if (GetWalErrorCode(found.status()) == WalErrorCode::kPositionGone) {
      // Retention goes on meanwhile.
      absl::StatusOr<LogBounds> now = co_await reader->Look();
      TIDELOG_CO_RETURN_IF_ERROR(now.status());
      bounds = *std::move(now);
      continue;
    }
    TIDELOG_CO_RETURN_IF_ERROR(found.status());
    if (!found->has_value()) co_return oldest;
    const ImmutableMessage first = MessageOf(**found, origin);
    // Of a message whose first chunks are gone nothing is there (F9).
    const bool is_rest = first.record().chunk().value_or(Chunk{}).index > 0;
    const TimeTick before = is_rest ? first.time_tick() : TimeTick{ToInt(first.time_tick()) - 1};
    co_return Position{first.id(), oldest ? std::max(oldest->time_tick, before) : before};
  }
}

SimReader::SimReader(const ReaderContext& context, walimpls::LogLifetime* lifetime)
    : context_(context),
      lifetime_(lifetime),
      connection_(context.process, context.service),
      reader_(MakeLogReader(context.service->options().protocol, &connection_, context.channel)) {}

Future<absl::StatusOr<LogState>> SimReader::Info() {
  const std::optional<Gate::Pass> pass = lifetime_->TryEnter();
  if (!pass) co_return lifetime_->ClosedError("ask about");
  const absl::StatusOr<LogBounds> bounds = co_await reader_->Look();
  TIDELOG_CO_RETURN_IF_ERROR(bounds.status());
  const absl::StatusOr<Tail> tail =
      co_await ReadTail(reader_.get(), *bounds, bounds->end, TailDepth::kMessage);
  TIDELOG_CO_RETURN_IF_ERROR(tail.status());
  const absl::StatusOr<std::optional<Position>> oldest =
      co_await OldestOf(reader_.get(), *bounds, context_.origin);
  TIDELOG_CO_RETURN_IF_ERROR(oldest.status());
  LogState state;
  state.truncated = *oldest;
  if (tail->newest_message) {
    const ImmutableMessage newest = MessageOf(*tail->newest_message, context_.origin);
    state.tail = newest.position();
    state.tail_id = newest.id();
    state.newest_tick = newest.time_tick();
    state.tail_is_cut = IsCut(newest.record());
  }
  const bool is_closed = bounds->closed_cleanly || (tail->newest && IsCloseMark(*tail->newest));
  if (is_closed) state.holder = LogInfo::Holder::kNone;
  if (bounds->term) {
    state.newest_term = *bounds->term;
  } else if (tail->newest) {
    state.newest_term = TermOf(*tail->newest);
  }
  state.details["first"] = absl::StrCat(bounds->first);
  state.details["end"] = absl::StrCat(bounds->end);
  co_return state;
}

Future<absl::StatusOr<std::unique_ptr<ScannerImpls>>> SimReader::Read(ScanOptions options) {
  const std::optional<Gate::Pass> pass = lifetime_->TryEnter();
  if (!pass) co_return lifetime_->ClosedError("scan");
  uint64_t last = kNoEnd;
  if (options.until) {
    TIDELOG_CO_ASSIGN_OR_RETURN(last, NumberOf(context_, *options.until, "scan until"));
  }
  const absl::StatusOr<uint64_t> next = co_await StartOf(options.from);
  TIDELOG_CO_RETURN_IF_ERROR(next.status());
  // Close() waits for this operation, and knows of scanners only that were there when it began.
  if (lifetime_->closing()) co_return lifetime_->ClosedError("scan");
  co_return MakeSimScanner(context_, *next, last, options, lifetime_);
}

Future<absl::StatusOr<uint64_t>> SimReader::StartOf(walimpls::ScanStart start) {
  const auto* from = std::get_if<walimpls::ScanFrom>(&start);
  const auto* after = std::get_if<walimpls::ScanAfter>(&start);
  uint64_t number = 0;
  if (from != nullptr || after != nullptr) {
    const MessageId id = from != nullptr ? from->id : after->id;
    TIDELOG_CO_ASSIGN_OR_RETURN(number, NumberOf(context_, id, "scan from"));
  }
  const absl::StatusOr<LogBounds> bounds = co_await reader_->Look();
  TIDELOG_CO_RETURN_IF_ERROR(bounds.status());
  const auto* earliest = std::get_if<walimpls::ScanEarliest>(&start);
  if (earliest != nullptr && !earliest->behind) co_return bounds->first;
  if (std::holds_alternative<walimpls::ScanLatest>(start)) co_return bounds->end;
  const uint64_t next = after != nullptr ? number + 1 : number;
  const TimeTick behind = from != nullptr ? from->behind : TimeTick{};
  if (earliest != nullptr) {
    const absl::StatusOr<std::optional<Position>> oldest =
        co_await OldestOf(reader_.get(), *bounds, context_.origin);
    TIDELOG_CO_RETURN_IF_ERROR(oldest.status());
    const bool gone = oldest->has_value() && (*oldest)->time_tick > *earliest->behind;
    if (!gone) co_return bounds->first;
    co_return PositionGoneError(
        absl::StrCat("scan ", ToString(context_.channel), " from its beginning: it is truncated"),
        *oldest);
  }
  const bool is_there = next >= bounds->first && number < bounds->end;
  // What has gone below an id may be wanted, though it is there: also where nothing but fences
  // lies between that and the first id.
  if (is_there && ToInt(behind) == 0) co_return next;
  const absl::StatusOr<std::optional<Position>> oldest =
      co_await OldestOf(reader_.get(), *bounds, context_.origin);
  TIDELOG_CO_RETURN_IF_ERROR(oldest.status());
  if (is_there && (!oldest->has_value() || (*oldest)->time_tick <= behind)) co_return next;
  co_return PositionGoneError(absl::StrCat("scan ", ToString(context_.channel), " from ", number,
                                           ": it holds ", bounds->first, " to ", bounds->end),
                              *oldest);
}

}  // namespace tidelog::sim
