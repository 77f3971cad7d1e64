// The single values of Milvus's properties: how each is written.
#ifndef TIDELOG_WAL_MESSAGE_MILVUS_FIELDS_H_
#define TIDELOG_WAL_MESSAGE_MILVUS_FIELDS_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "wal/message/message_id.h"
#include "wal/message/record.h"

namespace tidelog::milvus {

// The properties that are slots of a record.  Others are kept as they are.
inline constexpr std::string_view kBarrierTimeTick = "_btt";
inline constexpr std::string_view kChunkIndex = "_ci";
inline constexpr std::string_view kChunkTotal = "_ct";
inline constexpr std::string_view kLastConfirmed = "_lc";
inline constexpr std::string_view kLastConfirmedIsSelfMark = "_lcs";
inline constexpr std::string_view kNotPersistedMark = "_np";
inline constexpr std::string_view kType = "_t";
inline constexpr std::string_view kTimeTick = "_tt";
inline constexpr std::string_view kTxnContext = "_tx";
inline constexpr std::string_view kVersion = "_v";
inline constexpr std::string_view kVChannel = "_vc";
inline constexpr std::string_view kTerm = "_wt";

// Milvus writes it always and cannot read a message without it; empty for types without a header.
// Records leave an empty one out.
inline constexpr std::string_view kHeader = "_h";
inline constexpr std::string_view kCipherHeader = "_ch";

inline constexpr int kIdBase = 36;  // Of ids, terms and ticks; all else is decimal.

// Whether property `key` of a message of `version` is a slot of its record.  Milvus marks a message
// of the old version by no "_v" or by "0"; the latter is kept, so that it is written again.
bool IsSlot(std::string_view key, uint16_t version);

// The key of an id: as Milvus's Kafka and RocksMQ ids, a number below 2^63 in base 36, if it is
// one, big-endian in eight bytes.  Any other as "~" and hexadecimal digits, which Milvus cannot
// read.
std::string FormatKey(std::string_view key);
std::optional<std::string> ParseKey(std::string_view text);

// Base64 of a MilvusTxnContext.
std::string FormatTxnContext(const TxnContext& txn);
std::optional<TxnContext> ParseTxnContext(std::string_view text);

// The bytes whose canonical base64, with padding, is `text`.
std::optional<std::string> ParseBase64(std::string_view text);

}  // namespace tidelog::milvus

#endif  // TIDELOG_WAL_MESSAGE_MILVUS_FIELDS_H_
