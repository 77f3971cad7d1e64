// What one process may do next: open the log, and then own it.
#ifndef TIDELOG_IMPLS_FILE_MODEL_PROCESS_STEPS_H_
#define TIDELOG_IMPLS_FILE_MODEL_PROCESS_STEPS_H_

#include <cstdint>

#include "impls/file/model/setting.h"
#include "impls/file/model/state.h"
#include "impls/file/model/step.h"

namespace tidelog::impls::file::model {

// Made for one state and one process; what it is given must outlive it.
class ProcessSteps {
 public:
  ProcessSteps(const Setting& setting, const State& state, int process, Emit emit)
      : setting_(setting), state_(state), process_(process), emit_(emit), next_(state) {}

  // Emits each of them.
  void Take();

 private:
  // An open (open_steps.cc), in the order of Takeover::Run().
  void Start();
  void Claim();
  void WriteTerm();
  void SyncTerm();
  void ReadManifest();
  void SyncTail();
  void ReadTail();
  void MakeSegment();
  void LoseBlank(uint32_t landed);
  void ListNames();
  void LookBeforeSweep();
  void Sweep();
  void Return();
  Step AfterManifestRead();
  Step AfterTailRead() const;
  void OpenTail();

  // A publication (publish_steps.cc), in the order of ManifestStore::Publish().
  void LookBeforeLink();
  void Link();
  void FillManifest();
  void SyncNames();
  void LookAfterSync();
  void Unlink();
  void Published();
  void NotPublished(uint32_t landed);
  List NextList() const;
  void UseBlank();
  void DropTooEarly();
  void MakeSpare();
  bool MayRecycle(uint8_t segment) const;

  // An owner (owner_steps.cc).
  void Serve();
  void StartAppend();
  void StartRest();
  void WriteRecord();
  void WriteCommit();
  void LookEarly();
  void SyncGroup();
  void GroupFailed(bool no_room);
  void EndNotDone();
  void Acknowledge();
  void WriteWatermark();
  void MarkClean();
  void SyncMark();

  const Scope& scope() const { return setting_.scope; }
  bool Holds(Rule rule) const { return setting_.Holds(rule); }
  bool AnyLife() const { return !Holds(Rule::kFramesCarryLife); }
  Process& self() { return next_.processes[process_]; }
  const Process& self() const { return next_.processes[process_]; }
  uint8_t term() const { return scope().terms[process_]; }
  uint8_t file() const { return next_.segments[self().segment].file; }
  Place& PlaceToWrite() { return next_.files[file()].places[self().place]; }
  // Ids up to here are what the process may build on.
  uint8_t tail() const { return self().why == Why::kTakeover ? self().boundary : self().durable; }
  bool StillOwner() const {
    return state_.term.cached == OwnerWord(term(), self().incarnation, false);
  }
  bool NoRoom() const { return scope().blocks != 0 && FreeRoom() == 0; }
  uint8_t FreeRoom() const;

  // Emits next_, as what this step leads to, and begins again from the state there is.
  void Done(Step step, Outcome outcome = Outcome::kFine, uint32_t landed = 0,
            Broken broken = Broken::kNothing);
  void ForgetWork();
  // The process ends.
  void End(Step step, Outcome outcome);
  // What it found is damage to an owner; to one that was superseded, a race that it has lost.
  void Refuse(Step step);

  const Setting& setting_;
  const State& state_;
  const int process_;
  const Emit emit_;
  State next_;
};

}  // namespace tidelog::impls::file::model

#endif  // TIDELOG_IMPLS_FILE_MODEL_PROCESS_STEPS_H_
