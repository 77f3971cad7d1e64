// The form of a message on a broker: a payload and string properties, as Milvus 2.6 writes them
// (B1).
//
// A topic that Milvus wrote can be read with it, and what is written with it Milvus can read.  For
// backends whose broker stores key-value headers.  wal/doc/message_format.md lists the properties.
//
// What Milvus wrote comes back byte for byte when it is decoded and encoded again, but for fields
// of
// "_tx" that this version does not know, which are dropped.
#ifndef TIDELOG_WAL_MESSAGE_MILVUS_CODEC_H_
#define TIDELOG_WAL_MESSAGE_MILVUS_CODEC_H_

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "wal/message/message.h"
#include "wal/message/message_id.h"
#include "wal/message/record.h"
#include "wal/message/record_writer.h"

namespace tidelog {

struct MilvusProperty {
  std::string key;
  std::string value;
  friend bool operator==(const MilvusProperty&, const MilvusProperty&) = default;
};

struct MilvusMessage {
  std::string_view payload;                // Lies in the record.
  std::vector<MilvusProperty> properties;  // Ordered by key; keys distinct.
};

// `record` in that form.  Requires: it is stamped.
MilvusMessage EncodeMilvus(const RecordView& record);

// The message that a broker stored under `id`; `properties` in any order.
//
// kCorrupt: names `id` and the property that is malformed, missing or there twice.
absl::StatusOr<ImmutableMessage> DecodeMilvus(std::string_view payload,
                                              absl::Span<const PropertyView> properties,
                                              const MessageId& id);

// What Milvus takes for the size of a message: the payload, before it was encrypted, and all keys
// and values.
size_t MilvusEstimateSize(const MilvusMessage& message);

}  // namespace tidelog

#endif  // TIDELOG_WAL_MESSAGE_MILVUS_CODEC_H_
