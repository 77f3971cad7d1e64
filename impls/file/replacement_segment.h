// The file that a repair puts in the place of a damaged segment, or of none.
#ifndef TIDELOG_IMPLS_FILE_REPLACEMENT_SEGMENT_H_
#define TIDELOG_IMPLS_FILE_REPLACEMENT_SEGMENT_H_

#include <string>

#include "absl/status/statusor.h"
#include "impls/file/manifest.h"
#include "impls/file/repair_plan.h"
#include "impls/file/tail_recovery.h"
#include "wal/async/future.h"
#include "wal/io/file_system.h"

namespace tidelog::impls::file {

struct ReplacementRequest {
  FileSystem* files = nullptr;
  std::string directory;  // Of the channel.
  std::string channel;
  SegmentPlan plan;  // Of a segment that is made anew.
  TailPoint before;  // Where the log in front ends, as it will be listed.
  SegmentName name;  // That nobody has used.
  SegmentUuid uuid = {};
  std::string when;  // For people.
};

// Writes it, durable but for its name, and yields how to list it: sealed and repaired.
// kUnavailable: what was planned is not there any more.  Errors else: the file system's.  After an
// error a file that nobody lists may be left.
Future<absl::StatusOr<ManifestSegment>> WriteReplacement(ReplacementRequest request);

}  // namespace tidelog::impls::file

#endif  // TIDELOG_IMPLS_FILE_REPLACEMENT_SEGMENT_H_
