// The words of a history: ids, ticks, positions, and what is appended and read.
#ifndef TIDELOG_SIM_CHECK_RECORD_H_
#define TIDELOG_SIM_CHECK_RECORD_H_

#include <cstdint>
#include <vector>

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
inline constexpr int32_t kBeginType = 900;
inline constexpr int32_t kCommitType = 901;
inline constexpr int32_t kRollbackType = 902;
inline constexpr int32_t kTransactionType = 999;  // In filters only.

// What a client hands over to be appended.
struct Submission {
  Payload payload;
  int32_t type = 0;
  int32_t vchannel = 0;
  Tick txn = 0;        // The transaction that it belongs to; 0: none, and on each begin.
  int32_t bodies = 0;  // Of a commit: how many its client counts in.
  int32_t key = 0;     // Its idempotency key; 0: none, -1: one that no client gave.
  friend bool operator==(const Submission&, const Submission&) = default;
};

// What a message is to a transaction.
enum class Role { kNone, kBegin, kBody, kCommit, kRollback };
constexpr Role RoleOf(const Submission& content) {
  switch (content.type) {
    case kBeginType:
      return Role::kBegin;
    case kCommitType:
      return Role::kCommit;
    case kRollbackType:
      return Role::kRollback;
    default:
      return content.txn == 0 ? Role::kNone : Role::kBody;
  }
}

// Whether a message of this type ends the transactions that are open in its scope (E5).  A table of
// their own, as all numbers here.
constexpr bool IsExclusive(int32_t type) {
  switch (type) {
    case 5:
    case 6:
    case 7:
    case 8:
    case 9:
    case 12:
    case 13:
    case 37:
    case 38:
    case 45:
    case 46:
    case 700:
    case 800:
      return true;
    default:
      return false;
  }
}

// Whether flow control may slow a message of this type down and refuse it (G5): inserts, deletes,
// and what has no number of Milvus's.
constexpr bool IsData(int32_t type) {
  if (type == 2 || type == 3) return true;
  const bool is_control = (type >= 1 && type <= 46) || type == 700 || type == 800 || type == 900 ||
                          type == 901 || type == 902 || type == 999;
  return !is_control;
}

// A message as a reader is given it.  A TimeTick has no payload.  A transaction is its commit, with
// members.
struct Record {
  Id id = kNoId;
  Tick tick = 0;  // Of a member as the reader is told: the commit's (E1).
  Term term = 0;
  Id last_confirmed = kNoId;
  Submission content;
  Tick stored_tick = 0;              // Of a member: its own.
  Nanos lease = 0;                   // Of a begin that was read; kForever: it has no end.
  std::vector<Record> members = {};  // Of a transaction: begin, bodies, commit.
  friend bool operator==(const Record&, const Record&) = default;
};

}  // namespace tidelog::sim::check

#endif  // TIDELOG_SIM_CHECK_RECORD_H_
