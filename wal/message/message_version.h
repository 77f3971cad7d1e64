// The version of a message's form (Milvus's _v).
#ifndef TIDELOG_WAL_MESSAGE_MESSAGE_VERSION_H_
#define TIDELOG_WAL_MESSAGE_MESSAGE_VERSION_H_

#include <cstdint>

#include "wal/types.h"

namespace tidelog {

// 0: from before the envelope of properties.  1: a body of the older schemas in it.  2: a typed
// header and body.  The log itself does not look at it; Milvus chooses by it how to read a payload.
inline constexpr uint16_t kMessageVersionOld = 0;
inline constexpr uint16_t kMessageVersion1 = 1;
inline constexpr uint16_t kMessageVersion2 = 2;

// The version under which Milvus 2.6 reads messages of `type`; 2 for types that it does not know.
constexpr uint16_t DefaultMessageVersion(MessageType type) {
  switch (type) {
    case MessageType::kTimeTick:
    case MessageType::kInsert:
    case MessageType::kDelete:
    case MessageType::kCreateCollection:
    case MessageType::kDropCollection:
    case MessageType::kCreatePartition:
    case MessageType::kDropPartition:
    case MessageType::kImport:
      return kMessageVersion1;
    default:
      return kMessageVersion2;
  }
}

}  // namespace tidelog

#endif  // TIDELOG_WAL_MESSAGE_MESSAGE_VERSION_H_
