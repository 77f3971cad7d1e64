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
// * A repeat's id, tick and position are the first append's: they may lie below those of what was
//   appended since, and may have been truncated.
// * It is the key that counts, and nothing else of the message: the same key with another payload
//   or type is a repeat as well, and what it holds is dropped.
// * A repeat while the first is in flight waits for it.  If the first ends not done, the repeat
//   that came next is appended in its place.  If its outcome is unknown they wait until it is
//   settled; if that is by the end of this log, by a close or a fence, they end not done with the
//   log's error, for they wrote nothing: append again under the next owner.
// * An error "not done" says that this append stored nothing.  An earlier one with its key may
// have.
// * Of a batch the repeats are left out, and the others land as the batch; it waits first until
// none
//   of its keys is in flight elsewhere.  Each repeat has the first append's result, in its place in
//   BatchResult::done.  `done` ends at the first message that is not done all the same, and
//   `unknown` counts to the last one that is unknown, repeats between them included: who appends
//   the batch again, with its keys, gets all of it done.
// * A key is remembered for wal.idempotency_window, or while no more than wal.idempotency_keys_max
//   keys or wal.idempotency_bytes_max bytes of them came behind it in its channel.  That is counted
//   in what is stored: a crash or a change of owners forgets none, and on an idle log they are
//   remembered for longer.  An open replays that far back, and truncation leaves that in storage.
#ifndef TIDELOG_WAL_IDEMPOTENCY_H_
#define TIDELOG_WAL_IDEMPOTENCY_H_

#include <cstddef>

namespace tidelog {

// Bytes of a key.  It is kInvalidArgument, not done, to append a longer one, an empty one, or one
// on a transaction's begin, body or rollback.
inline constexpr size_t kIdempotencyKeyMax = 1024;

}  // namespace tidelog

#endif  // TIDELOG_WAL_IDEMPOTENCY_H_
