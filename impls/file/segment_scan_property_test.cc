// What no damage may do: make a scan yield anything but what was written, in order, from the first
// group on without a hole.
#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "impls/file/segment_format.h"
#include "impls/file/segment_scan.h"
#include "impls/file/testing/segment_builder.h"
#include "rapidcheck/gtest.h"

namespace tidelog::impls::file {
namespace {

constexpr uint64_t kSector = 512;

// A segment of a few groups of a few records, some longer than a sector.
SegmentBuilder ArbitrarySegment(SegmentHeader header = TestHeader()) {
  header.capacity = 16384;
  SegmentBuilder builder(header);
  const int groups = *rc::gen::inRange(1, 6);
  for (int g = 0; g < groups; ++g) {
    std::vector<std::string> records;
    const int count = *rc::gen::inRange(1, 4);
    for (int r = 0; r < count; ++r) {
      const size_t size = *rc::gen::element<size_t>(1, 8, 30, 200, 700);
      records.push_back(std::string(size, static_cast<char>('a' + *rc::gen::inRange(0, 26))));
    }
    builder.Group(records);
    if (*rc::gen::inRange(0, 5) == 0) builder.Watermark();
  }
  return builder;
}

std::vector<ScannedGroup> GroupsOf(const std::string& file, const SegmentBuilder& builder) {
  return ScanBytes(file, WholeSegment(builder.header())).groups;
}

bool IsPrefix(const std::vector<ScannedGroup>& prefix, const std::vector<ScannedGroup>& of) {
  return prefix.size() <= of.size() && std::equal(prefix.begin(), prefix.end(), of.begin());
}

// The same, whatever the pieces that it is fed in.
RC_GTEST_PROP(SegmentScanProperty, PiecesMakeNoDifference, ()) {
  const SegmentBuilder builder = ArbitrarySegment();
  std::string file = builder.Bytes();
  const size_t damaged = *rc::gen::inRange<size_t>(kSegmentHeaderSize, file.size());
  if (*rc::gen::arbitrary<bool>()) file[damaged] = static_cast<char>(~file[damaged]);
  SegmentScan::Options options = WholeSegment(builder.header());
  if (*rc::gen::arbitrary<bool>()) options.until = builder.end();
  const ScanOutcome whole = ScanBytes(file, options);
  const ScanOutcome pieces = ScanBytes(file, options, *rc::gen::inRange<size_t>(1, 5000));
  RC_ASSERT(whole.groups == pieces.groups);
  RC_ASSERT(whole.label == pieces.label);
  RC_ASSERT(whole.result.end == pieces.result.end);
  RC_ASSERT(whole.result.bad_offset == pieces.result.bad_offset);
  RC_ASSERT(whole.result.residue_last_id == pieces.result.residue_last_id);
  RC_ASSERT(whole.result.residue_watermark == pieces.result.residue_watermark);
  options.records = false;
  const ScanOutcome frames = ScanBytes(file, options, *rc::gen::inRange<size_t>(1, 5000));
  RC_ASSERT(frames.groups.size() == whole.groups.size());
  RC_ASSERT(frames.label == whole.label);
  RC_ASSERT(frames.result.end == whole.result.end);
}

RC_GTEST_PROP(SegmentScanProperty, AFlippedBitIsNeverAnotherRecord, ()) {
  const SegmentBuilder builder = ArbitrarySegment();
  const std::string file = builder.Bytes();
  const std::vector<ScannedGroup> written = GroupsOf(file, builder);
  std::string flipped = file;
  const size_t at = *rc::gen::inRange<size_t>(kSegmentHeaderSize, builder.end().offset);
  flipped[at] = static_cast<char>(flipped[at] ^ (1 << *rc::gen::inRange(0, 8)));

  const ScanOutcome unsealed = ScanBytes(flipped, WholeSegment(builder.header()));
  RC_ASSERT(IsPrefix(unsealed.groups, written));
  RC_ASSERT(unsealed.groups.size() < written.size());
  RC_ASSERT(unsealed.label == "@F" || unsealed.label == "@G");
  // At or below a watermark it is never taken for a torn write.
  const ScanPoint hit = unsealed.result.end;
  const uint64_t watermark = ScanBytes(file, WholeSegment(builder.header())).result.watermark;
  RC_ASSERT((unsealed.label == "@F") == (watermark >= hit.next_id));

  const ScanOutcome sealed = ScanBytes(flipped, WholeSegment(builder.header(), builder.end()));
  RC_ASSERT(IsPrefix(sealed.groups, written));
  RC_ASSERT(sealed.label == "@D");
}

RC_GTEST_PROP(SegmentScanProperty, ACutLeavesAPrefixAndIsSeen, ()) {
  const SegmentBuilder builder = ArbitrarySegment();
  std::string file = builder.Bytes();
  const std::vector<ScannedGroup> written = GroupsOf(file, builder);
  file.resize(*rc::gen::inRange<size_t>(kSegmentHeaderSize, file.size()));
  const ScanOutcome outcome = ScanBytes(file, WholeSegment(builder.header()));
  RC_ASSERT(IsPrefix(outcome.groups, written));
  RC_ASSERT(outcome.label == "@E");
}

// A machine that crashes while the last two groups are under way, the older one being synced: any
// subset of their sectors is there.
RC_GTEST_PROP(SegmentScanProperty, LostSectorsAreTornAndNeverCorruption, ()) {
  SegmentHeader header = TestHeader();
  header.capacity = 16384;
  SegmentBuilder builder(header);
  const int groups = *rc::gen::inRange(2, 6);
  for (int g = 0; g < groups; ++g) {
    builder.Group({std::string(*rc::gen::inRange<size_t>(1, 1500), 'r'), "second"});
  }
  const std::string written = builder.Bytes();
  const std::vector<ScannedGroup> all = GroupsOf(written, builder);
  const uint64_t synced_end = all[all.size() - 2].begin.offset;
  std::string file = written;
  for (uint64_t at = synced_end; at < builder.end().offset; at = at / kSector * kSector + kSector) {
    const uint64_t end = at / kSector * kSector + kSector;
    if (*rc::gen::arbitrary<bool>()) file.replace(at, end - at, end - at, '\0');
  }
  const ScanOutcome outcome = ScanBytes(file, WholeSegment(header));
  RC_ASSERT(IsPrefix(outcome.groups, all));
  RC_ASSERT(outcome.groups.size() >= all.size() - 2);
  RC_ASSERT(outcome.label == "@G" || outcome.label == "@H");
  // What was dropped is reported, unless nothing of it is there.
  if (outcome.label == "@H") {
    const uint64_t end = outcome.result.end.offset;
    RC_ASSERT(file.find_first_not_of('\0', end) == std::string::npos);
  }
}

RC_GTEST_PROP(SegmentScanProperty, BytesOfAnotherSegmentNeverVerify, ()) {
  SegmentHeader header = TestHeader();
  header.recycled = true;
  header.uuid[*rc::gen::inRange(0, 16)] ^= static_cast<uint8_t>(1 << *rc::gen::inRange(0, 8));
  // The same frames, at the same places, of another segment.
  const SegmentBuilder stale = ArbitrarySegment();
  const SegmentBuilder builder = ArbitrarySegment(header);
  const std::string file = builder.Bytes(stale.Bytes());
  const ScanOutcome outcome = ScanBytes(file, WholeSegment(builder.header()));
  RC_ASSERT(outcome.groups == GroupsOf(builder.Bytes(), builder));
  RC_ASSERT(outcome.result.end == builder.end());
  RC_ASSERT(outcome.label == "@H");
}

RC_GTEST_PROP(SegmentScanProperty, AFileOfNoiseHoldsNothing, (const std::string& noise)) {
  std::string file = EncodeSegmentHeader(TestHeader()) + noise;
  const ScanOutcome outcome = ScanBytes(file, WholeSegment(TestHeader()), 100);
  RC_ASSERT(outcome.groups.empty());
}

}  // namespace
}  // namespace tidelog::impls::file
