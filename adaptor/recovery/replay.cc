#include "adaptor/recovery/replay.h"

#include <string_view>
#include <utility>

#include "absl/strings/str_cat.h"
#include "adaptor/async/ready_within.h"
#include "wal/base/mutant.h"
#include "wal/base/status_macros.h"
#include "wal/message/message.h"
#include "wal/message/message_id.h"
#include "wal/observer.h"
#include "wal/scanner.h"
#include "wal/status.h"

namespace tidelog::adaptor {

walimpls::ScanOptions Replay::Plan() const {
  walimpls::ScanOptions options;
  options.until = backend_.boundary();
  options.read_ahead_bytes_max = kBatchBytesMax;
  options.name = "recovery";
  options.on_corrupt = ReadOptions::OnCorrupt::kGap;  // Take() tells which gap is no obstacle.
  const ImmutableMessage& newest = backend_.newest_time_tick();
  if (!newest.has_value()) return options;
  MessageId start = newest.last_confirmed();
  const std::string_view replay_start = newest.record().replay_start_key();
  if (!replay_start.empty() && !MutantIs(Mutant::kReplayStartIgnored)) {
    const MessageId id(newest.id().origin(), replay_start);
    if (BeforeWithinLog(id, start)) start = id;
  }
  options.from = walimpls::ScanFrom{start};
  return options;
}

Future<absl::StatusOr<TimeTick>> Replay::Run() {
  chunks_.Restart();  // It may begin at the boundary of a term, inside of what that has cut.
  if (!backend_.boundary()) co_return TimeTick{0};
  walimpls::ScanOptions plan = Plan();
  opening_.emplace(backend_.Read(std::move(plan)));
  const bool opened_in_time = co_await ReadyWithin(&*opening_, log_.options.open_step_limit);
  if (!opened_in_time) co_return Hung("the scan of its replay");
  absl::StatusOr<std::unique_ptr<walimpls::ScannerImpls>> scanner = std::move(*opening_).Take();
  opening_.reset();
  TIDELOG_CO_RETURN_IF_ERROR(scanner.status());
  scanner_ = *std::move(scanner);

  next_progress_ = log_.strand->Now() + kProgressInterval;
  absl::Status read = co_await ReadToEnd();
  closing_.emplace(scanner_->Close());
  const bool closed_in_time = co_await ReadyWithin(&*closing_, log_.options.open_step_limit);
  if (!closed_in_time && read.ok()) read = Hung("the end of its replay");
  if (closed_in_time) {
    scanner_.reset();
    closing_.reset();
  }
  TIDELOG_CO_RETURN_IF_ERROR(read);
  co_return order_.last_tick();
}

Future<absl::Status> Replay::ReadToEnd() {
  walimpls::RawBatch reuse;
  while (true) {
    if (stopped_) {
      co_return WalError(WalErrorCode::kOnShutdown,
                         absl::StrCat("open ", ToString(log_.channel), ": its opener is closing"));
    }
    Future<absl::StatusOr<walimpls::RawBatch>> next = scanner_->Next(std::move(reuse));
    const bool in_time = co_await ReadyWithin(&next, log_.options.open_step_limit);
    if (!in_time) co_return Hung("a batch of its replay");
    absl::StatusOr<walimpls::RawBatch> batch = std::move(next).Take();
    TIDELOG_CO_RETURN_IF_ERROR(batch.status());
    TIDELOG_CO_RETURN_IF_ERROR(Take(*batch));
    ReportProgress();
    if (batch->end) co_return absl::OkStatus();
    reuse = *std::move(batch);
  }
}

absl::Status Replay::Take(const walimpls::RawBatch& batch) {
  // What a repair has given up nobody gets any more; anything else that cannot be read must be
  // repaired first.
  const bool repaired =
      batch.gap.has_value() && GetWalErrorCode(batch.gap->reason) == WalErrorCode::kUnrecoverable;
  if (batch.gap.has_value() && !repaired) return batch.gap->reason;
  for (const ImmutableMessage& record : batch.messages) {
    absl::StatusOr<bool> counts = order_.Take(record);
    TIDELOG_RETURN_IF_ERROR(counts.status());
    if (!*counts) continue;
    ++record_count_;
    ImmutableMessage message = record;
    const ChunkAssembly::Result whole = chunks_.Take(message);
    if (whole == ChunkAssembly::Result::kCorrupt) return BadRun();
    if (whole == ChunkAssembly::Result::kNothing) continue;
    for (RecoveryObserver* observer : observers_) observer->OnReplayed(message);
  }
  if (repaired) chunks_.Restart();
  return absl::OkStatus();
}

absl::Status Replay::BadRun() const {
  const ChunkAssembly::Fault& fault = chunks_.fault();
  return WalError(WalErrorCode::kCorrupt,
                  absl::StrCat("open ", ToString(log_.channel), ": the chunks from record ",
                               fault.first.ToString(), " to ", fault.last.ToString(),
                               " make no message: of the last, ", fault.what));
}

absl::Status Replay::Hung(const char* step) const {
  return WalError(WalErrorCode::kUnavailable,
                  absl::StrCat("open ", ToString(log_.channel), ": ", step, " took longer than ",
                               absl::FormatDuration(log_.options.open_step_limit), ", ",
                               record_count_, " records were read"));
}

void Replay::ReportProgress() {
  const absl::Duration now = log_.strand->Now();
  if (now < next_progress_) return;
  next_progress_ = now + kProgressInterval;
  log_.Report(Event::Kind::kRecoveryProgress,
              absl::StrCat("open ", ToString(log_.channel), ": ", record_count_,
                           " records were replayed, to ", order_.last_id().ToString(), " of ",
                           backend_.boundary()->ToString()));
}

Future<Unit> Replay::WhenFree() {
  if (opening_) {
    absl::StatusOr<std::unique_ptr<walimpls::ScannerImpls>> late = co_await std::move(*opening_);
    opening_.reset();
    if (late.ok()) {
      scanner_ = *std::move(late);
      closing_.emplace(scanner_->Close());
    }
  }
  if (closing_) {
    (void)co_await std::move(*closing_);
    closing_.reset();
  }
  scanner_.reset();
  co_return Unit{};
}

}  // namespace tidelog::adaptor
