// UnlistedSegments: what segments newer than all that a manifest lists say about it.
//
// An owner makes a segment ready before it lists it, and writes groups to it only once the manifest
// that lists it is durable.  So groups in a segment that the newest manifest does not know may be
// left of one that an owner gave up with nothing durable in it; but if one of its frames says that
// an id of such a segment was durable, a newer manifest was there, and is lost: somebody put an
// older one back.  A log that went on from that one would lose what the newer one listed, and sweep
// it away.
#ifndef TIDELOG_IMPLS_FILE_UNLISTED_SEGMENTS_H_
#define TIDELOG_IMPLS_FILE_UNLISTED_SEGMENTS_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "impls/file/manifest.h"
#include "impls/file/names.h"
#include "wal/async/future.h"
#include "wal/io/file_system.h"

namespace tidelog::impls::file {

struct UnlistedSegments {
  std::vector<SegmentName> written;  // Those with groups of their own, in order.
  uint64_t first_id = 0;             // The lowest id that one of them can hold.
  uint64_t durable_id = 0;           // Up to here they say that ids were durable.
  bool ManifestIsLost() const { return !written.empty() && durable_id >= first_id; }

  // "segment A, which the newest manifest ... does not list, holds ids from ... on".
  // Requires: !written.empty().
  std::string ToString(const ManifestName& newest) const;
};

// Looks for them among `names`, of the channel's directory.  Reads only headers where there are
// none.  What goes meanwhile is left out.  `files` must outlive it.  Errors: kUnavailable, kInner.
Future<absl::StatusOr<UnlistedSegments>> FindUnlistedSegments(FileSystem* files,
                                                              std::string directory,
                                                              Manifest manifest,
                                                              std::vector<std::string> names);

}  // namespace tidelog::impls::file

#endif  // TIDELOG_IMPLS_FILE_UNLISTED_SEGMENTS_H_
