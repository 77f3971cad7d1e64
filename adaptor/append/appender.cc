#include "adaptor/append/appender.h"

#include <cstddef>
#include <optional>
#include <span>
#include <string_view>
#include <utility>

#include "absl/strings/str_cat.h"
#include "adaptor/append/append_tracing.h"
#include "adaptor/append/appendable.h"
#include "wal/async/coroutine.h"
#include "wal/base/mutant.h"
#include "wal/base/status_macros.h"
#include "wal/message/message_factory.h"
#include "wal/status.h"

namespace tidelog::adaptor {
namespace {

using Phase = AppendRun::Phase;

// On the executor's clock; it is read only for who set a timeout.
absl::Duration DeadlineOf(const AppendOptions& options, const Executor& executor) {
  if (options.timeout == absl::InfiniteDuration()) return absl::InfiniteDuration();
  return executor.Now() + options.timeout;
}

// Whether it can only bring open transactions on.
bool OnlyMembers(const AppendOp& op) {
  for (size_t i = 0; i < op.count(); ++i) {
    const RecordView record = op.record(i);
    const bool is_member =
        (record.flags() & kHasTxn) != 0 && record.type() != MessageType::kBeginTxn;
    if (!is_member) return false;
  }
  return true;
}

}  // namespace

Future<absl::StatusOr<AppendResult>> Appender::Append(MutableMessage message,
                                                      AppendOptions options) {
  AppendRun::SingleReply reply("an append");
  Future<absl::StatusOr<AppendResult>> future = reply.future();
  AppendRun::Request request{std::span(&message, 1), options,
                             DeadlineOf(options, *parts_.log->strand), /*may_retry=*/true,
                             std::move(reply)};
  Run(&request);
  return future;
}

Future<BatchResult> Appender::AppendBatch(std::vector<MutableMessage> messages,
                                          AppendOptions options) {
  AppendRun::BatchReply reply("a batch of appends");
  Future<BatchResult> future = reply.future();
  if (messages.empty()) {
    reply.Set(BatchResult{});
    return future;
  }
  AppendRun::Request request{messages, options, DeadlineOf(options, *parts_.log->strand),
                             /*may_retry=*/true, std::move(reply)};
  Run(&request);
  return future;
}

Future<absl::StatusOr<AppendResult>> Appender::AppendTimeTick(bool may_retry) {
  AppendRun::SingleReply reply("a time tick");
  Future<absl::StatusOr<AppendResult>> future = reply.future();
  MutableMessage message = MessageFactory::StoredTimeTick();
  AppendRun::Request request{std::span(&message, 1), AppendOptions(), absl::InfiniteDuration(),
                             may_retry, std::move(reply)};
  RunTimeTick(&request);
  return future;
}

Detached Appender::Run(AppendRun::Request* request) {
  Entries::Entry entry(parts_.entries);
  AppendRun run(request);
  co_await EnterExecutor(parts_.log->strand);

  InterceptorChain& chain = *parts_.chain;
  const bool traced = parts_.log->tracer != nullptr && IsTraced(run.op());
  const bool timed = chain.Sample() || traced;
  if (timed) [[unlikely]] {
    run.times.began = parts_.log->strand->Now();
  }
  absl::Status go = Begin(run);
  while (go.ok() && run.passed < chain.size()) {
    Verdict verdict = chain.Before(&run.passed, run.op(), timed);
    if (verdict.until() == nullptr) {
      go = verdict.status();
      break;
    }
    run.times.waited_in = run.passed;
    const bool redoes = verdict.redoes();
    if (redoes) {
      go = BeginRedo(run, timed);
      if (!go.ok()) break;
    }
    run.phase = Phase::kWaitingInInterceptor;
    const absl::Duration since = parts_.log->strand->Now();
    go = co_await std::move(*verdict.until());
    run.times.in_interceptors += parts_.log->strand->Now() - since;
    if (redoes) EndRedo(run);
    run.phase = Phase::kRunning;
    if (!go.ok() || run.op().count() == 0) break;
    if (!redoes) ++run.passed;
    go = StillWanted(run);  // The wait may have been long.
  }
  if (go.ok()) run.op().CheckIdentities(parts_.log->channel);
  while (go.ok() && run.op().count() > 0) {
    run.phase = Phase::kWaitingForTurn;
    while (!parts_.submitter->MayGo(run) && StillWanted(run).ok()) {
      const absl::Duration since = parts_.log->strand->Now();
      co_await parts_.submitter->WaitTurn(run);
      if (run.times.attempts == 0) run.times.in_queue += parts_.log->strand->Now() - since;
    }
    go = StillWanted(run);
    if (!go.ok()) break;
    if (timed) [[unlikely]] {
      parts_.submitter->RefreshClock();
    }
    // One step, without an await: the tick's order is the log's (D8).
    run.phase = Phase::kAtBackend;
    go = parts_.submitter->HandOver(run);
    if (!go.ok()) break;
    for (size_t i = 0; i < run.groups.size(); ++i) {
      absl::StatusOr<walimpls::Ids> ids = co_await std::move(run.groups[i].ids);
      parts_.submitter->Settle(run, i, ids);
    }
    if (!parts_.submitter->WantsRetry(run)) break;
  }
  End(run, go, timed);
  meter_.OnEnd(run, timed);
  if (traced) [[unlikely]] {
    TellTracer(*parts_.log, chain, run);
  }
  entry.Leave();
  run.Answer();
}

Detached Appender::RunTimeTick(AppendRun::Request* request) {
  Entries::Entry entry(parts_.entries);
  AppendRun run(request);
  live_.PushBack(run);
  absl::Status go = StillWanted(run);
  while (go.ok()) {
    run.phase = Phase::kWaitingForTurn;
    while (!parts_.submitter->MayGo(run) && StillWanted(run).ok()) {
      co_await parts_.submitter->WaitTurn(run);
    }
    go = StillWanted(run);
    if (!go.ok()) break;
    run.phase = Phase::kAtBackend;
    go = parts_.submitter->HandOver(run);
    if (!go.ok()) break;
    absl::StatusOr<walimpls::Ids> ids = co_await std::move(run.groups[0].ids);
    parts_.submitter->Settle(run, 0, ids);
    if (!parts_.submitter->WantsRetry(run)) break;
  }
  End(run, go, /*timed=*/false);
  entry.Leave();
  run.Answer();
}

absl::Status Appender::Begin(AppendRun& run) {
  live_.PushBack(run);
  TIDELOG_RETURN_IF_ERROR(parts_.availability->reason());
  TIDELOG_RETURN_IF_ERROR(refusal_);
  for (size_t i = 0; i < run.op().count(); ++i) {
    const RecordView record = run.record(i);
    TIDELOG_RETURN_IF_ERROR(CheckAppendable(parts_.log->channel, *parts_.limits, record));
    if (run.op().count() > 1) {
      TIDELOG_RETURN_IF_ERROR(CheckInBatch(parts_.log->channel, record));
    }
    const std::optional<TimeTick> barrier = record.barrier_time_tick();
    if (barrier) TIDELOG_RETURN_IF_ERROR(parts_.submitter->ticks().CheckBarrier(*barrier));
  }
  ArmDeadline(run);
  return StillWanted(run);
}

absl::Status Appender::StillWanted(const AppendRun& run) const {
  if (!run.withdrawn.ok()) return run.withdrawn;
  // The last tick of a log comes when nothing else is taken any more.
  if (!refusal_.ok() && run.may_retry) return refusal_;
  if (!draining_.ok() && run.may_retry && !OnlyMembers(run.op())) return draining_;
  return parts_.availability->reason();
}

void Appender::End(AppendRun& run, const absl::Status& go, bool timed) {
  run.phase = Phase::kRunning;
  if (!go.ok()) {
    run.ForgetStatus();
    run.SetStatus(go);
  }
  parts_.submitter->LeaveTurn(run);
  GoBack(run, 0, timed);
  parts_.log->strand->Cancel(&run.deadline_timer);
  live_.Remove(run);
  if (ended_.count() > 0) ended_.NotifyAll();
}

void Appender::GoBack(AppendRun& run, size_t to, bool timed) {
  while (run.passed > to) parts_.chain->After(--run.passed, run.op(), timed);
}

// With the locks, and without the room that it has taken: what it waits for has to come through
// here, and may find no other.  So who did not ask to wait is counted here instead (C5).
absl::Status Appender::BeginRedo(AppendRun& run, bool timed) {
  const LogOptions& options = parts_.log->options;
  GoBack(run, parts_.chain->redo_from(), timed);
  redoing_count_ += run.op().count();
  redoing_bytes_ += run.op().bytes();
  const bool is_only_one = redoing_count_ == run.op().count();
  const bool fits = redoing_count_ <= options.in_flight_count_max &&
                    redoing_bytes_ <= options.in_flight_bytes_max;
  if (is_only_one || fits || run.op().wait_when_full()) return absl::OkStatus();
  EndRedo(run);
  return WalError(
      WalErrorCode::kResourceExhausted,
      absl::StrCat("append ", run.op().bytes(), " bytes to ", ToString(parts_.log->channel),
                   ": interceptor ", (*parts_.chain)[run.times.waited_in].name(), " lets ",
                   redoing_count_,
                   " messages begin anew later, and no more: try "
                   "again, or set wait_when_full"));
}

void Appender::EndRedo(const AppendRun& run) {
  redoing_count_ -= run.op().count();
  redoing_bytes_ -= run.op().bytes();
}

void Appender::ArmDeadline(AppendRun& run) {
  if (run.deadline == absl::InfiniteDuration()) return;
  run.deadline_timer.appender = this;
  run.deadline_timer.fire = [](Timer* timer) {
    auto* deadline = static_cast<AppendRun::Deadline*>(timer);
    deadline->appender->OnDeadline(*deadline->run);
  };
  // Already past: it never waited, but it is too late all the same.
  if (run.deadline <= parts_.log->strand->Now()) return OnDeadline(run);
  parts_.log->strand->PostAt(&run.deadline_timer, run.deadline);
}

void Appender::OnDeadline(AppendRun& run) {
  const std::string_view channel = parts_.log->channel.name;
  if (run.phase == Phase::kAtBackend) {
    const bool unknown = !MutantIs(Mutant::kDeadlineToldNotDone);
    run.AnswerEarly(
        WalError(unknown ? WalErrorCode::kOutcomeUnknown : WalErrorCode::kDeadlineExceeded,
                 absl::StrCat("append to ", channel, " at tick ", ToInt(run.first_tick),
                              ": the timeout ran out after it was handed to storage")));
    return;
  }
  if (!run.op().status().ok()) {
    Withdraw(run, WalErrorFrom(WalErrorCode::kUnavailable,
                               absl::StrCat("append to ", channel,
                                            ": the timeout ran out while storage went on failing"),
                               run.op().status()));
    return;
  }
  Withdraw(run, WalError(WalErrorCode::kDeadlineExceeded,
                         absl::StrCat("append to ", channel,
                                      ": the timeout ran out before it was handed to storage")));
}

void Appender::Withdraw(AppendRun& run, const absl::Status& reason) {
  if (!run.withdrawn.ok()) return;
  run.withdrawn = reason;
  run.AnswerEarly(reason);
  if (run.phase == Phase::kWaitingInInterceptor)
    (*parts_.chain)[run.times.waited_in].Withdraw(run.op());
  if (run.phase == Phase::kWaitingForTurn) parts_.submitter->Withdraw(run);
}

void Appender::Refuse(const absl::Status& reason) {
  if (refusal_.ok()) refusal_ = reason;
  WithdrawUnwanted(reason);
}

void Appender::RefuseAllButMembers(const absl::Status& reason) {
  if (draining_.ok()) draining_ = reason;
  WithdrawUnwanted(reason);
}

void Appender::WithdrawUnwanted(const absl::Status& reason) {
  // Nothing leaves the list meanwhile: who is woken runs in a job of its own.
  for (AppendRun* run = live_.first(); run != nullptr;
       run = IntrusiveList<AppendRun, LiveTag>::after(*run)) {
    if (run->phase == Phase::kAtBackend) continue;
    if (refusal_.ok() && OnlyMembers(run->op())) continue;
    Withdraw(*run, reason);
  }
}

void Appender::AnswerAllUnknown(const absl::Status& reason) {
  for (AppendRun* run = live_.first(); run != nullptr;
       run = IntrusiveList<AppendRun, LiveTag>::after(*run)) {
    if (run->phase == Phase::kAtBackend) run->AnswerEarly(reason);
  }
}

}  // namespace tidelog::adaptor
