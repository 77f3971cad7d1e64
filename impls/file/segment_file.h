// SegmentFile: a segment that a manifest lists, opened to be read.
#ifndef TIDELOG_IMPLS_FILE_SEGMENT_FILE_H_
#define TIDELOG_IMPLS_FILE_SEGMENT_FILE_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "impls/file/manifest.h"
#include "impls/file/segment_format.h"
#include "impls/file/segment_scan.h"
#include "wal/async/future.h"
#include "wal/io/file_system.h"
#include "wal/message/message.h"
#include "wal/message/message_id.h"

namespace tidelog::impls::file {

struct SegmentFile {
  std::shared_ptr<File> file;
  SegmentHeader header;
};

// "segment NAME of channel CHANNEL, bytes [BEGIN, END)": how every complaint about bytes begins.
std::string RangeText(const SegmentHeader& header, uint64_t begin, uint64_t end);

// Where the manifest sealed the segment.  Requires: it did.
ScanPoint SealPoint(const ManifestSegment& listed);

// Opens what `listed` names in `directory`, and checks that it is that segment.
// `files` must outlive the operation and the file, here and below.
//   NOT_FOUND     there is no such file; the caller knows whether that is damage
//   kCorrupt      damaged, or another segment
//   others        StorageError()'s
Future<absl::StatusOr<SegmentFile>> OpenSegment(FileSystem* files, std::string directory,
                                                std::string channel, ManifestSegment listed,
                                                OpenMode mode);

// The index that its owner left in a sealed segment.  Empty: there is none, or it is bad; an index
// only saves reading.
Future<std::vector<IndexEntry>> ReadIndex(SegmentFile segment, ManifestSegment listed);

// Where to begin to scan for the record `id`.
ScanPoint StartFor(const SegmentHeader& header, const std::vector<IndexEntry>& index, uint64_t id);

// The record `id` of a sealed segment, in a block of its own.  `origin` makes its id.  Damage in
// other groups does not matter.  An empty message: a repair has given the id up.  kCorrupt: it is
// not there.  Errors else as OpenSegment()'s.
Future<absl::StatusOr<ImmutableMessage>> ReadRecord(FileSystem* files, std::string directory,
                                                    std::string channel, ManifestSegment listed,
                                                    MessageId::Origin origin, uint64_t id);

}  // namespace tidelog::impls::file

#endif  // TIDELOG_IMPLS_FILE_SEGMENT_FILE_H_
