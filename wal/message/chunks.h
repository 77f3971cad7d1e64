// Chunks: a message that is too large for one record of its backend, as several (F9).
//
// The chunks of a message are records that lie next to each other, in order, and share its tick.
// Each holds a part of the payload, and all else that the message has: so a reader that filters by
// type, VChannel or tick treats all of them alike, and Milvus, which writes them so, can read them.
// The message's id is that of its first chunk.
//
// For //adaptor and backends; readers of a log are given whole messages.
#ifndef TIDELOG_WAL_MESSAGE_CHUNKS_H_
#define TIDELOG_WAL_MESSAGE_CHUNKS_H_

#include <cstddef>
#include <optional>
#include <vector>

#include "wal/message/message.h"
#include "wal/message/record.h"

namespace tidelog {

// Of a chunk of `record`, what is not payload.
size_t ChunkHeadSize(const RecordView& record);

// The chunks of `record`, which is stamped, each of at most `bytes_max`; without ids.  Requires:
// it is no chunk and larger than bytes_max, and that is larger than ChunkHeadSize().
std::vector<ImmutableMessage> SplitIntoChunks(const RecordView& record, size_t bytes_max);

// The first bytes of a message: what its chunks hold, which are all of them if it is to be whole.
// It has the id of the first.  Copies them, and lets go of each as it is copied.  Requires: not
// empty; chunks, in order.
ImmutableMessage JoinChunks(std::vector<ImmutableMessage> chunks);

// Whether `record` is a chunk behind which another one of its message has to come.
inline bool IsCut(const RecordView& record) {
  if ((record.flags() & kHasChunk) == 0) return false;
  const Chunk chunk = *record.chunk();
  return chunk.index + 1 < chunk.total;
}

}  // namespace tidelog

#endif  // TIDELOG_WAL_MESSAGE_CHUNKS_H_
