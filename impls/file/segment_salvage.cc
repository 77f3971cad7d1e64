#include "impls/file/segment_salvage.h"

#include <algorithm>
#include <cstddef>

#include "absl/log/check.h"
#include "wal/message/record.h"

namespace tidelog::impls::file {

bool SalvageVisitor::Accepts(const Frame& record) const {
  return RecordView::Parse(record.payload).ok();
}

SegmentSalvage::SegmentSalvage(const Limits& limits, SalvageVisitor* visitor)
    : limits_(limits),
      decoder_(limits.uuid, limits.base_id),
      visitor_(visitor),
      want_{kSegmentHeaderSize, sizeof(FrameHeader)},
      next_id_(limits.base_id),
      good_end_(kSegmentHeaderSize) {}

void SegmentSalvage::Feed(uint64_t offset, std::string_view bytes) {
  CHECK(!done_);
  CHECK_EQ(offset, want_.offset);
  const bool last = bytes.size() < want_.size;
  const uint64_t end = std::min(offset + bytes.size(), limits_.end_offset);
  const bool at_end = last || end == limits_.end_offset;
  uint64_t at = offset;
  while (at + sizeof(FrameHeader) <= end) {
    Frame frame;
    uint64_t size_needed = 0;
    const FrameVerdict verdict =
        decoder_.Decode(bytes.substr(at - offset, end - at), at, &frame, &size_needed);
    if (verdict == FrameVerdict::kShort && !at_end) {
      want_ = {at, size_needed};
      return;
    }
    if (verdict == FrameVerdict::kGood) {
      TakeFrame(frame);
      at = frame.end_offset();
    } else {
      at += kFrameAlignment;  // Whatever a size says here, nobody vouches for it.
    }
  }
  want_ = {at, sizeof(FrameHeader)};
  if (at_end) Finish();
}

// The ids from next_id_ up to `first_id` are lost.
void SegmentSalvage::TakeIds(uint64_t first_id, uint64_t last_id, uint64_t offset) {
  if (first_id > next_id_) {
    visitor_->OnLost({next_id_, first_id - 1, /*at_most=*/false, good_end_, offset});
  }
  next_id_ = last_id + 1;
}

void SegmentSalvage::TakeFrame(const Frame& frame) {
  if (frame.type == FrameType::kRecord) {
    if (frame.id < next_id_ || !Counts(frame.id) || !visitor_->Accepts(frame)) return;
    TakeIds(frame.id, frame.id, frame.offset);
    visitor_->OnRecord(frame);
  } else if (frame.type == FrameType::kGap) {
    const std::optional<Gap> gap = ParseGap(frame);
    if (!gap.has_value() || gap->first_id < next_id_ || !Counts(gap->last_id)) return;
    TakeIds(gap->first_id, gap->last_id, frame.offset);
    visitor_->OnGap(*gap);
  } else if (frame.type == FrameType::kCommit) {
    const std::optional<CommitPayload> commit = ParseCommit(frame);
    if (!commit.has_value() || commit->last_id + 1 < next_id_ || !Counts(commit->last_id)) return;
    TakeIds(commit->last_id + 1, commit->last_id, frame.offset);
    visitor_->OnCommit(*commit);
  }
  good_end_ = frame.end_offset();
}

void SegmentSalvage::Finish() {
  if (done_) return;
  done_ = true;
  if (!limits_.last_id.has_value() || next_id_ > *limits_.last_id) return;
  const uint64_t end = limits_.end_offset == kNoLimit ? want_.offset : limits_.end_offset;
  visitor_->OnLost({next_id_, *limits_.last_id, false, good_end_, std::max(good_end_, end)});
  next_id_ = *limits_.last_id + 1;
}

}  // namespace tidelog::impls::file
