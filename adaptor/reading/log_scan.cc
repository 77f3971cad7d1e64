#include "adaptor/reading/log_scan.h"

#include <algorithm>
#include <optional>
#include <string_view>
#include <utility>

#include "absl/log/check.h"
#include "absl/strings/str_cat.h"
#include "adaptor/async/ready_within.h"
#include "adaptor/buffer/tailing_scanner.h"
#include "wal/base/mutant.h"
#include "wal/observer.h"
#include "wal/status.h"
#include "wal/tracer.h"

namespace tidelog::adaptor {
namespace {

// A failure after which the same backend may go on.  Others are final.
bool Passes(const absl::Status& status) {
  const WalErrorCode code = GetWalErrorCode(status);
  return code == WalErrorCode::kUnavailable || code == WalErrorCode::kOnShutdown;
}

}  // namespace

void LogScan::Start(std::unique_ptr<walimpls::ScannerImpls> scanner) {
  scanner_ = std::move(scanner);
  reached_end_ = plan_.ends_at_once;
  Pump();
}

Detached LogScan::Pump() {
  const std::shared_ptr<LogScan> self = shared_from_this();
  Entries::Entry entry(source_.entries);
  while (!stopped_ && !reached_end_ && error_.ok()) {
    if (Full()) {
      co_await room_.Wait();
      continue;
    }
    if (HasRest()) {
      TakeRest();
      changed_.NotifyAll();
      continue;
    }
    if (at_seam_) {
      co_await CrossSeam();
      continue;
    }
    if (scanner_ == nullptr) {
      co_await Reopen();
      continue;
    }
    walimpls::RawBatch reuse = std::exchange(batch_, walimpls::RawBatch());
    taken_ = 0;
    absl::StatusOr<walimpls::RawBatch> batch = co_await scanner_->Next(std::move(reuse));
    if (stopped_) break;
    if (batch.ok()) {
      pause_ = absl::ZeroDuration();
      batch_ = *std::move(batch);
      TakeRest();
    } else if (Passes(batch.status())) {
      co_await CloseBackendScanner();
    } else {
      EndWith(batch.status());
    }
    changed_.NotifyAll();
  }
  co_await CloseBackendScanner();
  ended_.Close();
}

Future<Unit> LogScan::Reopen() {
  if (pause_ > absl::ZeroDuration()) co_await Pause();
  if (stopped_) co_return Unit{};
  walimpls::ScanOptions options = plan_.backend;
  if (order_.last_id().has_value()) options.from = walimpls::ScanAfter{order_.last_id()};
  if (MutantIs(Mutant::kScannerReopensAtTail)) options.from = walimpls::ScanLatest{};
  absl::StatusOr<std::unique_ptr<walimpls::ScannerImpls>> scanner =
      co_await OpenScanner(link_.backend, link_.buffer, std::move(options));
  const LogOptions& limits = source_.log->options;
  if (scanner.ok()) {
    scanner_ = *std::move(scanner);
  } else if (Passes(scanner.status())) {
    source_.log->Report(Event::Kind::kBackendTrouble,
                        absl::StrCat("a scan of ", source_.log->channel.name,
                                     " is opened again: ", scanner.status().message()));
  } else {
    EndWith(scanner.status());
    changed_.NotifyAll();
  }
  // The next failure in a row waits for longer.
  pause_ = std::clamp(2 * pause_, limits.retry_delay_min, limits.retry_delay_max);
  co_return Unit{};
}

Future<Unit> LogScan::CrossSeam() {
  co_await CloseBackendScanner();
  if (pause_ > absl::ZeroDuration()) co_await Pause();
  if (stopped_) co_return Unit{};
  absl::StatusOr<ScanLink> next = co_await source_.links->Link(link_.epoch + 1);
  if (stopped_) co_return Unit{};
  const LogOptions& limits = source_.log->options;
  pause_ = std::clamp(2 * pause_, limits.retry_delay_min, limits.retry_delay_max);
  if (next.ok()) {
    EnterLink(*next);
  } else if (!Passes(next.status())) {
    EndWith(next.status());
  }
  changed_.NotifyAll();
  co_return Unit{};
}

void LogScan::EnterLink(const ScanLink& link) {
  link_ = link;
  at_seam_ = false;
  pause_ = absl::ZeroDuration();
  order_.EnterLink();
  plan_.EnterLink(link.epoch, *link.mark);
  const TimeTick read_to = std::max(plan_.start, order_.last_tick());
  if (!*link.mark || (*link.mark)->time_tick <= read_to) return;
  // F4.
  EndWith(PositionGoneError(
      absl::StrCat("scan of ", source_.log->channel.name, ": what comes next, behind tick ",
                   ToInt(read_to), ", was truncated away"),
      *link.mark));
}

Future<Unit> LogScan::Pause() {
  const absl::Duration end = source_.log->strand->Now() + pause_;
  while (!stopped_ && source_.log->strand->Now() < end) {
    Future<Unit> woken = room_.Wait();
    (void)co_await ReadyWithin(&woken, end - source_.log->strand->Now());
  }
  co_return Unit{};
}

Future<Unit> LogScan::CloseBackendScanner() {
  if (scanner_ == nullptr) co_return Unit{};
  if (!closing_) closing_.emplace(scanner_->Close());
  // Whatever it says: there is nothing left to be done with it.
  (void)co_await std::move(*closing_);
  closing_.reset();
  scanner_.reset();
  co_return Unit{};
}

void LogScan::Stop() {
  if (stopped_) return;
  stopped_ = true;
  pending_ = {};
  // Ends a Next() of the backend's in flight; the pump waits for both.
  if (scanner_ != nullptr && !closing_) closing_.emplace(scanner_->Close());
  room_.NotifyAll();
  changed_.NotifyAll();
}

void LogScan::EndWith(absl::Status error) {
  if (error_.ok()) error_ = std::move(error);
}

void LogScan::TakeRest() {
  while (!reached_end_ && error_.ok() && !gap_ && !at_seam_) {
    if (taken_ == batch_.messages.size()) {
      gap_ = std::exchange(batch_.gap, std::nullopt);
      // What it takes the end of is lost from its beginning on.
      const std::optional<MessageId> cut = gap_ ? chunks_.Restart() : std::nullopt;
      if (cut) gap_->first = *cut;
      if (std::exchange(batch_.end, false)) reached_end_ = true;
      return;
    }
    TakeMessage(batch_.messages[taken_++]);
  }
  if (at_seam_) {
    batch_ = walimpls::RawBatch();
    taken_ = 0;
  }
}

bool LogScan::HasRest() const {
  return taken_ < batch_.messages.size() || batch_.gap || batch_.end;
}

void LogScan::TakeMessage(ImmutableMessage& message) {
  const Term term_before = order_.highest_term();
  const uint64_t violations_before = order_.violation_count();
  ++source_.counts->read;
  source_.counts->read_bytes += message.record().size();
  const absl::StatusOr<bool> counts = order_.Take(message);
  source_.counts->term_violations += order_.violation_count() - violations_before;
  if (!counts.ok()) return EndWith(counts.status());
  // Ticks that were not stored promise nothing about the terms of others.
  if (order_.highest_term() != term_before) told_complete_ = stored_tick_;
  if (!*counts) return;
  const TimeTick tick = message.time_tick();
  const bool is_chunk = (message.record().flags() & kHasChunk) != 0;
  const bool is_before_start = is_chunk && plan_.IsBeforeStart(message);
  const ChunkAssembly::Result whole = chunks_.Take(message);
  if (whole == ChunkAssembly::Result::kMessage) return TakeWhole(message);
  if (is_before_start) return;
  // The rest of it, and whatever else would show that the end is reached, may never come.
  if (plan_.until && tick > *plan_.until) {
    reached_end_ = true;
  } else if (whole == ChunkAssembly::Result::kCorrupt && tick > plan_.after) {
    ReportBadRun();
  }
}

void LogScan::TakeWhole(ImmutableMessage& message) {
  const TimeTick tick = message.time_tick();
  const bool is_tick = message.type() == MessageType::kTimeTick;
  // It covers all that is in front of it, itself included, and is the last of its link (G6).
  at_seam_ = message.type() == MessageType::kAlterWal;
  if (is_tick || at_seam_) stored_tick_ = tick;
  // Also below the start: what is open there may be committed above it.
  const TxnAssembly::Result result = assembly_.Take(message, plan_.PassesVChannel(message));
  if (plan_.IsBeforeStart(message)) {
    told_complete_ = std::max(told_complete_, stored_tick_);  // No news.
    return;
  }
  const bool exclusive = MutantIs(Mutant::kUntilExclusive) && plan_.until == tick;
  if (plan_.until && (tick > *plan_.until || exclusive)) {
    reached_end_ = true;
    return;
  }
  if (result == TxnAssembly::Result::kMismatch && tick > plan_.after) {
    ReportMismatch(message.id());
    if (!error_.ok()) return;
  }
  resume_ = message.position();
  if (plan_.until && tick == *plan_.until) reached_end_ = true;
  if (result != TxnAssembly::Result::kMessage) return;
  const bool passes = is_tick ? plan_.deliver_ticks && tick > plan_.after
                              : plan_.PassesVChannel(message) && plan_.PassesFilters(message);
  if (!passes) return;
  pending_bytes_ += SizeOf(message);
  pending_.push_back(std::move(message));
}

void LogScan::ReportMismatch(const MessageId& commit) {
  const MessageId& begin = assembly_.mismatch_begin();
  ReportCorrupt({begin, commit,
                 WalError(WalErrorCode::kCorrupt,
                          absl::StrCat("scan of ", source_.log->channel.name,
                                       ": the transaction from record ", begin.ToString(), " to ",
                                       commit.ToString(),
                                       " has not as many bodies as its commit counts in"))});
}

void LogScan::ReportBadRun() {
  const ChunkAssembly::Fault& fault = chunks_.fault();
  ReportCorrupt(
      {fault.first, fault.last,
       WalError(WalErrorCode::kCorrupt,
                absl::StrCat("scan of ", source_.log->channel.name, ": the chunks from record ",
                             fault.first.ToString(), " to ", fault.last.ToString(),
                             " make no message: of the last, ", fault.what))});
}

void LogScan::ReportCorrupt(Gap gap) {
  if (plan_.backend.on_corrupt == ReadOptions::OnCorrupt::kStop) {
    return EndWith(std::move(gap.reason));
  }
  gap_ = std::move(gap);
}

bool LogScan::Full() const {
  // A gap lies behind what is pending: what follows waits until it is delivered.
  if (gap_) return true;
  return !pending_.empty() &&
         (pending_.size() >= plan_.count_max || pending_bytes_ >= plan_.bytes_max);
}

TimeTick LogScan::CompleteThrough() const {
  if (link_.unstored == nullptr || link_.unstored->tick <= stored_tick_) return stored_tick_;
  // In another term it promises nothing.
  if (order_.highest_term() > source_.log->channel.term) return stored_tick_;
  const MessageId& behind = link_.unstored->behind;
  const MessageId* read = order_.last_id().has_value() ? &order_.last_id() : nullptr;
  if (read == nullptr || BeforeWithinLog(*read, behind)) return stored_tick_;
  return link_.unstored->tick;
}

// Readers that are further back than the truncation end (G3).
absl::Status LogScan::CheckMark() const {
  if (pending_.empty() || !*link_.mark) return absl::OkStatus();
  const TimeTick next = pending_.front().time_tick();
  if (next > (*link_.mark)->time_tick) return absl::OkStatus();
  if (MutantIs(Mutant::kTruncatedStartSkipped)) return absl::OkStatus();
  return PositionGoneError(
      absl::StrCat("scan of ", source_.log->channel.name, ": the message at tick ", ToInt(next),
                   ", which comes next, was truncated away"),
      *link_.mark);
}

bool LogScan::HasNews() const {
  if (!pending_.empty() || gap_ || reached_end_) return true;
  return plan_.wake_on_tick && error_.ok() && CompleteThrough() > told_complete_;
}

Future<absl::StatusOr<ScanBatch>> LogScan::Next(ScanBatch reuse) {
  reuse.messages.clear();  // Not earlier than the next Next() may the reader miss them.
  while (true) {
    if (stopped_) {
      co_return WalError(WalErrorCode::kOnShutdown,
                         absl::StrCat("scan of ", source_.log->channel.name, ": it is closed"));
    }
    const absl::Status mark = CheckMark();
    if (!mark.ok()) {
      pending_.clear();
      EndWith(mark);
      room_.NotifyAll();
    } else if (HasNews()) {
      co_return Deliver(std::move(reuse));
    }
    if (!error_.ok()) co_return error_;
    co_await changed_.Wait();
  }
}

void LogScan::TellTracer(const std::vector<ImmutableMessage>& messages) const {
  for (const ImmutableMessage& message : messages) {
    const std::optional<std::string_view> context = message.record().Property(kTraceProperty);
    if (context) source_.log->tracer->OnDelivered({source_.log->channel, message, *context});
  }
}

ScanBatch LogScan::Deliver(ScanBatch batch) {
  batch.messages.swap(pending_);
  if (source_.log->tracer != nullptr) TellTracer(batch.messages);
  source_.counts->delivered += batch.messages.size();
  source_.counts->delivered_bytes += pending_bytes_;
  pending_bytes_ = 0;
  batch.complete_through = CompleteThrough();
  batch.complete_is_stored =
      batch.complete_through <= stored_tick_ || MutantIs(Mutant::kUnstoredTickToldStored);
  told_complete_ = batch.complete_through;
  batch.resume = resume_;
  batch.gap = std::exchange(gap_, std::nullopt);
  batch.end = reached_end_;
  room_.NotifyAll();
  return batch;
}

}  // namespace tidelog::adaptor
