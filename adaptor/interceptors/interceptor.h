// Interceptor: wraps every append of a channel (C6).  InterceptorBuilder: makes one a channel.
//
//   class Quota : public Interceptor {
//     Verdict Before(AppendOp& op) override {
//       if (left_ < op.count()) return Verdict::Stop(WalError(WalErrorCode::kRateLimitRejected,
//       ...)); left_ -= op.count(); return Verdict::Go();
//     }
//     void After(const AppendOp& op) override { left_ += op.count() - op.done_count(); }
//   };
//
// One coroutine carries the append through all of them: hooks, not nested coroutines, so that an
// interceptor costs two virtual calls.  required_property/ is an example.
#ifndef TIDELOG_ADAPTOR_INTERCEPTORS_INTERCEPTOR_H_
#define TIDELOG_ADAPTOR_INTERCEPTORS_INTERCEPTOR_H_

#include <memory>
#include <optional>
#include <string_view>
#include <utility>

#include "absl/log/check.h"
#include "absl/status/status.h"
#include "adaptor/interceptors/append_op.h"
#include "adaptor/recovery/recovery_observer.h"
#include "wal/async/executor.h"
#include "wal/async/future.h"
#include "wal/async/runtime.h"
#include "wal/types.h"

namespace tidelog::adaptor {

// What becomes of an append after Before().
class [[nodiscard]] Verdict {
 public:
  // On to the next interceptor.
  static Verdict Go() { return Verdict(absl::OkStatus()); }
  // The append ends with `status`, not done.  Requires: an error whose effect is "not done".
  static Verdict Stop(absl::Status status) {
    CHECK(!status.ok());
    return Verdict(std::move(status));
  }
  // The append ends done: AppendOp::AnswerRepeats() has left nothing of it.  No After().
  static Verdict Done() { return Verdict(MakeReadyFuture(absl::OkStatus())); }
  // The append waits: OK is Go(), or Done() if nothing of it is left; an error is Stop().
  static Verdict Wait(Future<absl::Status> until) { return Verdict(std::move(until)); }
  // As Wait(), but OK begins the append anew: for who needs what can only come through this log,
  // and would keep it out by waiting with the locks, and with room among the appends in flight.
  // From `admission` to this one all let go of the append at once, in After(), and see it again in
  // Before(); its tick will be a fresh one anyway.  No more appends wait so than may be in flight.
  // Requires: not ready yet, or the append would begin anew for ever.
  static Verdict Redo(Future<absl::Status> until) {
    CHECK(!until.ready()) << "an append is to begin anew, and nothing is to happen before";
    Verdict verdict(std::move(until));
    verdict.redoes_ = true;
    return verdict;
  }

  // True of Go().
  bool goes_on() const { return !until_ && status_.ok(); }
  // The future to wait for; null if there is none.
  Future<absl::Status>* until() { return until_ ? &*until_ : nullptr; }
  // True of Redo().
  bool redoes() const { return redoes_; }
  // Requires: nothing to wait for.
  const absl::Status& status() const { return status_; }

 private:
  explicit Verdict(absl::Status status) : status_(std::move(status)) {}
  explicit Verdict(Future<absl::Status> until) : until_(std::move(until)) {}

  absl::Status status_;
  std::optional<Future<absl::Status>> until_;
  bool redoes_ = false;
};

// Confined to the channel's executor: no method is called from another, and no lock is needed.
// The log's own time ticks do not pass interceptors.
//
// Lifetime: its log makes it at open and destroys it after Close().
class Interceptor {
 public:
  virtual ~Interceptor() = default;

  // For logs and metrics.  Constant.
  virtual std::string_view name() const = 0;

  // Ready when appends may come.  The open waits for it, for a bounded time, and fails with its
  // error.  Called once, after the replay.
  virtual Future<absl::Status> Ready() { return MakeReadyFuture(absl::OkStatus()); }

  // What is fed with the replay, before Ready(); null: nothing.
  virtual RecoveryObserver* recovery() { return nullptr; }

  // Which appends it wraps; the others pass it by.  Constant.
  enum class Scope {
    kAll,
    kTransactions,     // Those of which something is in a transaction.
    kIdempotencyKeys,  // Those of which something has an idempotency key.
    // All, unless *idle() is true when they come to it.  Then After() may be called without
    // Before(), or left out: so it must do nothing.
    kUnlessIdle,
  };
  virtual Scope scope() const { return Scope::kAll; }
  // Of kUnlessIdle: lives as long as this.
  virtual const bool* idle() const { return nullptr; }

  // On the way down, outermost interceptor first.  It may change messages, but not what those
  // around have acted on (AppendOp::message()).
  virtual Verdict Before(AppendOp& op) = 0;

  // `op`, which waits for what Before() returned, is not wanted any more: its deadline came, or the
  // log was fenced or is closing.  Makes that future ready soon; with an error, or the append is
  // taken back all the same.  No-op if it is ready already.
  virtual void Withdraw(AppendOp& op) { (void)op; }

  // On the way back, innermost first, once for each Go() that this said: whatever became of the
  // append, and also if it never reached the backend, or begins anew.  It cannot fail: what is
  // stored is stored.
  virtual void After(const AppendOp& op) = 0;

  // The log closes: refuse what can be refused, and be ready when what takes several appends (a
  // transaction) has come to its end.  Appends may still come.  The log waits for a bounded time,
  // outermost first.
  virtual Future<Unit> GracefulClose() { return MakeReadyFuture(Unit{}); }

  // The last call.  Outermost first.
  virtual void Close() {}
};

// What an interceptor may use.  All of it outlives the interceptor.
struct InterceptorContext {
  const PChannel* channel;
  Runtime* runtime;
  Executor* executor;
};

// Safe from any thread.  Handed in at MakeOpenerBuilder() (adaptor/opener_builder.h).
class InterceptorBuilder {
 public:
  virtual ~InterceptorBuilder() = default;

  // One for a channel that is being opened for writing.
  virtual std::unique_ptr<Interceptor> Build(const InterceptorContext& context) = 0;
};

}  // namespace tidelog::adaptor

#endif  // TIDELOG_ADAPTOR_INTERCEPTORS_INTERCEPTOR_H_
