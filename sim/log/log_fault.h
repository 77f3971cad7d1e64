// What may go wrong with one request to a log service.
//
// Which request meets which fault is decided outside, from data: a LogFaultHook is asked once a
// request, in the order in which requests are sent.
#ifndef TIDELOG_SIM_LOG_LOG_FAULT_H_
#define TIDELOG_SIM_LOG_LOG_FAULT_H_

#include <cstdint>
#include <functional>
#include <string_view>

#include "absl/time/time.h"
#include "sim/log/protocol.h"

namespace tidelog::sim {

// Names of people's making, so that plans, matrices and reports speak of the same things.
enum class LogFaultKind : uint8_t {
  kRequestLost = 0,  // Not applied; the client hears nothing.
  kReplyLost,        // Applied; the client hears nothing.
  kAppliedLate,      // Applied after the client gave up, perhaps after a takeover.
  kDuplicate,        // The library sends it twice, the second right behind the first.
  kReplyDelayed,     // Replies overtake one another.
  kRefused,          // Surely not done.
  kFull,             // Surely not done, for want of room.
  kThrottled,        // Surely not done: the library's queue is full.
  kConflict,         // Objects: another put is under way.
  kStuck,            // No answer and no timeout: it hangs until the client closes.
  kAtOnce,           // The answer is there when the call returns.
  kIdJump,           // Ids skip some before what this stores.
  kRedelivered,      // A fetch begins earlier than it was asked to.
  kStale,            // A fetch or list does not see the newest; a get does not see it at all.
  kSpuriousEnd,      // A fetch says there is nothing.
};
inline constexpr int kLogFaultKindCount = 15;
std::string_view NameOf(LogFaultKind kind);

// One request, about to be sent.  Views last as long as the call.
struct LogCall {
  uint64_t index = 0;    // Of all requests to this service, from 0.
  uint32_t process = 0;  // Which one sends it.
  LogOp op{};
  std::string_view channel;
  bool stores_group = false;  // It carries messages that somebody appends.
  bool stores_fence = false;  // It carries a fence, a barrier or a claim.
};

// All false: it is applied and answered, each after a base latency.
struct LogVerdict {
  bool request_lost = false;
  bool reply_lost = false;
  bool duplicate = false;
  bool stuck = false;
  bool at_once = false;
  bool spurious_end = false;
  LogCode refuse_with = LogCode::kOk;  // kRefused, kFull, kThrottled or kConflict.
  absl::Duration request_delay;        // On top of the latency.
  absl::Duration reply_delay;          // Likewise.
  uint64_t id_jump = 0;
  uint64_t redeliver = 0;    // Records.
  uint64_t hide_newest = 0;  // Records or keys.
};

// What `kind` means for one request; `size` is its extent: a delay, a jump, a number of records.
LogVerdict VerdictOf(LogFaultKind kind, uint64_t size);
// Whether the fault can do anything to such a request.
bool AppliesTo(LogFaultKind kind, LogOp op);

// Called outside of every process.
using LogFaultHook = std::function<LogVerdict(const LogCall&)>;

}  // namespace tidelog::sim

#endif  // TIDELOG_SIM_LOG_LOG_FAULT_H_
