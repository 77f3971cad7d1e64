// What a process and a log service say to each other: requests, replies, and the shapes of service
// there are.
//
// Plain data, copied at the border of a process (LogService::Send()); nothing here points into one.
#ifndef TIDELOG_SIM_LOG_PROTOCOL_H_
#define TIDELOG_SIM_LOG_PROTOCOL_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace tidelog::sim {

// Which service it is modelled on, at the level of requests and replies.
enum class LogProtocol : uint8_t {
  // Like a Kafka partition and its transaction coordinator: a producer's epoch fences the one
  // before, a record counts once its transaction is committed, markers take offsets.
  kTransactional,
  // Like a JetStream stream: each publish names the last sequence it expects.
  kSequenced,
  // Like an object store: put if absent, put if unchanged, get, list.
  kObjects,
};
inline constexpr LogProtocol kLogProtocols[] = {LogProtocol::kTransactional,
                                                LogProtocol::kSequenced, LogProtocol::kObjects};
std::string_view NameOf(LogProtocol protocol);

// Numbers are stored in traces: never renumber one.
enum class LogOp : uint8_t {
  kChannels = 1,  // Names, sorted, into `keys`.
  // Of transactional and sequenced logs.
  kCreate = 2,    // Makes the channel unless it is there.
  kLook = 3,      // The leader's word on where the log begins and ends, and its mark.
  kFetch = 4,     // Records that count, in [from, end); perhaps fewer than there are.
  kTruncate = 5,  // Forgets what lies below `from`, and keeps `mark` unless a higher one is kept.
  // Of transactional logs.
  kInitProducer = 6,      // The next epoch; aborts what the epochs before left open.
  kAddToTransaction = 7,  // Begins a transaction at the coordinator.
  kProduce = 8,
  kEndTransaction = 9,
  // Of sequenced logs.
  kPublish = 10,
  // Of object stores.
  kGet = 11,
  kPut = 12,          // If absent (version 0), or if the version is still that.
  kListKeys = 13,     // Keys that begin with `key`, sorted; the newest may be missing.
  kDeleteBelow = 14,  // Objects of the prefix `key` whose slot is below `from`.
};
inline constexpr int kLogOpCount = 14;
std::string_view NameOf(LogOp op);

// A record as the service keeps it: a message's bytes, and in a header who sent it.
struct StoredRecord {
  uint64_t number = 0;  // Its place in the log; MessageId's key.
  uint64_t writer = 0;  // One opened handle.
  uint64_t group = 0;   // Of that writer's, from 1.
  std::string bytes;
};

struct LogRequest {
  LogOp op{};
  std::string channel;
  std::string key;    // Of an object, or what keys begin with.
  uint64_t from = 0;  // kFetch, kTruncate, kDeleteBelow.
  uint64_t end = 0;   // kFetch: exclusive.
  size_t count_max = 0;
  size_t bytes_max = 0;
  bool wait = false;      // kFetch, kGet: the service answers once there is something.
  uint64_t epoch = 0;     // Of the producer.
  uint64_t sequence = 0;  // kProduce: of the producer's batches within its epoch, from 1.
  bool commit = false;    // kEndTransaction; else it aborts.
  uint64_t expected = 0;  // kPublish: the sequence of the last message.
  uint64_t version = 0;   // kPut.
  uint64_t tick = 0;      // kTruncate: orders marks.
  std::string mark;       // kTruncate: the mark, as text; the service does not look into it.
  uint64_t writer = 0;
  uint64_t group = 0;  // 0: a fence, a close mark, a manifest.
  std::string text;    // Of an object without records.
  std::vector<std::string> records;
};

// What became of a request.
enum class LogCode : uint8_t {
  kOk = 0,
  kFenced = 1,    // A producer with a newer epoch is there.
  kMismatch = 2,  // Not the sequence or version that was expected (412).
  kConflict = 3,  // Another put of this key is under way: ask again (409).
  kNotFound = 4,
  kGone = 5,        // The first record asked for is truncated away.
  kOutOfOrder = 6,  // Not the producer's next batch, or no transaction is open.
  // The service, or the library in front of it, says surely not done.
  kRefused = 7,
  kFull = 8,
  kThrottled = 9,
  // Said by Connection: nobody knows what became of it.
  kTimeout = 10,
  kClosed = 11,
};
std::string_view NameOf(LogCode code);

struct LogReply {
  LogCode code = LogCode::kOk;
  // kLook: the last sequence.  kInitProducer: the epoch.  kProduce, kPublish: the number of the
  // first record, the sequence.  kPut, kGet: the version of the object that is there.
  uint64_t number = 0;
  uint64_t log = 0;    // kLook: tells the log from every other.
  uint64_t first = 0;  // kLook, kFetch: of the first record kept.
  uint64_t end = 0;    // kLook: exclusive.  kFetch: what was looked at ends here.
  uint64_t writer = 0;
  uint64_t group = 0;
  std::string text;
  std::string mark;
  std::vector<StoredRecord> records;
  std::vector<std::string> keys;
};

// For answers that cross the border: all of it is owned by value.
inline LogReply DeepCopy(const LogReply& reply) { return reply; }

// A group of a sequenced log or of an object has one place; a record's number is made of that and
// its index in the group.
inline constexpr int kIndexBits = 12;
inline constexpr size_t kGroupCountMax = size_t{1} << kIndexBits;

}  // namespace tidelog::sim

#endif  // TIDELOG_SIM_LOG_PROTOCOL_H_
