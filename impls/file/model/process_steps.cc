#include "impls/file/model/process_steps.h"

#include "impls/file/model/disk.h"

namespace tidelog::impls::file::model {

void ProcessSteps::Take() {
  switch (state_.processes[process_].step) {
    case Step::kNotStarted:
      return Start();
    case Step::kServing:
      return Serve();
    case Step::kClaim:
      return Claim();
    case Step::kWriteTerm:
      return WriteTerm();
    case Step::kSyncTerm:
      return SyncTerm();
    case Step::kReadManifest:
      return ReadManifest();
    case Step::kSyncTail:
    case Step::kSyncTailAgain:
      return SyncTail();
    case Step::kReadTail:
      return ReadTail();
    case Step::kMakeSegment:
      return MakeSegment();
    case Step::kListNames:
      return ListNames();
    case Step::kLookBeforeSweep:
      return LookBeforeSweep();
    case Step::kSweep:
      return Sweep();
    case Step::kReturn:
      return Return();
    case Step::kLookBeforeLink:
      return LookBeforeLink();
    case Step::kLink:
      return Link();
    case Step::kFillManifest:
      return FillManifest();
    case Step::kSyncNames:
      return SyncNames();
    case Step::kLookAfterSync:
      return LookAfterSync();
    case Step::kUnlink:
      return Unlink();
    case Step::kWriteRecord:
      return WriteRecord();
    case Step::kWriteCommit:
      return WriteCommit();
    case Step::kLookEarly:
      return LookEarly();
    case Step::kSyncGroup:
      return SyncGroup();
    case Step::kAcknowledge:
      return Acknowledge();
    case Step::kMarkClean:
      return MarkClean();
    case Step::kSyncMark:
      return SyncMark();
    default:
      return;  // It has ended.
  }
}

uint8_t ProcessSteps::FreeRoom() const {
  return FreeBlocks(state_, scope().blocks, scope().sparse);
}

void ProcessSteps::Done(Step step, Outcome outcome, uint32_t landed, Broken broken) {
  if (self().step == Step::kServing) ForgetWork();
  Tidy(&next_);
  Label label;
  label.actor = static_cast<uint8_t>(process_);
  label.step = step;
  label.outcome = outcome;
  label.landed = landed;
  label.broken = broken;
  emit_(next_, label);
  next_ = state_;
}

// What the next piece of work begins with is the same, whatever the last one was.
void ProcessSteps::ForgetWork() {
  self().why = Why::kClaim;
  self().resume = Step::kNotStarted;
  self().boundary = self().scanned = 0;
  if (self().segment == kNone) self().place = self().watermark = self().errors = 0;
}

void ProcessSteps::End(Step step, Outcome outcome) {
  Process ended;
  ended.step = Step::kOver;
  ended.incarnation = self().incarnation;
  ended.returned = self().returned;
  ended.closed = self().closed;
  ended.healed = self().healed;
  self() = ended;
  Done(step, outcome);
}

void ProcessSteps::Refuse(Step step) {
  if (!StillOwner()) return End(step, Outcome::kFenced);
  if (state_.lost != 0) return End(step, Outcome::kDamage);  // And so it is.
  Done(step, Outcome::kDamage, 0, Broken::kHealthyLogRefused);
}

}  // namespace tidelog::impls::file::model
