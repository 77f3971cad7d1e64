// What lies at the end of a log, for those who do not own it.
#ifndef TIDELOG_IMPLS_FILE_TAIL_PROBE_H_
#define TIDELOG_IMPLS_FILE_TAIL_PROBE_H_

#include <cstdint>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "impls/file/manifest.h"
#include "wal/async/future.h"
#include "wal/io/file_system.h"
#include "wal/message/message_id.h"
#include "wal/types.h"

namespace tidelog::impls::file {

// The newest record that is known to be durable.
struct VisibleTail {
  uint64_t last_id = 0;  // 0: there is none.
  std::optional<Position> position;
  TimeTick tick{};
  bool is_cut = false;  // As LogState::tail_is_cut.
};

// Reads the last segment of `manifest`, of the channel in `directory`: to its seal, or to its
// newest watermark.  A sealed last record that is damaged does not hide what the seal says of it.
// `files` must outlive the operation.  NOT_FOUND: a segment is gone; kCorrupt: something that was
// durable cannot be read, or OpenSegment()'s: there may be a newer manifest.  Others:
// OpenSegment()'s.
Future<absl::StatusOr<VisibleTail>> ProbeTail(FileSystem* files, std::string directory,
                                              Manifest manifest, MessageId::Origin origin);

}  // namespace tidelog::impls::file

#endif  // TIDELOG_IMPLS_FILE_TAIL_PROBE_H_
