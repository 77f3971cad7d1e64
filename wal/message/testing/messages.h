// Messages for tests, in a line each.  What cannot be built aborts.
#ifndef TIDELOG_WAL_MESSAGE_TESTING_MESSAGES_H_
#define TIDELOG_WAL_MESSAGE_TESTING_MESSAGES_H_

#include <cstdint>
#include <string_view>

#include "absl/time/time.h"
#include "wal/message/message.h"
#include "wal/message/message_id.h"
#include "wal/message/record.h"
#include "wal/types.h"

namespace tidelog::testing {

MutableMessage MakeInsert(std::string_view payload, std::string_view vchannel = "");
MutableMessage MakeMessage(MessageType type, std::string_view payload,
                           std::string_view vchannel = "");

// With an idempotency key (G4).
MutableMessage MakeKeyed(std::string_view key, std::string_view payload,
                         std::string_view vchannel = "");
MutableMessage MakeKeyedCommit(std::string_view key, std::string_view vchannel,
                               const TxnContext& txn, uint32_t bodies);

// A transaction's messages.  Without a lease the begin asks for the default one.
MutableMessage MakeBegin(std::string_view vchannel,
                         absl::Duration keepalive = absl::ZeroDuration());
MutableMessage MakeBody(std::string_view payload, std::string_view vchannel, const TxnContext& txn);
MutableMessage MakeCommit(std::string_view vchannel, const TxnContext& txn, uint32_t bodies);
MutableMessage MakeRollback(std::string_view vchannel, const TxnContext& txn);

// The message as the log hands it to a backend, without an id.  `last_confirmed` null: its own.
ImmutableMessage Stamped(MutableMessage message, Term term, TimeTick tick,
                         const MessageId* last_confirmed = nullptr);
// The message as readers meet it.
ImmutableMessage Stored(MutableMessage message, Term term, TimeTick tick, const MessageId& id,
                        const MessageId* last_confirmed = nullptr);

}  // namespace tidelog::testing

#endif  // TIDELOG_WAL_MESSAGE_TESTING_MESSAGES_H_
