// LogReader: how a client of each kind of service reads a channel.
#ifndef TIDELOG_SIM_LOG_LOG_READER_H_
#define TIDELOG_SIM_LOG_LOG_READER_H_

#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "sim/log/connection.h"
#include "sim/log/protocol.h"
#include "wal/async/future.h"
#include "wal/types.h"

namespace tidelog::sim {

inline constexpr uint64_t kNoEnd = std::numeric_limits<uint64_t>::max();

// Where a log begins and ends, by the service's own word: whatever was acknowledged before it was
// asked lies below `end`.
struct LogBounds {
  uint64_t log = 0;
  uint64_t first = 0;           // What is below is gone.
  uint64_t end = 0;             // Exclusive.
  uint64_t last_sequence = 0;   // Sequenced logs.
  std::string mark;             // The text of a Position; empty: never truncated.
  std::optional<Term> term;     // That claimed it, where the service knows.
  bool closed_cleanly = false;  // Likewise.
};

struct FetchRange {
  uint64_t from = 0;
  uint64_t end = kNoEnd;
  size_t count_max = 1024;
  size_t bytes_max = size_t{4} << 20;
  bool wait = false;  // For something at or above `from`; else it may yield nothing.
};

struct Fetched {
  std::vector<StoredRecord> records;  // In [from, next), in order, all that count.
  uint64_t next = 0;
};

struct FetchedBefore {
  std::vector<StoredRecord> records;  // In [from, end), in order, all that count.
  uint64_t from = 0;
};

// Confined to its connection's executor.  Retries until it knows, or until the connection is
// closed, which yields kOnShutdown.
class LogReader {
 public:
  virtual ~LogReader() = default;

  // kChannelNotExist; kOnShutdown.
  virtual Future<absl::StatusOr<LogBounds>> Look() = 0;

  // kPositionGone, without the oldest position: range.from is truncated away; kOnShutdown.
  virtual Future<absl::StatusOr<Fetched>> Fetch(FetchRange range) = 0;

  // Some of what is next below `end`; from == bounds.first: there is no more.  Errors: as Fetch().
  // Requires: bounds.first < end.
  virtual Future<absl::StatusOr<FetchedBefore>> FetchBefore(LogBounds bounds, uint64_t end) = 0;
};

// `name` is for messages; both arguments outlive the reader.
std::unique_ptr<LogReader> MakeBrokerReader(Connection* connection, const PChannel& channel,
                                            LogProtocol protocol);
std::unique_ptr<LogReader> MakeObjectReader(Connection* connection, const PChannel& channel);
std::unique_ptr<LogReader> MakeLogReader(LogProtocol protocol, Connection* connection,
                                         const PChannel& channel);

// kOnShutdown: the connection was closed while `what` was attempted on `channel`.
absl::Status ConnectionClosed(std::string_view what, const PChannel& channel);

// The end of a log, seen from behind.
struct Tail {
  std::optional<StoredRecord> newest;            // Whatever it is.
  std::optional<StoredRecord> newest_message;    // Neither a barrier nor a close mark.
  std::optional<StoredRecord> newest_time_tick;  // And a TimeTick.
  // Notes a record that lies behind all that was noted before.
  void Append(const StoredRecord& record);
};
enum class TailDepth { kMessage, kTimeTick };

// Reads back from `end` until it has found the newest message, or the newest TimeTick too.
Future<absl::StatusOr<Tail>> ReadTail(LogReader* reader, LogBounds bounds, uint64_t end,
                                      TailDepth depth);

// Reads all of [from, end), where `end` is known to be reached.
Future<absl::StatusOr<std::vector<StoredRecord>>> ReadAll(LogReader* reader, uint64_t from,
                                                          uint64_t end);

// The same of what truncations and retention have left of it.
Future<absl::StatusOr<std::vector<StoredRecord>>> ReadLeft(LogReader* reader, uint64_t from,
                                                           uint64_t end);

}  // namespace tidelog::sim

#endif  // TIDELOG_SIM_LOG_LOG_READER_H_
