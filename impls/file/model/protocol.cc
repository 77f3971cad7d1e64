#include "impls/file/model/protocol.h"

#include "absl/log/check.h"
#include "impls/file/model/disk.h"
#include "impls/file/model/invariants.h"
#include "impls/file/model/process_steps.h"
#include "impls/file/model/reader_steps.h"

namespace tidelog::impls::file::model {

namespace {

constexpr Word kDurable = {1, 1, 0};

// One record, acknowledged, in one segment; the process serves.
void BeginAsOwner(State* state, uint8_t term) {
  const uint8_t word = OwnerWord(term, 1, /*clean=*/false);
  state->term = {word, word, 0};
  state->born = 1;
  state->segments[0] = {1, 0, kDurable};
  const uint8_t life = LifeOf(0);
  const uint8_t value = ValueOf(0, 0);
  const uint8_t frame = FrameOf(life, value);
  const uint8_t commit = CommitOf(life, /*no_record=*/false, /*watermark=*/0);
  state->files[0].header = {life, life, 0};
  state->files[0].places[0] = {{frame, frame, 0}, {commit, commit, 0}};
  state->acked[1] = value;
  List list;
  list.count = 1;
  list.at[0] = {0, kOpen};
  state->manifests[0] = {term, 1, kDurable, kDurable, list};
  Process& owner = state->processes[0];
  owner.step = Step::kServing;
  owner.incarnation = 1;
  owner.list = list;
  owner.number = 1;
  owner.returned = 0;
  owner.segment = 0;
  owner.place = 1;
  owner.durable = 1;
  owner.appended = 1;
  owner.made = 1;
}

bool IsOpening(const Process& process) {
  return process.returned == kNone && process.step >= Step::kClaim;
}

bool HasEnded(const Process& process) {
  return process.step == Step::kClosed || process.step == Step::kOver ||
         process.step == Step::kCrashed;
}

}  // namespace

Protocol::Protocol(const Setting& setting) : setting_(setting) {
  const Scope& scope = setting_.scope;
  CHECK(scope.processes >= 1 && scope.processes <= kProcesses);
  const int begins_with = scope.new_log ? 0 : 1;
  for (int i = 0; i < scope.processes; ++i) {
    const int room = kAppendsEach - (i == 0 ? begins_with : 0) - (i == kProcesses - 1 ? 1 : 0);
    CHECK_LE(scope.appends[i], room) << "scope " << scope.name;
    CHECK(scope.terms[i] < 32 && (i == 0 || scope.terms[i] >= scope.terms[i - 1]));
  }
}

State Protocol::Initial() const {
  const Scope& scope = setting_.scope;
  State state;
  state.crashes = scope.crashes;
  state.fails = scope.fails;
  state.losses = scope.losses;
  if (!scope.new_log) BeginAsOwner(&state, scope.terms[0]);
  for (int i = 0; i < scope.processes; ++i) {
    Process& process = state.processes[i];
    process.appends = scope.appends[i];
    process.ticks = scope.ticks[i];
    process.rolls = scope.rolls[i];
    process.truncations = scope.truncations[i];
    process.closes = scope.closes[i];
  }
  const bool spare = scope.blocks != 0 && setting_.Holds(Rule::kSpareManifest);
  if (spare && !scope.new_log) state.processes[0].spare = 1;
  return state;
}

void Protocol::ForEachNext(const State& state, Emit emit) const {
  for (int i = 0; i < setting_.scope.processes; ++i) {
    if (HasEnded(state.processes[i])) continue;
    ProcessSteps(setting_, state, i, emit).Take();
  }
  if (setting_.scope.reader) ReaderSteps(setting_, state, emit).Take();
  if (state.losses > 0 && NewestManifest(state) != nullptr) LoseManifest(state, emit);
  // Where it loses nothing, a crash is no more than processes that take no further step.
  if (state.crashes > 0 && CanLose(state)) Crash(state, emit);
}

void Protocol::LoseManifest(const State& state, Emit emit) const {
  State after = state;
  --after.losses;
  after.lost = 1;
  after.manifests[NewestManifest(state) - &state.manifests[0]] = Manifest();
  Tidy(&after);
  Label label;
  label.actor = kMachineActs;
  label.step = Step::kLoseManifest;
  emit(after, label);
}

void Protocol::Crash(const State& state, Emit emit) const {
  bool in_takeover = state.crashed_in_takeover != 0;
  for (const Process& process : state.processes) in_takeover |= IsOpening(process);
  CrashDisk(state, [&](const State& disk, uint32_t landed) {
    State after = disk;
    --after.crashes;
    after.crashed_in_takeover = in_takeover ? 1 : 0;
    for (Process& process : after.processes) {
      if (process.step == Step::kNotStarted || HasEnded(process)) continue;
      Process crashed;
      crashed.step = Step::kCrashed;
      crashed.incarnation = process.incarnation;
      crashed.returned = process.returned;
      crashed.closed = process.closed;
      process = crashed;
    }
    const uint8_t next = after.reader.next;
    after.reader = Reader();
    after.reader.next = next;
    Tidy(&after);
    Label label;
    label.actor = kMachineActs;
    label.step = Step::kCrash;
    label.landed = landed;
    emit(after, label);
  });
}

// After a crash, and with nobody left to open the log, only readers are left, who cannot see more
// than Judge() does.
bool Protocol::IsOver(const State& state) const {
  bool crashed = false;
  for (int i = 0; i < setting_.scope.processes; ++i) {
    if (!HasEnded(state.processes[i])) return false;
    crashed |= state.processes[i].step == Step::kCrashed;
  }
  return crashed;
}

Broken Protocol::Judge(const State& state, const Label& label) const {
  if (label.broken != Broken::kNothing) return label.broken;
  return model::Judge(setting_, state);
}

}  // namespace tidelog::impls::file::model
