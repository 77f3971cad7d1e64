#include <utility>

#include "absl/container/btree_map.h"
#include "absl/strings/str_cat.h"
#include "sim/check/facts.h"
#include "sim/check/history.h"
#include "sim/check/record_checkers.h"
#include "sim/check/report.h"
#include "sim/check/transaction_facts.h"

namespace tidelog::sim::check {
namespace {

constexpr Anomaly kAnomalies[] = {
    {"stored-twice", "G4"},
    {"wrong-first-result", "G4"},
    {"repeat-of-nothing", "G4"},
    {"forgotten-key", "G4"},
};

// A key is forgotten when a record is stored that lies the window above it in ticks; so what lies
// nearer to it cannot have its key.
void CheckRecords(const Facts& facts, Report* report) {
  const Tick window = TicksOf(facts.history().contract.idempotency_window);
  absl::btree_map<std::pair<int32_t, int32_t>, const Entry*> newest;  // By VChannel and key.
  for (const Entry& entry : facts.log()) {
    const Submission& content = entry.record->content;
    if (content.key == 0) continue;
    const Entry*& first = newest[{content.vchannel, content.key}];
    if (first != nullptr && entry.record->tick - first->record->tick < window) {
      report->Add("stored-twice",
                  absl::StrCat("records ", first->record->id, " and ", entry.record->id,
                               " have the key ", content.key, " of VChannel ", content.vchannel),
                  {first->seen, entry.seen});
    }
    first = &entry;
  }
}

// Of what nobody was given nothing is known if it may have been forgotten.
void CheckRepeat(const Facts& facts, const Message& message, Report* report) {
  const Acknowledgement& told = *message.repeat;
  const Entry* const first = facts.FindId(told.id);
  if (first == nullptr) {
    Record of_it;
    of_it.content = *message.content;
    const bool may_be_gone = RoleOf(of_it.content) == Role::kCommit && facts.MayBeCut(of_it);
    if (!facts.EndCovers(told.tick) || may_be_gone) return;
    report->Add("repeat-of-nothing",
                absl::StrCat("a repeat of the key ", message.content->key, " was told id ", told.id,
                             ", where nothing is"),
                {message.end});
    return;
  }
  const Record& record = *first->record;
  const bool is_first = record.content.key == message.content->key &&
                        record.content.vchannel == message.content->vchannel &&
                        record.tick == told.tick && record.last_confirmed == told.last_confirmed;
  if (is_first) return;
  report->Add("wrong-first-result",
              absl::StrCat("a repeat of the key ", message.content->key, " of VChannel ",
                           message.content->vchannel, " was told id ", told.id, " and tick ",
                           told.tick, "; that is record ", record.id, " at tick ", record.tick,
                           " with the key ", record.content.key),
              {message.end, first->seen});
}

// Whether the log may have forgotten the key of `first` by the end of the run.
bool MayBeForgotten(const Facts& facts, const Message& first) {
  const Tick window = TicksOf(facts.history().contract.idempotency_window);
  return facts.at_tick_rank(facts.log().size() - 1).record->tick - first.ack->tick >= window;
}

// A commit whose key was met before is not told that its transaction has ended.
void CheckEndedCommits(const Facts& facts, Report* report) {
  absl::btree_map<std::pair<int32_t, int32_t>, const Message*> done;  // By VChannel and key.
  for (const Message& message : facts.messages()) {
    if (message.content->key == 0) continue;
    const Message*& first = done[{message.content->vchannel, message.content->key}];
    if (message.ack != nullptr && first == nullptr) first = &message;
    if (message.outcome != Outcome::kNotDone || message.end == kNever || first == nullptr) continue;
    const Code code = facts.call(message.op).code;
    const bool has_ended =
        code == Code::kTransactionExpired || code == Code::kInvalidTransactionState;
    if (!has_ended || first->end > message.invoke || MayBeForgotten(facts, *first)) continue;
    report->Add("forgotten-key",
                absl::StrCat("a repeat of the key ", message.content->key,
                             " was told that its transaction has ended, and not of record ",
                             first->ack->id),
                {first->end, message.end});
  }
}

void Check(const Facts& facts, Report* report) {
  // Where disks lie, what was stored may be lost, and is rightly stored again.
  if (facts.history().contract.corruption) return;
  CheckRecords(facts, report);
  CheckEndedCommits(facts, report);
  for (const Message& message : facts.messages()) {
    if (message.repeat != nullptr) CheckRepeat(facts, message, report);
  }
}

}  // namespace

Checker IdempotencyChecker() { return {"idempotency", Check, kAnomalies}; }

}  // namespace tidelog::sim::check
