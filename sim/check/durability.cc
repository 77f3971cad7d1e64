#include <cstddef>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "sim/check/facts.h"
#include "sim/check/history.h"
#include "sim/check/record_checkers.h"
#include "sim/check/report.h"

namespace tidelog::sim::check {
namespace {

constexpr Anomaly kAnomalies[] = {
    {"lost-write", "C1"},   {"split-outcome", "C2"},  {"duplicate", "C1"},  {"phantom", "C2"},
    {"aborted-read", "C2"}, {"altered-record", "C1"}, {"torn-batch", "C8"},
};

std::string Name(const Submission& content) {
  return absl::StrCat("message ", content.payload.client, ".", content.payload.number);
}

// What a record is of: something that was asked for, and is unchanged.
void CheckContent(const Facts& facts, const Entry& entry, Report* report) {
  const Submission& content = entry.record->content;
  if (content.type == kTimeTickType) return;
  const Message* message = facts.MessageOf(entry);
  if (message == nullptr) {
    report->Add("phantom", absl::StrCat("record ", entry.record->id, " holds what nobody appended"),
                {entry.seen});
    return;
  }
  if (message->outcome == Outcome::kNotDone) {
    report->Add(
        "aborted-read",
        absl::StrCat(Name(content), " was reported not done and is record ", entry.record->id),
        {message->end, entry.seen});
  }
  if (!(content == *message->content)) {
    report->Add(
        "altered-record",
        absl::StrCat(Name(content), " is not as it was appended, in record ", entry.record->id),
        {message->invoke, entry.seen});
  }
}

// Of a transaction its commit alone is read by itself; what was acknowledged of it is for the
// checker of transactions.
bool IsOfTransactions(const Facts& facts, const Entry& entry) {
  const Role role = RoleOf(entry.record->content);
  if (role == Role::kNone) return false;
  const Message* message = facts.MessageOf(entry);
  return role != Role::kCommit || facts.MayBeCut(*entry.record) ||
         (message != nullptr && message->ack != nullptr);
}

// Every reader comes to the same end.
void CheckPresence(const Facts& facts, const Entry& entry, bool is_elsewhere, Report* report) {
  if (!facts.EndCovers(entry.record->tick) || entry.finals == facts.final_count()) return;
  if (IsOfTransactions(facts, entry)) return;
  const bool is_tick = entry.record->content.type == kTimeTickType;
  if (is_tick && !facts.EndCovers(entry.record->tick, entry.seen)) return;
  if (is_tick && !facts.FinalsCameTo(entry.record->tick)) return;
  const Message* message = facts.MessageOf(entry);
  if (message != nullptr && message->ack != nullptr) {
    if (is_elsewhere) return;  // Then it is a duplicate or has moved, and is not lost.
    report->Add("lost-write",
                absl::StrCat(Name(entry.record->content), " was acknowledged at id ",
                             message->ack->id, " and is not in the log in the end"),
                {message->end, entry.seen});
    return;
  }
  report->Add("split-outcome",
              absl::StrCat("record ", entry.record->id, " is there for some readers only"),
              {entry.seen});
}

void CheckEntries(const Facts& facts, Report* report) {
  std::vector<const Entry*> first(facts.messages().size());
  std::vector<char> is_final(facts.messages().size());
  for (const Entry& entry : facts.log()) {
    if (entry.message < 0) continue;
    const auto index = static_cast<size_t>(entry.message);
    if (entry.finals == facts.final_count()) is_final[index] = 1;
    if (first[index] == nullptr) {
      first[index] = &entry;
    } else {
      report->Add("duplicate",
                  absl::StrCat(Name(entry.record->content), " is record ", first[index]->record->id,
                               " and record ", entry.record->id),
                  {first[index]->seen, entry.seen});
    }
  }
  for (const Entry& entry : facts.log()) {
    CheckContent(facts, entry, report);
    const bool is_elsewhere =
        entry.message >= 0 && is_final[static_cast<size_t>(entry.message)] != 0;
    CheckPresence(facts, entry, is_elsewhere, report);
  }
}

// Repeats of idempotency keys are left out of their batch (G4).
bool MayBeLeftOut(const Message& message) {
  return message.content->key != 0 && message.ack == nullptr;
}

// Whether `entry`, which is not the first of its batch, lies behind the one before it.
bool FollowsItsBatch(const Facts& facts, const Entry& entry, const Entry* previous) {
  int before = entry.message - 1;
  for (int left = facts.MessageOf(entry)->index; left > 0; --left, --before) {
    if (previous != nullptr && previous->message == before) return true;
    if (!MayBeLeftOut(facts.messages()[static_cast<size_t>(before)])) return false;
  }
  return true;
}

// Behind a member of a batch lies the next one, or none of the others is in the log.
void CheckBatches(const Facts& facts, Report* report) {
  const Entry* before = nullptr;
  for (const Entry& entry : facts.log()) {
    if (!facts.EndCovers(entry.record->tick)) continue;
    const Entry* previous = before;
    before = &entry;
    const Message* message = facts.MessageOf(entry);
    if (message == nullptr || message->index == 0) continue;
    // What came before may have been truncated.
    if (previous == nullptr && facts.end_mark() > 0) continue;
    if (FollowsItsBatch(facts, entry, previous)) continue;
    report->Add("torn-batch",
                absl::StrCat(Name(entry.record->content), ", number ", message->index,
                             " of its batch, does not lie behind the one before it"),
                {message->invoke, entry.seen});
  }
}

void Check(const Facts& facts, Report* report) {
  CheckEntries(facts, report);
  CheckBatches(facts, report);
}

}  // namespace

Checker DurabilityChecker() { return {"durability", Check, kAnomalies}; }

}  // namespace tidelog::sim::check
