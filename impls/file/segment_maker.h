// Making the file of a new segment: blocks on the disk, durable with its name, then the header.
#ifndef TIDELOG_IMPLS_FILE_SEGMENT_MAKER_H_
#define TIDELOG_IMPLS_FILE_SEGMENT_MAKER_H_

#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "impls/file/names.h"
#include "impls/file/options.h"
#include "impls/file/segment_format.h"
#include "wal/async/future.h"
#include "wal/io/file_system.h"

namespace tidelog::impls::file {

// A file that will be a segment; no manifest lists it yet.
struct BlankSegment {
  SegmentName name;
  std::shared_ptr<File> file;
  uint64_t capacity = 0;
  bool recycled = false;  // Holds bytes of its earlier use.
};

// Creates the file exclusively and fills it as `preallocate` says; its blocks are durable then, its
// name is not: sync the directory.  On errors, the file system's, nothing is left.
// `files` must outlive the operation and the file.
Future<absl::StatusOr<BlankSegment>> MakeBlankSegment(FileSystem* files, std::string directory,
                                                      SegmentName name, uint64_t capacity,
                                                      FileOptions::Preallocate preallocate);

// Gives the file of a segment that no durable manifest lists any more the name of a new one: its
// blocks are written already, and cached, so that nothing is left to fill.  As MakeBlankSegment()
// otherwise, and kFailedPrecondition if it is not `capacity` long; after an error both names are
// gone, or are swept by a later term.
Future<absl::StatusOr<BlankSegment>> RecycleSegment(FileSystem* files, std::string directory,
                                                    SegmentName old_name, SegmentName name,
                                                    uint64_t capacity);

// Writes and syncs the header.  After an error the file is not to be used.
Future<absl::Status> WriteSegmentHeader(std::shared_ptr<File> file, SegmentHeader header);

}  // namespace tidelog::impls::file

#endif  // TIDELOG_IMPLS_FILE_SEGMENT_MAKER_H_
