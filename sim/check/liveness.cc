#include <algorithm>
#include <string_view>

#include "absl/strings/str_cat.h"
#include "sim/check/call_checkers.h"
#include "sim/check/facts.h"
#include "sim/check/history.h"
#include "sim/check/report.h"
#include "sim/check/scan_range.h"
#include "sim/check/transaction_facts.h"

namespace tidelog::sim::check {
namespace {

constexpr Anomaly kAnomalies[] = {
    {"stuck-open", "G1"},     {"stuck-close", "H2"},    {"stuck-append", "C3"},
    {"stuck-read", "F4"},     {"stuck-truncate", "G3"}, {"stuck-question", "H2"},
    {"unreached-tail", "F4"}, {"uncovered-tail", "D5"}, {"unended-transaction", "D5"},
};

std::string_view AnomalyOf(Call::Kind kind) {
  switch (kind) {
    case Call::Kind::kNone:
      break;
    case Call::Kind::kOpen:
      return "stuck-open";
    case Call::Kind::kClose:
      return "stuck-close";
    case Call::Kind::kAppend:
      return "stuck-append";
    case Call::Kind::kScan:
      return "stuck-read";
    case Call::Kind::kTruncate:
      return "stuck-truncate";
    case Call::Kind::kInfo:
    case Call::Kind::kMvcc:
      return "stuck-question";
  }
  return "";
}

// A process that is dead, or stopped for good, ends nothing.
bool Runs(const Facts& facts, int32_t process) {
  const ProcessLife* life = facts.life(process);
  if (life == nullptr) return true;
  return life->crash == kNever && (life->pauses.empty() || life->pauses.back().second != kNever);
}

// Opens and closes are bounded whatever the backend does (G1, H2); all else may wait for it until
// the handle is closed.
bool IsLegitimatelyStuck(const Facts& facts, const Call& call) {
  if (!Runs(facts, call.process)) return true;
  if (call.kind == Call::Kind::kOpen || call.kind == Call::Kind::kClose) return false;
  const Handle& handle = facts.handle(call.handle);
  return handle.backend_is_dead && handle.closed == kNever;
}

bool IsRead(const Facts& facts, const Scan& scan) {
  const Handle& handle = facts.handle(scan.handle);
  return scan.opened != kNever && scan.end == kNever && scan.error == kNever &&
         scan.closed == kNever && handle.close_invoke == kNever && !handle.backend_is_dead &&
         Runs(facts, handle.process);
}

void CheckTails(const Facts& facts, Report* report) {
  if (facts.by_tick().empty()) return;
  const Tick newest = facts.at_tick_rank(facts.by_tick().size() - 1).record->tick;
  for (const Scan& scan : facts.scans()) {
    if (!IsRead(facts, scan)) continue;
    const bool has_until = scan.options->end == ScanOpen::End::kPosition;
    const Tick through = has_until ? std::min(newest, scan.options->until) : newest;
    ForEachUnreached(facts, scan, through, [&](const Entry& entry) {
      const int last = scan.batches.empty() ? scan.opened : scan.batches.back();
      report->Add(
          "unreached-tail",
          absl::StrCat("scan ", scan.op, " waits and was not given tick ", entry.record->tick),
          {scan.invoke, last, entry.seen});
    });
  }
}

// Who has the log open for writing in the end; null: nobody.
const Handle* LivingOwner(const Facts& facts) {
  const Handle* owner = nullptr;
  for (const Handle& handle : facts.handles()) {
    if (!handle.writes()) continue;
    if (owner == nullptr || handle.term >= owner->term) owner = &handle;
  }
  if (owner == nullptr) return nullptr;
  const bool lives = owner->close_invoke == kNever && owner->unavailable == kNever &&
                     !owner->backend_is_dead && Runs(facts, owner->process);
  return lives ? owner : nullptr;
}

// Whether something but its lease may have ended it.
bool MayHaveEnded(const TransactionFacts& transactions, const Transaction& transaction) {
  const auto ends = [](const Message* message) {
    return RoleOf(*message->content) != Role::kBody && message->outcome != Outcome::kNotDone;
  };
  return std::any_of(transaction.members.begin(), transaction.members.end(), ends) ||
         std::any_of(transactions.exclusives().begin(), transactions.exclusives().end(),
                     [&transaction](const Message* message) {
                       return IsInScope(message->content->vchannel, transaction.vchannel());
                     });
}

// A lease that runs out makes the writer store a tick, though nothing else has happened.
void CheckLeases(const Facts& facts, Report* report) {
  const Nanos bound = facts.history().contract.lease_ended_within;
  const Handle* owner = bound == kForever ? nullptr : LivingOwner(facts);
  if (owner == nullptr) return;
  const TransactionFacts transactions(facts);
  for (const auto& [id, transaction] : transactions.all()) {
    if (transaction.lease == kForever || MayHaveEnded(transactions, transaction)) continue;
    Tick newest = id;
    int last = std::max(transaction.begin->end, owner->opened);
    for (const Message* body : transaction.members) {
      if (body->outcome == Outcome::kNotDone) continue;
      if (body->ack != nullptr) newest = std::max(newest, body->ack->tick);
      last = std::max({last, body->invoke, body->end});
    }
    const Nanos due = facts.event(last).at + transaction.lease + bound;
    if (facts.event(facts.final_end()).at <= due) continue;
    bool is_ended = false;
    const size_t count = facts.by_tick().size();
    for (size_t rank = facts.RankAbove(newest + TicksOf(transaction.lease) - 1); rank < count;
         ++rank) {
      is_ended = is_ended || facts.at_tick_rank(rank).record->content.type == kTimeTickType;
    }
    if (is_ended) continue;
    report->Add("unended-transaction",
                absl::StrCat("no TimeTick ends transaction ", id, ", whose lease has run out"),
                {transaction.begin->end, last});
  }
}

// A writer covers what it has appended with a stored tick, an interval later.
void CheckCovered(const Facts& facts, Report* report) {
  const Handle* owner = LivingOwner(facts);
  if (owner == nullptr || facts.log().empty()) return;
  const Entry& last = facts.log().back();
  if (last.record->content.type == kTimeTickType) return;
  report->Add("uncovered-tail",
              absl::StrCat("no TimeTick follows the last record, at tick ", last.record->tick),
              {owner->opened, last.seen});
}

void Check(const Facts& facts, Report* report) {
  if (!facts.history().end.quiesced) return;
  for (const Call& call : facts.calls()) {
    const bool is_pending = call.kind != Call::Kind::kNone && call.end == kNever;
    if (!is_pending || IsLegitimatelyStuck(facts, call)) continue;
    report->Add(AnomalyOf(call.kind),
                absl::StrCat("a call on handle ", call.handle, " never ended"), {call.invoke});
  }
  if (facts.final_count() == 0) return;
  CheckTails(facts, report);
  CheckCovered(facts, report);
  CheckLeases(facts, report);
}

}  // namespace

Checker LivenessChecker() { return {"liveness", Check, kAnomalies}; }

}  // namespace tidelog::sim::check
