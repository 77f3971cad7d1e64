// Fault: one thing that goes wrong in a run, and when, as plain data.
//
// A fault names process slots, sites and counts, never what only a run knows: lists of faults can
// be cut at will.  One that never comes to its trigger, or finds nothing to break, does nothing.
#ifndef TIDELOG_SIM_PLAN_FAULT_H_
#define TIDELOG_SIM_PLAN_FAULT_H_

#include <cstdint>

namespace tidelog::sim {

enum class FaultClass : uint8_t {
  // Processes and the machine.  Slots start again `duration_ns` later; 0: at once.
  kProcessCrash,
  kMachineCrash,
  kPause,  // For `duration_ns`.

  // Clocks of a process.
  kWallJump,      // By `amount` ns.
  kWallDrift,     // `amount` millionths, for `duration_ns`.
  kLateTimers,    // By up to `amount` ns, for `duration_ns`.
  kSlowBlocking,  // Blocking jobs take up to `amount` ns, for `duration_ns`.

  // The disk, survivable.
  kDiskError,       // An operation fails with errno `amount`; a write does `variant` (Progress).
  kSyncError,       // A sync fails with errno `amount`; what it does is `variant` (SyncFate).  Of
                    // a directory it loses names for good in Mode::kHostile only.
  kWriteBackError,  // Behind the log's back, as a failing sync, on a file that `pick` chooses.
  kDiskSlow,        // An operation takes `duration_ns` longer.
  kDiskHang,        // An operation hangs for `duration_ns`, before its effect or (variant 1) after.
  kDiskFull,        // There is room for `amount` more bytes, for `duration_ns`.
  kDiskReadOnly,    // For `duration_ns`.
  kMemoryPressure,  // Clean pages are dropped.

  // The disk lies or rots: not survivable, for Mode::kHostile.
  kSyncLie,          // A sync says OK, and does `variant` (SyncFate).
  kLostName,         // A change of a name is never durable.
  kBitRot,           // Bits `amount` of a byte that `pick` chooses.
  kLatentSector,     // A sector that `pick` chooses cannot be read.
  kMisdirectedRead,  // By `amount` bytes.
  kMisdirectedWrite,

  // Requests to a log service; as LogFaultKind.  `amount` is the extent of the fault.
  kRequestLost,
  kReplyLost,
  kAppliedLate,
  kDuplicate,
  kReplyDelayed,
  kRefused,
  kFull,
  kThrottled,
  kConflict,
  kStuck,
  kAtOnce,
  kIdJump,
  kRedelivered,
  kStale,
  kSpuriousEnd,

  // A log service.
  kPartition,       // Cuts a slot off for `duration_ns`.
  kServiceRestart,  // Is down for `duration_ns`.
  kRetention,       // Forgets up to `amount` of the oldest records.
};
inline constexpr int kFaultClassCount = 39;

// Where a fault is put.  Sites of a slot are counted through all its processes, from 0.
enum class Site : uint8_t {
  kTime,        // `at_ns` after the start.
  kDisk,        // An operation on the disk, of any kind.
  kDiskRead,    // kRead, kReadDirect, kList, kSize, kInfo.
  kDiskWrite,   // kWrite.
  kDiskSync,    // kSync, kSyncWord, kSyncDirectory.
  kDiskName,    // kOpen, kLink, kUnlink, kCreateDirectory, kWatch.
  kDiskSpace,   // kAllocate, kTruncate.
  kDiskWord,    // kMapWord, kTryLock, kIsLocked.
  kRequest,     // A request to a log service, of any kind.
  kStore,       // A request that stores messages.
  kFence,       // A request that stores a fence, a barrier or a claim.
  kFetch,       // A request that reads.
  kAppendCall,  // A client calls Append() or AppendBatch().
  kOpenCall,    // A client calls Open().
  kTruncateCall,
  kCloseCall,
};
inline constexpr int kSiteCount = 16;

struct Trigger {
  Site site = Site::kTime;
  int64_t at_ns = 0;     // kTime.
  uint64_t nth = 0;      // Of all others: which one.
  int64_t delay_ns = 0;  // So long behind it; a fault of the operation itself has none.

  friend bool operator==(const Trigger&, const Trigger&) = default;
};

struct Fault {
  FaultClass kind = FaultClass::kProcessCrash;
  Trigger trigger;
  uint32_t slot = 0;  // Whose process or operation; without meaning for what is the machine's.
  int64_t amount = 0;
  int64_t duration_ns = 0;
  uint32_t variant = 0;
  uint64_t pick = 0;

  friend bool operator==(const Fault&, const Fault&) = default;
};

}  // namespace tidelog::sim

#endif  // TIDELOG_SIM_PLAN_FAULT_H_
