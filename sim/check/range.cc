#include <algorithm>

#include "absl/strings/str_cat.h"
#include "sim/check/facts.h"
#include "sim/check/history.h"
#include "sim/check/report.h"
#include "sim/check/scan_checkers.h"
#include "sim/check/scan_range.h"

namespace tidelog::sim::check {
namespace {

constexpr Anomaly kAnomalies[] = {
    {"before-start", "F1"}, {"beyond-until", "F1"},  {"filter-ignored", "F1"},
    {"resume-skip", "D4"},  {"resume-repeat", "D4"}, {"resume-unfounded", "D4"},
};

// The highest tick that the scan's own writer had acknowledged before it was opened: to Latest that
// is the past, in terms up to the writer's.
Tick AcknowledgedBefore(const Facts& facts, const Scan& scan) {
  if (!facts.handle(scan.handle).writes()) return 0;
  Tick newest = 0;
  for (const Message& message : facts.messages()) {
    if (message.invoke > scan.invoke) break;
    if (message.handle != scan.handle || message.ack == nullptr) continue;
    if (message.end < scan.invoke) newest = std::max(newest, message.ack->tick);
  }
  return newest;
}

class ScanRangeCheck {
 public:
  ScanRangeCheck(const Facts& facts, const Scan& scan, Report* report)
      : facts_(facts), scan_(scan), options_(*scan.options), report_(report) {
    if (options_.start == Start::kLatest) past_ = AcknowledgedBefore(facts, scan);
  }

  void Run() {
    for (const int event : scan_.batches) {
      const ScanBatch& batch = facts_.as<ScanBatch>(event);
      const Tick resumed = resume_;
      for (const Record& record : batch.records) {
        CheckPlace(record, event);
        if (record.tick <= resumed && record.tick > newest_) {
          Add("resume-skip", event, record.tick, "would be skipped behind an earlier resume");
        }
        newest_ = std::max(newest_, record.tick);
      }
      CheckResume(batch, event);
    }
  }

 private:
  void Add(std::string_view anomaly, int event, Tick tick, std::string_view what) {
    report_->Add(anomaly, absl::StrCat("scan ", scan_.op, ": tick ", tick, " ", what),
                 {scan_.invoke, event});
  }

  bool IsBeforeStart(const Record& record) const {
    switch (options_.start) {
      case Start::kEarliest:
        return false;
      case Start::kLatest:
        return record.tick <= past_ && record.term <= facts_.handle(scan_.handle).term;
      case Start::kFrom:
        return record.tick < options_.position.tick;
      case Start::kAfter:
        return record.tick <= options_.position.tick;
    }
    return false;
  }

  bool IsBeyondEnd(const Record& record) const {
    if (options_.end == ScanOpen::End::kPosition) return record.tick > options_.until;
    if (options_.end == ScanOpen::End::kNever) return false;
    const int message = facts_.FindMessage(record.content.payload);
    return message >= 0 && facts_.messages()[static_cast<size_t>(message)].invoke > scan_.opened;
  }

  void CheckPlace(const Record& record, int event) {
    if (IsBeforeStart(record)) Add("before-start", event, record.tick, "lies before its start");
    if (IsBeyondEnd(record)) Add("beyond-until", event, record.tick, "lies beyond its end");
    const bool is_bare = RoleOf(record.content) != Role::kNone && record.members.empty();
    if (!is_bare && !PassesFilters(options_, record)) {
      Add("filter-ignored", event, record.tick, "does not pass its filters");
    }
  }

  void CheckResume(const ScanBatch& batch, int event) {
    const Tick resume = batch.resume ? batch.resume->tick : 0;
    if (resume < newest_) {
      Add("resume-repeat", event, newest_, "would be repeated behind its resume");
    }
    resume_ = std::max(resume_, resume);
    if (!batch.resume) return;
    const Entry* entry = facts_.FindTick(resume);
    const bool is_wrong = entry != nullptr
                              ? entry->record->last_confirmed != batch.resume->last_confirmed
                              : facts_.EndCovers(resume, event) && !facts_.MayHoldHidden(event);
    if (is_wrong)
      Add("resume-unfounded", event, resume, "is to be resumed at no record's position");
  }

  const Facts& facts_;
  const Scan& scan_;
  const ScanOpen& options_;
  Report* report_;
  Tick past_ = 0;    // Of Latest.
  Tick newest_ = 0;  // That was delivered.
  Tick resume_ = 0;
};

void Check(const Facts& facts, Report* report) {
  for (const Scan& scan : facts.scans()) ScanRangeCheck(facts, scan, report).Run();
}

}  // namespace

Checker RangeChecker() { return {"range", Check, kAnomalies}; }

}  // namespace tidelog::sim::check
