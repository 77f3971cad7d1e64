// Flow control: how a log protects itself, its node and its readers from writers that are too fast
// (G5).
//
//   class Signals : public FlowSignals {   // What only the node knows.
//     double MemoryUsed() override { return node.used_bytes() / node.limit_bytes(); }
//   };
//   Environment environment{.flow = &signals};
//
// Sources: the memory of the log, the memory of the node, the rate of appends, and how far
// checkpoints and consumers are behind; the settings wal.flow_* (adaptor/options.h).  Each is
// looked at with every time tick, and has a state of its own; the most restrictive one holds.
//
//   normal      Nothing waits, nobody is refused.
//   slowed      Data is let in at a rate that falls step by step.  What is too much waits its turn,
//               first come, first served, but bodies of transactions and other data by turns; where
//               it would have to wait for more than ten seconds it is refused, unless
//               AppendOptions::wait_when_full is set.  A body is refused, even so, if it would wait
//               for more than half of what is left of its transaction's lease: the transaction is
//               open then, to be gone on with or rolled back.
//   rejecting   Data is refused at once, also what waits, for flow control or for room (C5).
//   recovering  As slowed, with a rate that grows step by step, until it is normal again.
//
// What is refused ends with kRateLimitRejected, not done: back off.  A deadline, a close and a
// fence end a wait as any other in a queue (C3).  So pacing is no mere advice, as it is in Milvus,
// whose clients do it: a caller who ignores it is slowed all the same, and one who is waiting for
// its answers before it goes on needs to do nothing at all.
//
// Of what holds memory a log gives back by itself what it keeps for later: records in its buffer
// when they are old, and idempotency keys when their time has passed, for which it stores a time
// tick while it is not normal.
//
// A checkpoint is behind until its reader registers a newer one, and if it stays, data is rejected
// in the end, but not while nothing is appended.  So a reader that filters must not wait for a
// message of its own: it sets ReadOptions::wake_on_tick, and registers ScanBatch::resume, which
// moves with what was filtered out and with ticks.  The same goes for what consumers report.
//
// What is told, each time the state or the rate changes: the Observer (Event::Kind::kFlowChanged),
// LogInfo::flow, and the metrics tidelog_wal_flow_*.  A log that is lost (fenced, switched or
// broken) takes no data at all and has no flow control: LogInfo and metrics say normal from then
// on, without an event.
#ifndef TIDELOG_WAL_FLOW_CONTROL_H_
#define TIDELOG_WAL_FLOW_CONTROL_H_

#include <cstdint>
#include <limits>
#include <string>
#include <string_view>

#include "absl/time/time.h"
#include "wal/types.h"

namespace tidelog {

// The later, the more restrictive.  The numbers are those of the metric.
enum class FlowState : uint8_t { kNormal, kRecovering, kSlowed, kRejecting };

// "normal", "recovering", "slowed" or "rejecting".
std::string_view NameOf(FlowState state);

inline constexpr uint64_t kUnlimitedRate = std::numeric_limits<uint64_t>::max();

struct FlowStatus {
  FlowState state = FlowState::kNormal;
  uint64_t rate = kUnlimitedRate;  // Bytes of data a second, of MutableMessage::encoded_size().
  std::string_view source;         // What asks for it: "memory".  A constant; empty if normal.
  friend bool operator==(const FlowStatus&, const FlowStatus&) = default;
};

// "slowed to 4194304 bytes/s because of the memory", "normal".
std::string ToString(const FlowStatus& status);

// Whether a message is data, which alone is slowed and refused: inserts and deletes, with or
// without a transaction, and what is no type of Milvus's (B2).  What controls a log always passes:
// time ticks, DDL and all that is exclusive, the begin and the end of transactions, and every other
// type that Milvus numbers.  A batch is data if any of its messages is.
constexpr bool IsFlowControlled(MessageType type) {
  if (type == MessageType::kInsert || type == MessageType::kDelete) return true;
  const int32_t number = ToInt(type);
  const bool is_milvus = (number >= 1 && number <= 46) || number == 700 || number == 800 ||
                         (number >= 900 && number <= 902) || number == 999;
  return !is_milvus;
}

// What a log cannot know by itself.  Implemented by the embedder.  Safe from any thread; asked with
// every time tick of every channel that is open for writing, on its executor: must not block.
class FlowSignals {
 public:
  virtual ~FlowSignals() = default;

  // The part of the node's memory that is in use: 0 to 1.  What is no number, or negative, says
  // nothing, as 0 does.
  virtual double MemoryUsed() { return 0; }

  // How far the slowest consumer of the channel is behind what is appended, by the consumers' own
  // account; 0: none is.  Held against wal.flow_lag_max.
  virtual absl::Duration ConsumerLag(const PChannel& channel) {
    (void)channel;
    return absl::ZeroDuration();
  }
};

}  // namespace tidelog

#endif  // TIDELOG_WAL_FLOW_CONTROL_H_
