// Random true histories are flagged by nobody; spoilt in one place, they are flagged by somebody.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "gtest/gtest.h"
#include "rapidcheck/gtest.h"
#include "sim/check/history.h"
#include "sim/check/registry.h"
#include "sim/check/report.h"
#include "sim/check/testing/model_log.h"

namespace tidelog::sim::check {
namespace {

rc::Gen<std::vector<Step>> Steps() {
  const auto kind = rc::gen::weightedElement<Step::Kind>({{10, Step::Kind::kCall},
                                                          {10, Step::Kind::kLand},
                                                          {8, Step::Kind::kAnswer},
                                                          {2, Step::Kind::kGiveUp},
                                                          {2, Step::Kind::kRefuse},
                                                          {4, Step::Kind::kStoreTick},
                                                          {2, Step::Kind::kTakeOver},
                                                          {2, Step::Kind::kCrash},
                                                          {1, Step::Kind::kReopen},
                                                          {4, Step::Kind::kScan},
                                                          {8, Step::Kind::kRead},
                                                          {1, Step::Kind::kTruncate},
                                                          {2, Step::Kind::kAsk},
                                                          {3, Step::Kind::kBegin},
                                                          {6, Step::Kind::kBody},
                                                          {3, Step::Kind::kCommit},
                                                          {1, Step::Kind::kRollback},
                                                          {1, Step::Kind::kExclusive},
                                                          {1, Step::Kind::kJoinLate}});
  const auto step = rc::gen::construct<Step>(kind, rc::gen::inRange<uint64_t>(0, 60));
  return rc::gen::scale(3.0, rc::gen::container<std::vector<Step>>(step));
}

History HistoryOf(const std::vector<Step>& steps) {
  ModelLog log;
  for (const Step& step : steps) log.Do(step);
  log.Finish();
  return log.history();
}

// Every record of the final scans, for what spoils one.
std::vector<Record*> FinalRecords(History* history) {
  std::vector<Record*> records;
  for (Event& event : history->events) {
    auto* batch = std::get_if<ScanBatch>(&event.what);
    if (batch == nullptr || event.op < 90 || event.op > 91) continue;
    for (Record& record : batch->records) records.push_back(&record);
  }
  return records;
}

// What storage acknowledged and readers are given.
std::vector<std::pair<Event*, Acknowledgement*>> Acknowledgements(History* history) {
  std::vector<std::pair<Event*, Acknowledgement*>> all;
  const std::vector<Record*> records = FinalRecords(history);
  const auto is_read = [&records](Tick tick) {
    return std::any_of(records.begin(), records.end(),
                       [tick](const Record* record) { return record->tick == tick; });
  };
  for (Event& event : history->events) {
    auto* yield = std::get_if<AppendReturn>(&event.what);
    if (yield == nullptr) continue;
    for (Acknowledgement& ack : yield->done) {
      if (is_read(ack.tick)) all.emplace_back(&event, &ack);
    }
  }
  return all;
}

// One way to spoil a record of which others know the truth.
void SpoilRecord(Record* record, uint64_t way) {
  switch (way % 8) {
    case 0:
      ++record->id;
      return;
    case 1:
      ++record->tick;
      return;
    case 2:
      --record->tick;
      return;
    case 3:
      ++record->term;
      return;
    case 4:
      record->last_confirmed += 3;
      return;
    case 5:
      ++record->content.payload.hash;
      return;
    case 6:
      record->content.payload.number += 1000;
      return;
    default:
      ++record->content.vchannel;
      return;
  }
}

// One way to spoil what a final scan delivers.
void SpoilDelivery(ScanBatch* batch, uint64_t pick) {
  std::vector<Record>& records = batch->records;
  const size_t at = pick % (records.size() - 1);
  switch (pick % 3) {
    case 0:
      std::swap(records[at], records[at + 1]);
      return;
    case 1:
      records.erase(records.begin() + static_cast<ptrdiff_t>(at));
      return;
    default: {
      const Record again = records[at];
      records.push_back(again);
      return;
    }
  }
}

// One way to spoil an acknowledgement.
void SpoilAcknowledgement(History* history, const std::pair<Event*, Acknowledgement*>& told,
                          uint64_t way) {
  auto& yield = std::get<AppendReturn>(told.first->what);
  switch (way % 5) {
    case 0:
      ++told.second->id;
      return;
    case 1:
      --told.second->tick;
      return;
    case 2:
      ++told.second->last_confirmed;
      return;
    case 3:
      yield = AppendReturn{.code = Code::kUnavailable};
      return;
    default: {
      Event again = *told.first;
      history->events.push_back(std::move(again));
      return;
    }
  }
}

void Spoil(History* history, uint64_t what, uint64_t pick) {
  const auto told = Acknowledgements(history);
  if (what == 0 && !told.empty()) {
    return SpoilAcknowledgement(history, told[pick % told.size()], pick / 7);
  }
  for (Event& event : history->events) {
    auto* batch = std::get_if<ScanBatch>(&event.what);
    const bool is_it = batch != nullptr && event.op == 90 + static_cast<int32_t>(pick % 2);
    if (what == 1 && is_it && batch->records.size() > 1) return SpoilDelivery(batch, pick / 2);
  }
  const std::vector<Record*> records = FinalRecords(history);
  SpoilRecord(records[pick % records.size()], pick / 5);
}

std::string Names(const std::vector<Violation>& violations) {
  std::string names;
  for (const Violation& violation : violations) {
    names += violation.Signature() + ": " + violation.message + "\n";
  }
  return names;
}

RC_GTEST_PROP(HistoryProperty, TrueHistoriesAreFlaggedByNobody, ()) {
  const std::vector<Step> steps = *Steps();
  const std::vector<Violation> found = Check(HistoryOf(steps));
  if (!found.empty()) RC_FAIL(Names(found));
}

RC_GTEST_PROP(HistoryProperty, SpoiltHistoriesAreFlaggedBySomebody, ()) {
  const std::vector<Step> steps = *Steps();
  History history = HistoryOf(steps);
  const auto what = *rc::gen::inRange<uint64_t>(0, 3);
  const auto pick = *rc::gen::inRange<uint64_t>(0, 10000);
  Spoil(&history, what, pick);
  RC_ASSERT(!Check(history).empty());
}

}  // namespace
}  // namespace tidelog::sim::check
