#include "adaptor/log/writable_log.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "adaptor/append/appendable.h"
#include "adaptor/async/ready_within.h"
#include "adaptor/interceptors/lock/lock.h"
#include "wal/async/coroutine.h"
#include "wal/base/mutant.h"
#include "wal/base/status_macros.h"
#include "wal/observer.h"
#include "wal/status.h"

namespace tidelog::adaptor {

namespace {

// What the open ends with that has met a higher term, or may have.
absl::Status Superseded(const PChannel& channel, const absl::Status& why) {
  return WalErrorFrom(
      WalErrorCode::kUnmatchedTerm,
      absl::StrCat("open ", ToString(channel), ": it was opened elsewhere meanwhile"), why);
}

}  // namespace

WritableLog::~WritableLog() = default;

// Opening (D6).

Future<absl::Status> WritableLog::Open() {
  const std::shared_ptr<ReadableLog> self = shared_from_this();
  co_await EnterExecutor(executor());
  absl::Status opened = co_await OpenSteps();
  const WalErrorCode code = GetWalErrorCode(opened);
  if (code == WalErrorCode::kChannelFenced) opened = Superseded(channel(), opened);
  if (code == WalErrorCode::kOutcomeUnknown || code == WalErrorCode::kPositionGone) {
    opened = co_await WhyNotOpened(std::move(opened));
  }
  // What is left of it is freed, or goes into quarantine.
  if (!opened.ok()) (void)co_await Close();
  co_return opened;
}

// Both befall an open whose term is not the highest any more: its first tick was fenced on the way,
// or the new owner has truncated what this one was replaying.  The backend knows.
Future<absl::Status> WritableLog::WhyNotOpened(absl::Status status) {
  Future<absl::StatusOr<walimpls::LogState>> info = wal_->Info();
  const bool in_time = co_await ReadyWithin(&info, log().options.open_step_limit);
  if (!in_time) co_return OpenHung("the last look at the term");
  const absl::Status look = std::move(info).Take().status();
  if (GetWalErrorCode(look) == WalErrorCode::kChannelFenced) co_return Superseded(channel(), look);
  TIDELOG_CO_RETURN_IF_ERROR(look);
  const bool is_gone = GetWalErrorCode(status) == WalErrorCode::kPositionGone;
  co_return WalErrorFrom(is_gone ? WalErrorCode::kCorrupt : WalErrorCode::kUnavailable,
                         absl::StrCat("open ", ToString(channel()),
                                      is_gone ? ": what it has to replay is not there"
                                              : ": nobody knows whether its first tick is stored"),
                         status);
}

Future<Unit> WritableLog::StopOpening() {
  const std::shared_ptr<ReadableLog> self = shared_from_this();
  co_await EnterExecutor(executor());
  stop_opening_ = true;
  if (replay_ != nullptr) replay_->Stop();
  co_return Unit{};
}

Future<absl::Status> WritableLog::OpenSteps() {
  absl::Status looked = co_await LookAtCheckpoints();
  TIDELOG_CO_RETURN_IF_ERROR(looked);
  absl::StatusOr<TimeTick> highest;
  bool chain_is_stored = false;
  while (true) {
    absl::Status open = co_await OpenLastLink(chain_is_stored);
    TIDELOG_CO_RETURN_IF_ERROR(open);
    BuildChain();
    highest = co_await Recover();
    TIDELOG_CO_RETURN_IF_ERROR(highest.status());
    if (!switch_finder_.end().has_value()) break;
    absl::Status switched = co_await CompleteSwitch();
    TIDELOG_CO_RETURN_IF_ERROR(switched);
    chain_is_stored = true;
    absl::Status left = co_await LeaveLink();
    TIDELOG_CO_RETURN_IF_ERROR(left);
  }
  absl::Status ready = co_await AwaitInterceptors();
  TIDELOG_CO_RETURN_IF_ERROR(ready);
  if (stop_opening_) co_return ClosedError("open");
  BuildAppendPath(*highest);
  absl::Status covered = co_await StoreFirstTick();
  TIDELOG_CO_RETURN_IF_ERROR(covered);
  absl::Status known = co_await PutLogInChain();
  TIDELOG_CO_RETURN_IF_ERROR(known);
  tick_service_->Start();
  serving_ = true;
  AddMetrics();
  co_return absl::OkStatus();
}

Future<WritableLog::OpenedBackend> WritableLog::StartOpen(walimpls::OpenerImpls* from,
                                                          walimpls::OpenOptions options) {
  absl::StatusOr<std::unique_ptr<walimpls::WalImpls>> opened =
      co_await from->Open(channel(), options);
  TIDELOG_CO_RETURN_IF_ERROR(opened.status());
  wal_ = opened->get();
  co_return *std::move(opened);
}

Future<absl::Status> WritableLog::LearnState() {
  limits_ = LimitsOf(wal_->traits(), log().options);
  Future<absl::StatusOr<walimpls::LogState>> info = wal_->Info();
  const bool in_time = co_await ReadyWithin(&info, log().options.open_step_limit);
  if (!in_time) co_return OpenHung("the question for its state");
  absl::StatusOr<walimpls::LogState> state = std::move(info).Take();
  TIDELOG_CO_RETURN_IF_ERROR(state.status());
  mark() = state->truncated;
  stored_before_ = state->newest_tick;
  co_return absl::OkStatus();
}

void WritableLog::BuildChain() {
  const LogOptions& options = log().options;
  chain_ = std::make_unique<InterceptorChain>(executor(), options.sampling_rate);
  const TxnSessions::Limits limits{options.txn_open_max, options.txn_bytes_max, options.txn_lease};
  auto transactions = std::make_unique<TxnSessions>(&channel(), limits);
  transactions_ = transactions.get();
  const Idempotency::Limits keys{{options.idempotency_window, options.idempotency_keys_max,
                                  options.idempotency_bytes_max, options.idempotency_log_bytes_max},
                                 options.in_flight_count_max,
                                 options.in_flight_bytes_max};
  auto idempotency = std::make_unique<Idempotency>(&channel(), keys, transactions_);
  idempotency_ = idempotency.get();
  chain_->Add(std::move(idempotency));
  chain_->Add(std::move(transactions));
  const Pacer::Limits waiting{options.in_flight_count_max, options.in_flight_bytes_max};
  auto pacer = std::make_unique<Pacer>(&channel(), executor(), waiting, transactions_);
  pacer_ = pacer.get();
  chain_->Add(std::move(pacer));
  flow_ = std::make_unique<FlowMonitor>(options);
  const Admission::Limits admission{options.in_flight_count_max, options.in_flight_bytes_max};
  auto bounded = std::make_unique<Admission>(&channel(), admission);
  admission_ = bounded.get();
  chain_->MarkRedo();
  chain_->Add(std::move(bounded));
  chain_->Add(std::make_unique<Lock>());
  const InterceptorContext context{&channel(), log().runtime, executor()};
  for (InterceptorBuilder* builder : opener().interceptors) chain_->Add(builder->Build(context));
}

Future<absl::StatusOr<TimeTick>> WritableLog::Recover() {
  std::vector<RecoveryObserver*> observers = {&switch_finder_};
  for (size_t i = 0; i < chain_->size(); ++i) {
    RecoveryObserver* observer = (*chain_)[i].recovery();
    if (observer != nullptr) observers.push_back(observer);
  }
  replay_ = std::make_unique<Replay>(&log(), wal_, std::move(observers));
  if (stop_opening_) replay_->Stop();
  absl::StatusOr<TimeTick> read = co_await replay_->Run();
  TIDELOG_CO_RETURN_IF_ERROR(read.status());
  const ImmutableMessage& newest = wal_->newest_time_tick();
  const TimeTick newest_tick = newest.has_value() ? newest.time_tick() : TimeTick{0};
  co_return std::max({*read, newest_tick, stored_before_, link().after});
}

Future<absl::Status> WritableLog::AwaitInterceptors() {
  for (size_t i = 0; i < chain_->size(); ++i) {
    Future<absl::Status> ready = (*chain_)[i].Ready();
    const bool in_time = co_await ReadyWithin(&ready, log().options.open_step_limit);
    if (!in_time) {
      co_return OpenHung(absl::StrCat("interceptor ", (*chain_)[i].name(), ", to get ready,"));
    }
    absl::Status status = std::move(ready).Take();
    TIDELOG_CO_RETURN_IF_ERROR(status);
  }
  co_return absl::OkStatus();
}

void WritableLog::BuildAppendPath(TimeTick highest) {
  ticks_ = std::make_unique<TickAllocator>(log().runtime, opener().environment.ticks, highest);
  pacer_->UseTicks(ticks_.get());
  const WriteAheadBuffer::Limits limits{log().options.buffer_bytes_max,
                                        log().options.buffer_age_max};
  if (limits.bytes_max > 0) buffer_ = std::make_unique<WriteAheadBuffer>(limits, wal_->boundary());
  const Submitter::Parts submitter{&log(),           wal_,          ticks_.get(),
                                   &availability(),  transactions_, idempotency_,
                                   wal_->boundary(), buffer_.get(), limits_.chunk_bytes_max};
  submitter_ = std::make_unique<Submitter>(submitter);
  const Appender::Parts appender{&log(),       &entries(),       &availability(),
                                 chain_.get(), submitter_.get(), &limits_};
  appender_ = std::make_unique<Appender>(appender);
  const TickService::Parts ticker{&log(), &entries(), wal_, appender_.get(), submitter_.get()};
  tick_service_ = std::make_unique<TickService>(
      ticker,
      [this] {
        for (const std::shared_ptr<LogScan>& scan : scans()) scan->OnUnstoredTick();
      },
      [this] {
        ControlFlow();
        PublishMetrics();
      });
  availability().Watch([this] { OnLost(); });
  WatchBackend();
}

// It marks the end of the lower terms, covers what they left without a tick, and is where the next
// open begins.
Future<absl::Status> WritableLog::StoreFirstTick() {
  Future<absl::StatusOr<AppendResult>> tick = appender_->AppendTimeTick(/*may_retry=*/false);
  const bool in_time = co_await ReadyWithin(&tick, log().options.open_step_limit);
  if (!in_time) co_return OpenHung("the first time tick");
  absl::StatusOr<AppendResult> stored = std::move(tick).Take();
  co_return stored.status();
}

Detached WritableLog::WatchBackend() {
  Entries::Entry entry(&entries());
  absl::Status reason = co_await wal_->WhenUnavailable();
  availability().Declare(reason);
}

void WritableLog::OnLost() {
  const absl::Status& reason = availability().reason();
  marks_.Close();
  AnswerChangeUnknown(reason);
  submitter_->Stop();
  appender_->Refuse(reason);
  transactions_->OnLost();
  tick_service_->Stop();
  flow_->Stop();
  // Others may append now; and what was on its way may be stored and is not in there.
  if (buffer_ != nullptr) buffer_->Seal();
  PublishTheRest();
  if (GetWalErrorCode(reason) == WalErrorCode::kChannelFenced) {
    log().Report(Event::Kind::kFenced, std::string(reason.message()));
  }
}

// Questions.

Future<absl::StatusOr<Mvcc>> WritableLog::LatestMvcc(std::string vchannel) {
  const std::shared_ptr<ReadableLog> self = shared_from_this();
  Entries::Entry entry(&entries());
  co_await EnterExecutor(executor());
  TIDELOG_CO_RETURN_IF_ERROR(availability().reason());
  // Who was fenced without knowing would give an answer that lacks what the successor has
  // committed.
  absl::StatusOr<walimpls::LogState> checked = co_await wal_->Info();
  TIDELOG_CO_RETURN_IF_ERROR(checked.status());
  co_return submitter_->mvcc().Of(vchannel);
}

void WritableLog::Describe(LogInfo* info) const {
  info->details.emplace("transactions", absl::StrCat(transactions_->open_count(), " open"));
  if (checkpoints_ != nullptr) info->details.emplace("checkpoints", checkpoints_->ToString());
  info->details.emplace("idempotency",
                        absl::StrCat(idempotency_->key_count(), " keys remembered, ",
                                     idempotency_->waiting_count(), " appends waiting"));
  info->flow = flow_->status();
  if (info->flow.state != FlowState::kNormal) info->details.emplace("flow", ToString(info->flow));
  // Truncation leaves what is above in storage (G3), and a position at or above the tick asks for a
  // new one.
  const std::optional<Submitter::Covering>& covering = submitter_->newest_time_tick();
  if (covering) {
    info->details.emplace("replay", absl::StrCat("from ", covering->replay_from.ToString(),
                                                 ", as tick ", ToInt(covering->tick), " says"));
  }
  if (buffer_ != nullptr) {
    const WriteAheadBuffer::Counts& counts = buffer_->counts();
    info->details.emplace("buffer.records", absl::StrCat(buffer_->size()));
    info->details.emplace("buffer.bytes", absl::StrCat(buffer_->bytes()));
    info->details.emplace("buffer.batches", absl::StrCat(counts.batches));
    info->details.emplace("buffer.entered", absl::StrCat(counts.entered));
    info->details.emplace("buffer.left_behind", absl::StrCat(counts.left_behind));
  }
  for (size_t i = 0; i < chain_->size(); ++i) {
    const InterceptorChain::Timing& timing = chain_->timing(i);
    if (timing.count == 0) continue;
    const absl::Duration each = (timing.before + timing.after) / timing.count;
    info->details.emplace(absl::StrCat("interceptor.", (*chain_)[i].name()),
                          absl::StrCat(absl::FormatDuration(each), " an append"));
  }
}

std::optional<Position> WritableLog::acknowledged_tail() const {
  return submitter_->newest()->position;
}

Future<absl::StatusOr<ScanBounds>> WritableLog::Bounds() {
  // Others may have seen the mark of a truncation that is on its way.
  absl::StatusOr<walimpls::LogState> state = co_await wal_->Info();
  if (GetWalErrorCode(state.status()) == WalErrorCode::kUnavailable) co_return state.status();
  if (state.ok()) RaiseMark(state->truncated);
  // What is known here is what is settled, and it stays so when the channel is fenced.
  ScanBounds bounds;
  bounds.mark = mark();
  bounds.tail = submitter_->newest()->position;
  const Submitter::Newest& newest = *submitter_->newest();
  bounds.tail_id = MutantIs(Mutant::kTailInsideRun) ? newest.id : newest.last_id;
  bounds.tail_is_known = availability().reason().ok();
  co_return bounds;
}

void WritableLog::AtReadYield(const ReadOptions& options, ScanPlan* plan) {
  if (!std::holds_alternative<Latest>(options.from)) return;
  plan->start = ticks_->last();
  plan->start_within = channel().term;
}

// Closing (H2).

Future<walimpls::CloseMode> WritableLog::CloseWriter() {
  if (appender_ == nullptr) co_return walimpls::CloseMode::kAbandon;
  tick_service_->Stop();
  appender_->RefuseAllButMembers(ClosedError("append to"));
  if (serving_) co_await DrainTransactions();
  appender_->Refuse(ClosedError("append to"));
  co_await DrainMarks();
  co_await DrainInterceptors();
  co_await DrainAppends();
  if (drained_ && availability().reason().ok()) co_await StoreLastTick();
  RemoveMetrics();
  const bool owes = !drained_ || marks_.taken() || OwesCheckpoints() || !submitter_->newest() ||
                    !availability().reason().ok() || submitter_->has_unknown() || OwesTick() ||
                    appender_->live_count() > 0;
  co_return owes ? walimpls::CloseMode::kAbandon : walimpls::CloseMode::kClean;
}

// Their clients get the time to end them.  What is open then is open in storage, and goes on under
// the next owner (E4): nothing is owed.
Future<Unit> WritableLog::DrainTransactions() {
  if (transactions_->drained()) co_return Unit{};
  Future<Unit> drained = transactions_->WhenDrained();
  (void)co_await ReadyWithin(&drained, log().options.interceptor_close_limit);
  co_return Unit{};
}

Future<Unit> WritableLog::DrainInterceptors() {
  for (size_t i = 0; i < chain_->size(); ++i) {
    Future<Unit> closed = (*chain_)[i].GracefulClose();
    const bool in_time = co_await ReadyWithin(&closed, log().options.interceptor_close_limit);
    if (!in_time) NoteHung(absl::StrCat("interceptor ", (*chain_)[i].name()));
  }
  co_return Unit{};
}

// A change of a checkpoint that is under way would come after the clean mark, and after a new owner
// of the same term has read (A2).
Future<Unit> WritableLog::DrainMarks() {
  marks_.Close();
  const absl::Duration end = executor()->Now() + log().options.close_step_limit;
  // What a lost backend holds its close ends; and then no mark is left.
  while (marks_.taken() && availability().reason().ok()) {
    Future<Unit> left = marks_.WhenLeft();
    const bool in_time = co_await ReadyWithin(&left, end - executor()->Now());
    if (in_time) continue;
    NoteHung("a change of a checkpoint, or a truncation");
    co_return Unit{};
  }
  co_return Unit{};
}

Future<Unit> WritableLog::DrainAppends() {
  // What a broken backend holds its close ends, and nothing else (C2).
  if (GetWalErrorCode(availability().reason()) == WalErrorCode::kInner) co_return Unit{};
  const absl::Duration end = executor()->Now() + log().options.close_step_limit;
  while (appender_->live_count() > 0 && drained_) {
    Future<Unit> ended = appender_->WhenEnded();
    drained_ = co_await ReadyWithin(&ended, end - executor()->Now());
  }
  if (drained_) co_return Unit{};
  NoteHung("appends at the backend");
  appender_->AnswerAllUnknown(
      WalError(WalErrorCode::kOutcomeUnknown,
               absl::StrCat("append to ", ToString(channel()),
                            ": the log was closed after it was handed to storage")));
  co_return Unit{};
}

// Else the next open would find messages that no stored tick covers; or, with a wall clock that was
// set back, write messages below ticks that readers of this term were told and that are not stored
// (D2): after a clean close the same term may be opened again.
bool WritableLog::OwesTick() const {
  if (submitter_->mvcc().has_uncovered()) return true;
  const std::optional<Submitter::Covering>& stored = submitter_->newest_time_tick();
  return stored && tick_service_->unstored().tick > stored->tick;
}

// The next owner settles it by his claim, but only a term of his own keeps what may come late apart
// from what he does (A2).
bool WritableLog::OwesCheckpoints() const {
  return checkpoints_ != nullptr && checkpoints_->has_unsettled();
}

Future<Unit> WritableLog::StoreLastTick() {
  if (!OwesTick() || submitter_->failing() || submitter_->ending()) co_return Unit{};
  Future<absl::StatusOr<AppendResult>> tick = appender_->AppendTimeTick(/*may_retry=*/false);
  drained_ = co_await ReadyWithin(&tick, log().options.close_step_limit);
  if (!drained_) NoteHung("the last time tick");
  co_return Unit{};
}

Future<Unit> WritableLog::FreeWriter() {
  if (replay_ != nullptr) co_await replay_->WhenFree();
  if (chain_ != nullptr) {
    for (size_t i = 0; i < chain_->size(); ++i) (*chain_)[i].Close();
  }
  // Here, and not when the last handle goes: a claim is confined to this executor.
  checkpoints_.reset();
  wal_ = nullptr;
  co_return Unit{};
}

}  // namespace tidelog::adaptor
