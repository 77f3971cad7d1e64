// The file that a SegmentSalvage reads.
#ifndef TIDELOG_IMPLS_FILE_SALVAGE_SOURCE_H_
#define TIDELOG_IMPLS_FILE_SALVAGE_SOURCE_H_

#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "impls/file/segment_salvage.h"
#include "wal/async/future.h"
#include "wal/io/file_system.h"

namespace tidelog::impls::file {

// Confined to one executor; outlived by the FileSystem.
struct SalvageSource {
  std::unique_ptr<File> file;
  uint64_t size = 0;
  std::string buffer;  // Of the last piece read.
};

// Errors: the file system's, here and below.
Future<absl::StatusOr<SalvageSource>> OpenSalvageSource(FileSystem* files, std::string path);

// Reads what `salvage` wants next, and feeds it.  Reads through the page cache: what is salvaged is
// written, and synced, anew.  Both must outlive the operation.  Requires: !salvage->done().
Future<absl::Status> FeedNext(SalvageSource* source, SegmentSalvage* salvage);

}  // namespace tidelog::impls::file

#endif  // TIDELOG_IMPLS_FILE_SALVAGE_SOURCE_H_
