#include "sim/check/visibility.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "sim/check/history.h"
#include "sim/check/report.h"
#include "sim/check/scan_checkers.h"
#include "sim/check/scan_range.h"

namespace tidelog::sim::check {
namespace {

constexpr Anomaly kAnomalies[] = {{"stale-read", "C1"}};

int LastMachineCrashBefore(const Facts& facts, int event) {
  int last = kNever;
  for (const int crash : facts.machine_crashes()) {
    if (crash < event) last = crash;
  }
  return last;
}

// The newest open for writing that returned between the two events; null: none.
const Handle* LastOpenWithin(const Facts& facts, int from, int to) {
  const Handle* last = nullptr;
  for (const Handle& handle : facts.handles()) {
    if (!handle.writes() || handle.opened <= from || handle.opened >= to) continue;
    if (last == nullptr || handle.opened > last->opened) last = &handle;
  }
  return last;
}

// Whether nothing came, from `event` on and for as long as the contract says, that keeps a writer
// from showing what it has acknowledged.
bool LivesOn(const Facts& facts, const Handle& writer, int event) {
  const Nanos from = facts.event(event).at;
  const Nanos to = from + facts.history().contract.visible_within;
  const auto within = [&facts, from, to](int e) {
    return e != kNever && facts.event(e).at >= from && facts.event(e).at <= to;
  };
  if (writer.backend_is_dead || within(writer.close_invoke) || within(writer.unavailable)) {
    return false;
  }
  for (const Handle& other : facts.handles()) {
    if (&other != &writer && !other.read_only && within(other.open_invoke)) return false;
  }
  const ProcessLife* life = facts.life(writer.process);
  if (life == nullptr) return true;
  return !within(life->crash) &&
         std::none_of(life->pauses.begin(), life->pauses.end(),
                      [&within](const std::pair<int, int>& pause) { return within(pause.first); });
}

bool IsDue(const Facts& facts, const Message& message, int event) {
  const Nanos bound = facts.history().contract.visible_within;
  if (bound == kForever) return false;
  if (facts.event(event).at - facts.event(message.end).at < bound) return false;
  return LivesOn(facts, facts.handle(message.handle), message.end);
}

void Check(const Facts& facts, Report* report) {
  for (const Scan& scan : facts.scans()) {
    const bool reached_tail = scan.end != kNever && scan.options->end == ScanOpen::End::kTailAtOpen;
    if (!reached_tail) continue;
    const Tick visible = VisibleThrough(facts, scan.handle, scan.invoke);
    ForEachUnreached(facts, scan, visible, [&](const Entry& entry) {
      const Message* message = facts.MessageOf(entry);
      report->Add("stale-read",
                  absl::StrCat("scan ", scan.op, " ended at the tail without tick ",
                               entry.record->tick, ", which was there when it began"),
                  {message != nullptr ? message->end : kNever, scan.invoke, scan.end});
    });
  }
}

}  // namespace

Tick VisibleThrough(const Facts& facts, int32_t handle, int event) {
  const int crash = LastMachineCrashBefore(facts, event);
  // A writer knows what its own open found, and not what a successor appends.
  const Handle& asker = facts.handle(handle);
  const Handle* open = asker.writes() ? &asker : LastOpenWithin(facts, crash, event);
  Tick visible = 0;
  for (const Message& message : facts.messages()) {
    if (message.invoke > event) break;
    if (message.ack == nullptr || message.end > event || message.ack->tick <= visible) continue;
    const Handle& writer = facts.handle(message.handle);
    const bool own = message.handle == handle;
    const bool covered = open != nullptr && message.end < open->opened && writer.term <= open->term;
    const bool is_due = !asker.writes() && message.end > crash && IsDue(facts, message, event);
    if (own || covered || is_due) {
      visible = message.ack->tick;
    }
  }
  return visible;
}

Checker VisibilityChecker() { return {"visibility", Check, kAnomalies}; }

}  // namespace tidelog::sim::check
