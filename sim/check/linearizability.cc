// The log is an object with three operations: append, read of a prefix, and question for the tail.
// The order of their effects need not be searched for, as for a register: the ids tell it.  So what
// remains is to look for each operation whether its effect, in that order, fits between its call
// and its return; one pass over the log, with the latest call met so far as the only state.
#include <algorithm>
#include <optional>

#include "absl/strings/str_cat.h"
#include "sim/check/call_checkers.h"
#include "sim/check/code.h"
#include "sim/check/facts.h"
#include "sim/check/history.h"
#include "sim/check/latest_invokes.h"
#include "sim/check/report.h"
#include "sim/check/visibility.h"

namespace tidelog::sim::check {
namespace {

constexpr Anomaly kAnomalies[] = {
    {"future-read", "C1"}, {"write-into-past", "C4"},    {"stale-tail", "F1"},
    {"future-tail", "F1"}, {"non-monotonic-tail", "F1"}, {"tail-of-nothing", "F1"},
};

bool IsAcknowledged(const Message* message) {
  return message != nullptr && message->ack != nullptr;
}

// A record that somebody knew of when another was asked for lies before it.  Two that were both
// acknowledged are for the checker of ticks (C4), as far as their returns tell.
void CheckAppends(const Facts& facts, Report* report) {
  const Message* latest_acknowledged = nullptr;  // The latest calls among the records so far.
  const Message* latest_other = nullptr;
  for (const Entry& entry : facts.log()) {
    const Message* message = facts.MessageOf(entry);
    const bool is_acknowledged = IsAcknowledged(message);
    int known = entry.seen == kNever ? INT32_MAX : entry.seen;
    if (message != nullptr && message->invoke > known) {
      report->Add("future-read",
                  absl::StrCat("record ", entry.record->id, " was read before it was appended"),
                  {entry.seen, message->invoke});
      known = INT32_MAX;
    }
    const bool is_late = latest_acknowledged != nullptr && latest_acknowledged->invoke > known &&
                         !(is_acknowledged && message->end < latest_acknowledged->invoke);
    if (is_acknowledged) known = std::min(known, message->end);
    const bool is_other_late = latest_other != nullptr && latest_other->invoke > known;
    if (is_late || is_other_late) {
      const Message* late = is_late ? latest_acknowledged : latest_other;
      report->Add("write-into-past",
                  absl::StrCat("record ", entry.record->id,
                               " was known when what lies before it was appended"),
                  {known, late->invoke, late->end});
    }
    if (message == nullptr) continue;
    const Message** latest = is_acknowledged ? &latest_acknowledged : &latest_other;
    if (*latest == nullptr || (*latest)->invoke < message->invoke) *latest = message;
  }
}

class Tails {
 public:
  Tails(const Facts& facts, Report* report) : facts_(facts), report_(report), invokes_(facts) {}

  void Run() {
    for (const Call& call : facts_.calls()) {
      if (call.end == kNever || call.code != Code::kOk) continue;
      if (call.kind == Call::Kind::kInfo) {
        CheckTail(call, facts_.as<InfoReturn>(call.end).tail);
      } else if (call.kind == Call::Kind::kMvcc) {
        CheckFuture(call, facts_.as<MvccReturn>(call.end).tick);
      }
    }
  }

 private:
  void Add(std::string_view anomaly, const Call& call, Tick tick, std::string_view what) {
    report_->Add(anomaly, absl::StrCat("the tail is told to be at tick ", tick, what),
                 {call.invoke, call.end});
  }

  void CheckFuture(const Call& call, Tick tick) {
    if (invokes_.Upto(tick) > call.end) {
      Add("future-tail", call, tick, ", where something was appended later");
    }
  }

  void CheckTail(const Call& call, const std::optional<Position>& tail) {
    const Tick tick = tail ? tail->tick : 0;
    CheckFuture(call, tick);
    if (tick < VisibleThrough(facts_, call.handle, call.invoke)) {
      Add("stale-tail", call, tick, ", below what was there when it was asked for");
    } else if (tick < NewestTold(call)) {
      Add("non-monotonic-tail", call, tick, ", below what was told before");
    }
    if (!tail) return;
    const Entry* entry = facts_.FindTick(tick);
    const bool is_wrong = entry != nullptr
                              ? entry->record->last_confirmed != tail->last_confirmed
                              : facts_.EndCovers(tick, call.end) && !facts_.MayHoldHidden(call.end);
    if (is_wrong) Add("tail-of-nothing", call, tick, ", which is no record's position");
  }

  // Through the same handle.  A crash of the machine may take a reader's tail back.
  Tick NewestTold(const Call& call) const {
    const bool writes = facts_.handle(call.handle).writes();
    Tick newest = 0;
    for (const Call& other : facts_.calls()) {
      if (other.kind != Call::Kind::kInfo || other.handle != call.handle) continue;
      if (other.end == kNever || other.end > call.invoke || other.code != Code::kOk) continue;
      const bool may_go_back =
          !writes && std::any_of(facts_.machine_crashes().begin(), facts_.machine_crashes().end(),
                                 [&](int crash) { return other.end < crash && crash < call.end; });
      const auto& tail = facts_.as<InfoReturn>(other.end).tail;
      if (tail && !may_go_back) newest = std::max(newest, tail->tick);
    }
    return newest;
  }

  const Facts& facts_;
  Report* report_;
  const LatestInvokes invokes_;
};

void Check(const Facts& facts, Report* report) {
  CheckAppends(facts, report);
  Tails(facts, report).Run();
}

}  // namespace

Checker LinearizabilityChecker() { return {"linearizability", Check, kAnomalies}; }

}  // namespace tidelog::sim::check
