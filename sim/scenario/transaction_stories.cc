#include <cstdint>

#include "sim/plan/fault.h"
#include "sim/plan/plan.h"
#include "sim/scenario/scenario.h"
#include "sim/scenario/script.h"
#include "wal/base/mutant.h"

namespace tidelog::sim {
namespace {

// milvus #45088: an owner crashed, and the next one soon after it had opened.  The first time tick
// of that one said that nothing before itself was needed, so the third did not find the transaction
// that was open, and what was committed then was lost.
Plan TwoCrashesWithATransactionOpen(uint64_t seed) {
  Script script(BackendKind::kFile);
  script
      .Knob("wal.tick_interval", "1s")  // Of the ticks there are, most are the first of a term.
      .Open(0, 0)
      .BeginTxn(0, 3)
      .TxnBody(0, 5, 2)
      .Fault(FaultClass::kProcessCrash, At(8), /*slot=*/0)
      .Open(0, 10)
      .TxnBody(0, 14)
      .Fault(FaultClass::kProcessCrash, AtMicros(10'500 + 100 * static_cast<int64_t>(seed % 60)),
             /*slot=*/0)
      .Open(0, 20)
      .TxnBody(0, 24)
      .CommitTxn(0, 28)
      .Append(0, 32);
  return script.Scan(0, 36, ScanStart::kEarliest)
      .Scan(0, 38, ScanStart::kAfter, static_cast<uint32_t>(seed % 6))
      .Make(seed);
}

// milvus #41894: appends were slow, ticks went on, and what was committed was taken by readers for
// expired.  Here the commit waits for a body that is slow, until the lease has run out.
Plan CommitBehindASlowBody(uint64_t seed) {
  Script script(BackendKind::kFile, 1);
  script
      .Knob("wal.tick_interval", "50ms")  // No tick ends it before its commit comes.
      .Open(0, 0)
      .BeginTxn(0, 3, /*lease_ms=*/8);
  for (int i = 5; i < 15; ++i) script.TxnBody(0, i);
  return script.CommitTxn(0, 15)
      .Append(0, 60, 2)
      .Scan(0, 120, ScanStart::kEarliest)
      .Fault(FaultClass::kDiskSlow, Nth(Site::kDiskSync, seed % 24), /*slot=*/0,
             /*duration_ms=*/20)
      .Make(seed);
}

// milvus #53368 as it hit a transaction: a body of it landed behind the new owner's first tick, and
// readers dropped that and delivered the rest.
Plan LateBodyOfTheOldOwner(uint64_t seed) {
  return Script(BackendKind::kFile)
      .Knob("wal.tick_interval", "1s")  // The old owner learns of the new one from its write only.
      .Open(0, 0)
      .BeginTxn(0, 2)
      .TxnBody(0, 3)
      .TxnBody(0, 4, 4)
      .Open(1, 4)
      .CommitTxn(0, 5)
      .Append(1, 8, 2)
      .Scan(1, 12, ScanStart::kEarliest)
      .Fault(FaultClass::kDiskHang, Nth(Site::kDiskWrite, seed % 12), /*slot=*/0,
             /*duration_ms=*/10)
      .Make(seed);
}

const Scenario kStories[] = {
    {"Milvus45088",
     TwoCrashesWithATransactionOpen,
     Mutant::kLastConfirmedPastTransaction,
     {},
     {"transactions", "last-confirmed", "errors"}},
    {"Milvus41894", CommitBehindASlowBody, Mutant::kLeaseIgnored, {}, {"transactions", "errors"}},
    {"Milvus53368Transaction",
     LateBodyOfTheOldOwner,
     Mutant::kOldOwnerAcknowledges,
     {},
     {"fencing", "durability", "linearizability", "transactions"}},
};

}  // namespace

std::span<const Scenario> TransactionStories() { return kStories; }

}  // namespace tidelog::sim
