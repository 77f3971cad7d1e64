#include "impls/memory/memory_reader.h"

#include <algorithm>
#include <cstdint>
#include <limits>
#include <optional>
#include <utility>
#include <variant>

#include "absl/strings/str_cat.h"
#include "wal/base/status_macros.h"
#include "wal/message/chunks.h"
#include "wal/status.h"
#include "walimpls/helper/scanner_base.h"

namespace tidelog::impls::memory {
namespace {

// Reads the records from number `next` to `last`, as they come.
class MemoryScanner final : public walimpls::ScannerBase {
 public:
  MemoryScanner(std::shared_ptr<StoredLog> log, const MessageId::Origin& origin, uint64_t next,
                uint64_t last, const walimpls::ScanOptions& options,
                walimpls::LogLifetime* lifetime)
      : ScannerBase(lifetime, options.name),
        log_(std::move(log)),
        origin_(origin),
        limits_{last, options.read_ahead_count_max, options.read_ahead_bytes_max},
        next_(next) {}

 private:
  absl::StatusOr<bool> Fill(walimpls::RawBatch* batch) override {
    if (!log_->Read(next_, limits_, origin_, &batch->messages)) {
      return PositionGoneError(
          absl::StrCat("scan ", log_->name(), " from record ", next_, ": it was truncated away"),
          log_->state().truncated);
    }
    next_ += batch->messages.size();
    batch->end = next_ > limits_.to;
    return batch->end || !batch->messages.empty();
  }

  Future<Unit> WhenMore() override { return log_->WhenReadable(next_, &waiter_); }
  void StopWaiting() override { log_->StopWaiting(&waiter_); }

  const std::shared_ptr<StoredLog> log_;
  const MessageId::Origin origin_;
  const StoredLog::ReadLimits limits_;
  uint64_t next_;
  StoredLog::Waiter waiter_;
};

}  // namespace

absl::StatusOr<walimpls::LogState> MemoryReader::Info() const {
  if (lifetime_->closing()) return lifetime_->ClosedError("ask about");
  const StoredLog::State stored = log_->state();
  walimpls::LogState state;
  state.truncated = stored.truncated;
  if (stored.newest.has_value()) {
    state.tail_id = IdOf(stored.next - 1);
    state.tail = stored.newest.WithId(*state.tail_id).position();
    state.newest_tick = stored.newest.time_tick();
    state.tail_is_cut = IsCut(stored.newest.record());
  }
  state.newest_term = stored.term;
  state.holder = stored.held ? LogInfo::Holder::kLive : LogInfo::Holder::kNone;
  state.details["records"] = absl::StrCat(stored.next - stored.first);
  state.details["bytes"] = absl::StrCat(stored.bytes);
  return state;
}

absl::StatusOr<std::unique_ptr<walimpls::ScannerImpls>> MemoryReader::Read(
    const walimpls::ScanOptions& options) const {
  if (lifetime_->closing()) return lifetime_->ClosedError("scan");
  TIDELOG_ASSIGN_OR_RETURN(const uint64_t next, StartOf(options.from, log_->state()));
  uint64_t last = std::numeric_limits<uint64_t>::max();
  if (options.until) {
    TIDELOG_ASSIGN_OR_RETURN(last, NumberOf(*options.until, "scan until"));
  }
  return std::make_unique<MemoryScanner>(log_, origin_, next, last, options, lifetime_);
}

absl::StatusOr<uint64_t> MemoryReader::StartOf(const walimpls::ScanStart& start,
                                               const StoredLog::State& state) const {
  if (const auto* earliest = std::get_if<walimpls::ScanEarliest>(&start)) {
    const bool gone =
        earliest->behind && state.truncated && state.truncated->time_tick > *earliest->behind;
    if (!gone) return state.first;
    return PositionGoneError(
        absl::StrCat("scan ", log_->name(), " from its beginning: messages up to tick ",
                     ToInt(state.truncated->time_tick), " are truncated"),
        state.truncated);
  }
  if (std::holds_alternative<walimpls::ScanLatest>(start)) return state.next;
  const auto* after = std::get_if<walimpls::ScanAfter>(&start);
  const MessageId& id = after != nullptr ? after->id : std::get<walimpls::ScanFrom>(start).id;
  TIDELOG_ASSIGN_OR_RETURN(const uint64_t number, NumberOf(id, "scan from"));
  const uint64_t next = after != nullptr ? number + 1 : number;
  if (next >= state.first && number < state.next) return next;
  return PositionGoneError(absl::StrCat("scan ", log_->name(), " from ", id.ToString(),
                                        ": it holds records ", state.first, " to ", state.next - 1),
                           state.truncated);
}

absl::StatusOr<uint64_t> MemoryReader::NumberOf(const MessageId& id, std::string_view what) const {
  absl::StatusOr<uint64_t> number = id.ToNumber();
  if (id.origin() == origin_ && number.ok()) return number;
  return WalError(WalErrorCode::kWalNameMismatch,
                  absl::StrCat(what, " ", id.ToString(), " in ", log_->name(),
                               ": that is an id of another log"));
}

}  // namespace tidelog::impls::memory
