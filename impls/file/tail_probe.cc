#include "impls/file/tail_probe.h"

#include <algorithm>
#include <deque>
#include <span>
#include <string_view>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "impls/file/file_ops.h"
#include "impls/file/recovery_table.h"
#include "impls/file/segment_file.h"
#include "impls/file/segment_scan.h"
#include "impls/file/tail_recovery.h"
#include "wal/base/status_macros.h"
#include "wal/message/chunks.h"
#include "wal/message/message.h"
#include "wal/message/message_block.h"
#include "wal/message/record.h"
#include "wal/status.h"

namespace tidelog::impls::file {

namespace {

constexpr uint64_t kChunkBytes = 1u << 20;

VisibleTail TailOf(const ImmutableMessage& message, uint64_t id) {
  return {id, message.position(), message.time_tick(), IsCut(message.record())};
}

// The last record of a group, if it has one.
std::optional<VisibleTail> TailOf(const ScanGroup& group, const MessageId::Origin& origin) {
  if (group.frames.empty() || group.frames.back().type != FrameType::kRecord) return std::nullopt;
  const Frame& frame = group.frames.back();
  const absl::StatusOr<RecordView> record = RecordView::Parse(frame.payload);
  if (!record.ok()) return std::nullopt;
  const ImmutableMessage message(MessageBlockRef(), *record,
                                 MessageId::FromNumber(origin, frame.id));
  return TailOf(message, frame.id);
}

// What the seal says of a last record that cannot be read.  Its last confirmed id is lost with it;
// the oldest id there is lies below whatever it was, so a scan from there finds no less.
VisibleTail DamagedTail(const Manifest& manifest, const Seal& seal,
                        const MessageId::Origin& origin) {
  const MessageId oldest = MessageId::FromNumber(origin, manifest.segments.front().base_id);
  const TimeTick tick{seal.last_tick};
  return {seal.last_id, Position{oldest, tick}, tick, false};
}

// Collects what the watermarks of a segment cover.
class CoveredGroups {
 public:
  explicit CoveredGroups(const MessageId::Origin& origin) : origin_(origin) {}

  void OnGroup(const ScanGroup& group) {
    while (!beyond_.empty() && beyond_.front().last_id <= group.commit.watermark) {
      newest_ = beyond_.front();
      beyond_.pop_front();
    }
    std::optional<VisibleTail> tail = TailOf(group, origin_);
    if (tail.has_value()) beyond_.push_back(*tail);
  }
  const std::optional<VisibleTail>& newest() const { return newest_; }

 private:
  const MessageId::Origin origin_;
  std::optional<VisibleTail> newest_;
  std::deque<VisibleTail> beyond_;  // Of groups that no watermark covers yet.
};

Future<absl::StatusOr<ScanResult>> ScanUnsealed(const SegmentFile* segment, ScanPoint from,
                                                CoveredGroups* groups) {
  SegmentScan::Options options;
  options.header = segment->header;
  options.from = from;
  SegmentScan scan(std::move(options));
  auto on_group = [groups](const ScanGroup& group) { groups->OnGroup(group); };
  std::string bytes;
  while (!scan.done()) {
    const SegmentScan::Want want = scan.want();
    bytes.resize(std::max(want.size, kChunkBytes));
    absl::StatusOr<size_t> read = co_await segment->file->Read(want.offset, std::span<char>(bytes));
    if (!read.ok()) {
      co_return ReadError(absl::StrCat("read ", RangeText(segment->header, want.offset,
                                                          want.offset + bytes.size())),
                          read.status());
    }
    scan.Feed(want.offset, std::string_view(bytes).substr(0, *read), on_group);
  }
  co_return scan.result();
}

// The tail below the newest watermark of an unsealed segment; none: it lies before the segment.
Future<absl::StatusOr<std::optional<VisibleTail>>> ProbeUnsealed(FileSystem* files,
                                                                 std::string directory,
                                                                 std::string channel,
                                                                 ManifestSegment listed,
                                                                 MessageId::Origin origin) {
  absl::StatusOr<SegmentFile> segment = co_await OpenSegment(
      files, std::move(directory), std::move(channel), listed, OpenMode::kRead);
  TIDELOG_CO_RETURN_IF_ERROR(segment.status());
  CoveredGroups groups(origin);
  ScanPoint from = SegmentScan::FirstPoint(segment->header);
  std::optional<uint64_t> suspect;
  for (;;) {
    absl::StatusOr<ScanResult> scan = co_await ScanUnsealed(&*segment, from, &groups);
    TIDELOG_CO_RETURN_IF_ERROR(scan.status());
    if (JudgeTail(scan->facts).verdict != TailVerdict::kCorrupt) co_return groups.newest();
    // While the scan looked behind a group that was being written, the owner may have finished it,
    // and written the next with a watermark: only what is still bad on a second look is.
    if (suspect == scan->end.offset) co_return CorruptTail(segment->header, *scan);
    suspect = scan->end.offset;
    from = scan->end;
  }
}

}  // namespace

Future<absl::StatusOr<VisibleTail>> ProbeTail(FileSystem* files, std::string directory,
                                              Manifest manifest, MessageId::Origin origin) {
  for (size_t i = manifest.segments.size(); i-- > 0;) {
    const ManifestSegment& listed = manifest.segments[i];
    if (!listed.seal.has_value()) {
      absl::StatusOr<std::optional<VisibleTail>> tail =
          co_await ProbeUnsealed(files, directory, manifest.channel, listed, origin);
      TIDELOG_CO_RETURN_IF_ERROR(tail.status());
      if (tail->has_value()) co_return **std::move(tail);
    } else if (listed.seal->last_id >= listed.base_id) {
      absl::StatusOr<ImmutableMessage> message = co_await ReadRecord(
          files, directory, manifest.channel, listed, origin, listed.seal->last_id);
      const uint64_t last_id = listed.seal->last_id;
      if (message.ok() && message->has_value()) co_return TailOf(*message, last_id);
      const bool lost = message.ok() || GetWalErrorCode(message.status()) == WalErrorCode::kCorrupt;
      if (!lost) co_return message.status();
      co_return DamagedTail(manifest, *listed.seal, origin);
    }
  }
  co_return VisibleTail();
}

}  // namespace tidelog::impls::file
