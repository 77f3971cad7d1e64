#include "impls/file/segment_walk.h"

#include <algorithm>
#include <span>
#include <string_view>
#include <utility>

#include "absl/strings/str_cat.h"
#include "impls/file/file_ops.h"
#include "impls/file/read_ahead.h"
#include "impls/file/recovery_table.h"
#include "wal/base/status_macros.h"
#include "wal/status.h"

namespace tidelog::impls::file {

SegmentWalk::SegmentWalk(FileSystem* files, std::string directory, std::string channel,
                         const ManifestSegment& listed, const WalkOptions& options)
    : files_(files),
      directory_(std::move(directory)),
      channel_(std::move(channel)),
      listed_(listed),
      options_(options) {}

std::optional<ScanPoint> SegmentWalk::seal() const {
  if (!listed_.seal.has_value()) return std::nullopt;
  return ScanPoint{listed_.seal->end_offset, listed_.seal->last_id + 1, listed_.seal->chain};
}

Finding SegmentWalk::DescribeWhole(std::string sentence) const {
  Finding finding;
  finding.severity = Severity::kCorrupt;
  finding.file = listed_.name.FileName();
  finding.first_id = listed_.base_id;
  if (listed_.seal.has_value()) finding.last_id = listed_.seal->last_id;
  const bool empty = listed_.seal.has_value() && finding.last_id < finding.first_id;
  if (empty) finding.first_id = finding.last_id = 0;
  finding.sentence = std::move(sentence);
  return finding;
}

Future<absl::StatusOr<std::optional<Finding>>> SegmentWalk::Open() {
  absl::StatusOr<std::unique_ptr<File>> file =
      co_await files_->Open(PathOf(directory_, listed_.name.FileName()), OpenMode::kRead);
  if (absl::IsNotFound(file.status())) {
    const RecoveryCase judged = JudgeTail({.missing = true});
    std::optional<Finding> missing = DescribeWhole(std::string(judged.reason));
    co_return missing;
  }
  TIDELOG_CO_RETURN_IF_ERROR(file.status());
  file_ = *std::move(file);
  absl::StatusOr<uint64_t> size = co_await file_->Size();
  TIDELOG_CO_RETURN_IF_ERROR(size.status());
  file_size_ = *size;
  absl::StatusOr<size_t> read = co_await ReadInto(0, kSegmentHeaderSize);
  TIDELOG_CO_RETURN_IF_ERROR(read.status());
  absl::StatusOr<SegmentHeader> header =
      DecodeSegmentHeader(std::string_view(buffer_.data(), *read));
  if (GetWalErrorCode(header.status()) == WalErrorCode::kInner) co_return header.status();
  std::optional<Finding> damage;
  const std::string reason(JudgeTail({.bad_header = true}).reason);
  if (!header.ok()) {
    damage = DescribeWhole(absl::StrCat(reason, ": ", header.status().message()));
  } else if (header->channel != channel_ || header->name != listed_.name ||
             header->uuid != listed_.uuid || header->base_id != listed_.base_id ||
             header->base_chain != listed_.base_chain) {
    damage = DescribeWhole(absl::StrCat(reason, ": it is that of ", header->name.FileName(),
                                        " of channel ", header->channel, " from id ",
                                        header->base_id, ", not of the one that is listed"));
  } else {
    header_ = *std::move(header);
  }
  co_return damage;
}

Future<absl::StatusOr<size_t>> SegmentWalk::ReadInto(uint64_t offset, uint64_t size) {
  if (buffer_.size() < size) buffer_.resize(size);
  absl::StatusOr<size_t> read = co_await file_->Read(offset, std::span<char>(buffer_.data(), size));
  co_return read;
}

Future<absl::StatusOr<std::optional<Frame>>> SegmentWalk::ReadFrame(uint64_t offset) {
  const FrameDecoder decoder(header_.uuid, header_.base_id);
  uint64_t size = sizeof(FrameHeader);
  std::optional<Frame> found;
  // The header tells the size of the rest.
  for (int i = 0; i < 2 && offset + size <= file_size_; ++i) {
    absl::StatusOr<size_t> read = co_await ReadInto(offset, size);
    TIDELOG_CO_RETURN_IF_ERROR(read.status());
    Frame frame;
    const std::string_view bytes(buffer_.data(), *read);
    const FrameVerdict verdict = decoder.Decode(bytes, offset, &frame, &size);
    if (verdict == FrameVerdict::kGood) found = frame;
    if (verdict != FrameVerdict::kShort) break;
  }
  co_return found;
}

Future<absl::StatusOr<ScanResult>> SegmentWalk::Scan(ScanPoint from, SegmentVisitor* visitor) {
  SegmentScan::Options options;
  options.header = header_;
  options.from = from;
  options.until = seal();
  SegmentScan scan(std::move(options));
  ReadAhead::Options ahead_options;
  ahead_options.file_size = file_size_;
  ahead_options.chunk_bytes = options_.inspect.chunk_bytes;
  // A direct read writes back what a live owner is adding to, out of its turn.
  ahead_options.direct = !options_.live || listed_.seal.has_value();
  ReadAhead ahead(file_.get(), ahead_options);
  absl::Status status;
  while (status.ok() && !scan.done() && !visitor->HasEnough()) {
    const SegmentScan::Want want = scan.want();
    absl::StatusOr<std::string_view> bytes = co_await ahead.Get(want.offset, want.size);
    status = bytes.status();
    if (!status.ok()) break;
    scan.Feed(want.offset, *bytes, [visitor](const ScanGroup& group) { visitor->OnGroup(group); });
  }
  co_await ahead.Finish();
  TIDELOG_CO_RETURN_IF_ERROR(status);
  co_return scan.result();
}

Finding SegmentWalk::Describe(const ScanResult& scan) const {
  const RecoveryCase judged = JudgeTail(scan.facts);
  Finding finding;
  finding.file = listed_.name.FileName();
  finding.severity = judged.verdict == TailVerdict::kTorn ? Severity::kTorn : Severity::kCorrupt;
  finding.byte_begin = scan.end.offset;
  finding.first_id = scan.end.next_id;
  if (finding.severity == Severity::kTorn) {
    finding.byte_end = scan.residue_end;
    finding.last_id = scan.residue_last_id;
  } else if (scan.resync.has_value()) {
    finding.byte_end = scan.resync->offset;
    finding.last_id = scan.resync->next_id - 1;
  } else if (listed_.seal.has_value()) {
    finding.byte_end = listed_.seal->end_offset;
    finding.last_id = listed_.seal->last_id;
  } else {
    finding.byte_end = std::max(header_.capacity, scan.residue_end);
    finding.last_id = scan.residue_last_id;
  }
  // Only a watermark is concerned.
  const bool ids_end = scan.resync.has_value() || listed_.seal.has_value();
  if (ids_end && finding.last_id < finding.first_id) finding.first_id = finding.last_id = 0;
  finding.sentence = absl::StrCat(judged.reason, " (case ", judged.label,
                                  "); good frames end at byte ", scan.bad_offset);
  if (scan.facts.file_short) {
    absl::StrAppend(&finding.sentence, ", the file at byte ", scan.file_size, " of ",
                    header_.capacity);
  }
  if (finding.severity == Severity::kTorn && options_.live) {
    finding.severity = Severity::kOk;
    finding.sentence = "a group is being written";
  }
  return finding;
}

Future<absl::Status> SegmentWalk::ReadLooseFrames(uint64_t begin, uint64_t end,
                                                  SegmentVisitor* visitor) {
  for (uint64_t offset = begin; offset < end;) {
    absl::StatusOr<std::optional<Frame>> frame = co_await ReadFrame(offset);
    TIDELOG_CO_RETURN_IF_ERROR(frame.status());
    if (!frame->has_value()) break;
    visitor->OnLooseFrame(**frame);
    offset = (*frame)->end_offset();
  }
  co_return absl::OkStatus();
}

Future<absl::StatusOr<ScanResult>> SegmentWalk::ReadGroups(SegmentVisitor* visitor) {
  ScanPoint from = SegmentScan::FirstPoint(header_);
  uint64_t looked_again_at = 0;
  for (int findings = 0;;) {
    absl::StatusOr<ScanResult> scan = co_await Scan(from, visitor);
    TIDELOG_CO_RETURN_IF_ERROR(scan.status());
    if (visitor->HasEnough()) co_return scan;
    const TailVerdict verdict = JudgeTail(scan->facts).verdict;
    if (verdict == TailVerdict::kComplete) co_return scan;
    // While the scan looked behind a group that was being written, the owner may have finished it,
    // and written the next with a watermark: only what is still bad on a second look is.
    const bool may_change = options_.live && !listed_.seal.has_value();
    if (may_change && verdict == TailVerdict::kCorrupt && looked_again_at != scan->end.offset) {
      looked_again_at = scan->end.offset;
      from = scan->end;
      continue;
    }
    absl::Status loose = co_await ReadLooseFrames(scan->end.offset, scan->bad_offset, visitor);
    TIDELOG_CO_RETURN_IF_ERROR(loose);
    visitor->OnDamage(Describe(*scan));
    const bool goes_on = verdict == TailVerdict::kCorrupt && scan->resync.has_value();
    if (!goes_on || ++findings >= options_.inspect.findings_per_file_max) co_return scan;
    from = *scan->resync;
  }
}

}  // namespace tidelog::impls::file
