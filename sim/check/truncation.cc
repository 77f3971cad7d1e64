#include <algorithm>
#include <cstdint>
#include <variant>

#include "absl/strings/str_cat.h"
#include "sim/check/facts.h"
#include "sim/check/history.h"
#include "sim/check/report.h"
#include "sim/check/scan_checkers.h"
#include "sim/check/scan_range.h"

namespace tidelog::sim::check {
namespace {

constexpr Anomaly kAnomalies[] = {
    {"silent-skip", "F4"},    {"hidden-record-read", "G3"},    {"truncated-too-far", "G3"},
    {"mark-went-back", "G3"}, {"needed-tick-truncated", "G3"}, {"needless-position-gone", "F4"},
};

void CheckMark(const Facts& facts, Tick mark, int asked, int told, Report* report) {
  if (mark > facts.PossibleMark(told)) {
    report->Add("truncated-too-far",
                absl::StrCat("the mark is told to be ", mark, "; it may be at most ",
                             facts.PossibleMark(told)),
                {asked, told});
  }
  if (mark < facts.KnownMark(asked)) {
    report->Add("mark-went-back",
                absl::StrCat("the mark is told to be ", mark, "; it was ", facts.KnownMark(asked)),
                {asked, told});
  }
}

// Behind the mark there is a TimeTick, for the next open to begin at: it was stored before the
// truncation returned, so it lies below what the same writer appended next.
void CheckTickIsLeft(const Facts& facts, const Call& call, Report* report) {
  const Tick mark = facts.as<TruncateReturn>(call.end).mark.tick;
  if (facts.final_count() == 0 || mark < facts.end_mark()) return;
  const auto next = std::find_if(
      facts.messages().begin(), facts.messages().end(), [&call](const Message& message) {
        return message.invoke > call.end && message.handle == call.handle && message.ack != nullptr;
      });
  if (next == facts.messages().end()) return;
  for (size_t rank = facts.RankAbove(mark); rank < facts.RankAbove(next->ack->tick); ++rank) {
    if (facts.at_tick_rank(rank).record->content.type == kTimeTickType) return;
  }
  report->Add("needed-tick-truncated",
              absl::StrCat("no TimeTick between the mark ", mark, " and ", next->ack->tick,
                           ", which was appended after it"),
              {call.invoke, call.end, next->end});
}

// A writer that has a successor may know an old mark only.
bool MayBeFenced(const Facts& facts, int32_t handle, int event) {
  const Handle& own = facts.handle(handle);
  if (!own.writes()) return false;
  return std::any_of(facts.handles().begin(), facts.handles().end(),
                     [&own, event](const Handle& other) {
                       return !other.read_only && other.term >= own.term && &other != &own &&
                              other.open_invoke != kNever && other.open_invoke < event;
                     });
}

void CheckTold(const Facts& facts, Report* report) {
  for (const Call& call : facts.calls()) {
    if (call.end == kNever || call.code != Code::kOk) continue;
    if (call.kind == Call::Kind::kTruncate) {
      const Tick mark = facts.as<TruncateReturn>(call.end).mark.tick;
      const bool knows = !MayBeFenced(facts, call.handle, call.end);
      CheckMark(facts, mark, knows ? call.invoke : kNever, call.end, report);
      CheckTickIsLeft(facts, call, report);
    } else if (call.kind == Call::Kind::kInfo) {
      const auto& oldest = facts.as<InfoReturn>(call.end).oldest;
      CheckMark(facts, oldest ? oldest->tick : 0, call.invoke, call.end, report);
    }
  }
  const int last = facts.event_count() - 1;
  if (facts.final_count() > 0) CheckMark(facts, facts.end_mark(), last, last, report);
}

// The highest tick that the scan's own handle knew of before it was opened.
Tick KnownTo(const Facts& facts, const Scan& scan) {
  const Handle& handle = facts.handle(scan.handle);
  Tick known = handle.yield != nullptr ? handle.yield->first_tick : 0;
  for (const Message& message : facts.messages()) {
    if (message.handle != scan.handle || message.ack == nullptr) continue;
    if (message.end < scan.invoke) known = std::max(known, message.ack->tick);
  }
  return known;
}

// How far retention had come.  A position up to there is retained away (F4) also if what follows it
// is left: the id that it begins at is gone.
Tick RetainedThrough(const Facts& facts, int event) {
  Tick through = 0;
  for (int i = 0; i < event; ++i) {
    const auto* retention = std::get_if<Retention>(&facts.event(i).what);
    if (retention != nullptr) through = std::max(through, retention->through);
  }
  return through;
}

void CheckPositionGone(const Facts& facts, const Scan& scan, Report* report) {
  const Call& call = facts.call(scan.op);
  const bool at_open = call.end != kNever && call.code == Code::kPositionGone;
  const bool later = scan.error != kNever && scan.error_code == Code::kPositionGone;
  if (!at_open && !later) return;
  const Start start = scan.options->start;
  const Tick position =
      start == Start::kFrom || start == Start::kAfter ? scan.options->position.tick : 0;
  // What comes next lies at or above it.
  Tick next = position + (start == Start::kFrom ? 0 : 1);
  Tick reached = position;
  for (const int event : scan.batches) {
    const ScanBatch& batch = facts.as<ScanBatch>(event);
    if (batch.records.empty()) continue;
    reached = std::max(reached, batch.records.back().tick);
    next = std::max(next, reached + 1);
  }
  const int event = at_open ? call.end : scan.error;
  if (reached > 0 && reached <= RetainedThrough(facts, event)) return;
  const bool may_be_gone = next <= facts.PossibleMark(event);
  const bool may_be_above = at_open && position > KnownTo(facts, scan);
  if (may_be_gone || may_be_above) return;
  report->Add("needless-position-gone",
              absl::StrCat("scan ", scan.op, " is told that tick ", next, " is gone; the mark is ",
                           facts.PossibleMark(event)),
              {scan.invoke, event});
}

void CheckScan(const Facts& facts, const Scan& scan, Report* report) {
  CheckPositionGone(facts, scan, report);
  const bool knows = scan.opened != kNever && !MayBeFenced(facts, scan.handle, scan.opened);
  const Tick hidden = knows ? facts.KnownMark(scan.invoke) : 0;
  for (const int event : scan.batches) {
    for (const Record& record : facts.as<ScanBatch>(event).records) {
      if (record.tick > hidden) continue;
      report->Add("hidden-record-read",
                  absl::StrCat("scan ", scan.op, " is given tick ", record.tick,
                               ", which was truncated before; the mark is ", hidden),
                  {scan.invoke, event});
    }
  }
  ForEachSkipped(facts, scan, [&facts, &scan, report](const Entry& entry) {
    if (entry.record->tick > facts.PossibleMark(scan.batches.back())) return;
    report->Add("silent-skip",
                absl::StrCat("scan ", scan.op, " went past tick ", entry.record->tick,
                             ", which was truncated, without a word"),
                {scan.invoke, scan.batches.back(), entry.seen});
  });
}

void Check(const Facts& facts, Report* report) {
  CheckTold(facts, report);
  for (const Scan& scan : facts.scans()) CheckScan(facts, scan, report);
}

}  // namespace

Checker TruncationChecker() { return {"truncation", Check, kAnomalies}; }

}  // namespace tidelog::sim::check
