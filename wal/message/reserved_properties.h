// The keys of Tidelog's own reserved properties.
//
// They stand beside Milvus's, which ignores keys that it does not know.  Stored: never rename one.
// wal/doc/message_format.md lists them all, and Milvus's.
#ifndef TIDELOG_WAL_MESSAGE_RESERVED_PROPERTIES_H_
#define TIDELOG_WAL_MESSAGE_RESERVED_PROPERTIES_H_

#include <string_view>

namespace tidelog {

// Slots of the record that Milvus has no property for; on a broker only (milvus_codec.h).
inline constexpr std::string_view kTxnBodiesProperty = "_tb";     // Decimal (E3).
inline constexpr std::string_view kReplayStartProperty = "_rs";   // As _lc; may be empty (D6).
inline constexpr std::string_view kFenceBarrierProperty = "_fb";  // Marker; empty (D6).

// Properties of fence barriers, in every backend.
inline constexpr std::string_view kFenceWriterProperty = "_fw";  // Who wrote it.
inline constexpr std::string_view kCloseMarkProperty = "_fc";    // Marker; empty (A2).

}  // namespace tidelog

#endif  // TIDELOG_WAL_MESSAGE_RESERVED_PROPERTIES_H_
