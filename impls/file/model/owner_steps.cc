// An owner: LogWriter, a group at a time.
#include <cstdint>

#include "impls/file/model/disk.h"
#include "impls/file/model/process_steps.h"

namespace tidelog::impls::file::model {

void ProcessSteps::Serve() {
  StartAppend();
  WriteWatermark();
  StartRest();
}

// LogWriter::WriteGroup(): into the active segment, or into a new one if the group does not fit.
void ProcessSteps::StartAppend() {
  const Process& now = state_.processes[process_];
  if (now.appends == 0 || now.durable + 1 >= kIds) return;
  const uint8_t value = ValueOf(process_, now.appended);
  const auto begin = [&] {
    --self().appends;
    ++self().appended;
    self().value = value;
  };
  if (now.segment != kNone && now.place < kPlaces) {
    begin();
    WriteRecord();
  }
  if (now.rolls == 0 && now.segment != kNone) return;
  begin();
  if (now.segment != kNone) --self().rolls;
  self().why = Why::kRoll;
  MakeSegment();
  next_ = state_;
}

// Truncation, the spare, the end.
void ProcessSteps::StartRest() {
  const Process& now = state_.processes[process_];
  if (now.truncations > 0 && now.list.count > 1) {
    --self().truncations;
    self().why = Why::kTruncate;
    LookBeforeLink();
  }
  const bool wants_spare = scope().blocks != 0 && Holds(Rule::kSpareManifest) && now.spare == 0;
  if (wants_spare && FreeRoom() > 0 && StillOwner()) {
    self().spare = 1;
    Done(Step::kMakeSpare);
  }
  if (now.closes > 0) {
    --self().closes;
    self().why = Why::kClose;
    LookBeforeLink();
  }
}

void ProcessSteps::WriteRecord() {
  const uint8_t frame = FrameOf(LifeOf(self().segment), self().value);
  if (scope().sparse && NoRoom()) {
    // Nothing of it is written, or a part.
    const State before = next_;
    GroupFailed(/*no_room=*/true);
    Done(Step::kWriteRecord, Outcome::kNoRoom);
    next_ = before;
    PlaceToWrite().frame.Write(frame);
    GroupFailed(/*no_room=*/true);
    return Done(Step::kWriteRecord, Outcome::kNoRoom, 1);
  }
  PlaceToWrite().frame.Write(frame);
  self().step = Step::kWriteCommit;
  Done(Step::kWriteRecord);
}

void ProcessSteps::WriteCommit() {
  const auto own = static_cast<uint8_t>(self().durable + 1);
  const uint8_t watermark = Holds(Rule::kWatermarkBehind) ? self().durable : own;
  PlaceToWrite().commit.Write(CommitOf(LifeOf(self().segment), /*no_record=*/false, watermark));
  self().watermark = watermark;
  ++self().place;
  self().step = Step::kSyncGroup;
  if (!Holds(Rule::kAckAfterSync)) self().step = Step::kAcknowledge;
  if (!Holds(Rule::kLookAfterGroupSync)) self().step = Step::kLookEarly;
  Done(Step::kWriteCommit);
}

void ProcessSteps::LookEarly() {
  if (!StillOwner()) return End(Step::kLookEarly, Outcome::kFenced);
  self().step = Step::kSyncGroup;
  Done(Step::kLookEarly);
}

void ProcessSteps::SyncGroup() {
  const uint8_t synced = file();
  // Where blocks are found late, a full disk may show only here.
  const bool no_room = scope().sparse && NoRoom();
  if (state_.fails > 0 || no_room) {
    FailSyncOfFile(state_, synced, [&](const State& failed, uint32_t landed) {
      next_ = failed;
      if (!no_room) --next_.fails;
      GroupFailed(no_room);
      Done(Step::kSyncGroup, no_room ? Outcome::kNoRoom : Outcome::kFailed, landed);
    });
  }
  SyncFile(&next_, synced);
  if (next_.files[synced].errors != self().errors) {
    GroupFailed(/*no_room=*/false);
    return Done(Step::kSyncGroup, Outcome::kFailed);
  }
  self().step = Step::kAcknowledge;
  Done(Step::kSyncGroup);
}

// LogWriter::Replace(): the segment is given up, and sealed below the group.
void ProcessSteps::GroupFailed(bool no_room) {
  self().errors = next_.files[file()].errors;
  if (!Holds(Rule::kFailedSyncPoisons) && !no_room) {
    self().step = Step::kSyncGroup;
    return;
  }
  self().healed = 1;
  self().no_room = no_room ? 1 : 0;
  self().why = Why::kSeal;
  self().step = Step::kLookBeforeLink;
  if (no_room && !Holds(Rule::kNotDoneBehindSeal)) EndNotDone();
}

// LogWriter::FailNotDone().
void ProcessSteps::EndNotDone() {
  next_.not_done = static_cast<uint16_t>(next_.not_done | 1u << self().value);
  self().value = 0;
  self().no_room = 0;
  self().segment = kNone;
  self().step = Step::kServing;
}

// LogWriter::Finish() and Settle().
void ProcessSteps::Acknowledge() {
  const bool looks = Holds(Rule::kLookBeforeAck) && Holds(Rule::kLookAfterGroupSync);
  if (looks && !StillOwner()) return End(Step::kAcknowledge, Outcome::kFenced);
  const uint8_t id = ++self().durable;
  const bool taken = state_.acked[id] != 0 && state_.acked[id] != self().value;
  next_.acked[id] = self().value;
  self().value = 0;
  if (self().healed == 1) self().healed = 2;
  self().step = Step::kServing;
  Done(Step::kAcknowledge, Outcome::kFine, 0, taken ? Broken::kTwoAcksOfOneId : Broken::kNothing);
}

// The look at TERM before it is left out: a process may stop behind it for as long as it likes.
void ProcessSteps::WriteWatermark() {
  const Process& now = state_.processes[process_];
  const bool possible = now.ticks > 0 && now.segment != kNone && now.place < kPlaces;
  if (!possible || now.watermark >= now.durable) return;
  const uint8_t life = LifeOf(now.segment);
  PlaceToWrite().commit.Write(CommitOf(life, /*no_record=*/true, now.durable));
  --self().ticks;
  ++self().place;
  self().watermark = now.durable;
  Done(Step::kWriteWatermark);
}

void ProcessSteps::MarkClean() {
  if (Holds(Rule::kMarkSwaps) && !StillOwner()) return End(Step::kMarkClean, Outcome::kFenced);
  next_.term.Write(OwnerWord(term(), self().incarnation, /*clean=*/true));
  self().closed = 1;
  self().step = Step::kSyncMark;
  Done(Step::kMarkClean);
}

void ProcessSteps::SyncMark() {
  next_.term.Sync();
  const Process before = self();
  self() = Process();
  self().step = Step::kClosed;
  self().incarnation = before.incarnation;
  self().returned = before.returned;
  self().closed = 1;
  Done(Step::kSyncMark);
}

}  // namespace tidelog::impls::file::model
