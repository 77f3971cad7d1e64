#include "walimpls/testing/fake_handles.h"

#include <algorithm>
#include <limits>
#include <utility>
#include <variant>

#include "absl/log/check.h"
#include "absl/strings/str_cat.h"
#include "wal/async/coroutine.h"
#include "wal/base/status_macros.h"
#include "wal/message/chunks.h"
#include "wal/status.h"
#include "walimpls/helper/group_check.h"
#include "walimpls/helper/scanner_base.h"

namespace tidelog::walimpls {

// Reads records from number next_ to last_.
class FakeScanner final : public ScannerBase {
 public:
  FakeScanner(FakeReader* reader, uint64_t next, uint64_t last, const ScanOptions& options)
      : ScannerBase(&reader->lifetime, options.name),
        reader_(reader),
        log_(reader->log),
        options_(options),
        next_(next),
        last_(last),
        gap_number_(log_->gap_number_) {
    ++log_->open_scanner_count_;
  }
  ~FakeScanner() override { --log_->open_scanner_count_; }

 private:
  absl::StatusOr<bool> Fill(RawBatch* batch) override {
    if (log_->hold_scans_) return false;
    if (!log_->fail_scan_.ok()) return std::exchange(log_->fail_scan_, absl::OkStatus());
    if (next_ < log_->first_) {
      return PositionGoneError(absl::StrCat("scan ", log_->name(), " from record ", next_),
                               log_->truncated_);
    }
    size_t bytes = 0;
    for (; next_ < log_->next_ && next_ <= last_; ++next_) {
      const ImmutableMessage& message = log_->records_[next_ - log_->first_];
      bytes += message.record().size();
      const size_t count = batch->messages.size();
      const bool full =
          count >= options_.read_ahead_count_max || bytes > options_.read_ahead_bytes_max;
      if (full && count > 0) return true;
      batch->messages.push_back(message.WithId(reader_->IdOf(next_)));
    }
    batch->end = next_ > last_;
    if (gap_number_ != log_->gap_number_) {
      gap_number_ = log_->gap_number_;
      batch->gap = log_->gap_;
    }
    return batch->end || batch->gap.has_value() || !batch->messages.empty();
  }

  Future<Unit> WhenMore() override { return log_->changed_.Wait(); }
  // Wakes the others too, which look and wait again.
  void StopWaiting() override { log_->changed_.NotifyAll(); }

  FakeReader* const reader_;
  FakeLog* const log_;
  const ScanOptions options_;
  uint64_t next_;
  const uint64_t last_;
  uint64_t gap_number_;
};

namespace {

// Makes Close() hang on orders, which no scanner of ScannerBase ever does.
class HangingScanner final : public ScannerImpls {
 public:
  HangingScanner(std::unique_ptr<FakeScanner> scanner, FakeLog* log)
      : scanner_(std::move(scanner)), log_(log) {}

  Future<absl::StatusOr<RawBatch>> Next(RawBatch reuse) override {
    return scanner_->Next(std::move(reuse));
  }
  Future<absl::Status> Close() override {
    FakeScanner* const scanner = scanner_.get();
    co_await FakeReader::WaitWhileHung(log_);
    const absl::Status closed = co_await scanner->Close();
    co_return closed;
  }

 private:
  const std::unique_ptr<FakeScanner> scanner_;
  FakeLog* const log_;
};

}  // namespace

FakeReader::FakeReader(PChannel pchannel, const OpenOptions& options, FakeLog* fake_log,
                       const Traits& log_traits, OpenerLifetime::Pass opener_pass)
    : pass(std::move(opener_pass)),
      channel(std::move(pchannel)),
      traits(log_traits),
      epoch(options.epoch),
      log(fake_log),
      lifetime(channel) {
  ++log->open_log_count_;
}

FakeReader::~FakeReader() { --log->open_log_count_; }

absl::StatusOr<LogState> FakeReader::Info() const {
  if (lifetime.closing()) return lifetime.ClosedError("ask about");
  LogState state;
  state.truncated = log->truncated_;
  if (log->newest_.has_value()) {
    const absl::StatusOr<uint64_t> number = log->newest_.id().ToNumber();
    CHECK_OK(number);
    state.tail_id = IdOf(*number);
    state.tail = log->newest_.WithId(*state.tail_id).position();
    state.newest_tick = log->newest_.time_tick();
    state.tail_is_cut = IsCut(log->newest_.record());
  }
  state.newest_term = log->term_;
  state.holder = log->writer_ != nullptr ? LogInfo::Holder::kLive : LogInfo::Holder::kNone;
  return state;
}

absl::StatusOr<std::unique_ptr<ScannerImpls>> FakeReader::Read(const ScanOptions& options) {
  if (lifetime.closing()) return lifetime.ClosedError("scan");
  TIDELOG_RETURN_IF_ERROR(log->fail_reads_.Take());
  TIDELOG_ASSIGN_OR_RETURN(const uint64_t next, StartOf(options.from));
  uint64_t last = std::numeric_limits<uint64_t>::max();
  if (options.until) {
    TIDELOG_ASSIGN_OR_RETURN(last, NumberOf(*options.until, "scan until"));
  }
  auto scanner = std::make_unique<FakeScanner>(this, next, last, options);
  return std::make_unique<HangingScanner>(std::move(scanner), log);
}

Future<Unit> FakeReader::WaitWhileHung(FakeLog* log) {
  while (log->hang_closes_) {
    co_await log->released_.Wait();
  }
  co_return Unit{};
}

absl::StatusOr<uint64_t> FakeReader::NumberOf(const MessageId& id, std::string_view what) const {
  absl::StatusOr<uint64_t> number = id.ToNumber();
  if (number.ok() && id == IdOf(*number)) return number;
  return WalError(WalErrorCode::kWalNameMismatch,
                  absl::StrCat(what, " ", id.ToString(), " in ", log->name()));
}

absl::StatusOr<uint64_t> FakeReader::StartOf(const ScanStart& start) const {
  if (const auto* earliest = std::get_if<ScanEarliest>(&start)) {
    const bool gone =
        earliest->behind && log->truncated_ && log->truncated_->time_tick > *earliest->behind;
    if (!gone) return log->first_;
    return PositionGoneError(absl::StrCat("scan ", log->name(), " from its beginning"),
                             log->truncated_);
  }
  if (std::holds_alternative<ScanLatest>(start)) return log->next_;
  const auto* after = std::get_if<ScanAfter>(&start);
  const MessageId& id = after != nullptr ? after->id : std::get<ScanFrom>(start).id;
  TIDELOG_ASSIGN_OR_RETURN(const uint64_t number, NumberOf(id, "scan from"));
  const uint64_t next = after != nullptr ? number + 1 : number;
  if (next >= log->first_ && number < log->next_) return next;
  return PositionGoneError(absl::StrCat("scan ", log->name(), " from ", id.ToString()),
                           log->truncated_);
}

Future<absl::Status> FakeRoWal::Close(CloseMode) {
  FakeReader* const reader = &reader_;
  co_await FakeReader::WaitWhileHung(reader->log);
  co_await reader->lifetime.Close();
  co_return absl::OkStatus();
}

FakeWal::FakeWal(PChannel channel, const OpenOptions& options, FakeLog* log, const Traits& traits,
                 OpenerLifetime::Pass pass, FakeLog::Owner owner)
    : reader_(std::move(channel), options, log, traits, std::move(pass)), owner_(owner) {
  if (log->next_ > 1) boundary_ = reader_.IdOf(log->next_ - 1);
  if (log->newest_time_tick_.has_value()) {
    const absl::StatusOr<uint64_t> number = log->newest_time_tick_.id().ToNumber();
    CHECK_OK(number);
    newest_time_tick_ = log->newest_time_tick_.WithId(reader_.IdOf(*number));
  }
  log->writer_ = this;
}

FakeWal::~FakeWal() {
  if (reader_.log->writer_ == this) reader_.log->writer_ = nullptr;
}

Future<absl::StatusOr<LogState>> FakeWal::Info() {
  absl::StatusOr<LogState> state = reader_.Info();
  if (state.ok() && !IsUsable()) state = unavailability_.reason();
  return MakeReadyFuture(std::move(state));
}

Future<absl::StatusOr<Ids>> FakeWal::Append(Group group) {
  FakeLog* const log = reader_.log;
  absl::Status refused;
  if (closing_) {
    refused = reader_.lifetime.ClosedError("append to");
  } else if (!IsUsable()) {
    refused = unavailability_.reason();
  } else if (!accepting_) {
    refused = WalError(WalErrorCode::kUnavailable, "append: one before it was not done");
  }
  if (!refused.ok()) {
    group.clear();
    return MakeReadyFuture(absl::StatusOr<Ids>(refused));
  }
  CheckGroup(reader_.traits, group);
  Promise<absl::StatusOr<Ids>> promise("append to a fake log");
  Future<absl::StatusOr<Ids>> ids = promise.future();
  log->outstanding_.push_back({this, std::move(group), std::move(promise), false, std::nullopt});
  FakeLog::Outstanding& append = log->outstanding_.back();
  append.held = log->hold_appends_.has_value();
  if (log->hold_appends_ == FakeLog::Held::kStored) append.first = log->Store(append.group);
  if (!append.held && !settling_) {
    settling_ = true;
    const Future<Unit> settled = SettleLater();  // Counted by the gate of the lifetime.
  }
  return ids;
}

Future<Unit> FakeWal::SettleLater() {
  const std::optional<Gate::Pass> pass = reader_.lifetime.TryEnter();
  CHECK(pass.has_value());
  co_await Yield();
  settling_ = false;
  std::deque<FakeLog::Outstanding>& outstanding = reader_.log->outstanding_;
  while (!outstanding.empty() && outstanding.front().wal == this && !outstanding.front().held) {
    reader_.log->SettleFront();
  }
  co_return Unit{};
}

void FakeWal::AcceptAgain() {
  for (const FakeLog::Outstanding& append : reader_.log->outstanding_) {
    CHECK(append.wal != this) << "AcceptAgain() with appends outstanding";
  }
  accepting_ = true;
  ++reader_.log->accept_again_count_;
}

Future<absl::Status> FakeWal::Truncate(Position mark) {
  FakeLog* const log = reader_.log;
  if (closing_) return MakeReadyFuture(reader_.lifetime.ClosedError("truncate"));
  if (!IsUsable()) return MakeReadyFuture(absl::Status(unavailability_.reason()));
  absl::Status failure = log->fail_truncates_.Take();
  if (!failure.ok()) return MakeReadyFuture(std::move(failure));
  CHECK_OK(reader_.NumberOf(mark.last_confirmed, "truncate to"));
  const std::optional<Position>& old = log->truncated_;
  if (!old || old->time_tick < mark.time_tick ||
      (old->time_tick == mark.time_tick &&
       BeforeWithinLog(old->last_confirmed, mark.last_confirmed))) {
    log->DropBelow(mark.last_confirmed);
    log->truncated_ = mark;
  }
  return MakeReadyFuture(absl::OkStatus());
}

void FakeWal::OnTick() {
  ++reader_.log->tick_count_;
  IsUsable();
}

bool FakeWal::IsUsable() {
  if (unavailability_.declared()) return false;
  if (owner_ == reader_.log->owner_) return true;
  const std::string what =
      absl::StrCat(ToString(reader_.channel), ": fenced by term ", ToInt(reader_.log->term_));
  const absl::Status fenced = WalError(WalErrorCode::kChannelFenced, what);
  unavailability_.Declare(fenced);
  EndOutstanding(WalError(WalErrorCode::kOutcomeUnknown, what), fenced);
  return false;
}

void FakeWal::EndOutstanding(const absl::Status& held, const absl::Status& unheld) {
  std::deque<FakeLog::Outstanding> all = std::exchange(reader_.log->outstanding_, {});
  for (FakeLog::Outstanding& append : all) {
    if (append.wal != this) {
      reader_.log->outstanding_.push_back(std::move(append));
      continue;
    }
    CHECK(!append.first || EffectOf(held) == Effect::kUnknown)
        << "a group that is stored cannot end not done: hold it kNotStored";
    append.group.clear();
    append.promise.Set(append.held ? held : unheld);
  }
}

void FakeWal::Break(std::string_view why, bool keep_held) {
  if (unavailability_.declared()) return;
  const absl::Status broken =
      WalError(WalErrorCode::kInner, absl::StrCat(ToString(reader_.channel), ": ", why));
  unavailability_.Declare(broken);
  std::deque<FakeLog::Outstanding>& outstanding = reader_.log->outstanding_;
  const bool in_doubt = keep_held && !outstanding.empty() && outstanding.front().held;
  if (!in_doubt) EndOutstanding(broken, broken);
}

Future<absl::Status> FakeWal::Close(CloseMode mode) {
  FakeReader* const reader = &reader_;
  closing_ = true;
  co_await FakeReader::WaitWhileHung(reader->log);
  if (!reader->lifetime.closing()) {
    FakeLog* const log = reader->log;
    const absl::Status closed = reader->lifetime.ClosedError("use");
    unavailability_.Declare(closed);
    bool settled = true;
    for (const FakeLog::Outstanding& append : log->outstanding_) {
      if (append.wal == this && append.held) settled = false;
    }
    EndOutstanding(WalError(WalErrorCode::kOutcomeUnknown, "append: closed meanwhile"), closed);
    if (owner_ == log->owner_) log->clean_ = mode == CloseMode::kClean && settled;
    if (log->writer_ == this) log->writer_ = nullptr;
    log->close_mode_ = mode;
  }
  co_await reader->lifetime.Close();
  co_return absl::OkStatus();
}

}  // namespace tidelog::walimpls
