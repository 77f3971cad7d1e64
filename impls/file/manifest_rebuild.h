// Making a channel's list of segments again, from the segments, when its manifest is lost.
//
// A segment's header says where the log was when it was made: its base id, and the chain over all
// before it.  That is exactly where its predecessor was sealed, wherever that goes on behind.  So
// the list is found backwards from the youngest segment, and chain and ids prove each link.
#ifndef TIDELOG_IMPLS_FILE_MANIFEST_REBUILD_H_
#define TIDELOG_IMPLS_FILE_MANIFEST_REBUILD_H_

#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "impls/file/inspect.h"
#include "impls/file/manifest.h"
#include "impls/file/segment_format.h"
#include "wal/async/future.h"
#include "wal/io/file_system.h"

namespace tidelog::impls::file {

// The end of a seal of which only the last id is known.
inline constexpr uint64_t kUnknownEnd =
    std::numeric_limits<uint64_t>::max() / kFrameAlignment * kFrameAlignment;

// What the files of a channel, in `directory`, say of its segments.  `names` are all of them.
//
// Sealed are segments with a successor, and what a repair made.  Between two segments ids may be
// missing, and a seal may end at kUnknownEnd: both are for a repair to fill.  What lies in front of
// the first segment counts as truncated.  No segments: there is none with a good header.
//
// An older manifest, if a good one is there, lends its truncation mark.
// kInner: of a newer format version.  Errors else: the file system's.
Future<absl::StatusOr<Manifest>> RebuildManifest(FileSystem* files, std::string directory,
                                                 std::string channel,
                                                 std::vector<std::string> names,
                                                 InspectOptions options);

}  // namespace tidelog::impls::file

#endif  // TIDELOG_IMPLS_FILE_MANIFEST_REBUILD_H_
