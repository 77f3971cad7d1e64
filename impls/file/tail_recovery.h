// Recovery of the last segment of a lower term: where it ends (steps 3 and 4 of a takeover).
#ifndef TIDELOG_IMPLS_FILE_TAIL_RECOVERY_H_
#define TIDELOG_IMPLS_FILE_TAIL_RECOVERY_H_

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "impls/file/manifest.h"
#include "impls/file/segment_format.h"
#include "impls/file/segment_scan.h"
#include "wal/async/future.h"
#include "wal/io/file_system.h"

namespace tidelog::impls::file {

// Where the records of a segment end, and what the newest ones are.
struct TailPoint {
  uint64_t last_id = 0;  // Base id - 1: none.
  uint64_t end_offset = 0;
  uint32_t chain = 0;
  uint64_t last_tick = 0;
  uint64_t newest_time_tick_id = 0;
  friend bool operator==(const TailPoint&, const TailPoint&) = default;
};

// Where `segment` ends if it holds nothing; ticks as of those before it.
TailPoint EmptyTail(const ManifestSegment& segment, const TailPoint& before);

// What is said of an unsealed segment that JudgeTail() finds corrupt.
absl::Status CorruptTail(const SegmentHeader& header, const ScanResult& result);

struct RecoveredTail {
  TailPoint tail;
  std::string torn;  // Not empty: what was dropped, for people.
};

// Reads an unsealed segment past the page cache, which a failed sync fills with what the device
// never got, and leaves durable all that it counts in.  It syncs before it reads, as the direct
// read must not see what a crash of this machine may still take back; and after it, as a direct
// read pushes what a live writer has just written into the device's volatile cache and no further.
//
// `before` is where the log before it ends.
//   kCorrupt       what may have been acknowledged cannot be read: names the range
//   kUnavailable   a sync or a read failed; nothing was changed
Future<absl::StatusOr<RecoveredTail>> RecoverTail(FileSystem* files, std::string directory,
                                                  std::string channel, ManifestSegment segment,
                                                  TailPoint before);

}  // namespace tidelog::impls::file

#endif  // TIDELOG_IMPLS_FILE_TAIL_RECOVERY_H_
