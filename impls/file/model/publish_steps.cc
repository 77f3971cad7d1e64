// A publication: ManifestStore::Publish(), and what SegmentChain puts into it and makes of it.
#include <algorithm>
#include <cstdint>

#include "absl/log/check.h"
#include "impls/file/model/disk.h"
#include "impls/file/model/process_steps.h"

namespace tidelog::impls::file::model {

namespace {

void Add(List* list, uint8_t segment, uint8_t seal) {
  CHECK_LT(list->count, kListed) << "kListed is too small";
  list->at[list->count++] = {segment, seal};
}

void RemoveLast(List* list) { list->at[--list->count] = Listed(); }

void RemoveFirst(List* list) {
  for (int i = 1; i < list->count; ++i) list->at[i - 1] = list->at[i];
  RemoveLast(list);
}

}  // namespace

// The private file is written and synced between two looks; nobody sees it, so the second counts.
void ProcessSteps::LookBeforeLink() {
  if (Holds(Rule::kLookBeforeLink) && !StillOwner()) {
    return End(Step::kLookBeforeLink, Outcome::kFenced);
  }
  if (scope().blocks != 0 && self().spare == 0 && FreeRoom() == 0) {
    switch (self().why) {
      case Why::kSeal:
        return;  // LogWriter::SealDurably() tries until there is room.
      case Why::kTruncate:
        return Done(Step::kLookBeforeLink, Outcome::kNoRoom, 0, Broken::kTruncationRefused);
      case Why::kRoll:
        next_.segments[self().blank].name.Write(0);
        self().blank = kNone;
        EndNotDone();
        return Done(Step::kLookBeforeLink, Outcome::kNoRoom);
      default:
        return End(Step::kLookBeforeLink, Outcome::kNoRoom);
    }
  }
  if (scope().blocks != 0) {
    self().spare = 0;
    self().private_file = 1;
  }
  self().step = Step::kLink;
  Done(Step::kLookBeforeLink);
}

// What SegmentChain::PublishClaim(), Advance(), Seal() and Truncate() make of the list.
List ProcessSteps::NextList() const {
  List next = self().list;
  const uint8_t tail_id = tail();
  const bool takes_blank = self().blank != kNone;
  if (self().why == Why::kClaim) return next;
  if (self().why == Why::kTruncate) {
    RemoveFirst(&next);
    return next;
  }
  if (self().why == Why::kTakeover && !takes_blank) return next;  // kOwnSegment is left out.
  if (next.count > 0 && next.at[next.count - 1].seal == kOpen) {
    Listed& last = next.at[next.count - 1];
    const bool unused = state_.segments[last.segment].base > tail_id;
    if (unused && (takes_blank || next.count > 1)) {
      RemoveLast(&next);
    } else {
      last.seal = tail_id;
    }
  }
  if (takes_blank) Add(&next, self().blank, kOpen);
  return next;
}

void ProcessSteps::Link() {
  const auto number = static_cast<uint8_t>(self().number + 1);
  if (HasManifest(state_, term(), number)) return Refuse(Step::kLink);
  const List before = self().list;
  Manifest manifest;
  manifest.term = term();
  manifest.number = number;
  manifest.name.Write(1);
  manifest.list = NextList();
  if (Holds(Rule::kManifestWhole)) manifest.body = {1, 1, 0};
  AddManifest(&next_, manifest);
  self().number = number;
  self().list = manifest.list;
  self().private_file = 0;
  self().dropped = kNone;
  for (int i = 0; i < before.count; ++i) {
    const Listed& listed = before.at[i];
    if (Lists(manifest.list, listed.segment)) continue;
    self().dropped = listed.segment;
    const bool truncated = self().why == Why::kTruncate;
    if (truncated) next_.truncated = std::max(state_.truncated, listed.seal);
  }
  UseBlank();
  DropTooEarly();
  const Step whole = Holds(Rule::kManifestDurable) ? Step::kSyncNames : Step::kLookAfterSync;
  self().step = Holds(Rule::kManifestWhole) ? whole : Step::kFillManifest;
  Done(Step::kLink);
}

// LogWriter::UseSegment(), and what Seal() makes of the active segment.
void ProcessSteps::UseBlank() {
  if (self().why == Why::kSeal || self().why == Why::kClose) self().segment = kNone;
  if (self().why != Why::kTakeover && self().why != Why::kRoll) return;
  const uint8_t tail_id = tail();
  self().durable = self().watermark = tail_id;
  if (self().blank == kNone) {  // kOwnSegment is left out.
    self().place = static_cast<uint8_t>(tail_id + 1 - state_.segments[self().segment].base);
    return;
  }
  self().segment = self().blank;
  self().blank = kNone;
  self().place = 0;
  self().errors = next_.files[file()].errors;
}

// What must wait until the manifest is durable, where the rules for that are left out.
void ProcessSteps::DropTooEarly() {
  const uint8_t dropped = self().dropped;
  if (dropped == kNone) return;
  if (!Holds(Rule::kUnlinkAfterSync)) next_.segments[dropped].name.Write(0);
  if (Holds(Rule::kRecycleAfterSync) || !scope().recycles) return;
  // A segment that is being prepared meanwhile takes the file.
  File& file = next_.files[next_.segments[dropped].file];
  file.header.Write(15);
  file.header.Sync();
}

void ProcessSteps::FillManifest() {
  for (Manifest& manifest : next_.manifests) {
    const bool own = manifest.term == term() && manifest.number == self().number;
    if (own) manifest.body = {1, 1, 0};
  }
  self().step = Step::kSyncNames;
  Done(Step::kFillManifest);
}

void ProcessSteps::SyncNames() {
  if (scope().names_fail && state_.fails > 0) {
    FailSyncOfNames(state_, [this](const State& failed, uint32_t landed) {
      next_ = failed;
      --next_.fails;
      NotPublished(landed);
    });
  }
  model::SyncNames(&next_);
  self().step = Step::kLookAfterSync;
  Done(Step::kSyncNames);
}

// The directory's sync has failed: others may have seen the manifest, and it may be lost.
void ProcessSteps::NotPublished(uint32_t landed) {
  self().dropped = kNone;
  switch (self().why) {
    case Why::kSeal:
      self().step = Step::kLookBeforeLink;
      return Done(Step::kSyncNames, Outcome::kFailed, landed);
    case Why::kTruncate:
      self().step = Step::kServing;
      return Done(Step::kSyncNames, Outcome::kFailed, landed);
    case Why::kRoll:
      EndNotDone();
      return Done(Step::kSyncNames, Outcome::kFailed, landed);
    default: {
      Process ended;
      ended.step = Step::kOver;
      ended.incarnation = self().incarnation;
      ended.returned = self().returned;
      self() = ended;
      return Done(Step::kSyncNames, Outcome::kFailed, landed);
    }
  }
}

void ProcessSteps::LookAfterSync() {
  if (Holds(Rule::kLookAfterSync) && !StillOwner()) {
    return End(Step::kLookAfterSync, Outcome::kFenced);
  }
  self().step = Step::kUnlink;
  Done(Step::kLookAfterSync);
}

// Only what this process wrote, and nothing whose sync ever failed.
bool ProcessSteps::MayRecycle(uint8_t segment) const {
  if (!scope().recycles || self().recyclable != kNone) return false;
  const bool own = MakerOf(segment) == process_ || !Holds(Rule::kRecycleOwn);
  const bool sound =
      state_.files[state_.segments[segment].file].errors == 0 || !Holds(Rule::kRecycleSound);
  return own && sound;
}

// ManifestStore::UnlinkOlder(), the rest of SegmentChain::Publish(), and UnlinkDropped().
void ProcessSteps::Unlink() {
  for (Manifest& manifest : next_.manifests) {
    const bool older =
        manifest.term != term() ? manifest.term < term() : manifest.number < self().number;
    if (manifest.name.cached != 0 && older && Holds(Rule::kOlderUnlinked)) manifest.name.Write(0);
  }
  if (scope().sparse && Holds(Rule::kSpareBeforeGroups)) MakeSpare();
  const uint8_t dropped = self().dropped;
  self().dropped = kNone;
  if (dropped != kNone && MayRecycle(dropped)) {
    self().recyclable = dropped;
  } else if (dropped != kNone) {
    next_.segments[dropped].name.Write(0);
  }
  Published();
  Done(Step::kUnlink);
}

// If there is room for it.
void ProcessSteps::MakeSpare() {
  const bool room = FreeBlocks(next_, scope().blocks, scope().sparse) > 0;
  if (room && Holds(Rule::kSpareManifest)) self().spare = 1;
}

// What the caller of SegmentChain does next.
void ProcessSteps::Published() {
  switch (self().why) {
    case Why::kClaim:
      return OpenTail();
    case Why::kTakeover:
      next_.born = 1;
      self().resume = Step::kReturn;
      self().step = scope().sweeps && Holds(Rule::kSweepLast) ? Step::kListNames : Step::kReturn;
      return;
    case Why::kRoll:
      self().step = Step::kWriteRecord;
      return;
    case Why::kSeal:
      self().why = Why::kRoll;
      self().step = Step::kMakeSegment;
      if (self().no_room != 0) EndNotDone();
      return;
    case Why::kTruncate:
      self().step = Step::kServing;
      return;
    case Why::kClose:
      self().step = Step::kMarkClean;
      return;
  }
}

}  // namespace tidelog::impls::file::model
