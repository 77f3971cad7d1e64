#include <string>

#include "absl/strings/str_cat.h"
#include "sim/check/facts.h"
#include "sim/check/history.h"
#include "sim/check/report.h"
#include "sim/check/scan_checkers.h"
#include "sim/check/scan_range.h"

namespace tidelog::sim::check {
namespace {

constexpr Anomaly kAnomalies[] = {
    {"non-monotonic-read", "F2"},   {"redelivery", "F2"}, {"inversion", "D8"},
    {"inconsistent-offsets", "A4"}, {"poll-skip", "F3"},
};

std::string Describe(const Record& record) {
  return absl::StrCat("record ", record.id, " at tick ", record.tick);
}

// Whether the scan was given a record of the same id before `record`.
bool CameBefore(const Facts& facts, const Scan& scan, const Record* record) {
  for (const int event : scan.batches) {
    for (const Record& other : facts.as<ScanBatch>(event).records) {
      if (&other == record) return false;
      if (other.id == record->id) return true;
    }
  }
  return false;
}

void CheckDeliveries(const Facts& facts, const Scan& scan, Report* report) {
  Tick newest = 0;
  int newest_event = kNever;
  for (const int event : scan.batches) {
    for (const Record& record : facts.as<ScanBatch>(event).records) {
      if (record.tick > newest) {
        newest = record.tick;
        newest_event = event;
      } else if (CameBefore(facts, scan, &record)) {
        report->Add("redelivery",
                    absl::StrCat("scan ", scan.op, " is given ", Describe(record), " again"),
                    {newest_event, event});
      } else {
        report->Add(
            "non-monotonic-read",
            absl::StrCat("scan ", scan.op, " is given ", Describe(record), " behind ", newest),
            {newest_event, event});
      }
    }
  }
}

// In the order of ids; those of two terms are for the checker of ticks.
void CheckInversions(const Facts& facts, Report* report) {
  const Entry* newest = nullptr;
  for (const Entry& entry : facts.log()) {
    if (newest == nullptr || entry.record->tick > newest->record->tick) {
      newest = &entry;
    } else if (entry.record->tick < newest->record->tick &&
               entry.record->term == newest->record->term) {
      report->Add("inversion",
                  absl::StrCat(Describe(*entry.record), " lies behind ", Describe(*newest->record)),
                  {newest->seen, entry.seen});
    }
  }
}

void Check(const Facts& facts, Report* report) {
  for (const Facts::Conflict& conflict : facts.conflicts()) {
    report->Add("inconsistent-offsets",
                absl::StrCat(Describe(*conflict.record), " is not the same to all"),
                {conflict.other_event, conflict.event});
  }
  CheckInversions(facts, report);
  for (const Scan& scan : facts.scans()) {
    CheckDeliveries(facts, scan, report);
    ForEachSkipped(facts, scan, [&facts, &scan, report](const Entry& entry) {
      if (entry.record->tick <= facts.PossibleMark(scan.batches.back())) return;
      report->Add("poll-skip",
                  absl::StrCat("scan ", scan.op, " went past ", Describe(*entry.record)),
                  {scan.batches.back(), entry.seen});
    });
  }
}

}  // namespace

Checker OrderChecker() { return {"order", Check, kAnomalies}; }

}  // namespace tidelog::sim::check
