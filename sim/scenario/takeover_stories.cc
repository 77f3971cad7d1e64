#include <cerrno>
#include <cstdint>

#include "sim/plan/fault.h"
#include "sim/plan/plan.h"
#include "sim/scenario/scenario.h"
#include "sim/scenario/script.h"
#include "wal/base/mutant.h"

namespace tidelog::sim {
namespace {

// Soon after what begins at some whole millisecond of those from `first_ms` on.
Trigger SoonAfter(int64_t first_ms, uint64_t count, uint64_t seed) {
  const auto ms = static_cast<int64_t>(seed % count);
  const auto tens = static_cast<int64_t>(seed / count % 40);
  return AtMicros(1000 * (first_ms + ms) + 10 + 10 * tens);
}

// milvus #53368: the old owner's insert landed behind the new owner's first time tick,
// acknowledged, and readers dropped it.
Plan LateInsertOfTheOldOwner(uint64_t seed) {
  return Script(BackendKind::kFile)
      .Knob("wal.tick_interval", "1s")  // The old owner learns of the new one from its write only.
      .Open(0, 0)
      .Append(0, 2, 4)
      .Append(0, 3, 4)
      .Open(1, 4)
      .Append(1, 6, 4)
      .Fault(FaultClass::kDiskHang, Nth(Site::kDiskWrite, seed % 12), /*slot=*/0,
             /*duration_ms=*/10)
      .Make(seed);
}

// The same on a service that is asked to refuse old terms, and does not.
Plan LateInsertOverTheNetwork(uint64_t seed) {
  return Script(BackendKind::kTransactional)
      .Open(0, 0)
      .Append(0, 5, 4)
      .Open(1, 6)
      .Append(0, 8, 4)
      .Append(1, 30, 2)
      .Fault(FaultClass::kAppliedLate, Nth(Site::kStore, 1 + seed % 6), /*slot=*/0,
             /*duration_ms=*/0, /*amount=*/20 * kMillisecond)
      .Make(seed);
}

// milvus #41842: after a fail-over the ids of what was appended began again from the front.
Plan FailOverOfALongLog(uint64_t seed) {
  Script script(BackendKind::kFile);
  script.Open(0, 0);
  for (int i = 2; i < 10; ++i) script.Append(0, i, 3);
  return script.Fault(FaultClass::kProcessCrash, SoonAfter(4, 6, seed), /*slot=*/0)
      .Open(1, 12)
      .Append(1, 15, 4)
      .Scan(1, 20, ScanStart::kFrom, /*position=*/static_cast<uint32_t>(seed % 8))
      .Make(seed);
}

// milvus #51765: what recovery had started in the background held a lock and waited for the log to
// be ready, and recovery waited for the lock.
Plan RecoveryOfALogThatWasBusy(uint64_t seed) {
  Script script(BackendKind::kFile, 1);
  script.Persists(0).Knob("wal.open_step_limit", "500ms").Open(0, 0);
  for (int i = 2; i < 12; ++i) script.Append(0, i, 4, 3000);
  return script.Fault(FaultClass::kProcessCrash, SoonAfter(3, 9, seed), /*slot=*/0)
      .Append(0, 40, 2)
      .Make(seed);
}

// woodpecker #320: one of those who were asked where the log ends did not answer, and the others'
// answers passed for all: acknowledged entries lay beyond.
Plan TailIsAskedForInVain(uint64_t seed) {
  Script script(BackendKind::kFile);
  script.Persists(1).Open(0, 0);
  for (int i = 2; i < 8; ++i) script.Append(0, i, 3);
  return script.Open(1, 10)
      .Append(1, 14, 2)
      .Append(1, 40, 2)
      .Fault(FaultClass::kDiskError, Nth(Site::kDiskRead, seed % 24), /*slot=*/1,
             /*duration_ms=*/0, EIO)
      .Make(seed);
}

// woodpecker #242: whoever sealed a segment went by what he knew of it himself, which was less than
// what was acknowledged; readers waited for the rest for ever.
Plan SealOfATailThatOthersWrote(uint64_t seed) {
  Script script(BackendKind::kFile, 3);
  script.Open(0, 0);
  for (int i = 2; i < 10; ++i) script.Append(0, i, 3);
  return script.OpenReadOnly(2, 4)
      .Scan(2, 5, ScanStart::kEarliest)
      .Fault(FaultClass::kProcessCrash, SoonAfter(4, 6, seed), /*slot=*/0)
      .Open(1, 12)
      .Append(1, 15, 3)
      .Make(seed);
}

// bookkeeper #2614: who takes over reads the tail, while the old owner goes on.
Plan TailIsReadWhileItGrows(uint64_t seed) {
  Script script(BackendKind::kFile);
  script.Open(0, 0);
  for (int i = 2; i < 12; ++i) script.Append(0, i, 3);
  return script.Open(1, 5)
      .Append(1, 9, 3)
      .Fault(FaultClass::kDiskSlow, Nth(Site::kDiskRead, seed % 20), /*slot=*/1,
             /*duration_ms=*/3)
      .Fault(FaultClass::kDiskSlow, Nth(Site::kDiskSync, 4 + seed / 20 % 10), /*slot=*/0,
             /*duration_ms=*/5)
      .Make(seed);
}

const Scenario kStories[] = {
    {"Milvus53368",
     LateInsertOfTheOldOwner,
     Mutant::kOldOwnerAcknowledges,
     {},
     {"fencing", "durability", "linearizability"}},
    {"Milvus53368Network",
     LateInsertOverTheNetwork,
     Mutant::kNone,
     {.accepts_stale_terms = true},
     {"fencing", "order", "durability"}},
    {"Milvus41842", FailOverOfALongLog, Mutant::kIdsRollBack, {}, {"order", "durability"}},
    {"Milvus51765",
     RecoveryOfALogThatWasBusy,
     Mutant::kRecoveryWaitsForItself,
     {},
     {"lifetime", "world"}},
    {"Woodpecker320",
     TailIsAskedForInVain,
     Mutant::kUnreadTailTakenForNone,
     {},
     {"durability", "order", "linearizability"}},
    {"Woodpecker242",
     SealOfATailThatOthersWrote,
     Mutant::kSealedByManifest,
     {},
     {"durability", "order", "linearizability"}},
    {"Bookkeeper2614",
     TailIsReadWhileItGrows,
     Mutant::kOwnerNeverLooks,
     {},
     {"fencing", "durability", "linearizability", "order"}},
};

}  // namespace

std::span<const Scenario> TakeoverStories() { return kStories; }

}  // namespace tidelog::sim
