// Mutants: bugs planted on purpose, one at a time, to see whether the simulator's checkers find
// them.
//
//   if (MutantIs(Mutant::kAckBeforeSync)) return WriteUnsynced();
//
// In every normal build MutantIs() is false at compile time, and what it guards is not there.  Only
// a build with TIDELOG_MUTANTS, which nothing but //sim makes, can switch one on.
#ifndef TIDELOG_WAL_BASE_MUTANT_H_
#define TIDELOG_WAL_BASE_MUTANT_H_

#include <cstdint>

namespace tidelog {

// What each breaks: //sim/mutant.
enum class Mutant : uint8_t {
  kNone,

  // impls/file: the fence.
  kClaimNotSynced,
  kTermCheckOffByOne,
  kOwnerNeverLooks,
  kOldOwnerAcknowledges,
  kNoClaimManifest,
  kNoLastLookAtTerm,
  kIdleWriterNeverLooks,
  kSealedByManifest,
  kRecoveryWaitsForItself,

  // impls/file: durability.
  kAckBeforeSync,
  kFsyncErrorRetried,
  kTailNotSyncedBeforeRead,
  kTailNotSyncedBeforeSeal,
  kTailReadThroughCache,
  kUnreadTailTakenForNone,
  kWatermarkIgnored,
  kZerosTakenForEnd,
  kChecksumTakenForZeros,
  kSealNotCompared,
  kDirectoryNotSynced,
  kSegmentListedBeforeSynced,
  kRecycledBeforeDurable,
  kRecycledKeepsIdentity,
  kManifestNotSynced,
  kManifestNameNotSynced,
  kWatermarkBeforeSync,

  // impls/file: order and outcomes.
  kUnknownToldNotDone,
  kIdsRollBack,
  kReaderPassesWatermark,
  kTruncatedTooFar,
  kMarkForgotten,
  kWriterWakesNoReader,
  kReaderStaysInSegment,
  kLastGroupWithoutWatermark,

  // adaptor.
  kDeadlineToldNotDone,
  kLastConfirmedTooFar,
  kTickPassesAppend,
  kUnstoredTickToldStored,
  kFirstTickNotAboveStored,
  kAfterReadAsFrom,
  kUntilExclusive,
  kTruncatedStartSkipped,
  kMessageWithoutVChannelFiltered,
  kScannerReopensAtTail,
  kCloseLeavesTicking,
  kEvictionSkipsReader,
  kChangeOverSkipsOne,
  kBufferedBeforeAcknowledged,

  // adaptor: transactions.
  kFailedBodyCountedIn,
  kLastConfirmedPastTransaction,
  kLeaseIgnored,
  kRolledBackDelivered,
  kBodyDeliveredEarly,

  // adaptor: idempotency.
  kRepeatNotWaiting,
  kKeyBeforeAcknowledged,
  kKeysNotReplayed,
  kReplayStartIgnored,
  kTruncatedPastWindow,
  kWindowStartWithoutBegin,

  // adaptor: flow control.
  kControlRefused,
  kRecoveryJumps,
  kPacerForgetsWaiter,

  // adaptor: chunks.
  kCutMessageDelivered,
  kTailInsideRun,
  kRetryKeepsTick,
};

#ifdef TIDELOG_MUTANTS
// Switches `mutant` on, and the one before off; kNone: none is.  Not while anything runs.
void SetMutant(Mutant mutant);
bool MutantIs(Mutant mutant);
#else
constexpr bool MutantIs(Mutant) { return false; }
#endif

}  // namespace tidelog

#endif  // TIDELOG_WAL_BASE_MUTANT_H_
