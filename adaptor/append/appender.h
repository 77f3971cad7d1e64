// Appender: the append path of one log, from the call to the answer.
#ifndef TIDELOG_ADAPTOR_APPEND_APPENDER_H_
#define TIDELOG_ADAPTOR_APPEND_APPENDER_H_

#include <cstddef>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "adaptor/append/append_meter.h"
#include "adaptor/append/append_run.h"
#include "adaptor/append/submitter.h"
#include "adaptor/async/detached.h"
#include "adaptor/async/entries.h"
#include "adaptor/async/intrusive_list.h"
#include "adaptor/interceptors/interceptor_chain.h"
#include "adaptor/log/availability.h"
#include "adaptor/log/log_context.h"
#include "wal/async/future.h"
#include "wal/async/signal.h"
#include "wal/message/message.h"
#include "wal/wal.h"

namespace tidelog::adaptor {

// One coroutine an append: admission and the other interceptors' hooks, the hand-over, the hooks
// back.  An append allocates two pooled blocks, its frame and its answer.
class Appender {
 public:
  // All outlive this.
  struct Parts {
    const LogContext* log;
    Entries* entries;
    const Availability* availability;
    InterceptorChain* chain;
    Submitter* submitter;
    const AppendLimits* limits;
  };
  explicit Appender(const Parts& parts)
      : parts_(parts), meter_(parts.log, parts.chain, parts.submitter) {}

  // As Wal::Append() and Wal::AppendBatch().  Safe from any thread.
  Future<absl::StatusOr<AppendResult>> Append(MutableMessage message, AppendOptions options);
  Future<BatchResult> AppendBatch(std::vector<MutableMessage> messages, AppendOptions options);

  // Stores a TimeTick, past the interceptors (D5); with one attempt, or until it is stored or the
  // log is lost.  Requires: on the executor.
  Future<absl::StatusOr<AppendResult>> AppendTimeTick(bool may_retry);

  // Takes no more appends but the log's own ticks, and ends those that are not at the backend with
  // `reason`, not done.
  void Refuse(const absl::Status& reason);
  // As Refuse(), but for the bodies, commits and rollbacks of transactions (H2).
  void RefuseAllButMembers(const absl::Status& reason);
  // Tells the callers of all others that nobody knows (C2).
  void AnswerAllUnknown(const absl::Status& reason);

  // Appends that have not ended, those whose callers have their answer included.
  size_t live_count() const { return live_.size(); }
  // Ready when one has ended.
  Future<Unit> WhenEnded() { return ended_.Wait(); }

  const AppendMeter::Counts& counts() const { return meter_.counts(); }

 private:
  // `request` lives until the coroutine first waits.
  Detached Run(AppendRun::Request* request);
  Detached RunTimeTick(AppendRun::Request* request);

  // Takes a run in, or says why not.
  absl::Status Begin(AppendRun& run);
  // Why `run` must not go on; OK: it may.
  absl::Status StillWanted(const AppendRun& run) const;
  // Whatever became of it: `go` says why it was not handed over, if so.
  void End(AppendRun& run, const absl::Status& go, bool timed);

  // Out of the interceptors, to the one at `to`.
  void GoBack(AppendRun& run, size_t to, bool timed);

  // While `run` waits to begin anew.  kResourceExhausted: too many do.
  absl::Status BeginRedo(AppendRun& run, bool timed);
  void EndRedo(const AppendRun& run);

  void ArmDeadline(AppendRun& run);
  void OnDeadline(AppendRun& run);
  void Withdraw(AppendRun& run, const absl::Status& reason);
  // All that is not at the backend and not taken any more.
  void WithdrawUnwanted(const absl::Status& reason);

  const Parts parts_;
  AppendMeter meter_;
  absl::Status refusal_;   // OK: appends are taken ...
  absl::Status draining_;  // ... OK: and not members of transactions only.
  IntrusiveList<AppendRun, LiveTag> live_;
  size_t redoing_count_ = 0;  // Messages that wait to begin anew ...
  size_t redoing_bytes_ = 0;  // ... and their size.
  Signal ended_;
};

}  // namespace tidelog::adaptor

#endif  // TIDELOG_ADAPTOR_APPEND_APPENDER_H_
