// AppendMeter: counts the appends of one log, times some of them, and names those that were slow.
#ifndef TIDELOG_ADAPTOR_APPEND_APPEND_METER_H_
#define TIDELOG_ADAPTOR_APPEND_APPEND_METER_H_

#include <cstdint>

#include "absl/time/time.h"
#include "adaptor/append/append_run.h"
#include "adaptor/append/submitter.h"
#include "adaptor/interceptors/interceptor_chain.h"
#include "adaptor/log/log_context.h"
#include "adaptor/metrics/latency_histogram.h"

namespace tidelog::adaptor {

// Confined to the channel's executor.
//
// An append that neither waits nor is sampled costs a comparison with the submitter's last reading
// of the clock, and no reading of its own: that would be a tenth of the append.
class AppendMeter {
 public:
  struct Counts {
    uint64_t not_done = 0;  // Messages.
    uint64_t unknown = 0;
    uint64_t slow = 0;            // Appends.
    LatencyHistogram append;      // Of those that were sampled and are done, from the call on ...
    LatencyHistogram at_backend;  // ... and from the hand-over on.
  };

  // All outlive this.
  AppendMeter(const LogContext* log, InterceptorChain* chain, const Submitter* submitter)
      : log_(*log),
        chain_(*chain),
        submitter_(*submitter),
        in_doubt_(log->options.slow_append_limit - log->options.tick_interval) {}

  // `run` has come to its end, whatever became of it.
  void OnEnd(const AppendRun& run, bool sampled) {
    if (run.op().done_count() != run.op().count()) [[unlikely]] {
      CountUndone(run);
    }
    if (sampled) [[unlikely]] {
      TakeSample(run);
    }
    // The last reading is no older than a tick interval.  Only comparisons are cheap: sums and
    // differences of durations are calls.
    if (submitter_.last_reading() != reading_) {
      reading_ = submitter_.last_reading();
      doubtful_ = reading_ - in_doubt_;
    }
    const bool waited = run.times.in_interceptors != absl::ZeroDuration() ||
                        run.times.in_queue != absl::ZeroDuration();
    if (waited || run.times.first_handed_over_at <= doubtful_) [[unlikely]] {
      LookAtTime(run);
    }
  }

  const Counts& counts() const { return counts_; }

 private:
  void CountUndone(const AppendRun& run);
  void TakeSample(const AppendRun& run);
  void LookAtTime(const AppendRun& run);
  void Report(const AppendRun& run, absl::Duration total, absl::Duration at_backend);

  const LogContext& log_;
  InterceptorChain& chain_;
  const Submitter& submitter_;
  const absl::Duration in_doubt_;
  absl::Duration reading_ = -absl::InfiniteDuration();  // The last one that was looked at ...
  absl::Duration doubtful_;  // ... and when what was handed over then may be slow by now.
  Counts counts_;
  // Of slow appends: when one was told last, and how many were not since.
  absl::Duration told_ = -absl::InfiniteDuration();
  uint64_t untold_ = 0;
};

}  // namespace tidelog::adaptor

#endif  // TIDELOG_ADAPTOR_APPEND_APPEND_METER_H_
