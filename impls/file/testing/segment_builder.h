// Segments as bytes, for tests.
//
//   SegmentBuilder builder(TestHeader());
//   builder.Group({"a", "b"}).Group({"c"});
//   std::string file = builder.Bytes();
#ifndef TIDELOG_IMPLS_FILE_TESTING_SEGMENT_BUILDER_H_
#define TIDELOG_IMPLS_FILE_TESTING_SEGMENT_BUILDER_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "impls/file/segment_format.h"
#include "impls/file/segment_scan.h"

namespace tidelog::impls::file {

// Segment 1 of term 7, incarnation 1, of the channel "orders": ids from 101, 8 KiB long.
SegmentHeader TestHeader();

class SegmentBuilder {
 public:
  explicit SegmentBuilder(SegmentHeader header);

  // A group of these records; its watermark is the end of the group before the last one, as when
  // a group is written while the one before is being synced.  Ticks are ids times ten.
  SegmentBuilder& Group(const std::vector<std::string>& records);
  // A group with this watermark.
  SegmentBuilder& Group(const std::vector<std::string>& records, uint64_t watermark);
  // A commit frame that moves the watermark to the last id.
  SegmentBuilder& Watermark();
  SegmentBuilder& GapGroup(uint64_t last_id, std::string_view reason);
  // The index of all groups so far.
  SegmentBuilder& Footer();

  // The file, with zeros up to the header's capacity; with `under`, of a recycled file, those
  // bytes instead.
  std::string Bytes(std::string_view under = {}) const;

  const SegmentHeader& header() const { return header_; }
  // Where the next group begins.
  ScanPoint end() const;
  // The points before each group, and end().
  std::vector<ScanPoint> points() const;
  uint64_t last_id() const { return encoder_.next_id() - 1; }

 private:
  uint64_t offset() const { return kSegmentHeaderSize + frames_.size(); }
  void NoteGroup();

  const SegmentHeader header_;
  FrameEncoder encoder_;
  std::vector<char> frames_;
  std::vector<ScanPoint> points_;
  std::vector<IndexEntry> index_;
  uint64_t last_tick_ = 0;
  uint64_t synced_id_;  // Of the groups before the last one.
};

// What a scan gave.
struct ScannedGroup {
  ScanPoint begin;
  ScanPoint end;
  CommitPayload commit;
  std::vector<std::pair<uint64_t, std::string>> records;
  friend bool operator==(const ScannedGroup&, const ScannedGroup&) = default;
};
struct ScanOutcome {
  std::vector<ScannedGroup> groups;
  ScanResult result;
  std::string_view label;  // JudgeTail()'s.
  size_t fed_max = 0;      // The largest piece asked for.
  size_t fed_total = 0;

  // All records, in order.
  std::vector<std::string> Records() const;
};

// Scans `file` in pieces of at least `chunk` bytes.
ScanOutcome ScanBytes(std::string_view file, SegmentScan::Options options, size_t chunk = 1 << 20);
// From the first group, unsealed unless `until` is given.
SegmentScan::Options WholeSegment(const SegmentHeader& header,
                                  std::optional<ScanPoint> until = std::nullopt);

}  // namespace tidelog::impls::file

#endif  // TIDELOG_IMPLS_FILE_TESTING_SEGMENT_BUILDER_H_
