// What a client reads from the bytes of a record, and messages made of them.
#ifndef TIDELOG_SIM_LOG_STORED_MESSAGE_H_
#define TIDELOG_SIM_LOG_STORED_MESSAGE_H_

#include <cstdint>
#include <optional>
#include <string>

#include "sim/log/protocol.h"
#include "wal/message/message.h"
#include "wal/message/message_id.h"
#include "wal/types.h"

namespace tidelog::sim {

// Of bytes that a client has sent: the service changes none.
Term TermOf(const StoredRecord& record);
MessageType TypeOf(const StoredRecord& record);
bool IsFence(const StoredRecord& record);
bool IsCloseMark(const StoredRecord& record);

ImmutableMessage MessageOf(const StoredRecord& record, const MessageId::Origin& origin);
std::string BytesOf(const ImmutableMessage& message);

// The bytes of the barrier or close mark that `writer` writes under `term`; `newest_time_tick` is
// that of the log, if it has one.
std::string BarrierBytes(Term term, uint64_t writer,
                         const std::optional<Position>& newest_time_tick, bool is_close_mark);

}  // namespace tidelog::sim

#endif  // TIDELOG_SIM_LOG_STORED_MESSAGE_H_
