#include "adaptor/interceptors/flow/pacer.h"

#include <algorithm>
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

Pacer::Pacer(const PChannel* channel, Executor* executor, const Limits& limits)
    : channel_(*channel), executor_(*executor), limits_(limits) {
  wake_.pacer = this;
  wake_.fire = [](Timer* timer) { static_cast<Wake*>(timer)->pacer->Grant(); };
}

absl::Duration Pacer::TimeOf(size_t bytes) const {
  return absl::Seconds(static_cast<int64_t>(bytes)) / static_cast<int64_t>(status_.rate);
}

void Pacer::Take(size_t bytes, absl::Duration now) {
  free_at_ = std::max(free_at_, now - kBurst) + TimeOf(bytes);
}

bool Pacer::MayWait(const AppendOp& op, absl::Duration now) const {
  if (op.wait_when_full()) return true;
  if (waiting_.size() >= limits_.waiting_count_max) return false;
  const bool fits = waiting_.empty() || waiting_bytes_ + op.bytes() <= limits_.waiting_bytes_max;
  return fits && free_at_ + TimeOf(waiting_bytes_) - now <= kWaitMax;
}

absl::Status Pacer::Refusal(const AppendOp& op) const {
  std::string_view what = "data is rejected";
  std::string_view way_out = "back off";
  if (status_.state != FlowState::kRejecting) {
    what = "data is slowed down, and too much waits";
    way_out = "back off, or set wait_when_full";
  }
  return WalError(WalErrorCode::kRateLimitRejected,
                  absl::StrCat("append ", op.bytes(), " bytes to ", ToString(channel_), ": ", what,
                               ", because of the ", status_.source, ": ", way_out));
}

Verdict Pacer::Before(AppendOp& op) {
  if (!IsData(op)) return Verdict::Go();
  if (status_.state == FlowState::kRejecting) {
    ++counts_.refused;
    return Verdict::Stop(Refusal(op));
  }
  const absl::Duration now = executor_.Now();
  if (waiting_.empty() && free_at_ <= now) {
    Take(op.bytes(), now);
    return Verdict::Go();
  }
  if (!MayWait(op, now)) {
    ++counts_.refused;
    return Verdict::Stop(Refusal(op));
  }
  ++counts_.paced;
  Promise<absl::Status> promise("its turn at the rate of flow control");
  Future<absl::Status> future = promise.future();
  waiting_bytes_ += op.bytes();
  waiting_.push_back({&op, op.bytes(), std::move(promise)});
  if (!wake_.armed()) executor_.PostAt(&wake_, free_at_);
  return Verdict::Wait(std::move(future));
}

void Pacer::Withdraw(AppendOp& op) {
  const auto found = std::find_if(waiting_.begin(), waiting_.end(),
                                  [&op](const Waiting& waiting) { return waiting.op == &op; });
  if (found == waiting_.end()) return;
  if (MutantIs(Mutant::kPacerForgetsWaiter)) return executor_.Cancel(&wake_);
  waiting_bytes_ -= found->bytes;
  found->promise.Set(
      WalError(WalErrorCode::kDeadlineExceeded, "withdrawn while it waited for its turn"));
  waiting_.erase(found);
  if (waiting_.empty()) executor_.Cancel(&wake_);
}

void Pacer::Grant() {
  const absl::Duration now = executor_.Now();
  while (!waiting_.empty() && free_at_ <= now) {
    Take(waiting_.front().bytes, now);
    waiting_bytes_ -= waiting_.front().bytes;
    waiting_.front().promise.Set(absl::OkStatus());
    waiting_.pop_front();
  }
  if (!waiting_.empty()) executor_.PostAt(&wake_, free_at_);
}

void Pacer::GrantAll() {
  for (Waiting& waiting : waiting_) waiting.promise.Set(absl::OkStatus());
  waiting_.clear();
  waiting_bytes_ = 0;
}

void Pacer::RefuseAll() {
  counts_.refused += waiting_.size();
  for (Waiting& waiting : waiting_) waiting.promise.Set(Refusal(*waiting.op));
  waiting_.clear();
  waiting_bytes_ = 0;
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
  Grant();
}

}  // namespace tidelog::adaptor
