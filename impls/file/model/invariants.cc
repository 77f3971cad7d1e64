#include "impls/file/model/invariants.h"

#include <algorithm>

#include "impls/file/model/disk.h"

namespace tidelog::impls::file::model {

namespace {

// Files are there and are what the list takes them for; ids lead on from one to the next.
Broken JudgeList(const State& state, const List& list) {
  for (int i = 0; i < list.count; ++i) {
    const Listed& listed = list.at[i];
    const Segment& segment = state.segments[listed.segment];
    if (segment.name.cached == 0) return Broken::kListedFileMissing;
    const bool same = state.files[segment.file].header.cached == LifeOf(listed.segment);
    if (!same) return Broken::kListedFileOverwritten;
    if (i == 0) continue;
    const uint8_t seal = list.at[i - 1].seal;
    if (seal == kOpen || seal + 1 != segment.base) return Broken::kIdsDoNotChain;
  }
  return Broken::kNothing;
}

// Orders opens by term and incarnation.
int OpenOf(const Setting& setting, const State& state, int process) {
  return setting.scope.terms[process] << 4 | state.processes[process].incarnation;
}

// A2: beyond a boundary that was returned nothing of an earlier open is visible, delivered or
// acknowledged.
bool LowerBeyondBoundary(const Setting& setting, const State& state, const Visible& visible,
                         int process) {
  const int open = OpenOf(setting, state, process);
  const auto lower = [&](uint8_t value) {
    return value != 0 && OpenOf(setting, state, AppenderOf(value)) < open;
  };
  for (int id = state.processes[process].returned + 1; id < kIds; ++id) {
    if (lower(visible.values[id]) || lower(state.seen[id]) || lower(state.acked[id])) return true;
  }
  return false;
}

Broken JudgePromises(const State& state, const Visible& visible) {
  for (int id = 1; id < kIds; ++id) {
    const uint8_t acked = state.acked[id];
    const uint8_t seen = state.seen[id];
    const uint8_t there = visible.values[id];
    if (there != 0 && (state.not_done >> there & 1) != 0) return Broken::kNotDoneIsVisible;
    if (acked == 0 && seen == 0) continue;
    if (id < visible.first) {
      if (id > state.truncated) return Broken::kTruncatedTooFar;
      continue;
    }
    if (acked != 0 && there == 0) return Broken::kAckedLost;
    if (acked != 0 && there != acked) return Broken::kAckedReplaced;
    if (seen != 0 && there == 0) return Broken::kDeliveredLost;
    if (seen != 0 && there != seen) return Broken::kDeliveredReplaced;
  }
  return Broken::kNothing;
}

}  // namespace

Visible VisibleIn(const Setting& setting, const State& state, const List& list) {
  Visible visible;
  if (list.count > 0) visible.first = state.segments[list.at[0].segment].base;
  const bool any_life = !setting.Holds(Rule::kFramesCarryLife);
  for (int i = 0; i < list.count; ++i) {
    const Listed& listed = list.at[i];
    const Segment& segment = state.segments[listed.segment];
    const Scan scan = ScanSegment(state, listed.segment, segment.file, any_life);
    const uint8_t last = listed.seal == kOpen ? scan.last : std::min(scan.last, listed.seal);
    for (int id = segment.base; id <= last; ++id) visible.values[id] = scan.values[id];
  }
  return visible;
}

Broken Judge(const Setting& setting, const State& state) {
  const Manifest* newest = NewestManifest(state);
  const bool missed = state.born != 0 && state.lost == 0;
  if (newest == nullptr) return missed ? Broken::kManifestMissing : Broken::kNothing;
  if (newest->body.cached == 0) return Broken::kNothing;  // Whoever reads it will tell.
  const Broken listed = JudgeList(state, newest->list);
  if (listed != Broken::kNothing) return listed;
  const Visible visible = VisibleIn(setting, state, newest->list);
  const Broken promises = JudgePromises(state, visible);
  if (promises != Broken::kNothing) return promises;
  for (int i = 0; i < setting.scope.processes; ++i) {
    const bool returned = state.processes[i].returned != kNone;
    if (returned && LowerBeyondBoundary(setting, state, visible, i)) {
      return Broken::kLowerTermBeyondBoundary;
    }
  }
  return Broken::kNothing;
}

}  // namespace tidelog::impls::file::model
