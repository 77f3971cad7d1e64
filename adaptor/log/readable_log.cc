#include "adaptor/log/readable_log.h"

#include <algorithm>
#include <utility>
#include <variant>

#include "absl/log/check.h"
#include "absl/strings/str_cat.h"
#include "adaptor/async/ready_within.h"
#include "adaptor/buffer/tailing_scanner.h"
#include "adaptor/reading/settled_tail.h"
#include "wal/async/coroutine.h"
#include "wal/base/status_macros.h"
#include "wal/status.h"

namespace tidelog::adaptor {
namespace {

// Truncation would have to overtake a scan that is being opened as often.
constexpr int kStartTries = 3;

bool NamesPosition(const DeliverPolicy& from) {
  return std::holds_alternative<From>(from) || std::holds_alternative<After>(from);
}

}  // namespace

ReadableLog::ReadableLog(std::shared_ptr<OpenerParts> opener, PChannel channel)
    : opener_(std::move(opener)),
      strand_(opener_->environment.runtime->MakeExecutor(channel.name)),
      log_{std::move(channel),
           opener_->environment.runtime,
           strand_.get(),
           opener_->environment.observer,
           opener_->environment.tracer,
           opener_->options},
      backends_(UnswitchedChain(opener_->backend_name)),
      door_(std::make_shared<ScannerDoor>(this)) {}

ReadableLog::~ReadableLog() {
  CHECK(backend_ == nullptr && entries_.count() == 0)
      << ToString(log_.channel) << " was destroyed before it was closed";
}

absl::Status ReadableLog::ClosedError(std::string_view what) const {
  return WalError(WalErrorCode::kOnShutdown,
                  absl::StrCat(what, " ", ToString(log_.channel), ": it is closing or closed"));
}

absl::Status ReadableLog::OpenHung(std::string_view step) const {
  return WalError(WalErrorCode::kUnavailable,
                  absl::StrCat("open ", ToString(log_.channel), ": ", step, " took longer than ",
                               absl::FormatDuration(log_.options.open_step_limit)));
}

Future<absl::Status> ReadableLog::Open() {
  const std::shared_ptr<ReadableLog> self = shared_from_this();
  co_await EnterExecutor(executor());
  absl::Status opened = co_await OpenSteps();
  // What is left of it is freed, or goes into quarantine.
  if (!opened.ok()) (void)co_await Close();
  co_return opened;
}

Future<ReadableLog::OpenedBackend> ReadableLog::StartOpen(walimpls::OpenerImpls* from,
                                                          walimpls::OpenOptions options) {
  return from->OpenReadOnly(log_.channel, options);
}

Future<absl::Status> ReadableLog::OpenBackend(uint32_t epoch) {
  epoch_ = epoch;
  const absl::StatusOr<walimpls::OpenerImpls*> from = OpenerOf(link());
  TIDELOG_CO_RETURN_IF_ERROR(from.status());
  walimpls::OpenOptions options;
  options.strand = executor();
  options.epoch = epoch;
  opening_.emplace(StartOpen(*from, options));
  const bool in_time = co_await ReadyWithin(&*opening_, log_.options.open_step_limit);
  if (!in_time) {
    NoteHung("the backend's open");
    co_return OpenHung("the backend's open");
  }
  OpenedBackend opened = std::move(*opening_).Take();
  opening_.reset();
  TIDELOG_CO_RETURN_IF_ERROR(opened.status());
  backend_ = *std::move(opened);
  co_return absl::OkStatus();
}

Future<Unit> ReadableLog::StopOpening() { return MakeReadyFuture(Unit{}); }

Future<absl::StatusOr<walimpls::LogState>> ReadableLog::LookAtLog() {
  absl::StatusOr<walimpls::LogState> state = co_await backend_->Info();
  if (!state.ok() || !state->tail_is_cut) co_return state;
  state->tail_is_cut = false;
  const std::optional<Position> acknowledged = acknowledged_tail();
  if (acknowledged) {
    state->tail = acknowledged;
    co_return state;
  }
  // Behind a writer that has crashed it stays so for as long as nobody comes.
  if (settled_ && settled_->first == *state->tail_id) {
    state->tail = settled_->second;
    co_return state;
  }
  walimpls::LogState cut = *state;
  absl::StatusOr<Position> settled =
      co_await FindSettledTail(&log_, backend_.get(), std::move(cut));
  TIDELOG_CO_RETURN_IF_ERROR(settled.status());
  settled_ = {*state->tail_id, *settled};
  state->tail = *settled;
  co_return state;
}

Future<absl::StatusOr<ScanBounds>> ReadableLog::Bounds() {
  absl::StatusOr<walimpls::LogState> state = co_await LookAtLog();
  TIDELOG_CO_RETURN_IF_ERROR(state.status());
  RaiseMark(state->truncated);
  ScanBounds bounds;
  bounds.mark = mark_;
  bounds.tail = state->tail;
  bounds.tail_id = state->tail_id;
  co_return bounds;
}

Future<absl::StatusOr<std::unique_ptr<Scanner>>> ReadableLog::Read(ReadOptions options) {
  const std::shared_ptr<ReadableLog> self = shared_from_this();
  Entries::Entry entry(&entries_);
  co_await EnterExecutor(executor());
  if (close_begun_) co_return ClosedError("read");
  absl::StatusOr<ScanLink> link = co_await FirstLink(options.from);
  TIDELOG_CO_RETURN_IF_ERROR(link.status());
  ScanPlan plan;
  std::unique_ptr<walimpls::ScannerImpls> scanner;
  for (int tries_left = kStartTries; tries_left > 0; --tries_left) {
    absl::StatusOr<ScanBounds> bounds = co_await BoundsAt(*link);
    TIDELOG_CO_RETURN_IF_ERROR(bounds.status());
    TIDELOG_CO_ASSIGN_OR_RETURN(plan, MakeScanPlan(options, *bounds));
    if (plan.ends_at_once || close_begun_) break;
    walimpls::ScanOptions scan_options = plan.backend;
    absl::StatusOr<std::unique_ptr<walimpls::ScannerImpls>> opened =
        co_await OpenScanner(link->backend, link->buffer, std::move(scan_options));
    if (opened.ok()) {
      scanner = *std::move(opened);
      break;
    }
    const WalErrorCode code = GetWalErrorCode(opened.status());
    if (code == WalErrorCode::kUnavailable) break;  // The scan itself tries again.
    // Truncation has gone on since it was looked at, or nobody could be asked: storage tells one
    // who is fenced no bounds.  Who named a position is told; others start where the log does.
    const bool moved = code == WalErrorCode::kPositionGone && !NamesPosition(options.from);
    if (!moved || tries_left == 1) co_return opened.status();
    if (link->epoch == epoch_) RaiseMark(OldestPositionOf(opened.status()));
  }
  if (close_begun_) {
    if (scanner != nullptr) (void)co_await scanner->Close();
    co_return ClosedError("read");
  }
  AtReadYield(options, &plan);
  const ScanSource source{&log_, &entries_, this, &scan_counts_};
  auto scan = std::make_shared<LogScan>(source, *link, std::move(plan));
  ForgetEndedScans();
  scans_.push_back(scan);
  scan->Start(std::move(scanner));
  co_return std::make_unique<ScannerHandle>(
      door_, std::move(scan), absl::StrCat(options.name, " of ", ToString(log_.channel)));
}

Future<absl::StatusOr<LogInfo>> ReadableLog::Info() {
  const std::shared_ptr<ReadableLog> self = shared_from_this();
  Entries::Entry entry(&entries_);
  co_await EnterExecutor(executor());
  if (close_begun_) co_return ClosedError("ask about");
  absl::StatusOr<walimpls::LogState> state = co_await LookAtLog();
  TIDELOG_CO_RETURN_IF_ERROR(state.status());
  RaiseMark(state->truncated);
  LogInfo info;
  if (backends_.links.size() > 1) info.details.emplace("chain", backends_.ToString());
  info.oldest = mark_;
  if (backends_.first().epoch < epoch_) {
    absl::StatusOr<ScanLink> oldest = co_await OldestLink();
    TIDELOG_CO_RETURN_IF_ERROR(oldest.status());
    info.oldest = *oldest->mark;
  }
  info.tail = state->tail;
  info.newest_tick = state->newest_tick;
  info.newest_term = state->newest_term;
  info.holder = state->holder;
  info.details.insert(state->details.begin(), state->details.end());
  Describe(&info);
  co_return info;
}

absl::Status ReadableLog::NoCheckpointsError() const {
  return WalError(WalErrorCode::kInvalidArgument,
                  absl::StrCat("checkpoints of ", ToString(log_.channel),
                               ": this log has no store of them; backend file brings one, for "
                               "others name one in Environment::checkpoints"));
}

Future<absl::StatusOr<std::vector<Checkpoint>>> ReadableLog::Checkpoints() {
  const std::shared_ptr<ReadableLog> self = shared_from_this();
  Entries::Entry entry(&entries_);
  co_await EnterExecutor(executor());
  if (close_begun_) co_return ClosedError("list the checkpoints of");
  CheckpointStore* store = opener_->environment.checkpoints;
  if (store == nullptr) co_return NoCheckpointsError();
  absl::StatusOr<CheckpointSet> set = co_await store->Read(log_.channel.name);
  TIDELOG_CO_RETURN_IF_ERROR(set.status());
  co_return std::move(set->checkpoints);
}

void ReadableLog::RaiseMark(const std::optional<Position>& found) {
  if (!found) return;
  if (mark_) {
    const bool same = mark_->time_tick == found->time_tick;
    const bool frees_more = same && BeforeWithinLog(mark_->last_confirmed, found->last_confirmed);
    if (mark_->time_tick >= found->time_tick && !frees_more) return;
  }
  mark_ = found;
  for (const std::shared_ptr<LogScan>& scan : scans_) scan->OnTruncated();
}

Future<absl::Status> ReadableLog::WhenUnavailable() {
  const std::shared_ptr<ReadableLog> self = shared_from_this();
  Entries::Entry entry(&entries_);
  co_await EnterExecutor(executor());
  co_await availability_.WhenLost();
  co_return availability_.reason();
}

Future<absl::StatusOr<ScanBatch>> ReadableLog::NextOf(std::shared_ptr<LogScan> scan,
                                                      ScanBatch reuse) {
  const std::shared_ptr<ReadableLog> self = shared_from_this();
  Entries::Entry entry(&entries_);
  co_await EnterExecutor(executor());
  absl::StatusOr<ScanBatch> batch = co_await scan->Next(std::move(reuse));
  co_return batch;
}

Future<absl::Status> ReadableLog::CloseScan(std::shared_ptr<LogScan> scan) {
  const std::shared_ptr<ReadableLog> self = shared_from_this();
  Entries::Entry entry(&entries_);
  co_await EnterExecutor(executor());
  // What the backend has of it ends on its own; Close() of the log waits for that.  A reader does
  // not: his backend may be dead (F7).
  scan->Stop();
  ForgetEndedScans();
  co_return absl::OkStatus();
}

void ReadableLog::ForgetEndedScans() {
  std::erase_if(scans_, [](const std::shared_ptr<LogScan>& scan) { return scan->ended(); });
}

// Closing.

Future<absl::Status> ReadableLog::Close() {
  const std::shared_ptr<ReadableLog> self = shared_from_this();
  co_await EnterExecutor(executor());
  if (std::exchange(close_begun_, true)) {
    if (!closed()) co_await close_done_.Wait();
    co_return close_status_;
  }
  const walimpls::CloseMode mode = co_await CloseWriter();
  availability_.Declare(ClosedError("use"));
  co_await CloseScans();
  co_await CloseOtherLinks();
  co_await CloseBackend(mode);
  const bool alone = co_await WaitUntilAlone(log_.options.close_step_limit);
  if (!alone) NoteHung("operations in flight");
  {
    absl::MutexLock lock(&door_->mutex);
    door_->log = nullptr;
  }
  if (!opening_ && !closing_ && closing_others_.empty() && alone) {
    co_await FreeWriter();
    scans_.clear();
    backend_.reset();
    other_links_.clear();
  } else {
    const std::string what = absl::StrCat("close of ", ToString(log_.channel), ": ", hung_);
    Linger(log_.runtime->quarantine().Admit(what, self));
  }
  if (!hung_.empty()) {
    close_status_ =
        WalError(WalErrorCode::kUnavailable,
                 absl::StrCat("close ", ToString(log_.channel), ": this took too long: ", hung_));
  }
  closed_.store(true, std::memory_order_release);
  close_done_.Close();
  co_return close_status_;
}

void ReadableLog::NoteHung(std::string_view step) {
  absl::StrAppend(&hung_, hung_.empty() ? "" : ", ", step);
}

Future<walimpls::CloseMode> ReadableLog::CloseWriter() {
  return MakeReadyFuture(walimpls::CloseMode::kAbandon);
}

Future<Unit> ReadableLog::FreeWriter() { return MakeReadyFuture(Unit{}); }

Future<Unit> ReadableLog::CloseScans() {
  for (const std::shared_ptr<LogScan>& scan : scans_) scan->Stop();
  const absl::Duration end = strand_->Now() + log_.options.close_step_limit;
  for (size_t i = 0; i < scans_.size(); ++i) {
    Future<Unit> ended = scans_[i]->WhenEnded();
    const bool in_time = co_await ReadyWithin(&ended, end - strand_->Now());
    if (in_time) continue;
    NoteHung("the backend's scanners");
    break;
  }
  co_return Unit{};
}

Future<Unit> ReadableLog::CloseBackend(walimpls::CloseMode mode) {
  if (backend_ == nullptr) co_return Unit{};
  closing_.emplace(backend_->Close(mode));
  const bool in_time = co_await ReadyWithin(&*closing_, log_.options.close_step_limit);
  if (!in_time) {
    NoteHung("the backend's close");
    co_return Unit{};
  }
  const absl::Status closed = std::move(*closing_).Take();
  closing_.reset();
  if (!closed.ok()) {
    log_.Report(Event::Kind::kBackendTrouble,
                absl::StrCat("close ", ToString(log_.channel), ": ", closed.message()));
  }
  co_return Unit{};
}

Future<bool> ReadableLog::WaitUntilAlone(absl::Duration limit) {
  const absl::Duration end = strand_->Now() + limit;
  while (entries_.count() > 0) {
    Future<Unit> left = entries_.WhenLeft();
    const bool in_time = co_await ReadyWithin(&left, end - strand_->Now());
    if (!in_time) co_return false;
  }
  co_return true;
}

Detached ReadableLog::Linger(Quarantine::Ticket ticket) {
  const std::shared_ptr<ReadableLog> self = shared_from_this();
  if (opening_) {
    OpenedBackend late = co_await std::move(*opening_);
    opening_.reset();
    if (late.ok()) {
      backend_ = *std::move(late);
      closing_.emplace(backend_->Close(walimpls::CloseMode::kAbandon));
    }
  }
  if (closing_) {
    (void)co_await std::move(*closing_);
    closing_.reset();
  }
  while (entries_.count() > 0) co_await entries_.WhenLeft();
  for (Future<absl::Status>& closing : closing_others_) (void)co_await std::move(closing);
  closing_others_.clear();
  co_await FreeWriter();
  scans_.clear();
  backend_.reset();
  other_links_.clear();
  log_.runtime->quarantine().Release(ticket);
}

}  // namespace tidelog::adaptor
