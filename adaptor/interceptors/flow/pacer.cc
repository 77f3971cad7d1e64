#include "adaptor/interceptors/flow/pacer.h"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string_view>
#include <utility>

#include "absl/strings/str_cat.h"
#include "wal/base/mutant.h"
#include "wal/status.h"

namespace tidelog::adaptor {
namespace {

bool IsData(const AppendOp& op) {
  if (MutantIs(Mutant::kControlRefused)) return true;
  for (size_t i = 0; i < op.count(); ++i) {
    if (IsFlowControlled(op.record(i).type())) return true;
  }
  return false;
}

}  // namespace

Pacer::Pacer(const PChannel* channel, Executor* executor, const Limits& limits,
             const TxnSessions* transactions)
    : channel_(*channel), executor_(*executor), limits_(limits), transactions_(*transactions) {
  wake_.pacer = this;
  wake_.fire = [](Timer* timer) { static_cast<Wake*>(timer)->pacer->Grant(); };
}

absl::Duration Pacer::TimeOf(size_t bytes) const {
  return absl::Seconds(static_cast<int64_t>(bytes)) / static_cast<int64_t>(status_.rate);
}

void Pacer::Take(size_t bytes, absl::Duration now) {
  free_at_ = std::max(free_at_, now - kBurst) + TimeOf(bytes);
}

bool Pacer::MayWait(const AppendOp& op, const Lease& lease, absl::Duration now) const {
  const absl::Duration wait = free_at_ - now + TimeOf(turns_.BytesAhead(lease.has_value()));
  if (lease && !FitsLease(*lease, wait)) return false;
  if (op.wait_when_full()) return true;
  if (turns_.count() >= limits_.waiting_count_max) return false;
  const bool fits = turns_.empty() || turns_.bytes() + op.bytes() <= limits_.waiting_bytes_max;
  return fits && wait <= kWaitMax;
}

bool Pacer::FitsLease(const TxnSessions::Lease& lease, absl::Duration wait) const {
  const std::optional<size_t> behind = turns_.BytesBehind(lease.txn);
  if (behind) return TimeOf(*behind) <= lease.duration / 2;
  const uint64_t now_ms = PhysicalMs(ticks_->Present());
  const uint64_t end_ms = std::max(PhysicalMs(lease.expiry), now_ms);
  return wait <= absl::Milliseconds(static_cast<int64_t>(end_ms - now_ms)) / 2;
}

absl::Status Pacer::Refusal(const AppendOp& op) const {
  std::string_view what = "data is rejected";
  std::string_view way_out = "back off";
  if (status_.state != FlowState::kRejecting && op.in_transaction()) {
    what = "data is slowed down, and it would wait for too long, or for too much of a lease";
    way_out = "back off, and append it again or roll the transaction back";
  } else if (status_.state != FlowState::kRejecting) {
    what = "data is slowed down, and too much waits";
    way_out = "back off, or set wait_when_full";
  }
  return WalError(WalErrorCode::kRateLimitRejected,
                  absl::StrCat("append ", op.bytes(), " bytes to ", ToString(channel_), ": ", what,
                               ", because of the ", status_.source, ": ", way_out));
}

absl::Status Pacer::Judge(const AppendOp& op) {
  if (status_.state != FlowState::kRejecting || !IsData(op)) return absl::OkStatus();
  ++counts_.refused;
  return Refusal(op);
}

Verdict Pacer::Before(AppendOp& op) {
  if (!IsData(op)) return Verdict::Go();
  if (status_.state == FlowState::kRejecting) return Verdict::Stop(Judge(op));
  const absl::Duration now = executor_.Now();
  if (turns_.empty() && free_at_ <= now) {
    Take(op.bytes(), now);
    return Verdict::Go();
  }
  const Lease lease = op.in_transaction() ? transactions_.LeaseOf(op) : std::nullopt;
  if (!MayWait(op, lease, now)) {
    ++counts_.refused;
    return Verdict::Stop(Refusal(op));
  }
  ++counts_.paced;
  Promise<absl::Status> promise("its turn at the rate of flow control");
  Future<absl::Status> future = promise.future();
  std::optional<TimeTick> txn;
  if (lease) txn = lease->txn;
  turns_.Push({&op, op.bytes(), txn, std::move(promise)});
  if (!wake_.armed()) executor_.PostAt(&wake_, free_at_);
  return Verdict::Wait(std::move(future));
}

void Pacer::Withdraw(AppendOp& op) {
  std::optional<Turns::Waiting> waiting = turns_.Remove(op);
  if (!waiting) return;
  if (MutantIs(Mutant::kPacerForgetsWaiter)) {
    turns_.Push(std::move(*waiting));
    return executor_.Cancel(&wake_);
  }
  waiting->promise.Set(
      WalError(WalErrorCode::kDeadlineExceeded, "withdrawn while it waited for its turn"));
  if (turns_.empty()) executor_.Cancel(&wake_);
}

void Pacer::Grant() {
  const absl::Duration now = executor_.Now();
  while (!turns_.empty() && free_at_ <= now) {
    Turns::Waiting next = turns_.Pop();
    absl::Status open = transactions_.CheckOpen(*next.op);
    if (open.ok()) Take(next.bytes, now);
    next.promise.Set(std::move(open));
  }
  if (!turns_.empty()) executor_.PostAt(&wake_, free_at_);
}

void Pacer::GrantAll() {
  while (!turns_.empty()) turns_.Pop().promise.Set(absl::OkStatus());
}

void Pacer::RefuseAll() {
  counts_.refused += turns_.count();
  while (!turns_.empty()) {
    Turns::Waiting next = turns_.Pop();
    next.promise.Set(Refusal(*next.op));
  }
}

void Pacer::RefuseWhatMissesItsLease(absl::Duration now) {
  Turns before = std::exchange(turns_, Turns());
  while (!before.empty()) {
    Turns::Waiting next = before.Pop();
    const Lease lease = next.txn ? transactions_.LeaseOf(*next.op) : std::nullopt;
    const absl::Duration wait = free_at_ - now + TimeOf(turns_.BytesAhead(lease.has_value()));
    if (lease && !FitsLease(*lease, wait)) {
      ++counts_.refused;
      next.promise.Set(Refusal(*next.op));
    } else {
      turns_.Push(std::move(next));
    }
  }
}

void Pacer::Set(const FlowStatus& status) {
  const FlowStatus before = std::exchange(status_, status);
  idle_ = status.state == FlowState::kNormal;
  executor_.Cancel(&wake_);
  if (status.state == FlowState::kNormal) return GrantAll();
  if (status.state == FlowState::kRejecting) return RefuseAll();
  const absl::Duration now = executor_.Now();
  const bool had_rate = before.state != FlowState::kNormal && before.state != FlowState::kRejecting;
  // What was let in and is not paid for yet is paid for at the new rate.
  if (!had_rate) {
    free_at_ = now;
  } else if (free_at_ > now) {
    const absl::Duration owed = free_at_ - now;
    free_at_ = now + owed * static_cast<int64_t>(before.rate) / static_cast<int64_t>(status.rate);
  }
  if (had_rate && status.rate < before.rate) RefuseWhatMissesItsLease(now);
  Grant();
}

}  // namespace tidelog::adaptor
