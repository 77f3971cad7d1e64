// LogInfo, AppendLimits and Mvcc: what a log tells of itself.
#ifndef TIDELOG_WAL_LOG_INFO_H_
#define TIDELOG_WAL_LOG_INFO_H_

#include <cstddef>
#include <optional>
#include <string>

#include "absl/container/btree_map.h"
#include "wal/flow_control.h"
#include "wal/message/message_id.h"
#include "wal/types.h"

namespace tidelog {

struct LogInfo {
  // After(*oldest) reads everything that is left; From(*oldest) is kPositionGone.  None: nothing
  // was forgotten, and Earliest reads everything, be it nothing.
  std::optional<Position> oldest;
  // The newest settled record, to which a reader may read; a position above it yields
  // kPositionGone.  None: no record.
  std::optional<Position> tail;
  TimeTick newest_tick{};  // D7.  0: none is stored.
  Term newest_term{};  // The highest term ever opened for writing, as far as can be seen; 0: none.
  // Whether some process holds the channel open for writing now.  Advice for tools: no safety rests
  // on it.
  enum class Holder { kNone, kLive, kUnknown } holder = Holder::kUnknown;
  // Of a log that is open for writing, and not lost (G5).
  FlowStatus flow;
  // What a backend has to say for people and tools: "segments" -> "3".  Not a contract.
  absl::btree_map<std::string, std::string> details;
};

// What one message may weigh (B4).
struct AppendLimits {
  size_t message_bytes_max = 0;  // Of MutableMessage::encoded_size().
  int property_count_max = 0;
  bool durable_on_ack = false;  // False only for backends that say so: memory.
  // Not 0: larger messages are stored in chunks of at most this (F9).  Each chunk repeats all that
  // is not payload, so of such a message that may come to half of it.
  size_t chunk_bytes_max = 0;
};

// How far a reader who wants to see everything committed so far must read (D7).
struct Mvcc {
  TimeTick time_tick{};
  bool confirmed = false;  // A stored tick covers it.
};

}  // namespace tidelog

#endif  // TIDELOG_WAL_LOG_INFO_H_
