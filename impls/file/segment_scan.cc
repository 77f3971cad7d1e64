#include "impls/file/segment_scan.h"

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <utility>

#include "absl/log/check.h"
#include "impls/file/little_endian.h"
#include "wal/base/mutant.h"

namespace tidelog::impls::file {

namespace {

// How zeros are skipped: a page at a time.
constexpr size_t kZeroPage = 4096;
constexpr char kZeros[kZeroPage] = {};

// What a commit frame's header has where magic and type are.
constexpr uint16_t kCommitMark = kFrameMagic | static_cast<uint16_t>(FrameType::kCommit) << 8;
constexpr size_t kMarkAt = offsetof(FrameHeader, magic);
static_assert(offsetof(FrameHeader, type) == kMarkAt + 1);

}  // namespace

SegmentScan::SegmentScan(Options options)
    : options_(std::move(options)),
      decoder_(options_.header.uuid, options_.header.base_id),
      chain_(options_.from.next_id, options_.from.chain),
      frame_offset_(options_.from.offset) {
  CHECK_EQ(options_.from.offset % kFrameAlignment, 0u);
  result_.end = options_.from;
  result_.facts.sealed = options_.until.has_value();
  want_ = {frame_offset_, sizeof(FrameHeader)};
}

void SegmentScan::Feed(uint64_t offset, std::string_view bytes,
                       absl::FunctionRef<void(const ScanGroup&)> on_group) {
  CHECK(!done());
  CHECK_LE(offset, want_.offset);
  Chunk chunk{offset, bytes, bytes.size() < want_.offset - offset + want_.size};
  if (chunk.end() < want_.offset) chunk = {want_.offset, {}, true};
  if (phase_ == Phase::kGroups) ReadGroups(chunk, on_group);
  if (phase_ == Phase::kSearch) Search(chunk);
}

void SegmentScan::ReadGroups(const Chunk& chunk,
                             absl::FunctionRef<void(const ScanGroup&)> on_group) {
  while (true) {
    if (options_.until.has_value() && frame_offset_ >= options_.until->offset) {
      // Good frames that lead past the seal, or to another id or chain, are not what was sealed.
      result_.facts.reaches_seal = result_.end == *options_.until;
      return EndGroups(false);
    }
    Frame frame;
    uint64_t size_needed = 0;
    const FrameVerdict verdict =
        decoder_.Decode(chunk.From(frame_offset_), frame_offset_, &frame, &size_needed);
    if (verdict == FrameVerdict::kShort && !chunk.last) return AskForMore(chunk, size_needed);
    if (verdict != FrameVerdict::kGood) return EndGroups(size_needed > sizeof(FrameHeader));
    if (!TakeFrame(frame, on_group)) return EndGroups(true);
  }
}

// False: the frame is good, but no part of a group that could follow.
bool SegmentScan::TakeFrame(const Frame& frame,
                            absl::FunctionRef<void(const ScanGroup&)> on_group) {
  if (frame.type == FrameType::kRecord || frame.type == FrameType::kGap) {
    if (!chain_.OnRecord(frame)) return false;
    if (options_.records) frames_.push_back(frame);
    frame_offset_ = frame.end_offset();
    return true;
  }
  if (frame.type == FrameType::kIndex) {
    const bool at_end = frame.offset == result_.end.offset && frame.id + 1 == result_.end.next_id;
    if (at_end) result_.footer_end = frame.end_offset();
    return false;
  }
  CommitPayload commit;
  if (!chain_.OnCommit(frame, &commit)) return false;
  const ScanPoint end = {frame.end_offset(), chain_.next_id(), chain_.chain()};
  on_group({result_.end, end, commit, frames_, frame});
  frames_.clear();
  frame_offset_ = end.offset;
  result_.end = end;
  result_.last_commit = commit;
  result_.watermark = std::max(result_.watermark, commit.watermark);
  return true;
}

void SegmentScan::AskForMore(const Chunk& chunk, uint64_t size_needed) {
  if (!options_.records) {
    want_ = {frame_offset_, size_needed};
    return;
  }
  // The views collected so far point into this chunk, so the group is read again, whole.  If it
  // filled most of the chunk, twice as much is read: or a long group would be read once for each of
  // its frames.
  const uint64_t begin = result_.end.offset;
  const uint64_t had = chunk.end() - begin;
  const bool filled = begin - chunk.offset < had;
  want_ = {begin, std::max(frame_offset_ - begin + size_needed, filled ? 2 * had : 0)};
  frames_.clear();
  frame_offset_ = begin;
  chain_ = ChainChecker(result_.end.next_id, result_.end.chain);
}

// No group follows.  `own_header`: at least the header of a frame of this segment is there.
void SegmentScan::EndGroups(bool own_header) {
  frames_.clear();
  result_.bad_offset = frame_offset_;
  search_offset_ = result_.end.offset;
  if (result_.footer_end != 0) {
    result_.bad_offset = search_offset_ = result_.footer_end;
  } else if (own_header) {
    own_frames_end_ = frame_offset_ + sizeof(FrameHeader);
  } else if (frame_offset_ != result_.end.offset) {
    own_frames_end_ = frame_offset_;
  }
  if (chain_.pending_id() != chain_.next_id()) result_.residue_last_id = chain_.pending_id() - 1;
  const bool judged = options_.tail == Tail::kStop || result_.facts.reaches_seal;
  phase_ = judged ? Phase::kDone : Phase::kSearch;
}

// Looks for commit frames at every place where a frame can begin, not only where the frames before
// say: those may be what is damaged.
void SegmentScan::Search(const Chunk& chunk) {
  const uint64_t limit =
      options_.until.has_value() ? std::min(chunk.end(), options_.until->offset) : chunk.end();
  if (search_offset_ >= chunk.offset) {
    while (search_offset_ + kCommitFrameSize <= limit && !resynced()) SearchPage(chunk, limit);
    const bool at_seal = options_.until.has_value() && limit == options_.until->offset;
    if (chunk.last || at_seal || resynced()) return FinishSearch(chunk, limit);
  }
  want_ = {search_offset_, kCommitFrameSize};
}

void SegmentScan::SearchPage(const Chunk& chunk, uint64_t limit) {
  const uint64_t page_end = search_offset_ + kZeroPage;
  const char* const page = chunk.From(search_offset_).data();
  // A frame's first eight bytes hold its size, so none of a commit frame begins in zeros.
  if (page_end <= limit && std::memcmp(page, kZeros, kZeroPage) == 0) {
    search_offset_ = MutantIs(Mutant::kZerosTakenForEnd) ? limit : page_end;
    return;
  }
  while (search_offset_ < page_end && search_offset_ + kCommitFrameSize <= limit && !resynced()) {
    LookAt(chunk);
    search_offset_ += kFrameAlignment;
  }
}

void SegmentScan::LookAt(const Chunk& chunk) {
  const std::string_view bytes = chunk.From(search_offset_);
  if (LoadLittleEndian<uint64_t>(bytes.data()) == 0) return;
  last_written_end_ = search_offset_ + kFrameAlignment;
  if (LoadLittleEndian<uint16_t>(bytes.data() + kMarkAt) != kCommitMark) return;
  Frame frame;
  uint64_t size_needed = 0;
  if (decoder_.Decode(bytes, search_offset_, &frame, &size_needed) != FrameVerdict::kGood) return;
  const std::optional<CommitPayload> commit = ParseCommit(frame);
  if (!commit.has_value() || commit->last_id + 1 < result_.end.next_id) return;
  own_frames_end_ = frame.end_offset();
  result_.residue_last_id = std::max(result_.residue_last_id, commit->last_id);
  result_.residue_watermark = std::max(result_.residue_watermark, commit->watermark);
  if (!result_.resync.has_value()) {
    result_.resync = ScanPoint{frame.end_offset(), commit->last_id + 1, commit->chain};
  }
}

void SegmentScan::FinishSearch(const Chunk& chunk, uint64_t limit) {
  // Too little for a commit frame.
  for (uint64_t at = search_offset_; at < limit && !resynced(); ++at) {
    if (chunk.bytes[at - chunk.offset] != 0) last_written_end_ = at + 1;
  }
  result_.residue_end = options_.header.recycled ? own_frames_end_ : last_written_end_;
  result_.facts.residue = result_.residue_end != 0;
  result_.facts.watermark_beyond = result_.residue_watermark >= result_.end.next_id;
  if (chunk.last) {
    result_.file_size = chunk.end();
    result_.facts.file_short = chunk.end() < options_.header.capacity;
  }
  phase_ = Phase::kDone;
}

}  // namespace tidelog::impls::file
