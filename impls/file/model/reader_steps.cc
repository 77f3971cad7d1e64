#include "impls/file/model/reader_steps.h"

#include <algorithm>

#include "impls/file/model/disk.h"

namespace tidelog::impls::file::model {

void ReaderSteps::Take() {
  Refresh();
  const Reader& now = state_.reader;
  if (now.term == 0 || now.next >= kIds) return;
  if (now.segment == kNone) {
    OpenPlace();
  } else {
    Deliver();
  }
}

void ReaderSteps::Done(Step step, Outcome outcome, Broken broken) {
  Tidy(&next_);
  Label label;
  label.actor = kReaderActs;
  label.step = step;
  label.outcome = outcome;
  label.broken = broken;
  emit_(next_, label);
  next_ = state_;
}

bool ReaderSteps::IsNewer(const Manifest* manifest) const {
  const Reader& now = state_.reader;
  if (manifest == nullptr) return false;
  return manifest->term != now.term ? manifest->term > now.term : manifest->number > now.number;
}

// ScanPump::Locate() after ManifestFollower::Refresh(): the segment it has open stays so only if
// that is where the next id lies.
void ReaderSteps::Learn(const Manifest& manifest) {
  self().list = manifest.list;
  self().term = manifest.term;
  self().number = manifest.number;
  const Listed* listed = FindListed(state_, manifest.list, self().next);
  const bool stays = listed != nullptr && self().segment == listed->segment &&
                     (listed->seal == kOpen || listed->seal >= self().next);
  if (stays) {
    self().seal = listed->seal;
  } else {
    self().segment = kNone;
    self().file = self().seal = 0;
  }
}

void ReaderSteps::Refresh() {
  const Manifest* newest = NewestManifest(state_);
  if (!IsNewer(newest)) return;
  if (newest->body.cached == 0) {
    return Done(Step::kRefresh, Outcome::kDamage, Broken::kReaderToldCorrupt);
  }
  Learn(*newest);
  Done(Step::kRefresh);
}

// By id; or, where that is left out, the segment behind the last one.
const Listed* ReaderSteps::NextListed() const {
  const Reader& now = state_.reader;
  if (setting_.Holds(Rule::kReaderFindsById) || now.done == kNone) {
    return FindListed(state_, now.list, now.next);
  }
  for (int i = 0; i + 1 < now.list.count; ++i) {
    if (now.list.at[i].segment == now.done) return &now.list.at[i + 1];
  }
  return nullptr;
}

void ReaderSteps::OpenPlace() {
  const Reader& now = state_.reader;
  const uint8_t first = state_.segments[now.list.at[0].segment].base;
  if (now.next < first) {
    const bool told_so = now.next <= state_.truncated;
    self().next = first;
    self().done = kNone;
    return Done(Step::kOpenPlace, Outcome::kGone,
                told_so ? Broken::kNothing : Broken::kReaderToldGone);
  }
  const Listed* listed = NextListed();
  if (listed == nullptr) return;
  const Segment& segment = state_.segments[listed->segment];
  if (segment.base > now.next) return Done(Step::kOpenPlace, Outcome::kFine, Broken::kReaderSkips);
  if (listed->seal != kOpen && listed->seal < now.next) return;  // All of it was read.
  const bool there = segment.name.cached != 0 &&
                     state_.files[segment.file].header.cached == LifeOf(listed->segment);
  if (!there) return MeetDamage();
  self().segment = listed->segment;
  self().file = segment.file;
  self().seal = listed->seal;
  Done(Step::kOpenPlace);
}

// Records below the seal must be good; without a seal, those that a watermark covers count.
void ReaderSteps::Deliver() {
  const Reader& now = state_.reader;
  const bool any_life = !setting_.Holds(Rule::kFramesCarryLife);
  const Scan scan = ScanSegment(state_, now.segment, now.file, any_life);
  const bool sealed = now.seal != kOpen;
  const bool covered = setting_.Holds(Rule::kReaderKeepsToWatermark);
  const uint8_t open_end = covered ? std::min(scan.last, scan.watermark) : scan.last;
  if (now.next > (sealed ? now.seal : open_end)) return;
  if (now.next > scan.last) return MeetDamage();
  const uint8_t value = scan.values[now.next];
  const uint8_t before = state_.seen[now.next];
  Broken broken = Broken::kNothing;
  if (before != 0 && before != value) broken = Broken::kDeliveredReplaced;
  if ((state_.not_done >> value & 1) != 0) broken = Broken::kNotDoneIsVisible;
  next_.seen[now.next] = value;
  ++self().next;
  if (sealed && now.next == now.seal) {
    if (!setting_.Holds(Rule::kReaderFindsById)) self().done = now.segment;
    self().segment = kNone;
    self().file = self().seal = 0;
  }
  Done(Step::kDeliver, Outcome::kFine, broken);
}

// ScanPump::OnDamage(): only what the newest manifest lists can be damaged.
void ReaderSteps::MeetDamage() {
  const Manifest* newest = NewestManifest(state_);
  const bool asks = setting_.Holds(Rule::kReaderAsksManifest);
  if (state_.lost != 0 && !IsNewer(newest)) return;  // It is damaged, and so the reader is told.
  if (!asks || !IsNewer(newest) || newest->body.cached == 0) {
    return Done(Step::kAskManifest, Outcome::kDamage, Broken::kReaderToldCorrupt);
  }
  Learn(*newest);
  self().segment = kNone;
  self().file = self().seal = 0;
  Done(Step::kAskManifest);
}

}  // namespace tidelog::impls::file::model
