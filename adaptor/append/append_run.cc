#include "adaptor/append/append_run.h"

#include <utility>

#include "absl/log/check.h"
#include "wal/message/message_stamper.h"

namespace tidelog::adaptor {

AppendRun::AppendRun(Request* request)
    : may_retry(request->may_retry),
      deadline(request->deadline),
      op_(request->messages, request->options),
      reply_(std::move(request->reply)) {
  deadline_timer.run = this;
}

MutableMessage& AppendRun::Open(size_t index) {
  AppendOp::Slot& slot = op_.slots_[index];
  if (!slot.open) slot.open.emplace(MessageStamper::Reopen(std::move(slot.sealed)));
  return *slot.open;
}

const ImmutableMessage& AppendRun::Seal(size_t index) {
  AppendOp::Slot& slot = op_.slots_[index];
  slot.sealed = MessageStamper::Seal(*std::move(slot.open));
  slot.open.reset();
  return slot.sealed;
}

void AppendRun::Send(size_t unknown_count, const absl::Status& status) {
  Reply reply = *std::exchange(reply_, std::nullopt);
  if (auto* single = std::get_if<SingleReply>(&reply)) {
    if (!op_.repeats_.empty()) {
      single->Set(*op_.repeats_[0]);
    } else if (op_.done_count() == 1) {
      single->Set(op_.result(0));
    } else {
      single->Set(status);
    }
    return;
  }
  if (!op_.repeats_.empty()) {
    std::get<BatchReply>(reply).Set(WithRepeats(unknown_count, status));
    return;
  }
  BatchResult result;
  result.done.assign(op_.results_.begin(), op_.results_.end());
  result.unknown = unknown_count;
  result.rest = status;
  std::get<BatchReply>(reply).Set(std::move(result));
}

BatchResult AppendRun::WithRepeats(size_t unknown_count, const absl::Status& status) const {
  BatchResult result;
  size_t repeats = 0;  // Behind the first message that is not done, and the last that is unknown.
  size_t done = 0;
  bool all_done = true;
  for (const std::optional<AppendResult>& repeat : op_.repeats_) {
    if (all_done && (repeat || done < op_.done_count())) {
      result.done.push_back(repeat ? *repeat : op_.result(done++));
      continue;
    }
    all_done = false;
    if (repeat) {
      ++repeats;
    } else if (unknown_count > 0) {
      --unknown_count;
      result.unknown += repeats + 1;
      repeats = 0;
    }
  }
  if (!all_done) result.rest = status;
  return result;
}

void AppendRun::AnswerEarly(const absl::Status& status) {
  if (answered()) return;
  size_t at_backend = 0;
  for (const Group& group : groups) {
    if (group.first >= op_.done_count()) at_backend += group.count;
  }
  Send(groups_left == 0 ? 0 : at_backend, status);
}

void AppendRun::Answer() {
  op_.slots_.clear();
  if (answered()) return;
  CHECK(!op_.status_.ok() || op_.unknown_count_ == 0);
  Send(op_.unknown_count_, op_.status_);
}

}  // namespace tidelog::adaptor
