// Reads everything that a manifest lists: the larger part of Verify().
#ifndef TIDELOG_IMPLS_FILE_VERIFY_SEGMENTS_H_
#define TIDELOG_IMPLS_FILE_VERIFY_SEGMENTS_H_

#include <string>

#include "absl/status/status.h"
#include "impls/file/inspect.h"
#include "wal/async/future.h"
#include "wal/io/file_system.h"

namespace tidelog::impls::file {

// Verifies the segments of report->info.manifest, which need not be one that is in force, and adds
// what it finds.  `files` and `report` must outlive the operation.  Errors: the file system's;
// kInner: of a newer format version.
Future<absl::Status> VerifySegments(FileSystem* files, std::string directory,
                                    InspectOptions options, VerifyReport* report);

}  // namespace tidelog::impls::file

#endif  // TIDELOG_IMPLS_FILE_VERIFY_SEGMENTS_H_
