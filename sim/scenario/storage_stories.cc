#include <cerrno>
#include <cstdint>

#include "sim/plan/fault.h"
#include "sim/plan/plan.h"
#include "sim/scenario/scenario.h"
#include "sim/scenario/script.h"
#include "wal/base/mutant.h"

namespace tidelog::sim {
namespace {

// SyncLie: what was written is gone from the device, though the sync says OK.
constexpr uint32_t kAllIsLost = 1;

// milvus #40207: an acknowledgement was lost, the client library stored the message again.
Plan AcknowledgementIsLost(uint64_t seed) {
  return Script(BackendKind::kTransactional)
      .Open(0, 0)
      .Append(0, 5, 4)
      .Append(0, 6, 4)
      .Fault(FaultClass::kReplyLost, Nth(Site::kStore, 1 + seed % 6), /*slot=*/0)
      .Make(seed);
}

// woodpecker #306: a crash left a segment without records, and the log could never be opened again.
Plan CrashLeavesAnEmptySegment(uint64_t seed) {
  Script script(BackendKind::kFile, 1);
  script.Persists(0).Open(0, 0);
  for (int i = 2; i < 10; ++i) script.Append(0, i, 4, 4000);
  return script.Fault(FaultClass::kMachineCrash, Nth(Site::kDisk, 20 + seed), /*slot=*/0)
      .Append(0, 40, 2)
      .Make(seed);
}

// bookkeeper #2908: an entry that could not be read passed for one that had never been there, and
// the ledger was cut in front of it.
Plan TailRotsBelowWhatWasAcknowledged(uint64_t seed) {
  Script script(BackendKind::kFile, 1);
  script.Hostile().Persists(0).Open(0, 0);
  for (int i = 2; i < 12; ++i) script.Append(0, i, 3, 400);
  // An idle writer has covered all by then.
  return script
      .Fault(FaultClass::kBitRot, At(35), /*slot=*/0, /*duration_ms=*/0,
             /*amount=*/static_cast<int64_t>(1 + seed % 255), /*variant=*/0, /*pick=*/seed * 7919)
      .Fault(FaultClass::kProcessCrash, At(36), /*slot=*/0)
      .Append(0, 40, 2)
      .Make(seed);
}

// redpanda #4113: a checksum that happened to be zero passed for the zeros behind the end of a
// file, and what it was of for the end.
Plan ManyFramesAreReadAgain(uint64_t seed) {
  Script script(BackendKind::kFile, 1);
  script.Persists(0).Open(0, 0);
  for (int i = 2; i < 30; ++i) script.Append(0, i, 3);
  return script.Fault(FaultClass::kProcessCrash, At(32), /*slot=*/0)
      .Append(0, 40, 2)
      .Scan(0, 50, ScanStart::kEarliest)
      .Make(seed);
}

// redpanda #31543: zeros in the middle of a file, where a device had lost a write, passed for those
// behind its end.
Plan GroupThatIsZerosOnTheDevice(uint64_t seed) {
  Script script(BackendKind::kFile, 1);
  script.Hostile().Knob("segment_bytes", "262144").Persists(0).Open(0, 0);
  for (int i = 2; i < 12; ++i) script.Append(0, i, 3, 4000);
  return script
      .Fault(FaultClass::kSyncLie, Nth(Site::kDiskSync, 20 + seed % 14), /*slot=*/0,
             /*duration_ms=*/0, /*amount=*/0, kAllIsLost)
      .Fault(FaultClass::kProcessCrash, At(36), /*slot=*/0)
      .Append(0, 40, 2)
      .Make(seed);
}

// rocksdb #7701: a log file lost its end, just where a record ended, and recovery went on with the
// next file.
Plan SegmentThatLostItsLastGroups(uint64_t seed) {
  Script script(BackendKind::kFile, 1);
  script.Hostile().Open(0, 0);
  for (int i = 2; i < 22; ++i) script.Append(0, i, 4, 4000);
  // From now on everybody sees what is on the device.
  return script
      .Fault(FaultClass::kSyncLie, Nth(Site::kDiskSync, 20 + seed % 40), /*slot=*/0,
             /*duration_ms=*/0, /*amount=*/0, kAllIsLost)
      .Fault(FaultClass::kMemoryPressure, At(45), /*slot=*/0)
      .Scan(0, 50, ScanStart::kEarliest)
      .Make(seed);
}

// PostgreSQL 2018: a sync failed, the page cache dropped what was dirty, and the sync that was
// tried again said that all was well.
Plan SyncFailsOnce(uint64_t seed) {
  Script script(BackendKind::kFile, 1);
  script.Persists(0).Open(0, 0);
  for (int i = 2; i < 10; ++i) script.Append(0, i, 4);
  return script
      .Fault(FaultClass::kSyncError, Nth(Site::kDiskSync, 5 + seed % 16), /*slot=*/0,
             /*duration_ms=*/0, EIO, /*variant=*/static_cast<uint32_t>(seed / 16 % 4))
      .Fault(FaultClass::kMachineCrash, At(12), /*slot=*/0)
      .Append(0, 40, 2)
      .Make(seed);
}

const Scenario kStories[] = {
    {"Milvus40207",
     AcknowledgementIsLost,
     Mutant::kNone,
     {.duplicates_every = 5},
     {"durability", "order", "errors"}},  // Or the log itself refuses to go on.
    {"Woodpecker306",
     CrashLeavesAnEmptySegment,
     Mutant::kSegmentListedBeforeSynced,
     {},
     {"liveness", "errors", "world", "durability"}},
    // What is damaged may be refused for good; what is told must be whole.
    {"Bookkeeper2908",
     TailRotsBelowWhatWasAcknowledged,
     Mutant::kWatermarkIgnored,
     {},
     {"durability"},
     true,
     {"durability"}},
    {"Redpanda4113",
     ManyFramesAreReadAgain,
     Mutant::kChecksumTakenForZeros,
     {},
     {"durability", "errors", "truncation"}},
    {"Redpanda31543",
     GroupThatIsZerosOnTheDevice,
     Mutant::kZerosTakenForEnd,
     {},
     {"durability"},
     true,
     {"durability"}},
    {"Rocksdb7701",
     SegmentThatLostItsLastGroups,
     Mutant::kSealNotCompared,
     {},
     {"durability"},
     true,
     {"durability"}},
    {"Postgres2018",
     SyncFailsOnce,
     Mutant::kFsyncErrorRetried,
     {},
     {"durability", "truncation", "linearizability", "errors"}},
};

}  // namespace

std::span<const Scenario> StorageStories() { return kStories; }

}  // namespace tidelog::sim
