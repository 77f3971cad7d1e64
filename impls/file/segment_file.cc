#include "impls/file/segment_file.h"

#include <algorithm>
#include <optional>
#include <span>
#include <utility>

#include "absl/functional/function_ref.h"
#include "absl/log/check.h"
#include "absl/strings/str_cat.h"
#include "impls/file/file_ops.h"
#include "impls/file/segment_index.h"
#include "wal/base/status_macros.h"
#include "wal/message/message_block.h"
#include "wal/message/record.h"
#include "wal/status.h"

namespace tidelog::impls::file {

namespace {

constexpr uint64_t kChunkBytes = 256u << 10;

absl::Status CheckHeader(const SegmentHeader& header, const std::string& channel,
                         const ManifestSegment& listed) {
  if (header.channel == channel && header.uuid == listed.uuid && header.name == listed.name &&
      header.base_id == listed.base_id && header.base_chain == listed.base_chain) {
    return absl::OkStatus();
  }
  return WalError(WalErrorCode::kCorrupt,
                  absl::StrCat("segment ", listed.name.FileName(), " of channel ", channel,
                               ": its header is that of ", header.name.FileName(), " of channel ",
                               header.channel, " with base id ", header.base_id));
}

// A message of its own memory; none if the payload is no record.
ImmutableMessage CopyOf(const Frame& frame, const MessageId::Origin& origin) {
  if (!RecordView::Parse(frame.payload).ok()) return ImmutableMessage();
  MessageBlockRef block = MessageBlock::Copy(frame.payload);
  const RecordView copy = RecordView::Trusted(block->bytes());
  return ImmutableMessage(std::move(block), copy, MessageId::FromNumber(origin, frame.id));
}

bool IsGivenUp(const Frame& frame, uint64_t id) {
  if (frame.type != FrameType::kGap) return false;
  const std::optional<Gap> gap = ParseGap(frame);
  return gap.has_value() && gap->first_id <= id && id <= gap->last_id;
}

Future<absl::Status> FeedNext(const SegmentFile* segment, SegmentScan* scan,
                              absl::FunctionRef<void(const ScanGroup&)> on_group) {
  const SegmentScan::Want want = scan->want();
  std::string bytes(std::max(want.size, kChunkBytes), '\0');
  absl::StatusOr<size_t> read = co_await segment->file->Read(want.offset, std::span<char>(bytes));
  if (!read.ok()) {
    co_return ReadError(
        absl::StrCat("read ", RangeText(segment->header, want.offset, want.offset + bytes.size())),
        read.status());
  }
  scan->Feed(want.offset, std::string_view(bytes).substr(0, *read), on_group);
  co_return absl::OkStatus();
}

}  // namespace

std::string RangeText(const SegmentHeader& header, uint64_t begin, uint64_t end) {
  return absl::StrCat("segment ", header.name.FileName(), " of channel ", header.channel,
                      ", bytes [", begin, ", ", end, ")");
}

ScanPoint SealPoint(const ManifestSegment& listed) {
  CHECK(listed.seal.has_value());
  return {listed.seal->end_offset, listed.seal->last_id + 1, listed.seal->chain};
}

Future<absl::StatusOr<SegmentFile>> OpenSegment(FileSystem* files, std::string directory,
                                                std::string channel, ManifestSegment listed,
                                                OpenMode mode) {
  const std::string what =
      absl::StrCat("open segment ", listed.name.FileName(), " of channel ", channel);
  SegmentFile segment;
  absl::StatusOr<std::unique_ptr<File>> file =
      co_await files->Open(PathOf(directory, listed.name.FileName()), mode);
  if (absl::IsNotFound(file.status())) co_return file.status();
  if (!file.ok()) co_return ReadError(what, file.status());
  segment.file = *std::move(file);
  std::string block(kSegmentHeaderSize, '\0');
  absl::StatusOr<size_t> read = co_await segment.file->Read(0, std::span<char>(block));
  if (!read.ok()) co_return ReadError(what, read.status());
  if (*read < block.size()) {
    co_return WalError(WalErrorCode::kCorrupt, absl::StrCat(what, ": only ", *read, " bytes long"));
  }
  absl::StatusOr<SegmentHeader> header = DecodeSegmentHeader(block);
  if (!header.ok()) {
    co_return WalErrorFrom(GetWalErrorCode(header.status()), what, header.status());
  }
  TIDELOG_CO_RETURN_IF_ERROR(CheckHeader(*header, channel, listed));
  segment.header = *std::move(header);
  co_return segment;
}

Future<std::vector<IndexEntry>> ReadIndex(SegmentFile segment, ManifestSegment listed) {
  std::vector<IndexEntry> none;
  if (!listed.seal.has_value() || listed.seal->index_offset == 0) co_return none;
  const FrameDecoder decoder(segment.header.uuid, segment.header.base_id);
  uint64_t size = 64u << 10;
  for (int i = 0; i < 2; ++i) {
    std::string bytes(size, '\0');
    absl::StatusOr<size_t> read =
        co_await segment.file->Read(listed.seal->index_offset, std::span<char>(bytes));
    if (!read.ok()) co_return none;
    Frame frame;
    const std::string_view found = std::string_view(bytes).substr(0, *read);
    const FrameVerdict verdict = decoder.Decode(found, listed.seal->index_offset, &frame, &size);
    if (verdict == FrameVerdict::kShort && size > bytes.size()) continue;
    if (verdict != FrameVerdict::kGood) co_return none;
    std::optional<std::vector<IndexEntry>> index = ParseIndex(frame);
    if (!index.has_value()) co_return none;
    co_return *std::move(index);
  }
  co_return none;
}

ScanPoint StartFor(const SegmentHeader& header, const std::vector<IndexEntry>& index, uint64_t id) {
  const IndexEntry* entry = FindById(index, id);
  if (entry == nullptr) return SegmentScan::FirstPoint(header);
  return {entry->offset, entry->id, entry->chain};
}

Future<absl::StatusOr<ImmutableMessage>> ReadRecord(FileSystem* files, std::string directory,
                                                    std::string channel, ManifestSegment listed,
                                                    MessageId::Origin origin, uint64_t id) {
  absl::StatusOr<SegmentFile> opened =
      co_await OpenSegment(files, std::move(directory), channel, listed, OpenMode::kRead);
  if (absl::IsNotFound(opened.status())) {
    co_return WalErrorFrom(WalErrorCode::kCorrupt, "a listed segment is missing", opened.status());
  }
  TIDELOG_CO_RETURN_IF_ERROR(opened.status());
  const SegmentFile segment = *std::move(opened);
  std::vector<IndexEntry> index = co_await ReadIndex(segment, listed);
  std::optional<ScanPoint> from = StartFor(segment.header, index, id);
  ImmutableMessage message;
  bool found = false;
  auto take = [&](const ScanGroup& group) {
    for (const Frame& frame : group.frames) {
      if (frame.type == FrameType::kRecord && frame.id == id) message = CopyOf(frame, origin);
      found = found || message.has_value() || IsGivenUp(frame, id);
    }
  };
  uint64_t bad_offset = 0;
  // Damage in front of the record is not damage of the record: each round gets behind some.
  while (from.has_value() && !found) {
    SegmentScan::Options options;
    options.header = segment.header;
    options.from = *from;
    options.until = SealPoint(listed);
    SegmentScan scan(std::move(options));
    while (!scan.done() && !found) {
      absl::Status fed = co_await FeedNext(&segment, &scan, take);
      TIDELOG_CO_RETURN_IF_ERROR(fed);
    }
    if (found) break;
    bad_offset = scan.result().end.offset;
    from = scan.result().resync;
  }
  if (found) co_return message;
  co_return WalError(WalErrorCode::kCorrupt,
                     absl::StrCat(RangeText(segment.header, bad_offset, listed.seal->end_offset),
                                  ": no record ", id));
}

}  // namespace tidelog::impls::file
