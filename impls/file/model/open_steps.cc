// An open: Takeover::Run(), from the claim to the own segment, and the sweep behind it.
#include <cstdint>

#include "impls/file/model/disk.h"
#include "impls/file/model/process_steps.h"

namespace tidelog::impls::file::model {

namespace {

// TermWord::ClaimedBy(); 0: kUnmatchedTerm.
uint8_t ClaimedBy(uint8_t now, uint8_t term) {
  if (TermIn(now) < term) return OwnerWord(term, 1, false);
  const bool reopens = TermIn(now) == term && IsClean(now);
  return reopens ? OwnerWord(term, IncarnationIn(now) + 1, false) : 0;
}

}  // namespace

void ProcessSteps::Start() {
  if (Holds(Rule::kClaimFirst)) return Claim();
  ReadManifest();
}

void ProcessSteps::Claim() {
  const uint8_t now = state_.term.cached;
  const uint8_t claimed = ClaimedBy(now, term());
  if (claimed == 0) return End(Step::kClaim, Outcome::kRefused);
  self().before = TermIn(now);
  self().incarnation = IncarnationIn(claimed);
  if (!Holds(Rule::kClaimSwaps)) {
    self().word = claimed;
    self().step = Step::kWriteTerm;
    return Done(Step::kReadTerm);
  }
  next_.term.Write(claimed);
  self().step = Step::kSyncTerm;
  Done(Step::kClaim);
}

void ProcessSteps::WriteTerm() {
  next_.term.Write(self().word);
  self().word = 0;
  self().step = Step::kSyncTerm;
  Done(Step::kWriteTerm);
}

void ProcessSteps::SyncTerm() {
  if (Holds(Rule::kClaimSynced)) next_.term.Sync();
  self().why = Why::kTakeover;
  self().step = Holds(Rule::kClaimFirst) ? Step::kReadManifest : Step::kMakeSegment;
  Done(Step::kSyncTerm);
}

// Takeover::ReadManifest(), with CheckFound().  That the files listed are there
// (CheckFilesListed()) is an invariant: kListedFileMissing.
void ProcessSteps::ReadManifest() {
  const Manifest* newest = NewestManifest(state_);
  const bool claimed = Holds(Rule::kClaimFirst);
  if (newest == nullptr && state_.born != 0) return Refuse(Step::kReadManifest);
  if (newest != nullptr && newest->body.cached == 0) return Refuse(Step::kReadManifest);
  if (newest != nullptr && claimed && newest->term > self().before) {
    return Refuse(Step::kReadManifest);
  }
  if (newest != nullptr) {
    self().list = newest->list;
    const bool goes_on = newest->term == term() && Holds(Rule::kNumbersGoOn);
    self().number = goes_on ? newest->number : 0;
  }
  self().step = AfterManifestRead();
  if (scope().sweeps && !Holds(Rule::kSweepLast)) {
    self().resume = self().step;
    self().step = Step::kListNames;
  }
  Done(Step::kReadManifest);
}

// The beginning of Takeover::FindBoundary().
Step ProcessSteps::AfterManifestRead() {
  const List& list = self().list;
  self().why = Why::kTakeover;
  if (list.count == 0) return AfterTailRead();
  const Listed& last = list.at[list.count - 1];
  self().boundary = last.seal;
  if (last.seal != kOpen) return AfterTailRead();
  self().segment = last.segment;
  self().boundary = 0;
  if (Holds(Rule::kClaimManifest) && Holds(Rule::kClaimFirst)) {
    self().why = Why::kClaim;
    return Step::kLookBeforeLink;
  }
  OpenTail();
  return self().step;
}

// RecoverTail() opens the file, which is told of the failures of syncs from then on.
void ProcessSteps::OpenTail() {
  self().why = Why::kTakeover;
  self().errors = next_.files[file()].errors;
  self().step = Holds(Rule::kTailSyncedBefore) ? Step::kSyncTail : Step::kReadTail;
}

Step ProcessSteps::AfterTailRead() const {
  return Holds(Rule::kClaimFirst) ? Step::kMakeSegment : Step::kClaim;
}

// A sync of RecoverTail(), before it reads or after.
void ProcessSteps::SyncTail() {
  const Step step = self().step;
  const Step after = step == Step::kSyncTail ? Step::kReadTail : AfterTailRead();
  const Step first = Holds(Rule::kTailSyncedBefore) ? Step::kSyncTail : Step::kReadTail;
  const Step on_error = Holds(Rule::kTailSyncStartsAgain) ? first : after;
  const uint8_t synced = file();
  if (state_.fails > 0) {
    FailSyncOfFile(state_, synced, [&](const State& failed, uint32_t landed) {
      next_ = failed;
      --next_.fails;
      self().errors = next_.files[synced].errors;
      self().step = on_error;
      Done(step, Outcome::kFailed, landed);
    });
  }
  SyncFile(&next_, synced);
  const bool told = next_.files[synced].errors != self().errors;
  self().errors = next_.files[synced].errors;
  self().step = told ? on_error : after;
  Done(step, told ? Outcome::kFailed : Outcome::kFine);
}

// ScanDirectly(), a group a step, so that others may write between two; then Judge().
void ProcessSteps::ReadTail() {
  const uint8_t segment = self().segment;
  const Through through = Holds(Rule::kTailReadDirectly) ? Through::kDevice : Through::kCache;
  if (self().scanned == 0) {
    self().boundary = static_cast<uint8_t>(state_.segments[segment].base - 1);
  }
  const auto group_at = [&](int place) {
    return ReadGroup(state_, segment, file(), place, through, AnyLife());
  };
  if (self().scanned < kPlaces) {
    const Group group = group_at(self().scanned);
    if (group.good) {
      if (group.has_record) ++self().boundary;
      ++self().scanned;
      return Done(Step::kReadTail);
    }
  }
  for (int i = self().scanned; i < kPlaces; ++i) {
    const Group behind = group_at(i);
    if (behind.committed && behind.watermark > self().boundary) return Refuse(Step::kReadTail);
  }
  self().scanned = 0;
  self().step = Holds(Rule::kTailSyncedAfter) ? Step::kSyncTailAgain : AfterTailRead();
  Done(Step::kReadTail);
}

// The look at TERM, and SegmentChain::TakeBlank() with WriteSegmentHeader(): nothing of it is
// visible before the manifest, and there TERM is looked at again.
void ProcessSteps::MakeSegment() {
  const bool fenced = !StillOwner();
  if (Holds(Rule::kLookBeforeLink) && fenced) return End(Step::kMakeSegment, Outcome::kFenced);
  if (self().why == Why::kTakeover && !Holds(Rule::kOwnSegment) && self().segment != kNone) {
    self().step = Step::kLookBeforeLink;
    return Done(Step::kMakeSegment);
  }
  if (self().made == kSegmentsEach) return;  // Out of scope.
  const bool recycles = self().recyclable != kNone;
  if (!recycles && NoRoom()) {
    if (self().why == Why::kTakeover) return End(Step::kMakeSegment, Outcome::kNoRoom);
    EndNotDone();
    return Done(Step::kMakeSegment, Outcome::kNoRoom);
  }
  const auto blank = static_cast<uint8_t>(process_ * kSegmentsEach + self().made++);
  Segment& segment = next_.segments[blank];
  segment.base = static_cast<uint8_t>(tail() + 1);
  segment.file = blank;
  if (recycles) {
    Segment& old = next_.segments[self().recyclable];
    segment.file = old.file;
    old.name.Write(0);
    self().recyclable = kNone;
  }
  segment.name.Write(1);
  next_.files[segment.file].header.Write(LifeOf(blank));
  self().blank = blank;
  self().step = Step::kLookBeforeLink;
  if (!Holds(Rule::kSegmentDurable)) return Done(Step::kMakeSegment);
  next_.files[segment.file].header.Sync();
  if (scope().names_fail && state_.fails > 0) {
    const State made = next_;
    FailSyncOfNames(made, [this](const State& failed, uint32_t landed) {
      next_ = failed;
      LoseBlank(landed);
    });
    next_ = made;
  }
  model::SyncNames(&next_);
  Done(Step::kMakeSegment);
}

// SegmentChain::Discard().
void ProcessSteps::LoseBlank(uint32_t landed) {
  --next_.fails;
  next_.segments[self().blank].name.Write(0);
  self().blank = kNone;
  if (self().why == Why::kTakeover) {
    const uint8_t incarnation = self().incarnation;
    self() = Process();
    self().step = Step::kOver;
    self().incarnation = incarnation;
  } else {
    EndNotDone();
  }
  Done(Step::kMakeSegment, Outcome::kFailed, landed);
}

void ProcessSteps::ListNames() {
  self().sweeping = 0;
  for (int i = 0; i < kSegments; ++i) {
    const int maker = MakerOf(i);
    const bool lower =
        scope().terms[maker] < term() || (!Holds(Rule::kSweepLower) && maker != process_);
    const bool unlisted =
        !Lists(self().list, static_cast<uint8_t>(i)) || !Holds(Rule::kSweepUnlisted);
    if (state_.segments[i].name.cached == 0 || !lower || !unlisted) continue;
    self().sweeping = static_cast<uint16_t>(self().sweeping | 1u << i);
  }
  self().step = self().sweeping != 0 ? Step::kLookBeforeSweep : self().resume;
  Done(Step::kListNames);
}

void ProcessSteps::LookBeforeSweep() {
  const bool stops = Holds(Rule::kSweepLooks) && !StillOwner();
  if (stops) self().sweeping = 0;
  self().step = stops ? self().resume : Step::kSweep;
  Done(Step::kLookBeforeSweep, stops ? Outcome::kFenced : Outcome::kFine);
}

void ProcessSteps::Sweep() {
  const uint16_t left = self().sweeping;
  for (int i = 0; i < kSegments; ++i) {
    if ((left >> i & 1) == 0) continue;
    next_.segments[i].name.Write(0);
    self().sweeping = static_cast<uint16_t>(left & ~(1u << i));
    break;
  }
  self().step = self().sweeping != 0 ? Step::kLookBeforeSweep : self().resume;
  Done(Step::kSweep);
}

// The end of Takeover::Run(), and the last look of FileOpener::Open().
void ProcessSteps::Return() {
  if (Holds(Rule::kLastLook) && !StillOwner()) return End(Step::kReturn, Outcome::kFenced);
  Broken broken = Broken::kNothing;
  for (int i = 0; i < scope().processes; ++i) {
    const Process& other = state_.processes[i];
    if (i == process_ || other.returned == kNone) continue;
    if (scope().terms[i] > term()) broken = Broken::kLowerOpenReturns;
    const bool twice = scope().terms[i] == term() && other.closed == 0;
    if (twice) broken = Broken::kTwoOpensOfOneTerm;
  }
  self().returned = self().boundary;
  self().step = Step::kServing;
  const bool spare = scope().blocks != 0 && Holds(Rule::kSpareManifest) && FreeRoom() > 0;
  if (spare) self().spare = 1;
  Done(Step::kReturn, Outcome::kFine, 0, broken);
}

}  // namespace tidelog::impls::file::model
