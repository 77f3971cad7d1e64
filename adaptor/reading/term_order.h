// TermOrder: the checks of what a reader of a log meets, whoever wrote it (A5, D8).
#ifndef TIDELOG_ADAPTOR_READING_TERM_ORDER_H_
#define TIDELOG_ADAPTOR_READING_TERM_ORDER_H_

#include <cstdint>

#include "absl/status/statusor.h"
#include "adaptor/log/log_context.h"
#include "wal/message/message.h"
#include "wal/message/message_id.h"
#include "wal/types.h"

namespace tidelog::adaptor {

// One a reader.  Confined to the channel's executor.
class TermOrder {
 public:
  // `log` outlives this.
  explicit TermOrder(const LogContext* log) : log_(*log) {}

  // The next record that was read.  True: it counts.  False: it is to be dropped, being a fence
  // barrier, read before (a backend may read again after an error), or of a term lower than one
  // already met; the last is an event.  kCorrupt: its tick is not above that of the record before,
  // nor the same as that of the chunk before it (F9).
  absl::StatusOr<bool> Take(const ImmutableMessage& message);

  // What follows is in the next backend of the chain (G6): ids begin anew, terms and ticks go on.
  void EnterLink() { last_id_ = MessageId(); }

  // Of the last record that was read, dropped or not; no id if there was none.
  const MessageId& last_id() const { return last_id_; }
  // Of the last one that counts.
  TimeTick last_tick() const { return last_tick_; }
  Term highest_term() const { return highest_term_; }
  uint64_t violation_count() const { return violation_count_; }

 private:
  const LogContext& log_;
  MessageId last_id_;
  TimeTick last_tick_{};
  bool last_is_chunk_ = false;
  Term highest_term_{};
  uint64_t violation_count_ = 0;
};

}  // namespace tidelog::adaptor

#endif  // TIDELOG_ADAPTOR_READING_TERM_ORDER_H_
