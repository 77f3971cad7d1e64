// AppendRun: one append from the call to its end, as the append path sees it.
#ifndef TIDELOG_ADAPTOR_APPEND_APPEND_RUN_H_
#define TIDELOG_ADAPTOR_APPEND_APPEND_RUN_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <variant>
#include <vector>

#include "absl/container/inlined_vector.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "adaptor/async/intrusive_list.h"
#include "adaptor/interceptors/append_op.h"
#include "adaptor/interceptors/interceptor.h"
#include "wal/async/executor.h"
#include "wal/async/future.h"
#include "wal/message/message.h"
#include "wal/message/message_id.h"
#include "wal/message/record.h"
#include "wal/types.h"
#include "wal/wal.h"
#include "walimpls/wal.h"

namespace tidelog::adaptor {

class Appender;
struct LiveTag;         // All runs of a log, so that a close or a fence finds them.
struct OutstandingTag;  // Those with a group at the backend, in the order handed over.

// Lies in the frame of the append's coroutine.  Its caller gets his answer once: at the end, or
// before, when his deadline or Close() came; the run goes on then until the backend has let go of
// it, so that nothing it owes to others is lost (C3).
class AppendRun : public ListElement<AppendRun, LiveTag>,
                  public ListElement<AppendRun, OutstandingTag> {
 public:
  using SingleReply = Promise<absl::StatusOr<AppendResult>>;
  using BatchReply = Promise<BatchResult>;
  using Reply = std::variant<SingleReply, BatchReply>;

  // What it begins with.  Lives until the coroutine that is called with it first waits.
  struct Request {
    std::span<MutableMessage> messages;  // Taken.
    AppendOptions options;
    absl::Duration deadline;  // On the executor's clock.
    bool may_retry;           // A passing failure of the backend does not end it (C2).
    Reply reply;
  };
  explicit AppendRun(Request* request);

  AppendOp& op() { return op_; }
  const AppendOp& op() const { return op_; }

  // What is at the backend, or was.
  struct Group {
    size_t first;  // Of its messages.
    size_t count;  // 0: chunks of the first, which others follow.
    Future<absl::StatusOr<walimpls::Ids>> ids;
    // Of the first message; empty: the messages are whole, a record each.
    std::vector<ImmutableMessage> chunks;
  };
  absl::InlinedVector<Group, 1> groups;
  size_t groups_left = 0;    // Not settled yet.
  int cut_count = 0;         // Messages of it that were stored in part, and not to their end.
  MessageId first_chunk;     // Of the newest message in chunks that is stored, or partly.
  TimeTick first_tick{};     // Of the attempt under way.
  MessageId last_confirmed;  // As stamped; none: each message's own id.
  absl::Duration handed_over_at{};  // When.
  bool reported_slow = false;
  uint64_t sequence = 0;  // Its place among runs that wait to be handed over; 0: none yet.

  // Where its time goes.  The clock is read where it waits, or if it is sampled.
  struct Times {
    absl::Duration began{};            // Only if it is sampled.
    absl::Duration in_interceptors{};  // Waiting there ...
    size_t waited_in = 0;              // ... for the last time in this one.
    absl::Duration in_queue{};         // Waiting for its turn to be handed over first.
    absl::Duration first_handed_over_at{};
    int attempts = 0;
  } times;

  const bool may_retry;
  const absl::Duration deadline;
  struct Deadline : Timer {
    Appender* appender = nullptr;
    AppendRun* run = nullptr;
  } deadline_timer;
  enum class Phase {
    kRunning,               // It does not wait.
    kWaitingInInterceptor,  // In the one at `times.waited_in`.
    kWaitingForTurn,
    kAtBackend,
  } phase = Phase::kRunning;
  size_t passed = 0;       // Interceptors that said Go().
  absl::Status withdrawn;  // Not OK: it is not wanted any more, and ends so, not done.

  // For stamping: takes the message back if it was handed over before.
  MutableMessage& Open(size_t index);
  // Seals it, and yields what to hand over.
  const ImmutableMessage& Seal(size_t index);
  RecordView record(size_t index) const { return op_.record(index); }
  // As it was handed over.
  const ImmutableMessage& sealed(size_t index) const { return op_.slots_[index].sealed; }

  // The next message is stored; the result is to be filled in.
  AppendResult& AddResult() { return op_.results_.emplace_back(); }
  // The next `count` messages may be stored or not.
  void AddUnknown(size_t count) { op_.unknown_count_ += count; }
  // Why not all are stored; the first reason stays.
  void SetStatus(const absl::Status& status) {
    if (op_.status_.ok()) op_.status_ = status;
  }
  // Before another attempt.
  void ForgetStatus() { op_.status_ = absl::OkStatus(); }

  bool answered() const { return !reply_.has_value(); }
  // Before its end: what is done is done, what is at the backend is unknown.
  void AnswerEarly(const absl::Status& status);
  // At its end.  Lets go of all messages first.
  void Answer();

 private:
  void Send(size_t unknown_count, const absl::Status& status);
  // What came of the batch, with the repeats of idempotency keys in their places (G4).
  BatchResult WithRepeats(size_t unknown_count, const absl::Status& status) const;

  AppendOp op_;
  std::optional<Reply> reply_;
};

}  // namespace tidelog::adaptor

#endif  // TIDELOG_ADAPTOR_APPEND_APPEND_RUN_H_
