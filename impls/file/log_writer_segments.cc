// LogWriter: segments, failures, fence and close.
#include <algorithm>
#include <span>
#include <utility>

#include "absl/log/check.h"
#include "absl/strings/str_cat.h"
#include "impls/file/file_ops.h"
#include "impls/file/log_writer.h"
#include "wal/base/mutant.h"
#include "wal/base/status_macros.h"
#include "wal/status.h"

namespace tidelog::impls::file {

namespace {

constexpr uint64_t kIndexInterval = 64u << 10;

// How often a group is written again, to a new segment each time, before its appends end not done.
constexpr int kRewritesMax = 3;

// How often a writer that is broken, and acknowledges nothing any more, looks at the fence.
constexpr absl::Duration kFenceInterval = absl::Milliseconds(200);

constexpr absl::Duration kPauseMin = absl::Milliseconds(10);
constexpr absl::Duration kPauseMax = absl::Seconds(5);

// What the index of a segment may take behind its last group.
uint64_t FooterRoom(uint64_t capacity) {
  return FrameSize((capacity / kIndexInterval + 2) * sizeof(IndexEntry));
}

uint64_t CapacityFor(uint64_t group_bytes) {
  const uint64_t bytes = kSegmentHeaderSize + group_bytes + FooterRoom(2 * group_bytes);
  return (bytes + kSegmentHeaderSize - 1) / kSegmentHeaderSize * kSegmentHeaderSize;
}

}  // namespace

bool LogWriter::Fits() const {
  const SegmentFile* active = chain_->active();
  if (active == nullptr || spoilt_) return false;
  const uint64_t capacity = active->header.capacity;
  return in_flight_end_.end_offset + FooterRoom(capacity) <= capacity;
}

// Seals the active segment, if there is one, and goes on in a new one.
Future<absl::Status> LogWriter::Roll() {
  co_await WriteFooter();
  const uint64_t capacity_min = CapacityFor(in_flight_->size());
  absl::Status status = co_await chain_->Advance(durable_, footer_, capacity_min);
  if (status.ok()) UseSegment();
  co_return status;
}

// Writes the index behind the last group and syncs; all that was written is durable then.  If that
// fails there is no index, and what was not synced before is not counted in.
Future<Unit> LogWriter::WriteFooter() {
  const bool possible = chain_->active() != nullptr && !spoilt_ && footer_ == 0;
  if (!possible || index_->entries().empty()) co_return Unit{};
  const uint64_t at = written_.end_offset;
  std::vector<char> frame;
  FrameEncoder encoder = *encoder_written_;
  encoder.AppendIndex(at, index_->entries(), &frame);
  const std::shared_ptr<File> file = chain_->active()->file;
  const std::span<const char> pieces[] = {std::span<const char>(frame)};
  spoilt_ = true;  // Nothing follows an index.
  WriteSyncResult result = co_await file->WriteAndSync(at, pieces, Runtime::Urgency::kWhenIdle);
  if (!result.ok()) co_return Unit{};
  durable_ = written_;
  footer_ = at;
  co_return Unit{};
}

// Encodes for the segment that has just become active; what waits is encoded again.
void LogWriter::UseSegment() {
  const SegmentHeader& header = chain_->active()->header;
  CHECK_EQ(header.base_id, durable_.last_id + 1);
  encoder_.emplace(header.uuid, header.base_id, header.base_chain);
  encoder_written_.emplace(*encoder_);
  offset_ = durable_.end_offset = written_.end_offset = kSegmentHeaderSize;
  durable_.chain = written_.chain = header.base_chain;
  spoilt_ = false;
  footer_ = 0;
  watermark_ = durable_.last_id;  // The seal covers what lies before.
  index_ = std::make_shared<IndexBuilder>(kIndexInterval);
  view_->durable_segment = header.name;
  view_->durable_id = durable_.last_id;
  view_->durable_end = offset_;
  view_->tail_index = index_;
  if (in_flight_ != nullptr) {
    in_flight_->Reencode(offset_, durable_.last_id, &*encoder_);
    if (!in_flight_->empty()) NoteInFlight();
  }
  open().Reencode(offset_, durable_.last_id, &*encoder_);
}

// No segment is active: what comes is encoded for none, and again for the next one.
void LogWriter::UseNoSegment() {
  if (chain_->active() == nullptr) footer_ = 0;
  encoder_.emplace(SegmentUuid{}, durable_.last_id + 1, durable_.chain);
  encoder_written_.emplace(*encoder_);
  written_ = durable_;
  offset_ = durable_.end_offset;
}

// A write or sync of the buffer in flight has failed.  OK: it is durable after all, elsewhere.
Future<absl::Status> LogWriter::Replace(WriteSyncResult failed) {
  if (MutantIs(Mutant::kFsyncErrorRetried) && failed.write.ok()) {
    failed.sync = co_await chain_->active()->file->Sync();
    if (failed.ok()) co_return absl::OkStatus();
  }
  for (int rewrites = 0;; ++rewrites) {
    const absl::Status cause = failed.write.ok() ? failed.sync : failed.write;
    Report(Event::Kind::kBackendTrouble,
           absl::StrCat("a group was not made durable, and its segment is given up: ",
                        cause.message()));
    spoilt_ = true;
    absl::Status status = co_await SealDurably();
    TIDELOG_CO_RETURN_IF_ERROR(status);
    handed_ = false;
    const absl::Status not_done =
        StorageError(absl::StrCat("append to ", ToString(setup_.channel)), cause);
    if (GetWalErrorCode(not_done) == WalErrorCode::kResourceExhausted) co_return not_done;
    if (rewrites == kRewritesMax) {
      co_return WalErrorFrom(
          WalErrorCode::kUnavailable,
          absl::StrCat("append to ", ToString(setup_.channel), ": tried ", rewrites, " segments"),
          cause);
    }
    status = co_await Roll();
    TIDELOG_CO_RETURN_IF_ERROR(status);
    if (health_ != Health::kServing || closing_) co_return Refusal();
    failed = co_await WriteBytes();
    if (failed.ok()) co_return absl::OkStatus();
  }
}

// Seals the active segment below what failed, and does not give up while that can still work.
Future<absl::Status> LogWriter::SealDurably() {
  absl::Duration pause = kPauseMin;
  bool reported = false;
  for (;;) {
    absl::Status status = co_await chain_->Seal(durable_, /*index_offset=*/0);
    const WalErrorCode code = GetWalErrorCode(status);
    if (code != WalErrorCode::kUnavailable && code != WalErrorCode::kResourceExhausted) {
      co_return status;
    }
    if (closing_ || health_ != Health::kServing) co_return Refusal();
    if (!std::exchange(reported, true)) {
      Report(Event::Kind::kBackendTrouble,
             absl::StrCat("appends wait until the end of a segment can be stored: ",
                          status.message()));
    }
    co_await Pause(pause);
    pause = std::min(2 * pause, kPauseMax);
  }
}

Future<Unit> LogWriter::Pause(absl::Duration duration) {
  setup_.strand->PostAt(&pause_, setup_.strand->Now() + duration);
  co_await nudge_.Wait();
  setup_.strand->Cancel(&pause_);
  co_return Unit{};
}

void LogWriter::EndAppends(CommitBuffer* buffer, const absl::Status& status) {
  if (buffer == nullptr) return;
  std::vector<PendingAppend> appends = buffer->Take();
  if (!appends.empty() && EffectOf(status) == Effect::kUnknown) unsettled_ = true;
  for (PendingAppend& append : appends) append.promise.Set(status);
}

// The buffer in flight is not in the log and never will be, and so nothing behind it is (D8).  The
// first append says why; the others only came after it.
void LogWriter::FailNotDone(const absl::Status& status) {
  refusing_ = true;
  std::vector<PendingAppend> appends = in_flight_->Take();
  for (size_t i = 0; i < appends.size(); ++i) {
    appends[i].promise.Set(i == 0 ? status : Refusal());
  }
  EndAppends(&open(), Refusal());
  open().Clear({});
  ForgetUnwritten();
}

// What was encoded behind the last group that is written is not in the log.
void LogWriter::ForgetUnwritten() {
  next_id_ = durable_.last_id + 1;
  newest_ = {durable_.last_tick, durable_.newest_time_tick_id};
  if (chain_->active() == nullptr || spoilt_) {
    UseNoSegment();
  } else {
    encoder_.emplace(*encoder_written_);
    offset_ = written_.end_offset;
  }
}

absl::Status LogWriter::FencedError() const {
  return WalError(WalErrorCode::kChannelFenced,
                  absl::StrCat("append to ", ToString(setup_.channel), ": it was opened as ",
                               setup_.term->Load().ToString()));
}

absl::Status LogWriter::UnknownError(std::string_view why) const {
  return WalError(WalErrorCode::kOutcomeUnknown,
                  absl::StrCat("append to ", ToString(setup_.channel), ": ", why,
                               " while it was being written"));
}

void LogWriter::Report(Event::Kind kind, std::string text) const {
  setup_.observer->OnEvent({kind, setup_.channel, std::move(text)});
}

absl::Status LogWriter::CheckFence() {
  if (health_ != Health::kServing) return unavailable_;
  if (setup_.term->StillOwner()) return absl::OkStatus();
  Fence();
  return unavailable_;
}

void LogWriter::Fence() {
  if (health_ != Health::kServing) return;
  health_ = Health::kFenced;
  const absl::Status fenced = FencedError();
  Report(Event::Kind::kFenced, std::string(fenced.message()));
  const bool unknown = handed_ && !MutantIs(Mutant::kUnknownToldNotDone);
  EndAppends(in_flight_, unknown ? UnknownError("a higher term opened it") : fenced);
  EndAppends(&open(), fenced);
  BecomeUnavailable(fenced);
  LeaveView();
}

// Scanners go on from storage.
void LogWriter::LeaveView() {
  view_->owned = false;
  view_->Notify();
  if (setup_.on_fenced) std::move(setup_.on_fenced)();
}

void LogWriter::Break(const absl::Status& status) {
  if (health_ != Health::kServing) return;
  health_ = Health::kBroken;
  Report(Event::Kind::kBackendTrouble, std::string(status.message()));
  if (!handed_) EndAppends(in_flight_, status);
  EndAppends(&open(), status);
  BecomeUnavailable(status);
  (void)WatchFence();
}

Future<Unit> LogWriter::WatchFence() {
  const std::optional<Gate::Pass> pass = work_.TryEnter();
  if (!pass.has_value()) co_return Unit{};
  while (!closing_ && StillOwns()) co_await Pause(kFenceInterval);
  co_return Unit{};
}

// What stays pending in a broken writer a higher term ends as Close() does (C2), and scanners go on
// into that term.
bool LogWriter::StillOwns() {
  if (health_ == Health::kServing) return CheckFence().ok();
  if (!view_->owned || setup_.term->StillOwner()) return view_->owned;
  const absl::Status fenced = FencedError();
  Report(Event::Kind::kFenced, std::string(fenced.message()));
  EndAppends(in_flight_, UnknownError("a higher term opened it"));
  LeaveView();
  return false;
}

void LogWriter::BecomeUnavailable(absl::Status status) {
  nudge_.NotifyAll();
  if (!unavailable_.ok()) return;
  unavailable_ = std::move(status);
  if (!waiting_.has_value()) return;
  Promise<absl::Status> waiting = *std::move(waiting_);
  waiting_.reset();
  waiting.Set(unavailable_);
}

Future<absl::Status> LogWriter::Truncate(TruncationMark mark) {
  const std::optional<Gate::Pass> pass = work_.TryEnter();
  if (!pass.has_value() || health_ != Health::kServing) co_return Refusal();
  absl::Status status = co_await chain_->Truncate(mark);
  if (status.ok()) status = CheckFence();
  if (GetWalErrorCode(status) == WalErrorCode::kChannelFenced) Fence();
  if (!status.ok() && chain_->manifest()->mark.tick >= mark.tick) {
    co_return WalErrorFrom(WalErrorCode::kOutcomeUnknown,
                           absl::StrCat("truncate ", ToString(setup_.channel)), status);
  }
  if (status.ok()) co_await chain_->PrepareSpare();
  co_return status;
}

Future<absl::Status> LogWriter::SettleMark() {
  // Another truncation may have come when this one is done.
  while (health_ == Health::kServing && mark().tick != view_->manifest->mark.tick) {
    absl::Status status = co_await Truncate(mark());
    if (GetWalErrorCode(status) == WalErrorCode::kChannelFenced) co_return status;
    if (!status.ok()) {
      co_return WalErrorFrom(WalErrorCode::kUnavailable,
                             absl::StrCat("look at ", ToString(setup_.channel),
                                          ": a truncation failed, and may be seen or lost"),
                             status);
    }
  }
  co_return absl::OkStatus();
}

Future<absl::Status> LogWriter::Close(walimpls::CloseMode mode) {
  CHECK(!closing_);
  const bool serving = health_ == Health::kServing;
  closing_ = true;
  const absl::Status shutdown = Refusal();
  EndAppends(&open(), shutdown);
  BecomeUnavailable(shutdown);
  co_await work_.Close();
  EndAppends(in_flight_, UnknownError("it was closed"));
  nudge_.Close();
  absl::Status status;
  const bool settled = serving && health_ == Health::kServing && !unsettled_;
  if (mode == walimpls::CloseMode::kClean && settled && !refusing_) {
    status = co_await LeaveCleanMark();
  } else if (settled) {
    co_await ShowDurable();
  }
  co_await chain_->Release();
  view_->look_at_fence = nullptr;
  closed_ = true;
  co_return status;
}

// No tick comes any more that would tell readers in other processes what is durable (C1).  The next
// owner does, if this fails.
Future<Unit> LogWriter::ShowDurable() {
  if (watermark_ >= durable_.last_id) co_return Unit{};
  ForgetUnwritten();
  if (chain_->active() != nullptr && !spoilt_) co_await WriteWatermark();
  if (watermark_ >= durable_.last_id) co_return Unit{};
  (void)co_await chain_->Seal(durable_, footer_);
  co_return Unit{};
}

Future<absl::Status> LogWriter::LeaveCleanMark() {
  co_await WriteFooter();
  absl::Status status = co_await chain_->Seal(durable_, footer_);
  if (status.ok()) status = co_await setup_.term->MarkClean();
  const WalErrorCode code = GetWalErrorCode(status);
  if (status.ok() || code == WalErrorCode::kChannelFenced) co_return absl::OkStatus();
  co_return WalErrorFrom(WalErrorCode::kInner,
                         absl::StrCat("close ", ToString(setup_.channel), " cleanly"), status);
}

}  // namespace tidelog::impls::file
