// The words of a history: ids, ticks, positions, and what is appended and read.
#ifndef TIDELOG_SIM_CHECK_RECORD_H_
#define TIDELOG_SIM_CHECK_RECORD_H_

#include <cstdint>

namespace tidelog::sim::check {

// The order of a record in its log.  For an id whose key is a number: that number plus one.
using Id = uint64_t;
inline constexpr Id kNoId = 0;

using Tick = uint64_t;  // 0: none.
using Term = int64_t;   // 0: none.
using Nanos = int64_t;  // Virtual time, or a span of it.
inline constexpr Nanos kForever = INT64_MAX;

struct Position {
  Id last_confirmed = kNoId;
  Tick tick = 0;
  friend bool operator==(const Position&, const Position&) = default;
};

// Tells messages apart.  A client writes its number and a running number into each payload; `hash`
// is of the payload and the properties that are not the log's own.
struct Payload {
  int32_t client = 0;  // 0: what was read is none that a client wrote.
  int32_t number = 0;
  uint64_t hash = 0;
  friend bool operator==(const Payload&, const Payload&) = default;
};

inline constexpr int32_t kTimeTickType = 1;

// What a client hands over to be appended.
struct Submission {
  Payload payload;
  int32_t type = 0;
  int32_t vchannel = 0;
  friend bool operator==(const Submission&, const Submission&) = default;
};

// A message as a reader is given it.  A TimeTick has no payload.
struct Record {
  Id id = kNoId;
  Tick tick = 0;
  Term term = 0;
  Id last_confirmed = kNoId;
  Submission content;
  friend bool operator==(const Record&, const Record&) = default;
};

}  // namespace tidelog::sim::check

#endif  // TIDELOG_SIM_CHECK_RECORD_H_
