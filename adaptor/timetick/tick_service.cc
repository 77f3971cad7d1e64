#include "adaptor/timetick/tick_service.h"

#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "wal/base/mutant.h"
#include "wal/observer.h"

namespace tidelog::adaptor {

TickService::TickService(const Parts& parts, absl::AnyInvocable<void()> on_unstored,
                         absl::AnyInvocable<void()> on_tick)
    : parts_(parts), on_unstored_(std::move(on_unstored)), on_tick_(std::move(on_tick)) {
  fire = [](Timer* timer) { static_cast<TickService*>(timer)->Emit(); };
}

void TickService::Start() { Arm(); }

void TickService::Stop() {
  stopped_ = true;
  if (MutantIs(Mutant::kCloseLeavesTicking)) return;
  parts_.log->strand->Cancel(this);
}

void TickService::Arm() {
  const absl::Duration interval = parts_.log->options.tick_interval;
  const absl::Duration now = parts_.log->strand->Now();
  parts_.log->strand->PostAt(this, absl::Floor(now, interval) + interval);
}

bool TickService::NothingUnderWay() const {
  if (MutantIs(Mutant::kTickPassesAppend)) return true;
  // What a fence has ended as unknown may be there, and be read.
  return parts_.submitter->oldest_outstanding() == nullptr && !parts_.submitter->has_unknown();
}

bool TickService::WouldEndSomething(TimeTick tick) const {
  // For readers, too, a transaction ends by what is stored, and by nothing else (E6).
  if (parts_.submitter->HasExpiredAt(tick)) return true;
  return forgets_ && parts_.submitter->HasForgottenAt(tick);
}

void TickService::Emit() {
  parts_.submitter->RefreshClock();
  parts_.backend->OnTick();
  ReportSlowAppend();
  if (parts_.submitter->mvcc().has_uncovered()) {
    // Never two at once: a backend that hangs must not gather ticks.
    if (!storing_) Store();
  } else if (NothingUnderWay() && parts_.submitter->newest()) {
    // Nothing with a smaller tick is on its way.  What waits to be tried again has no tick.
    const absl::Duration now = parts_.log->strand->Now();
    const TimeTick tick = parts_.submitter->ticks().Allocate(TimeTick{0}, now);
    if (WouldEndSomething(tick)) {
      if (!storing_) Store();
    } else {
      unstored_ = {tick, parts_.submitter->newest()->last_id};
      ++unstored_count_;
      on_unstored_();
    }
  }
  on_tick_();
  if (!stopped_) Arm();
}

Detached TickService::Store() {
  Entries::Entry entry(parts_.entries);
  storing_ = true;
  // If it fails, the next interval tries again: what it would have covered is still uncovered.
  (void)co_await parts_.appender->AppendTimeTick(/*may_retry=*/false);
  storing_ = false;
}

void TickService::ReportSlowAppend() {
  AppendRun* run = parts_.submitter->oldest_outstanding();
  if (run == nullptr || run->reported_slow) return;
  const absl::Duration age = parts_.log->strand->Now() - run->handed_over_at;
  if (age < parts_.log->options.slow_append_limit) return;
  run->reported_slow = true;
  parts_.log->Report(Event::Kind::kSlowAppend,
                     absl::StrCat("the append to ", ToString(parts_.log->channel), " at tick ",
                                  ToInt(run->first_tick), " has been at the backend for ",
                                  absl::FormatDuration(age), ", and the time tick waits for it"));
}

}  // namespace tidelog::adaptor
