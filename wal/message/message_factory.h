// MessageFactory: the messages that the log and its backends write on their own account.
//
// For //adaptor, backends and tests; users of the log have MutableMessage::Builder.
#ifndef TIDELOG_WAL_MESSAGE_MESSAGE_FACTORY_H_
#define TIDELOG_WAL_MESSAGE_MESSAGE_FACTORY_H_

#include <cstdint>
#include <optional>
#include <string_view>

#include "wal/message/message.h"
#include "wal/message/message_id.h"
#include "wal/message/record.h"
#include "wal/types.h"

namespace tidelog {

class MessageFactory {
 public:
  // A TimeTick that will be stored (D2), with room for the start of the idempotency window, which
  // MessageStamper::SetReplayStart() fills in.
  static MutableMessage StoredTimeTick();

  // A TimeTick that only readers of this process see (D5).  Never hand it to a backend.
  static MutableMessage UnstoredTimeTick();

  // The records by which a backend fences and settles (D6): in form a copy of `newest_time_tick`,
  // but of `term`; stamped already.  None: the log holds no stored TimeTick, so tick 0 and the
  // record's own id.  Never delivered, and skipped when the newest TimeTick is sought.
  // `writer_id` tells one's own barrier from another's, the same `term` or not.
  static MutableMessage FenceBarrier(Term term, const std::optional<Position>& newest_time_tick,
                                     std::string_view writer_id);
  // A barrier that says besides: this term was closed cleanly (A2).  The next barrier uses it up.
  static MutableMessage CloseMark(Term term, const std::optional<Position>& newest_time_tick,
                                  std::string_view writer_id);
  static bool IsFence(const RecordView& record) { return record.flags() & kFenceBarrier; }
  static bool IsCloseMark(const RecordView& record);
  // Of a FenceBarrier or CloseMark; empty for every other record.
  static std::string_view WriterIdOf(const RecordView& record);

  // A builder that takes every type but kTxn, reserved properties, and transactions as they come.
  static MutableMessage::Builder AnyBuilder(MessageType type);
  // Sets the version of the message's form; by default that of its type (message_version.h).
  static void SetVersion(MutableMessage::Builder& builder, uint16_t version);

 private:
  static MutableMessage MakeFence(Term term, const std::optional<Position>& newest_time_tick,
                                  std::string_view writer_id, bool is_close_mark);
};

}  // namespace tidelog

#endif  // TIDELOG_WAL_MESSAGE_MESSAGE_FACTORY_H_
