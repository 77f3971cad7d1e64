#include "adaptor/interceptors/flow/turns.h"

#include <algorithm>
#include <utility>

#include "absl/log/check.h"

namespace tidelog::adaptor {

void Turns::Push(Waiting waiting) {
  if (!waiting.txn) {
    other_bytes_ += waiting.bytes;
    others_.push_back(std::move(waiting));
    return;
  }
  member_bytes_ += waiting.bytes;
  entered_bytes_ += waiting.bytes;
  Newest& newest = newest_[*waiting.txn];
  ++newest.waiting_count;
  newest.end = waiting.end = entered_bytes_;
  members_.push_back(std::move(waiting));
}

Turns::Waiting Turns::Pop() {
  CHECK(!empty());
  const bool is_member = MembersAreNext();
  Line& line = is_member ? members_ : others_;
  const auto bytes = static_cast<int64_t>(line.front().bytes);
  Waiting first = TakeOut(&line, line.begin());
  const bool both_wait = !members_.empty() && !others_.empty();
  members_ahead_ = both_wait ? members_ahead_ + (is_member ? bytes : -bytes) : 0;
  return first;
}

std::optional<Turns::Waiting> Turns::Remove(const AppendOp& op) {
  // A close takes out all of one line: it must not look through the other one for each.
  for (Line* line : {&members_, &others_}) {
    if (line == &members_ && !op.in_transaction()) continue;
    const auto found = std::find_if(line->begin(), line->end(),
                                    [&op](const Waiting& waiting) { return waiting.op == &op; });
    if (found != line->end()) return TakeOut(line, found);
  }
  return std::nullopt;
}

Turns::Waiting Turns::TakeOut(Line* line, Line::iterator at) {
  Waiting waiting = std::move(*at);
  line->erase(at);
  if (!waiting.txn) {
    other_bytes_ -= waiting.bytes;
    return waiting;
  }
  member_bytes_ -= waiting.bytes;
  const auto found = newest_.find(*waiting.txn);
  Newest& newest = found->second;
  if (--newest.waiting_count == 0) {
    newest_.erase(found);
  } else if (newest.end == waiting.end) {
    // It was withdrawn: the one before it is the newest now.
    const auto before = std::find_if(line->rbegin(), line->rend(),
                                     [&](const Waiting& w) { return w.txn == waiting.txn; });
    newest.end = before->end;
  }
  return waiting;
}

size_t Turns::OthersBefore(size_t bytes) const {
  if (others_.empty()) return 0;
  // One that has its turn has all of it.
  const size_t share = bytes + static_cast<size_t>(std::max<int64_t>(members_ahead_, 0));
  return std::min(other_bytes_, share + others_.front().bytes);
}

size_t Turns::BytesAhead(bool is_member) const {
  return is_member ? member_bytes_ + OthersBefore(member_bytes_) : bytes();
}

std::optional<size_t> Turns::BytesBehind(TimeTick txn) const {
  const auto newest = newest_.find(txn);
  if (newest == newest_.end()) return std::nullopt;
  const auto between = static_cast<size_t>(entered_bytes_ - newest->second.end);
  return between + OthersBefore(between);
}

}  // namespace tidelog::adaptor
