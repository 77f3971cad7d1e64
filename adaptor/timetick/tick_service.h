// TickService: emits the time ticks of one log (D5).
#ifndef TIDELOG_ADAPTOR_TIMETICK_TICK_SERVICE_H_
#define TIDELOG_ADAPTOR_TIMETICK_TICK_SERVICE_H_

#include <cstdint>

#include "absl/functional/any_invocable.h"
#include "absl/time/time.h"
#include "adaptor/append/appender.h"
#include "adaptor/append/submitter.h"
#include "adaptor/async/detached.h"
#include "adaptor/async/entries.h"
#include "adaptor/log/log_context.h"
#include "adaptor/timetick/unstored_tick.h"
#include "wal/async/executor.h"
#include "walimpls/wal.h"

namespace tidelog::adaptor {

// Every interval: a stored TimeTick if something was stored since the last one, or a transaction's
// lease has run out, or flow control asked for one that makes the log forget; else, if nothing is
// at the backend, one that only readers of this process are told of.  So an idle log writes
// nothing. Confined to the channel's executor.
class TickService : private Timer {
 public:
  // All outlive this.
  struct Parts {
    const LogContext* log;
    Entries* entries;
    walimpls::WalImpls* backend;
    Appender* appender;
    Submitter* submitter;
  };
  // `on_unstored` is called after unstored() has changed, `on_tick` at the end of each interval.
  TickService(const Parts& parts, absl::AnyInvocable<void()> on_unstored,
              absl::AnyInvocable<void()> on_tick);

  // Requires: called once.
  void Start();
  // No further tick is begun.  Idempotent.
  void Stop();

  // True: idempotency keys whose time has passed ask for a stored TimeTick as well.  Which keys are
  // remembered follows from what is stored (G4), so what they hold of a log that lets nothing in,
  // because of just that, would never be free again (G5).
  void set_forgets(bool forgets) { forgets_ = forgets; }

  const UnstoredTick& unstored() const { return unstored_; }
  uint64_t unstored_count() const { return unstored_count_; }

 private:
  void Emit();
  bool WouldEndSomething(TimeTick tick) const;
  bool NothingUnderWay() const;
  Detached Store();
  void ReportSlowAppend();
  // At the multiples of the interval, so that the ticks of all channels share a wake-up.
  void Arm();

  const Parts parts_;
  absl::AnyInvocable<void()> on_unstored_;
  absl::AnyInvocable<void()> on_tick_;
  UnstoredTick unstored_;
  uint64_t unstored_count_ = 0;
  bool forgets_ = false;
  bool stopped_ = false;
  bool storing_ = false;
};

}  // namespace tidelog::adaptor

#endif  // TIDELOG_ADAPTOR_TIMETICK_TICK_SERVICE_H_
