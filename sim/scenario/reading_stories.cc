#include <cstdint>

#include "sim/plan/fault.h"
#include "sim/plan/plan.h"
#include "sim/scenario/scenario.h"
#include "sim/scenario/script.h"
#include "wal/base/mutant.h"

namespace tidelog::sim {
namespace {

// milvus #53581: a reader whose start was trimmed went on behind it, or waited for ever, and was
// told nothing.
Plan StartIsTruncated(uint64_t seed) {
  Script script(BackendKind::kFile);
  script.Open(0, 0);
  for (int i = 1; i <= 20; ++i) script.Append(0, i, 8, 2000);
  // What is before the mark and still there is what a reader could get by mistake.
  const auto mark = static_cast<uint32_t>(seed % 40);
  return script.Truncate(0, 25, mark)
      .Scan(0, 60, ScanStart::kFrom, mark + 3)
      .Scan(0, 61, ScanStart::kAfter, 155)
      .Make(seed);
}

// milvus #45872: of appends that ran at the same time one was told, as last confirmed, an id behind
// its own; who resumed there missed what lay between.
Plan ResumeAtWhatWasToldAsConfirmed(uint64_t seed) {
  Script script(BackendKind::kFile);
  script.Open(0, 0);
  for (int i = 2; i < 8; ++i) script.Append(0, i, 2).AppendBatch(0, i, 3).Append(0, i);
  const auto position = static_cast<uint32_t>(seed % 30);
  return script.Scan(0, 12, ScanStart::kAfter, position)
      .Open(1, 15)
      .Scan(1, 20, ScanStart::kAfter, position + 1)
      .Make(seed);
}

// milvus #43340: readers stopped for ever at the end of a segment, though the log went on in the
// next one.
Plan ReadersFollowFromSegmentToSegment(uint64_t seed) {
  Script script(BackendKind::kFile);
  script.Open(0, 0).Scan(0, 2, ScanStart::kEarliest);
  for (int i = 3; i < 20; ++i) script.Append(0, i, 6, 3000);
  return script.OpenReadOnly(1, 4)
      .Scan(1, 6, ScanStart::kEarliest)
      .Fault(FaultClass::kDiskSlow, Nth(Site::kDiskRead, 4 + seed % 20), /*slot=*/1,
             /*duration_ms=*/4)
      .Make(seed);
}

const Scenario kStories[] = {
    {"Milvus53581", StartIsTruncated, Mutant::kTruncatedStartSkipped, {}, {"truncation"}, false},
    {"Milvus45872",
     ResumeAtWhatWasToldAsConfirmed,
     Mutant::kLastConfirmedTooFar,
     {},
     {"last-confirmed"},
     false},
    {"Milvus43340",
     ReadersFollowFromSegmentToSegment,
     Mutant::kReaderStaysInSegment,
     {},
     {"liveness"}},
};

}  // namespace

std::span<const Scenario> ReadingStories() { return kStories; }

}  // namespace tidelog::sim
