// What can happen in a history: each call, what it yields, and what the world does.
#ifndef TIDELOG_SIM_CHECK_EVENTS_H_
#define TIDELOG_SIM_CHECK_EVENTS_H_

#include <cstdint>
#include <optional>
#include <variant>
#include <vector>

#include "absl/container/inlined_vector.h"
#include "sim/check/code.h"
#include "sim/check/record.h"

namespace tidelog::sim::check {

// Opens and closes.  The operation's number of an open is `op`; what it yields is `handle`.

struct OpenInvoke {
  Term term = 0;
  bool read_only = false;
};
struct OpenReturn {
  Code code = Code::kOk;
  // Of a writer, where the recorder can see them: the last id of lower terms (kNoId: there was
  // none), and the tick that the open stored first.
  std::optional<Id> boundary = {};
  Tick first_tick = 0;
};
struct CloseInvoke {};
struct CloseReturn {
  Code code = Code::kOk;
};
struct Unavailable {  // WhenUnavailable() of a handle fired.
  Code code = Code::kOk;
};

// Appends.  A batch is one operation.

struct AppendInvoke {
  absl::InlinedVector<Submission, 1> messages = {};
  Nanos timeout = kForever;
  bool refusable = false;  // It breaks a rule on purpose: above a limit, a barrier too far ahead.
};
struct Acknowledgement {
  Id id = kNoId;
  Tick tick = 0;
  Id last_confirmed = kNoId;
  Tick txn = 0;     // Of a begin: what its bodies are to name.
  Nanos lease = 0;  // Of a begin.
  // Its idempotency key was met again: this is what the first append was told (G4).
  bool repeat = false;
};
// The first messages are done, the next `unknown` are unknown, and the others not done.
struct AppendReturn {
  absl::InlinedVector<Acknowledgement, 1> done = {};
  int32_t unknown = 0;
  Code code = Code::kOk;  // kOk: all are done.
};

// Scans.  All events of a scan bear the number of the operation that opened it.

enum class Start { kEarliest, kLatest, kFrom, kAfter };

struct ScanOpen {
  Start start = Start::kEarliest;
  Position position = {};  // Of kFrom and kAfter.
  enum class End { kNever, kTailAtOpen, kPosition } end = End::kNever;
  Tick until = 0;  // Of End::kPosition; inclusive.
  int32_t vchannel = 0;
  std::vector<int32_t> types = {};
  Tick after_tick = 0;
  bool deliver_ticks = false;
  bool gaps = false;  // Goes on behind bytes that are corrupt.
};
struct ScanOpened {
  Code code = Code::kOk;
};
struct IdRange {  // Inclusive.
  Id first = kNoId;
  Id last = kNoId;
};
struct ScanBatch {
  std::vector<Record> records = {};
  Tick complete_through = 0;
  bool complete_is_stored = false;
  std::optional<Position> resume = {};
  std::optional<IdRange> gap = {};
  bool end = false;
};
struct ScanError {  // What a Next() failed with.
  Code code = Code::kOk;
};
struct ScanClose {};

// Truncation and questions.

struct TruncateInvoke {
  Position through = {};
};
struct TruncateReturn {
  Code code = Code::kOk;
  Position mark = {};
};
struct InfoInvoke {};
struct InfoReturn {
  Code code = Code::kOk;
  std::optional<Position> oldest = {};
  std::optional<Position> tail = {};
  Tick newest_tick = 0;
  Term newest_term = 0;
  // What readers met of the write-ahead buffer so far, for probes: batches out of it, changes over
  // to it, and falls out of it.
  int64_t buffer_batches = 0;
  int64_t buffer_entered = 0;
  int64_t buffer_left_behind = 0;
};
struct MvccInvoke {
  int32_t vchannel = 0;
};
struct MvccReturn {
  Code code = Code::kOk;
  Tick tick = 0;
  bool confirmed = false;
};

// What the world does, and what observers are told.

struct ProcessStart {};
struct ProcessCrash {};
struct Pause {};
struct Resume {};
struct MachineCrash {};  // With a crash of each of its processes; what is unsynced may be lost.
struct Retention {       // The backend forgot, by itself, what lies at or below.
  Tick through = 0;
};
// Of flow control (G5).
enum class FlowState { kNormal, kRecovering, kSlowed, kRejecting };
struct Observed {
  enum class Kind {
    kTermViolation,
    kTornTail,
    kRecoveryProgress,
    kSlowAppend,
    kFenced,
    kBackendTrouble,
    kSlowAppendEnded,
    kFlowChanged
  } kind{};
  // Of kFlowChanged: what it is from now on, of the log of which term.
  FlowState flow = FlowState::kNormal;
  Term term = 0;
};
struct Phase {
  enum class Kind { kFaults, kHealed, kFinal } kind{};
};

using What = std::variant<OpenInvoke, OpenReturn, CloseInvoke, CloseReturn, Unavailable,
                          AppendInvoke, AppendReturn, ScanOpen, ScanOpened, ScanBatch, ScanError,
                          ScanClose, TruncateInvoke, TruncateReturn, InfoInvoke, InfoReturn,
                          MvccInvoke, MvccReturn, ProcessStart, ProcessCrash, Pause, Resume,
                          MachineCrash, Retention, Observed, Phase>;

}  // namespace tidelog::sim::check

#endif  // TIDELOG_SIM_CHECK_EVENTS_H_
