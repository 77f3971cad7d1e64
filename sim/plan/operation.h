// Operation: one thing that a client of the log does in a run, as plain data.
//
// An operation names its client, and handles, scans and positions by how many came since.  One
// whose subject is not there, because it was cut from the plan or never came to be, is skipped.
#ifndef TIDELOG_SIM_PLAN_OPERATION_H_
#define TIDELOG_SIM_PLAN_OPERATION_H_

#include <cstdint>
#include <vector>

namespace tidelog::sim {

enum class OperationKind : uint8_t {
  kOpen,  // For writing.
  kOpenReadOnly,
  kAppend,  // `count` messages; of more than one a batch.
  kScan,    // Opens a scanner and reads it until its end, an error or a close.
  kCloseScan,
  kTruncate,
  kInfo,
  kMvcc,
  kClose,        // A handle.
  kCloseOpener,  // All handles of the client's process, which goes on with a new opener.
  kBeginTxn,     // In one of the client's slots for transactions; what was in it is forgotten.
  kTxnBody,      // `count` messages, as kAppend.
  kCommitTxn,
  kRollbackTxn,
  kKeyedAppend,  // As kAppend, each message with an idempotency key of its own.
  kKeyedCommit,  // As kCommitTxn, with one.
};
inline constexpr int kOperationKindCount = 16;

// Of each client.  A transaction outlives the client's process and handles.
inline constexpr uint32_t kTxnSlotCount = 4;

enum class ScanStart : uint8_t { kEarliest, kLatest, kFrom, kAfter };
enum class ScanEnd : uint8_t { kNever, kTailAtOpen, kPosition };

// Ways to ask for a refusal.
enum class Misuse : uint8_t {
  kNone,
  kTooLarge,
  kFarBarrier,
  // Of transactions.
  kOtherVChannel,  // Than the begin's.
  kExclusive,      // A body of a type that ends transactions.
  kUnknownTxn,     // Of an id that no begin was given.
  kMixedBatch,     // A begin, commit or rollback beside another message.
};

struct Operation {
  OperationKind kind = OperationKind::kAppend;
  int64_t at_ns = 0;    // When its client begins it; what came before need not be done.
  uint32_t client = 0;  // Index.

  // All but opens: which of the client's handles, from the newest, 0.
  uint32_t handle = 0;

  // kOpen.  0: one more than was ever asked for; -1: that again, -2: one less, and so on.
  int64_t term = 0;

  // kAppend and kTxnBody.
  uint32_t count = 1;
  uint32_t bytes = 0;     // Of each payload; it is never below what names the message.
  uint32_t vchannel = 0;  // 0: none.  Also of kScan, kMvcc and kBeginTxn; a body has its begin's.
  int32_t type = 2;
  int64_t timeout_ns = 0;  // 0: none.
  bool wait_when_full = false;
  Misuse misuse = Misuse::kNone;

  // kBeginTxn to kRollbackTxn; they have a timeout, wait_when_full and misuse as well.
  uint32_t txn = 0;      // Which of the client's slots.
  int64_t lease_ms = 0;  // kBeginTxn.  0: the log's default.
  int32_t miscount = 0;  // kCommitTxn: so many more bodies than the client counts in.

  // kKeyedAppend and kKeyedCommit: of the first message; each further one has the next.  Never 0.
  uint32_t key = 0;

  // kScan.  Positions are those that the log gave to any client, from the newest, 0.
  ScanStart start = ScanStart::kEarliest;
  uint32_t position = 0;  // Also of kTruncate.
  ScanEnd end = ScanEnd::kNever;
  uint32_t until = 0;
  std::vector<int32_t> types;
  uint32_t after_tick_of = 0;  // One more than a position; 0: none.
  bool deliver_ticks = false;
  bool wake_on_tick = false;
  bool gaps = false;
  int64_t read_ahead_bytes = 4 << 20;
  int64_t read_ahead_count = 4096;
  int64_t pause_ns = 0;  // Between one batch and the next.
  // kCloseScan: which of the client's scans, from the newest, 0.
  uint32_t scan = 0;

  friend bool operator==(const Operation&, const Operation&) = default;
};

}  // namespace tidelog::sim

#endif  // TIDELOG_SIM_PLAN_OPERATION_H_
