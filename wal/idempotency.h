// Idempotency keys: what makes it harmless to append again (G4).
//
//   MutableMessage::Builder builder(MessageType::kInsert);
//   builder.VChannel("orders_v1").IdempotencyKey("order 4711");
//
// A message with a key is stored once for as long as its log remembers the key, however often it is
// appended: a repeat writes nothing and yields the first append's result, AppendResult::duplicate
// set.  So who does not know what became of an append, because its outcome is unknown or he has
// crashed, appends it again.
//
// * A key belongs to a VChannel, or to none, which is a scope of its own.  A transaction's key is
//   its commit's: a repeat of a commit that committed yields the commit's result, though the
//   transaction has ended.
// * It is the key that counts, and nothing else of the message: the same key with another payload
//   or type is a repeat as well, and what it holds is dropped.  So is a commit of another
//   transaction: if the AppendResult::txn.id is not yours, the first one did what yours would have
//   done; roll yours back.
// * A repeat while the first is in flight waits for it.  If the first ends not done, the repeat
//   that came next is appended in its place.  If its outcome is unknown they wait until it is
//   settled; if that is by the end of this log, by a close or a fence, they end not done with the
//   log's error, for they wrote nothing: append again under the next owner.
// * A repeat's timeout ends its wait for the first too: kDeadlineExceeded, not done.  When too many
//   wait so (wal.in_flight_count_max, wal.in_flight_bytes_max) a further one ends with
//   kResourceExhausted at once, whatever AppendOptions::wait_when_full says: it would wait for room
//   that only those in front of it can make.
// * An error "not done" says that this append stored nothing.  An earlier one with its key may
//   have.
// * Of a batch the repeats are left out, and the others land as the batch; it waits first until
//   none of its keys is in flight elsewhere.  Each repeat has the first append's result, in its
//   place in BatchResult::done.  Who appends the batch again, with its keys, gets all of it done.
// * A repeat's result is as old as the first append: truncation may have freed its position.
//
// How long.  A key is remembered until the first of these limits is reached.  They are the
// channel's: all its VChannels share them, and one that uses many keys shortens the time of all.
//
//   wal.idempotency_window         ticks between it and the newest record
//   wal.idempotency_keys_max       keys that came behind it, itself counted in
//   wal.idempotency_bytes_max      bytes of them, with 256 for each: the memory that a channel's
//                                  keys may take
//   wal.idempotency_log_bytes_max  bytes of the records behind it, with keys or without: what an
//                                  open has to replay
//
// All of that is counted in what is stored: no crash and no change of owners forgets a key by
// itself, and on an idle log they are remembered for longer, unless flow control needs their memory
// (wal/flow_control.h).  But ticks follow the wall clock, and the first record behind an outage has
// the tick of its own time.  So time in which the log was down counts in the window, as it does for
// the leases of transactions (E4), and a clock that runs ahead shortens it: a client that is to
// survive an outage of an hour needs a window of more than that.  A key that is forgotten is a new
// one: the message is stored again.  Only of a commit it is not, whose transaction has ended: its
// repeat ends with kTransactionExpired though it committed.
//
// An open replays from the oldest key that is remembered, or from the begin of the transaction that
// it committed, and truncation leaves that in storage.
#ifndef TIDELOG_WAL_IDEMPOTENCY_H_
#define TIDELOG_WAL_IDEMPOTENCY_H_

#include <cstddef>

namespace tidelog {

// Bytes of a key.  It is kInvalidArgument, not done, to append a longer one, an empty one, or one
// on a transaction's begin, body or rollback.
inline constexpr size_t kIdempotencyKeyMax = 1024;

}  // namespace tidelog

#endif  // TIDELOG_WAL_IDEMPOTENCY_H_
