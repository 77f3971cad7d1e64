// MessageStamper: the fields of a message that the log fills in, and the way from a message that is
// being appended to one that is shared and back.
//
// For //adaptor and backends; users of the log never call it.
#ifndef TIDELOG_WAL_MESSAGE_MESSAGE_STAMPER_H_
#define TIDELOG_WAL_MESSAGE_MESSAGE_STAMPER_H_

#include "wal/message/message.h"
#include "wal/message/message_id.h"
#include "wal/message/record.h"
#include "wal/types.h"

namespace tidelog {

class MessageStamper {
 public:
  // Writes what one attempt to append gives the message (A5, D1, D3).  On a BeginTxn the
  // transaction's id becomes the tick too (E1).  Doing it again replaces all of that.
  // `last_confirmed` is an id of the same log; null: it is the message's own, not known yet.
  static void Stamp(MutableMessage& message, Term term, TimeTick tick,
                    const MessageId* last_confirmed);

  // Replaces the transaction that the message belongs to, such as a begin's default lease.
  // Requires: it has one; keepalive is of whole milliseconds or infinite.
  static void SetTxn(MutableMessage& message, const TxnContext& txn);

  // Writes where the idempotency window starts (D6); null: nowhere.  Requires: the message came
  // from MessageFactory::StoredTimeTick().
  static void SetReplayStart(MutableMessage& message, const MessageId* replay_start);

  // The message as it is shared with a backend and readers: without an id until WithId().
  static ImmutableMessage Seal(MutableMessage&& message);

  // Takes a sealed message back, to stamp it afresh after an attempt that was not done.  Copies the
  // record if anybody else still refers to it.
  static MutableMessage Reopen(ImmutableMessage message);
};

}  // namespace tidelog

#endif  // TIDELOG_WAL_MESSAGE_MESSAGE_STAMPER_H_
