#include "adaptor/interceptors/lock/lock.h"

#include <algorithm>
#include <utility>

#include "wal/message/record.h"
#include "wal/status.h"
#include "wal/types.h"

namespace tidelog::adaptor {

bool Lock::Overlap(const AppendOp& a, const AppendOp& b) {
  for (size_t i = 0; i < a.count(); ++i) {
    for (size_t j = 0; j < b.count(); ++j) {
      if (ScopesOverlap(a.record(i).vchannel(), b.record(j).vchannel())) return true;
    }
  }
  return false;
}

Lock::Entries::iterator Lock::Find(Entries& entries, const AppendOp& op) {
  return std::find_if(entries.begin(), entries.end(),
                      [&op](const Entry& entry) { return entry.op == &op; });
}

size_t Lock::waiting_count() const {
  return waiting_.size() + static_cast<size_t>(std::count_if(
                               exclusives_.begin(), exclusives_.end(),
                               [](const Entry& entry) { return entry.promise.has_value(); }));
}

Verdict Lock::Enter(AppendOp& op) {
  const bool exclusive = op.exclusive();
  size_t blocker_count = 0;
  for (const Entry& entry : exclusives_) blocker_count += Overlap(*entry.op, op) ? 1 : 0;
  if (exclusive) {
    for (AppendOp* reader = readers_.first(); reader != nullptr; reader = readers_.after(*reader)) {
      blocker_count += Overlap(*reader, op) ? 1 : 0;
    }
    for (const Entry& entry : waiting_) blocker_count += Overlap(*entry.op, op) ? 1 : 0;
  }
  const uint64_t sequence = next_sequence_++;
  if (blocker_count == 0) {
    if (exclusive) {
      exclusives_.push_back({&op, sequence, 0, std::nullopt});
    } else {
      readers_.PushBack(op);
    }
    return Verdict::Go();
  }
  Promise<absl::Status> promise("the lock of a VChannel or of the log");
  Future<absl::Status> future = promise.future();
  (exclusive ? exclusives_ : waiting_)
      .push_back({&op, sequence, blocker_count, std::move(promise)});
  return Verdict::Wait(std::move(future));
}

void Lock::Withdraw(AppendOp& op) {
  const bool exclusive = op.exclusive();
  Entries& entries = exclusive ? exclusives_ : waiting_;
  const auto found = Find(entries, op);
  if (found == entries.end() || !found->promise) return;
  found->promise->Set(
      WalError(WalErrorCode::kDeadlineExceeded, "withdrawn while it waited for a lock"));
  const uint64_t sequence = found->sequence;
  entries.erase(found);
  Unblock(op, exclusive, sequence);
}

void Lock::Leave(const AppendOp& op) {
  const bool exclusive = op.exclusive();
  // What it excludes came after it, or it would have waited for that.
  if (exclusive) exclusives_.erase(Find(exclusives_, op));
  Unblock(op, exclusive, /*sequence=*/0);
}

void Lock::Unblock(const AppendOp& op, bool exclusive, uint64_t sequence) {
  for (Entry& entry : exclusives_) (void)Grant(entry, op, sequence);
  if (!exclusive) return;
  for (auto it = waiting_.begin(); it != waiting_.end();) {
    if (Grant(*it, op, sequence)) {
      readers_.PushBack(*it->op);
      it = waiting_.erase(it);
    } else {
      ++it;
    }
  }
}

bool Lock::Grant(Entry& entry, const AppendOp& gone, uint64_t sequence) {
  if (!entry.promise || entry.sequence < sequence || !Overlap(*entry.op, gone)) return false;
  if (--entry.blocker_count > 0) return false;
  std::exchange(entry.promise, std::nullopt)->Set(absl::OkStatus());
  return true;
}

}  // namespace tidelog::adaptor
