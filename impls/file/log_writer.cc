#include "impls/file/log_writer.h"

#include <algorithm>
#include <span>
#include <utility>

#include "absl/log/check.h"
#include "absl/strings/str_cat.h"
#include "impls/file/file_ops.h"
#include "wal/base/mutant.h"
#include "wal/status.h"

namespace tidelog::impls::file {

namespace {

// Ticks without an append after which buffers are given back.
constexpr int kIdleTicksMax = 2;

// After how many ticks what could not be made ready is tried again.
constexpr int kPrepareRetryTicks = 25;

}  // namespace

LogWriter::LogWriter(Setup setup)
    : setup_(std::move(setup)),
      view_(setup_.view),
      chain_(setup_.chain),
      next_id_(setup_.boundary.last_id + 1),
      durable_(setup_.boundary),
      written_(setup_.boundary),
      watermark_(setup_.boundary.last_id),
      tail_(setup_.tail) {
  flush_.writer = this;
  flush_.run = [](Job* job) {
    LogWriter* self = static_cast<FlushJob*>(job)->writer;
    const std::optional<Gate::Pass> pass = std::exchange(self->armed_, std::nullopt);
    if (!self->writing_ && !self->open().empty()) self->HandOver();
  };
  pause_.signal = &nudge_;
  pause_.fire = [](Timer* timer) { static_cast<PauseTimer*>(timer)->signal->NotifyAll(); };
  newest_ = {durable_.last_tick, durable_.newest_time_tick_id};
  view_->look_at_fence = [this] { (void)StillOwns(); };
  UseSegment();
}

LogWriter::~LogWriter() {
  CHECK(closed_) << "the writer of " << ToString(setup_.channel) << " is destroyed unclosed";
}

absl::Status LogWriter::Refusal() const {
  if (closing_) {
    return WalError(WalErrorCode::kOnShutdown,
                    absl::StrCat("append to ", ToString(setup_.channel), ": it is closed"));
  }
  if (health_ != Health::kServing) return unavailable_;
  return WalError(WalErrorCode::kUnavailable,
                  absl::StrCat("append to ", ToString(setup_.channel),
                               ": one before it was not done, and was not taken note of yet"));
}

Future<absl::StatusOr<walimpls::Ids>> LogWriter::Append(const walimpls::Group& group) {
  CHECK(!group.empty()) << "an append of nothing";
  if (closing_ || refusing_ || health_ != Health::kServing) {
    return MakeReadyFuture<absl::StatusOr<walimpls::Ids>>(Refusal());
  }
  Promise<absl::StatusOr<walimpls::Ids>> promise("append to a file log");
  Future<absl::StatusOr<walimpls::Ids>> future = promise.future();
  const uint64_t first_id = next_id_;
  next_id_ += group.size();
  open().Append(group, first_id, std::move(promise), offset_, durable_.last_id, &newest_,
                &*encoder_);
  idle_ticks_ = 0;
  if (writing_) return future;
  if (group_size_.IsReached(open().size())) {
    HandOver();
  } else {
    Arm();
  }
  return future;
}

void LogWriter::Arm() {
  if (armed_.has_value()) return;
  armed_ = work_.TryEnter();
  if (armed_.has_value()) setup_.strand->AtIdle(&flush_);
}

void LogWriter::HandOver() {
  writing_ = true;
  handed_ = false;
  in_flight_ = &buffers_[open_];
  open_ ^= 1;
  in_flight_->Commit(offset_, durable_.last_id, &*encoder_);
  NoteInFlight();
  (void)WriteGroup();
}

// Remembers what the log is like once the buffer in flight is durable.
void LogWriter::NoteInFlight() {
  in_flight_end_.last_id = in_flight_->last_id();
  in_flight_end_.end_offset = offset_ + in_flight_->size();
  in_flight_end_.chain = encoder_->chain();
  in_flight_end_.last_tick = in_flight_->newest().last_tick;
  in_flight_end_.newest_time_tick_id = in_flight_->newest().newest_time_tick_id;
  encoder_in_flight_.emplace(*encoder_);
  offset_ = in_flight_end_.end_offset;
}

Future<Unit> LogWriter::WriteGroup() {
  const std::optional<Gate::Pass> pass = work_.TryEnter();
  absl::Status status;
  if (!Fits()) status = co_await Roll();
  if (status.ok() && health_ == Health::kServing && !closing_) {
    WriteSyncResult result = co_await WriteBytes();
    if (!result.ok()) status = co_await Replace(std::move(result));
  } else if (status.ok()) {
    status = Refusal();
  }
  Finish(std::move(status));
  co_return Unit{};
}

Future<WriteSyncResult> LogWriter::WriteBytes() {
  const std::shared_ptr<File> file = chain_->active()->file;
  const std::span<const char> pieces[] = {in_flight_->bytes()};
  const uint64_t offset = in_flight_end_.end_offset - in_flight_->size();
  handed_ = true;
  if (setup_.options.sync == FileOptions::Sync::kUnsafeNever || MutantIs(Mutant::kAckBeforeSync)) {
    WriteSyncResult unsynced;
    unsynced.write = co_await file->Write(offset, pieces);
    co_return unsynced;
  }
  const Runtime::Urgency urgency =
      in_flight_->size() >= kEarlyBytes ? Runtime::Urgency::kNow : Runtime::Urgency::kWhenIdle;
  WriteSyncResult result = co_await file->WriteAndSync(offset, pieces, urgency);
  co_return result;
}

// The buffer in flight is durable, or its end is decided otherwise.
void LogWriter::Finish(absl::Status status) {
  // After the sync and before the acknowledgement: if the channel is still owned now, the write
  // came before any claim, and so before the claimer's reading of the boundary.
  const bool looks = !MutantIs(Mutant::kOldOwnerAcknowledges);
  if (health_ == Health::kServing && status.ok() && looks) status = CheckFence();
  if (health_ == Health::kServing && status.ok()) {
    Settle();
    return;
  }
  switch (GetWalErrorCode(status)) {
    case WalErrorCode::kChannelFenced:
      Fence();
      break;
    case WalErrorCode::kInner:
      Break(status);
      break;
    case WalErrorCode::kOnShutdown:
      EndAppends(in_flight_, handed_ ? UnknownError("it was closed") : status);
      break;
    default:
      if (health_ == Health::kServing) FailNotDone(status);
  }
  // A broken writer's group stays pending until Close(): nobody knows what became of it.
  if (in_flight_ != nullptr && in_flight_->empty()) {
    in_flight_->Clear({});
    in_flight_ = nullptr;
  }
  writing_ = false;
}

void LogWriter::Settle() {
  Acknowledge();  // Of the group before, if its writing started this one and is not done with that.
  CommitBuffer* const group = std::exchange(in_flight_, nullptr);
  const IndexEntry entry = group->index_entry(in_flight_end_.end_offset - group->size());
  index_->OnGroup(entry);
  tail_ = group->last_position(view_->origin);
  tail_is_cut_ = group->last_is_cut();
  watermark_ = std::max(watermark_, durable_.last_id);
  durable_ = written_ = in_flight_end_;
  encoder_written_.emplace(*encoder_in_flight_);
  handed_ = false;
  view_->durable_id = durable_.last_id;
  view_->durable_end = durable_.end_offset;

  group_size_.OnSettled(group->size(), open().size());
  settled_ = group->Take();
  group->Clear(std::exchange(spare_appends_, std::vector<PendingAppend>()));
  writing_ = false;
  if (group_size_.IsNearlyReached(open().size())) HandOver();
  Acknowledge();
  if (!MutantIs(Mutant::kWriterWakesNoReader)) view_->Notify();
  if (!writing_ && !open().empty()) Arm();
  PrepareAhead();
}

void LogWriter::Acknowledge() {
  std::vector<PendingAppend> appends = std::exchange(settled_, std::vector<PendingAppend>());
  const uint64_t rolled_back = MutantIs(Mutant::kIdsRollBack) ? setup_.boundary.last_id : 0;
  for (PendingAppend& append : appends) {
    const uint64_t first_id = append.first_id - rolled_back;
    walimpls::Ids ids;
    for (uint32_t i = 0; i < append.count; ++i) ids.push_back(view_->IdOf(first_id + i));
    append.promise.Set(std::move(ids));
  }
  appends.clear();
  if (appends.capacity() > spare_appends_.capacity()) spare_appends_ = std::move(appends);
}

// What the next segment and manifest need is made ready in the background.
void LogWriter::PrepareAhead() {
  const SegmentFile* active = chain_->active();
  if (active == nullptr || closing_ || preparing_ || prepare_pause_ticks_ > 0) return;
  const bool half_full = durable_.end_offset >= active->header.capacity / 2;
  if (chain_->has_spare() && (chain_->prepared() || !half_full)) return;
  (void)Prepare(half_full);
}

Future<Unit> LogWriter::Prepare(bool segment) {
  const std::optional<Gate::Pass> pass = work_.TryEnter();
  if (!pass.has_value()) co_return Unit{};
  preparing_ = true;
  co_await chain_->PrepareSpare();
  if (segment) co_await chain_->Prepare();
  preparing_ = false;
  // On a full disk each try fills what little is free and gives it back: not at every group.
  const bool failed = !chain_->has_spare() || (segment && !chain_->prepared());
  if (failed) prepare_pause_ticks_ = kPrepareRetryTicks;
  co_return Unit{};
}

void LogWriter::OnTick() {
  if (health_ != Health::kServing || closing_) return;
  if (!MutantIs(Mutant::kIdleWriterNeverLooks) && !CheckFence().ok()) return;
  if (prepare_pause_ticks_ > 0) --prepare_pause_ticks_;
  if (!idle()) return;
  if (++idle_ticks_ == kIdleTicksMax) {
    buffers_[0].Shrink();
    buffers_[1].Shrink();
    std::vector<PendingAppend>().swap(spare_appends_);
  }
  if (watermark_ >= durable_.last_id || MutantIs(Mutant::kLastGroupWithoutWatermark)) return;
  if (chain_->active() != nullptr && !spoilt_) {
    (void)WriteWatermark();
  } else {
    (void)SealForReaders();
  }
}

// Tells readers in other processes that the last group is durable; not synced, as nothing but what
// they may already see depends on it.
Future<Unit> LogWriter::WriteWatermark() {
  const std::optional<Gate::Pass> pass = work_.TryEnter();
  writing_ = true;
  std::vector<char> frame;
  encoder_->AppendCommit(offset_, durable_.last_id, durable_.last_id, durable_.last_tick,
                         durable_.newest_time_tick_id, &frame);
  const uint64_t at = offset_;
  offset_ += frame.size();
  const FrameEncoder behind = *encoder_;
  const std::shared_ptr<File> file = chain_->active()->file;
  const std::span<const char> pieces[] = {std::span<const char>(frame)};
  absl::Status status = co_await file->Write(at, pieces);
  writing_ = false;
  if (status.ok()) {
    watermark_ = durable_.last_id;
    written_.end_offset = at + frame.size();
    written_.chain = behind.chain();
    encoder_written_.emplace(behind);
  } else {
    spoilt_ = true;  // The next group goes to another segment.
  }
  if (health_ == Health::kServing && !closing_ && !open().empty()) Arm();
  co_return Unit{};
}

// As WriteWatermark(), where the segment takes none: readers count in what is sealed.  If that
// fails the next tick tries again.
Future<Unit> LogWriter::SealForReaders() {
  const std::optional<Gate::Pass> pass = work_.TryEnter();
  writing_ = true;
  const absl::Status status = co_await chain_->Seal(durable_, footer_);
  writing_ = false;
  if (status.ok()) watermark_ = durable_.last_id;
  const WalErrorCode code = GetWalErrorCode(status);
  if (code == WalErrorCode::kChannelFenced) Fence();
  if (code == WalErrorCode::kInner) Break(status);
  if (health_ == Health::kServing && !closing_ && !open().empty()) Arm();
  if (status.ok()) co_await chain_->PrepareSpare();
  co_return Unit{};
}

Future<absl::Status> LogWriter::WhenUnavailable() {
  if (!unavailable_.ok()) return MakeReadyFuture(unavailable_);
  CHECK(!waiting_.has_value() || waiting_->abandoned())
      << "two wait for " << ToString(setup_.channel);
  if (waiting_.has_value()) waiting_->Set(absl::OkStatus());
  waiting_.emplace("file log unavailable");
  return waiting_->future();
}

}  // namespace tidelog::impls::file
