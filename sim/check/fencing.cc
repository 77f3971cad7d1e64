#include <algorithm>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "sim/check/facts.h"
#include "sim/check/history.h"
#include "sim/check/record_checkers.h"
#include "sim/check/report.h"

namespace tidelog::sim::check {
namespace {

constexpr Anomaly kAnomalies[] = {
    {"acknowledged-beyond-boundary", "A2"},
    {"visible-beyond-boundary", "A2"},
    {"record-below-boundary", "A2"},
    {"term-regress", "A5"},
    {"wrong-term", "A5"},
    {"stale-open", "A2"},
    {"double-open", "A2"},
    {"unnoticed-fence", "A2"},
    {"term-violation", "A5"},
};

// What the later owners of the channel leave to one: nothing of it lies beyond `boundary`, and
// nothing that it was asked for after `taken_over` is done.
struct Limit {
  Id boundary = UINT64_MAX;
  int taken_over = INT32_MAX;
  int by_boundary = kNever;  // The open that fixed it.
};

class Fences {
 public:
  Fences(const Facts& facts, Report* report) : facts_(facts), report_(report) {
    for (const Handle& handle : facts.handles()) {
      if (handle.writes()) owners_.push_back(&handle);
    }
    std::sort(owners_.begin(), owners_.end(), [](const Handle* a, const Handle* b) {
      return std::pair(a->term, a->opened) < std::pair(b->term, b->opened);
    });
    limits_.resize(owners_.size() + 1);
    for (size_t i = owners_.size(); i > 0; --i) {
      const Handle& owner = *owners_[i - 1];
      Limit limit = limits_[i];
      limit.taken_over = std::min(limit.taken_over, owner.opened);
      if (owner.yield->boundary && *owner.yield->boundary < limit.boundary) {
        limit.boundary = *owner.yield->boundary;
        limit.by_boundary = owner.opened;
      }
      limits_[i - 1] = limit;
    }
  }

  void Run() {
    for (const Message& message : facts_.messages()) CheckAcknowledged(message);
    for (const Entry& entry : facts_.log()) CheckRecord(entry);
    for (size_t i = 0; i < owners_.size(); ++i) CheckOwner(i);
  }

 private:
  // Those behind `index` have a higher term, or the same by a later open.
  const Limit& LimitOf(const Handle& handle) const {
    const auto found = std::find(owners_.begin(), owners_.end(), &handle);
    return found == owners_.end() ? limits_.back()
                                  : limits_[static_cast<size_t>(found - owners_.begin()) + 1];
  }
  const Limit& LimitOf(Term term) const {
    const auto above = std::upper_bound(owners_.begin(), owners_.end(), term,
                                        [](Term t, const Handle* h) { return t < h->term; });
    return limits_[static_cast<size_t>(above - owners_.begin())];
  }

  bool IsBeyond(const Message& message, const Limit& limit) const {
    return message.ack != nullptr &&
           (message.ack->id > limit.boundary || message.invoke > limit.taken_over);
  }

  void CheckAcknowledged(const Message& message) {
    if (message.ack == nullptr) return;
    const Limit& limit = LimitOf(facts_.handle(message.handle));
    if (!IsBeyond(message, limit)) return;
    report_->Add("acknowledged-beyond-boundary",
                 absl::StrCat("an append was acknowledged at id ", message.ack->id,
                              " though its handle had a successor"),
                 {limit.by_boundary, message.invoke, message.end});
  }

  void CheckRecord(const Entry& entry) {
    const Record& record = *entry.record;
    const Message* message = facts_.MessageOf(entry);
    const Handle* writer = message != nullptr ? &facts_.handle(message->handle) : nullptr;
    const Limit& limit = writer != nullptr ? LimitOf(*writer) : LimitOf(record.term);
    const bool is_told = message != nullptr && IsBeyond(*message, limit);
    const bool is_beyond = record.id > limit.boundary;
    if (is_beyond && !is_told) {
      report_->Add("visible-beyond-boundary",
                   absl::StrCat("record ", record.id, " of term ", record.term,
                                " lies beyond the boundary ", limit.boundary),
                   {limit.by_boundary, entry.seen});
    }
    if (writer != nullptr && record.term != writer->term) {
      report_->Add("wrong-term",
                   absl::StrCat("record ", record.id, " is of term ", record.term,
                                " and was appended under ", writer->term),
                   {message->invoke, entry.seen});
      return;
    }
    if (writer != nullptr && writer->yield != nullptr && writer->yield->boundary &&
        record.id <= *writer->yield->boundary) {
      report_->Add("record-below-boundary",
                   absl::StrCat("record ", record.id, " of term ", record.term,
                                " lies below the boundary of its own open"),
                   {writer->opened, entry.seen});
    }
    if (record.term < highest_ && !is_beyond && !is_told) {
      report_->Add("term-regress",
                   absl::StrCat("record ", record.id, " of term ", record.term,
                                " lies behind one of term ", highest_),
                   {entry.seen});
    }
    highest_ = std::max(highest_, record.term);
  }

  void CheckOwner(size_t index) {
    const Handle& owner = *owners_[index];
    for (size_t i = 0; i < owners_.size(); ++i) {
      const Handle& other = *owners_[i];
      if (other.term > owner.term && other.opened < owner.open_invoke) {
        report_->Add("stale-open",
                     absl::StrCat("term ", owner.term, " was opened after term ", other.term),
                     {other.opened, owner.open_invoke, owner.opened});
      }
      const bool was_left = other.close_invoke != kNever && other.close_invoke < owner.opened;
      if (other.term == owner.term && i < index && !was_left) {
        report_->Add("double-open",
                     absl::StrCat("term ", owner.term, " was opened twice without a close"),
                     {other.opened, owner.opened});
      }
      if (other.term > owner.term) CheckNotice(owner, other);
    }
  }

  // When the handle has first shown that it knows, or was given up.
  int NoticeOf(const Handle& handle) const {
    int notice = INT32_MAX;
    if (handle.unavailable != kNever) notice = handle.unavailable;
    if (handle.close_invoke != kNever) notice = std::min(notice, handle.close_invoke);
    for (const Call& call : facts_.calls()) {
      if (call.end == kNever || call.code != Code::kChannelFenced) continue;
      if (&facts_.handle(call.handle) == &handle) notice = std::min(notice, call.end);
    }
    return notice;
  }

  // Only the time counts in which its process ran.
  void CheckNotice(const Handle& owner, const Handle& next) {
    const Nanos bound = facts_.history().contract.fence_noticed_within;
    if (bound == kForever || owner.backend_is_dead) return;
    Nanos from = facts_.event(std::max(next.opened, owner.opened)).at;
    if (const ProcessLife* life = facts_.life(owner.process)) {
      if (life->crash != kNever) return;
      for (const auto& [pause, resume] : life->pauses) {
        if (resume == kNever) return;
        from = std::max(from, facts_.event(resume).at);
      }
    }
    if (facts_.end_time() - from <= bound) return;
    const int notice = NoticeOf(owner);
    if (notice != INT32_MAX && facts_.event(notice).at - from <= bound) return;
    report_->Add("unnoticed-fence",
                 absl::StrCat("the owner of term ", owner.term, " did not notice term ", next.term),
                 {owner.opened, next.opened, notice == INT32_MAX ? kNever : notice});
  }

  const Facts& facts_;
  Report* report_;
  std::vector<const Handle*> owners_;  // By term, then in the order of their opens.
  std::vector<Limit> limits_;          // Of all owners from this index on.
  Term highest_ = 0;
};

void Check(const Facts& facts, Report* report) {
  Fences(facts, report).Run();
  for (int i = 0; i < facts.event_count(); ++i) {
    const auto* observed = std::get_if<Observed>(&facts.event(i).what);
    if (observed == nullptr || observed->kind != Observed::Kind::kTermViolation) continue;
    report->Add("term-violation", "a reader met a record of a lower term", {i});
  }
}

}  // namespace

Checker FencingChecker() { return {"fencing", Check, kAnomalies}; }

}  // namespace tidelog::sim::check
