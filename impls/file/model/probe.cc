#include "impls/file/model/probe.h"

#include <algorithm>
#include <array>
#include <iterator>

#include "impls/file/model/disk.h"
#include "impls/file/model/invariants.h"

namespace tidelog::impls::file::model {

namespace {

bool HasAcked(const State& state, int process) {
  for (int id = 2; id < kIds; ++id) {
    if (state.acked[id] != 0 && AppenderOf(state.acked[id]) == process) return true;
  }
  return false;
}

bool ThirdTermIsRead(const Setting&, const State& state, const Label&) {
  constexpr int kThird = 2;
  bool seen = false;
  for (const uint8_t value : state.seen) seen |= value != 0 && AppenderOf(value) == kThird;
  return seen && HasAcked(state, kThird) && HasAcked(state, 0) && HasAcked(state, 1);
}

bool FailureIsHealed(const Setting&, const State& state, const Label&) {
  return std::any_of(std::begin(state.processes), std::end(state.processes),
                     [](const Process& process) { return process.healed == 2; });
}

bool CrashInTakeoverIsRecovered(const Setting& setting, const State& state, const Label&) {
  if (state.crashed_in_takeover == 0) return false;
  for (int i = 0; i < setting.scope.processes; ++i) {
    if (state.processes[i].step == Step::kServing && HasAcked(state, i)) return true;
  }
  return false;
}

// An append whose end nobody was told, as its process was fenced, and that is in the log.
bool UnknownIsStored(const Setting& setting, const State& state, const Label&) {
  const Manifest* newest = NewestManifest(state);
  if (newest == nullptr) return false;
  const Visible visible = VisibleIn(setting, state, newest->list);
  for (int id = visible.first; id < kIds; ++id) {
    const uint8_t value = visible.values[id];
    if (value == 0 || value == state.acked[id]) continue;
    if (state.processes[AppenderOf(value)].step == Step::kOver) return true;
  }
  return false;
}

bool TornTailIsRead(const Setting&, const State& state, const Label& label) {
  if (label.step != Step::kReadTail) return false;
  const uint8_t segment = state.processes[label.actor].segment;
  if (segment == kNone) return false;
  for (int i = 0; i < kPlaces; ++i) {
    const Group group = ReadGroup(state, segment, state.segments[segment].file, i, Through::kDevice,
                                  /*any_life=*/false);
    if (group.committed && !group.good) return true;
  }
  return false;
}

// A takeover that was overtaken has sealed a segment, and its successor seals it further on.
bool SealMovesUp(const Setting&, const State& state, const Label&) {
  const Manifest* newest = NewestManifest(state);
  if (newest == nullptr) return false;
  for (int i = 0; i < newest->list.count; ++i) {
    const Listed& now = newest->list.at[i];
    for (int k = 0; k < state.reader.list.count; ++k) {
      const Listed& before = state.reader.list.at[k];
      const bool sealed = now.seal != kOpen && before.seal != kOpen;
      if (sealed && before.segment == now.segment && before.seal < now.seal) return true;
    }
  }
  return false;
}

bool IsSwept(const Setting&, const State&, const Label& label) {
  return label.step == Step::kSweep;
}

bool ReopenedAcks(const Setting& setting, const State& state, const Label&) {
  return setting.scope.terms[1] == setting.scope.terms[0] && HasAcked(state, 1);
}

bool RecycledHoldsAcked(const Setting& setting, const State& state, const Label&) {
  const Manifest* newest = NewestManifest(state);
  if (newest == nullptr) return false;
  const Visible visible = VisibleIn(setting, state, newest->list);
  for (int i = 0; i < newest->list.count; ++i) {
    const uint8_t listed = newest->list.at[i].segment;
    const Segment& segment = state.segments[listed];
    const uint8_t value = visible.values[segment.base];
    const bool acked = value != 0 && value == state.acked[segment.base];
    if (segment.file != listed && acked) return true;
  }
  return false;
}

bool ReaderHoldsRecycled(const Setting&, const State& state, const Label&) {
  const Reader& reader = state.reader;
  if (reader.segment == kNone) return false;
  const uint8_t life = state.files[reader.file].header.cached;
  return life != 0 && life != LifeOf(reader.segment);
}

// Something ended not done for want of room, something was truncated, and an append after that was
// acknowledged.
bool FullDiskHeals(const Setting&, const State& state, const Label&) {
  if (state.not_done == 0 || state.truncated == 0) return false;
  for (const uint8_t acked : state.acked) {
    const auto before = static_cast<uint32_t>(state.not_done & ((1u << acked) - 1));
    if (acked != 0 && before != 0) return true;
  }
  return false;
}

constexpr std::array kProbes = {
    Probe{"third-term-is-read", "three terms acknowledge, and a reader is given the third's",
          "race", ThirdTermIsRead},
    Probe{"unknown-is-stored", "a record whose append ended unknown is in the log", "race",
          UnknownIsStored},
    Probe{"seal-moves-up", "a takeover seals further on what an overtaken one has sealed", "race",
          SealMovesUp},
    Probe{"crash-in-takeover", "a takeover follows one that the machine's crash cut off", "race",
          CrashInTakeoverIsRecovered},
    Probe{"torn-tail", "a commit frame has landed without its record", "race", TornTailIsRead},
    Probe{"failure-is-healed", "a process acknowledges after a sync of its own has failed", "fail",
          FailureIsHealed},
    Probe{"everything-at-once", "the same, with three terms", "everything", FailureIsHealed},
    Probe{"swept", "a takeover unlinks what a lower term left", "roll", IsSwept},
    Probe{"reopened", "the same term acknowledges again after a clean close", "reopen",
          ReopenedAcks},
    Probe{"recycled", "a recycled file holds an acknowledged record", "recycle",
          RecycledHoldsAcked},
    Probe{"reader-of-recycled", "a reader has the file open that is recycled", "recycle",
          ReaderHoldsRecycled},
    Probe{"full-disk-heals", "a full disk takes a truncation, and appends again", "full",
          FullDiskHeals},
};

}  // namespace

std::span<const Probe> Probes() { return kProbes; }

}  // namespace tidelog::impls::file::model
