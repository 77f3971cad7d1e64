#include <algorithm>
#include <cstdint>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/container/btree_map.h"
#include "absl/strings/str_cat.h"
#include "sim/check/facts.h"
#include "sim/check/history.h"
#include "sim/check/latest_invokes.h"
#include "sim/check/record_checkers.h"
#include "sim/check/report.h"

namespace tidelog::sim::check {
namespace {

constexpr Anomaly kAnomalies[] = {
    {"duplicate-tick", "D1"},      {"tick-below-old-term", "D6"}, {"real-time-order", "C4"},
    {"broken-tick-promise", "D2"}, {"broken-term-promise", "D2"}, {"tick-not-stored", "D2"},
    {"stale-mvcc", "D7"},          {"non-monotonic-mvcc", "D7"},  {"uncommitted-mvcc", "D7"},
};

// In the order of ids; inversions within a term are for the checker of order.
void CheckTerms(const Facts& facts, Report* report) {
  const Entry* newest = nullptr;
  for (const Entry& entry : facts.log()) {
    if (newest == nullptr || entry.record->tick > newest->record->tick) {
      newest = &entry;
    } else if (entry.record->tick < newest->record->tick &&
               entry.record->term != newest->record->term) {
      report->Add(
          "tick-below-old-term",
          absl::StrCat("tick ", entry.record->tick, " of term ", entry.record->term, " is below ",
                       newest->record->tick, " of term ", newest->record->term),
          {newest->seen, entry.seen});
    }
  }
  for (size_t rank = 1; rank < facts.by_tick().size(); ++rank) {
    const Entry& a = facts.at_tick_rank(rank - 1);
    const Entry& b = facts.at_tick_rank(rank);
    if (a.record->tick != b.record->tick) continue;
    report->Add("duplicate-tick",
                absl::StrCat("records ", a.record->id, " and ", b.record->id, " have tick ",
                             a.record->tick),
                {a.seen, b.seen});
  }
}

// What returned before another was invoked has the smaller tick and id.
void CheckRealTime(const Facts& facts, Report* report) {
  std::vector<const Message*> by_end;
  for (const Message& message : facts.messages()) {
    if (message.ack != nullptr) by_end.push_back(&message);
  }
  std::sort(by_end.begin(), by_end.end(), [](const Message* a, const Message* b) {
    return a->end != b->end ? a->end < b->end : a < b;  // All lie in one vector.
  });
  const Message* newest = nullptr;
  auto next = by_end.begin();
  for (const Message& message : facts.messages()) {
    if (message.ack == nullptr) continue;
    for (; next != by_end.end() && (*next)->end < message.invoke; ++next) {
      if (newest == nullptr || newest->ack->tick < (*next)->ack->tick) newest = *next;
    }
    if (newest == nullptr) continue;
    if (newest->ack->tick < message.ack->tick && newest->ack->id < message.ack->id) continue;
    report->Add("real-time-order",
                absl::StrCat("an append got tick ", message.ack->tick, " though ",
                             newest->ack->tick, " had been returned when it was called"),
                {newest->end, message.invoke, message.end});
  }
}

class Promises {
 public:
  Promises(const Facts& facts, Report* report) : facts_(facts), report_(report), all_(facts) {}

  void Check(const Scan& scan) {
    const Handle& handle = facts_.handle(scan.handle);
    const Term term = handle.read_only ? INT64_MAX : handle.term;
    Tick newest = 0;
    Tick stored = 0;
    Tick in_term = 0;
    for (const int event : scan.batches) {
      const ScanBatch& batch = facts_.as<ScanBatch>(event);
      for (const Record& record : batch.records) {
        if (record.tick > newest) {  // Else it is a matter of order.
          if (record.tick <= stored) Add("broken-tick-promise", stored, record.tick, event);
          if (record.tick <= in_term && record.tick > stored && record.term <= term) {
            Add("broken-term-promise", in_term, record.tick, event);
          }
        }
        newest = std::max(newest, record.tick);
      }
      CheckTold(batch, handle, event);
      Tick* told = batch.complete_is_stored ? &stored : &in_term;
      *told = std::max(*told, batch.complete_through);
    }
  }

 private:
  void Add(std::string_view anomaly, Tick promise, Tick tick, int event) {
    report_->Add(anomaly,
                 absl::StrCat("tick ", promise, " was said to be complete, and then came ", tick),
                 {event});
  }

  // To others: nothing at or below the tick is appended any more.
  void CheckTold(const ScanBatch& batch, const Handle& handle, int event) {
    const Tick tick = batch.complete_through;
    if (!batch.complete_is_stored) {
      const auto [found, is_new] = of_term_.try_emplace(handle.term, facts_, handle.term);
      if (found->second.Upto(tick) > event) Add("broken-term-promise", tick, tick, event);
      return;
    }
    if (all_.Upto(tick) > event) Add("broken-tick-promise", tick, tick, event);
    if (!facts_.EndCovers(tick, event)) return;
    const Entry* entry = facts_.FindTick(tick);
    if (entry != nullptr && entry->record->content.type == kTimeTickType) return;
    report_->Add("tick-not-stored",
                 absl::StrCat("tick ", tick, " was said to be stored, and no TimeTick has it"),
                 {event});
  }

  const Facts& facts_;
  Report* report_;
  const LatestInvokes all_;
  absl::btree_map<Term, LatestInvokes> of_term_;
};

// A commit commits what lies before it; the others of a transaction commit nothing.
bool IsCommitted(const Submission& content) {
  const Role role = RoleOf(content);
  return role == Role::kNone || role == Role::kCommit;
}

// The newest tick that the handle had acknowledged before `event`, of what belongs to a VChannel.
Tick CommittedBefore(const Facts& facts, int32_t handle, int32_t vchannel, int event) {
  Tick newest = 0;
  for (const Message& message : facts.messages()) {
    if (message.invoke > event) break;
    if (message.handle != handle || message.ack == nullptr || message.end > event) continue;
    if (!IsCommitted(*message.content)) continue;
    const int32_t of = message.content->vchannel;
    if (vchannel != 0 && of != 0 && of != vchannel) continue;
    newest = std::max(newest, message.ack->tick);
  }
  return newest;
}

void CheckMvcc(const Facts& facts, Report* report) {
  struct Told {
    Tick tick = 0;
    int end = kNever;
  };
  absl::btree_map<std::pair<int32_t, int32_t>, Told> newest;  // By handle and VChannel.
  for (const Call& call : facts.calls()) {
    if (call.kind != Call::Kind::kMvcc || call.end == kNever || call.code != Code::kOk) continue;
    const int32_t vchannel = facts.as<MvccInvoke>(call.invoke).vchannel;
    const Tick tick = facts.as<MvccReturn>(call.end).tick;
    if (tick < CommittedBefore(facts, call.handle, vchannel, call.invoke)) {
      report->Add("stale-mvcc",
                  absl::StrCat("MVCC is ", tick, ", below what was acknowledged before"),
                  {call.invoke, call.end});
    }
    const Entry* entry = facts.FindTick(tick);
    if (entry != nullptr && !IsCommitted(entry->record->content)) {
      report->Add("uncommitted-mvcc",
                  absl::StrCat("MVCC is ", tick, ", which is of a transaction and no commit's"),
                  {call.invoke, call.end});
    }
    Told& told = newest[{call.handle, vchannel}];
    if (told.end < call.invoke && tick < told.tick) {
      report->Add("non-monotonic-mvcc", absl::StrCat("MVCC was ", told.tick, " and is ", tick),
                  {told.end, call.end});
    }
    if (tick > told.tick) told = {tick, call.end};
  }
}

void Check(const Facts& facts, Report* report) {
  CheckTerms(facts, report);
  CheckRealTime(facts, report);
  Promises promises(facts, report);
  for (const Scan& scan : facts.scans()) promises.Check(scan);
  CheckMvcc(facts, report);
}

}  // namespace

Checker TickChecker() { return {"ticks", Check, kAnomalies}; }

}  // namespace tidelog::sim::check
