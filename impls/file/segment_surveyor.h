// SegmentSurveyor: finds out what of a damaged segment a repair can keep.
#ifndef TIDELOG_IMPLS_FILE_SEGMENT_SURVEYOR_H_
#define TIDELOG_IMPLS_FILE_SEGMENT_SURVEYOR_H_

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/btree_map.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "impls/file/repair_plan.h"
#include "impls/file/segment_format.h"
#include "impls/file/segment_salvage.h"
#include "wal/async/future.h"
#include "wal/io/file_system.h"

namespace tidelog::impls::file {

// How many ids a segment can hold, or a gap.
inline constexpr uint64_t kSegmentSpanMax = 0xFFFFFFFF;

// Confined to one executor; outlived by the FileSystem.
class SegmentSurveyor {
 public:
  // Of a channel, in `directory`, that holds files of these names, sorted.
  SegmentSurveyor(FileSystem* files, std::string directory, std::vector<std::string> names)
      : files_(files), directory_(std::move(directory)), names_(std::move(names)) {}

  // Fills in what is to become of segment->listed, which is damaged: where its records are, how far
  // they go, how many are kept, what is lost.  `segment` must outlive the operation.  Errors: the
  // file system's.
  Future<absl::Status> Survey(SegmentPlan* segment);

 private:
  // The file in which the records of a listed segment are.
  struct Source {
    std::string name;                     // Empty: nowhere.
    std::optional<SegmentHeader> header;  // None: damaged.
  };

  Future<absl::Status> ReadHeaders();
  Source FindSource(const ManifestSegment& listed) const;
  Future<absl::Status> FindEnd(SegmentPlan* segment, const Source* source);
  Future<absl::StatusOr<uint64_t>> Salvage(const SegmentPlan* segment, SalvageVisitor* visitor);

  FileSystem* const files_;
  const std::string directory_;
  const std::vector<std::string> names_;
  // The good headers of all segment files, by name.
  std::optional<absl::btree_map<std::string, SegmentHeader>> headers_;
};

}  // namespace tidelog::impls::file

#endif  // TIDELOG_IMPLS_FILE_SEGMENT_SURVEYOR_H_
