// SegmentWalk: a whole listed segment, read from its file, past what is damaged in it.
#ifndef TIDELOG_IMPLS_FILE_SEGMENT_WALK_H_
#define TIDELOG_IMPLS_FILE_SEGMENT_WALK_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "impls/file/inspect.h"
#include "impls/file/manifest.h"
#include "impls/file/segment_format.h"
#include "impls/file/segment_scan.h"
#include "wal/async/future.h"
#include "wal/io/file_system.h"

namespace tidelog::impls::file {

// What a walk tells, in the order of the file.
class SegmentVisitor {
 public:
  virtual ~SegmentVisitor() = default;
  virtual void OnGroup(const ScanGroup& group) = 0;
  // A good record or gap frame of a group that does not count.
  virtual void OnLooseFrame(const Frame& frame) = 0;
  // What cannot be read, or does not count, from there on.
  virtual void OnDamage(const Finding& damage) = 0;
  // True: the walk may end here.
  virtual bool HasEnough() const { return false; }
};

struct WalkOptions {
  InspectOptions inspect;
  bool live = false;  // An owner may be writing to the segment.
};

// Confined to one executor.  Outlived by the FileSystem.  One operation at a time; their errors are
// those of the file system.
class SegmentWalk {
 public:
  SegmentWalk(FileSystem* files, std::string directory, std::string channel,
              const ManifestSegment& listed, const WalkOptions& options);

  // Opens the file and reads its header.  Yields what is wrong with either, if anything; the other
  // methods are not to be called then.  kInner: of a newer format version.
  Future<absl::StatusOr<std::optional<Finding>>> Open();

  const SegmentHeader& header() const { return header_; }
  uint64_t file_size() const { return file_size_; }

  // The good frame at `offset`, if there is one.  Its view is valid until the next operation.
  Future<absl::StatusOr<std::optional<Frame>>> ReadFrame(uint64_t offset);

  // Tells `visitor`, which must outlive the operation, all groups and what is wrong between them.
  // Yields what the last scan found: behind damage, groups are looked for again.  If the visitor
  // had enough, only as far as it went.
  Future<absl::StatusOr<ScanResult>> ReadGroups(SegmentVisitor* visitor);

 private:
  Future<absl::StatusOr<ScanResult>> Scan(ScanPoint from, SegmentVisitor* visitor);
  Future<absl::StatusOr<size_t>> ReadInto(uint64_t offset, uint64_t size);
  Future<absl::Status> ReadLooseFrames(uint64_t begin, uint64_t end, SegmentVisitor* visitor);
  Finding Describe(const ScanResult& scan) const;
  Finding DescribeWhole(std::string sentence) const;
  std::optional<ScanPoint> seal() const;

  FileSystem* const files_;
  const std::string directory_;
  const std::string channel_;
  const ManifestSegment listed_;
  const WalkOptions options_;
  std::unique_ptr<File> file_;
  SegmentHeader header_;
  uint64_t file_size_ = 0;
  std::vector<char> buffer_;
};

}  // namespace tidelog::impls::file

#endif  // TIDELOG_IMPLS_FILE_SEGMENT_WALK_H_
