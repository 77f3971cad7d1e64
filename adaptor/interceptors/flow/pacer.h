// Pacer: refuses data, or lets it in at a rate, as flow control says (G5).
#ifndef TIDELOG_ADAPTOR_INTERCEPTORS_FLOW_PACER_H_
#define TIDELOG_ADAPTOR_INTERCEPTORS_FLOW_PACER_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "adaptor/interceptors/append_op.h"
#include "adaptor/interceptors/flow/turns.h"
#include "adaptor/interceptors/interceptor.h"
#include "adaptor/interceptors/txn/txn_sessions.h"
#include "adaptor/timetick/tick_allocator.h"
#include "wal/async/executor.h"
#include "wal/flow_control.h"
#include "wal/types.h"

namespace tidelog::adaptor {

// Outside of admission: what waits here takes no room there, so that what controls the log finds
// some.  Inside transactions and idempotency: a commit waits for a body that waits here, and a
// repeat, which writes nothing, does not wait.
//
// What controls the log overtakes data, and members of transactions others (turns.h).  That keeps
// C4, which orders what has returned, and D8, for ticks are allocated behind this.  An append is
// let in as soon as the rate has room for its first byte; the next one waits for its last.  While
// the state is normal the chain passes this by, for one branch an append.
//
// Waiting does not end a transaction: a member waits for no more than half of what is left of the
// lease, or else is refused, and so the client knows in time; the other half is the commit's. Where
// members of it wait already, each of them renews the lease.  When the rate falls that is looked at
// anew.  What has ended all the same takes nothing of the rate.
//
// Confined to the channel's executor.
class Pacer : public Interceptor {
 public:
  struct Limits {
    size_t waiting_count_max;
    size_t waiting_bytes_max;
  };
  // What would have to wait for longer is refused, unless it asked to wait.  A lease bounds the
  // wait of its members though they asked.
  static constexpr absl::Duration kWaitMax = absl::Seconds(10);
  // What was not used of the rate is good for so long.
  static constexpr absl::Duration kBurst = absl::Milliseconds(200);

  struct Counts {
    uint64_t refused = 0;  // Appends.
    uint64_t paced = 0;    // That have waited here.
  };

  // All outlive this.
  Pacer(const PChannel* channel, Executor* executor, const Limits& limits,
        const TxnSessions* transactions);

  // What leases are measured by.  Outlives the last append.  Called before Set().
  void UseTicks(const TickAllocator* ticks) { ticks_ = ticks; }

  // What holds from now on; who waits is let in or refused accordingly.
  void Set(const FlowStatus& status);

  // Of an append that this has let in and that waits further inside, for room: an error if it is
  // refused after all, because data is rejected now.
  absl::Status Judge(const AppendOp& op);

  std::string_view name() const override { return "flow"; }
  Scope scope() const override { return Scope::kUnlessIdle; }
  const bool* idle() const override { return &idle_; }
  Verdict Before(AppendOp& op) override;
  void Withdraw(AppendOp& op) override;
  void After(const AppendOp&) override {}
  void Close() override { executor_.Cancel(&wake_); }

  size_t waiting_count() const { return turns_.count(); }
  size_t waiting_bytes() const { return turns_.bytes(); }
  const Counts& counts() const { return counts_; }

 private:
  struct Wake : Timer {
    Pacer* pacer = nullptr;
  };
  using Lease = std::optional<TxnSessions::Lease>;
  bool MayWait(const AppendOp& op, const Lease& lease, absl::Duration now) const;
  bool FitsLease(const TxnSessions::Lease& lease, absl::Duration wait) const;
  absl::Status Refusal(const AppendOp& op) const;
  // How long `bytes` take at the rate.
  absl::Duration TimeOf(size_t bytes) const;
  void Take(size_t bytes, absl::Duration now);
  // Lets in whose turn has come, and sees to the next.
  void Grant();
  void GrantAll();
  void RefuseAll();
  void RefuseWhatMissesItsLease(absl::Duration now);

  const PChannel& channel_;
  Executor& executor_;
  const Limits limits_;
  const TxnSessions& transactions_;
  const TickAllocator* ticks_ = nullptr;
  FlowStatus status_;
  bool idle_ = true;  // The state is normal.
  // When the next one is let in: behind the last byte of what was.
  absl::Duration free_at_ = -absl::InfiniteDuration();
  Turns turns_;
  Wake wake_;
  Counts counts_;
};

}  // namespace tidelog::adaptor

#endif  // TIDELOG_ADAPTOR_INTERCEPTORS_FLOW_PACER_H_
