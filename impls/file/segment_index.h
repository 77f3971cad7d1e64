// The sparse index of a segment: where to begin reading for an id or a tick.
//
// The owner builds it while it writes and puts it behind the last group when it seals; a later
// owner builds it while it scans another's segment and puts it into a side file.  It only saves
// reading: without one, or with a bad one, read from the first group on.
#ifndef TIDELOG_IMPLS_FILE_SEGMENT_INDEX_H_
#define TIDELOG_IMPLS_FILE_SEGMENT_INDEX_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "impls/file/segment_format.h"

namespace tidelog::impls::file {

// Picks the groups to index: the first, and then one whenever `interval` bytes have gone by.
// Thread-compatible.
class IndexBuilder {
 public:
  explicit IndexBuilder(uint64_t interval) : interval_(interval) {}
  // A group of at least one record; `entry` is its first.  Requires: ids and offsets increase.
  void OnGroup(const IndexEntry& entry);
  const std::vector<IndexEntry>& entries() const { return entries_; }

 private:
  const uint64_t interval_;
  std::vector<IndexEntry> entries_;
};

// The last entry at or below; null: begin with the first group.
const IndexEntry* FindById(const std::vector<IndexEntry>& index, uint64_t id);
const IndexEntry* FindByTick(const std::vector<IndexEntry>& index, uint64_t tick);

// A side file: the segment's own header block, then the index frame.
std::string EncodeSideIndex(const SegmentHeader& header, const std::vector<IndexEntry>& index);
// Takes a whole file.  kCorrupt: damaged, or of another segment than `header`'s.  kInner: newer.
absl::StatusOr<std::vector<IndexEntry>> DecodeSideIndex(std::string_view bytes,
                                                        const SegmentHeader& header);

}  // namespace tidelog::impls::file

#endif  // TIDELOG_IMPLS_FILE_SEGMENT_INDEX_H_
