#include <algorithm>

#include "absl/strings/str_cat.h"
#include "sim/check/facts.h"
#include "sim/check/record_checkers.h"
#include "sim/check/report.h"

namespace tidelog::sim::check {
namespace {

constexpr Anomaly kAnomalies[] = {
    {"confirmed-beyond-itself", "D3"},
    {"confirmed-went-back", "D3"},
    {"confirmed-nothing", "D3"},
    {"confirmed-beyond-begin", "D3"},
};

// A last-confirmed id that is none, or not a record's, is no place to begin a scan at.  Records
// that were truncated away, or that nobody read, are not known.
bool IsOfNothing(const Facts& facts, const Record& record) {
  if (facts.FindId(record.last_confirmed) != nullptr) return false;
  if (record.last_confirmed == kNoId) return true;
  if (facts.final_count() == 0 || facts.MayHoldHidden(facts.event_count())) return false;
  const auto kept = std::find_if(facts.log().begin(), facts.log().end(), [&facts](const Entry& e) {
    return e.finals > 0 && facts.EndCovers(e.record->tick);
  });
  if (kept == facts.log().end()) return false;
  return facts.end_mark() == 0 || record.last_confirmed >= kept->record->id;
}

// What its caller is told of a message, who may resume there whatever was stored.
void CheckTold(const Facts& facts, Report* report) {
  for (const Message& message : facts.messages()) {
    if (message.ack == nullptr || message.ack->last_confirmed <= message.ack->id) continue;
    report->Add("confirmed-beyond-itself",
                absl::StrCat("record ", message.ack->id, " is told to have last-confirmed ",
                             message.ack->last_confirmed),
                {message.end});
  }
}

// Who goes on behind a record meets the begin of each transaction that was open there and was
// committed later.
void CheckBegins(const Facts& facts, Report* report) {
  const std::vector<Entry>& log = facts.log();
  for (const Entry& commit : log) {
    if (commit.record->members.empty()) continue;
    const Id begin = commit.record->members.front().id;
    auto entry = std::upper_bound(log.begin(), log.end(), begin,
                                  [](Id id, const Entry& e) { return id < e.record->id; });
    for (; entry != log.end() && entry->record->id < commit.record->id; ++entry) {
      if (entry->record->last_confirmed <= begin) continue;
      report->Add("confirmed-beyond-begin",
                  absl::StrCat("record ", entry->record->id, " has last-confirmed ",
                               entry->record->last_confirmed, ", behind the begin ", begin,
                               " of what record ", commit.record->id, " commits"),
                  {entry->seen, commit.seen});
    }
  }
}

void Check(const Facts& facts, Report* report) {
  CheckTold(facts, report);
  CheckBegins(facts, report);
  const Entry* newest = nullptr;  // Of the term.
  for (const Entry& entry : facts.log()) {
    const Record& record = *entry.record;
    if (record.last_confirmed > record.id && entry.seen != kNever) {
      report->Add("confirmed-beyond-itself",
                  absl::StrCat("record ", record.id, " has last-confirmed ", record.last_confirmed),
                  {entry.seen});
    } else if (IsOfNothing(facts, record)) {
      report->Add("confirmed-nothing",
                  absl::StrCat("record ", record.id, " has last-confirmed ", record.last_confirmed,
                               ", which is no record"),
                  {entry.seen});
    }
    if (newest != nullptr && newest->record->term == record.term &&
        record.last_confirmed < newest->record->last_confirmed) {
      report->Add(
          "confirmed-went-back",
          absl::StrCat("record ", record.id, " has last-confirmed ", record.last_confirmed,
                       ", record ", newest->record->id, " has ", newest->record->last_confirmed),
          {newest->seen, entry.seen});
      continue;
    }
    newest = &entry;
  }
}

}  // namespace

Checker LastConfirmedChecker() { return {"last-confirmed", Check, kAnomalies}; }

}  // namespace tidelog::sim::check
