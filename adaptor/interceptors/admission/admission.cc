#include "adaptor/interceptors/admission/admission.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "wal/status.h"

namespace tidelog::adaptor {

bool Admission::Fits(const AppendOp& op) const {
  if (count_ == 0) return true;
  // A sum of sizes of what is in memory cannot overflow.
  return count_ + op.count() <= limits_.count_max && bytes_ + op.bytes() <= limits_.bytes_max;
}

void Admission::Take(const AppendOp& op) {
  count_ += op.count();
  bytes_ += op.bytes();
}

Verdict Admission::Before(AppendOp& op) {
  if (waiting_.empty() && Fits(op)) {
    Take(op);
    return Verdict::Go();
  }
  if (!op.wait_when_full()) {
    return Verdict::Stop(WalError(
        WalErrorCode::kResourceExhausted,
        absl::StrCat("append to ", ToString(channel_), ": ", count_, " messages of ", bytes_,
                     " bytes are in flight and ", waiting_.size(), " appends wait; the limits are ",
                     limits_.count_max, " and ", limits_.bytes_max,
                     ": append less at a time, or set wait_when_full")));
  }
  Promise<absl::Status> promise("room among the appends in flight");
  Future<absl::Status> future = promise.future();
  waiting_.push_back({&op, std::move(promise)});
  waiting_bytes_ += op.bytes();
  return Verdict::Wait(std::move(future));
}

void Admission::Withdraw(AppendOp& op) {
  const auto found = std::find_if(waiting_.begin(), waiting_.end(),
                                  [&op](const Waiting& waiting) { return waiting.op == &op; });
  if (found == waiting_.end()) return;
  End(found, WalError(WalErrorCode::kDeadlineExceeded, "withdrawn while it waited for room"));
  Grant();  // It may have been the only one too large.
}

void Admission::Judge(absl::FunctionRef<absl::Status(const AppendOp& op)> judge) {
  for (auto at = waiting_.begin(); at != waiting_.end();) {
    absl::Status verdict = judge(*at->op);
    at = verdict.ok() ? std::next(at) : End(at, std::move(verdict));
  }
  Grant();  // As in Withdraw().
}

std::list<Admission::Waiting>::iterator Admission::End(std::list<Waiting>::iterator at,
                                                       absl::Status status) {
  waiting_bytes_ -= at->op->bytes();
  at->promise.Set(std::move(status));
  return waiting_.erase(at);
}

void Admission::After(const AppendOp& op) {
  count_ -= op.count();
  bytes_ -= op.bytes();
  Grant();
}

void Admission::Grant() {
  while (!waiting_.empty() && Fits(*waiting_.front().op)) {
    Take(*waiting_.front().op);
    End(waiting_.begin(), absl::OkStatus());
  }
}

}  // namespace tidelog::adaptor
