#include "impls/file/tail_recovery.h"

#include <algorithm>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "impls/file/aligned_buffer.h"
#include "impls/file/file_ops.h"
#include "impls/file/recovery_table.h"
#include "impls/file/segment_file.h"
#include "impls/file/segment_format.h"
#include "impls/file/segment_scan.h"
#include "wal/base/mutant.h"
#include "wal/base/status_macros.h"
#include "wal/status.h"

namespace tidelog::impls::file {

namespace {

constexpr uint64_t kChunkBytes = 1u << 20;

// Another owner that lives may make a sync fail once more, each time it writes; a device that is
// broken makes all of them fail.
constexpr int kTries = 5;

// Runs `scan` over the device's bytes of `file`; over the page cache's where the file system has no
// direct reads.
Future<absl::Status> ScanDirectly(File* file, SegmentScan* scan) {
  bool direct = !MutantIs(Mutant::kTailReadThroughCache);
  while (!scan->done()) {
    const SegmentScan::Want want = scan->want();
    const uint64_t offset = want.offset / kDirectAlignment * kDirectAlignment;
    const uint64_t needed = want.offset + want.size - offset;
    const uint64_t size = std::max(needed, kChunkBytes) + kDirectAlignment - 1;
    const AlignedBuffer buffer(size / kDirectAlignment * kDirectAlignment);
    const std::span<char> into(buffer.data(), buffer.size());
    absl::StatusOr<size_t> read = absl::UnimplementedError("not tried");
    if (direct) read = co_await file->ReadDirect(offset, into);
    if (absl::IsUnimplemented(read.status())) {
      direct = false;
      read = co_await file->Read(offset, into);
    }
    TIDELOG_CO_RETURN_IF_ERROR(read.status());
    scan->Feed(offset, std::string_view(buffer.data(), *read), [](const ScanGroup&) {});
  }
  co_return absl::OkStatus();
}

std::string TornText(const SegmentHeader& header, const ScanResult& result,
                     const RecoveryCase& found) {
  return absl::StrCat(RangeText(header, result.end.offset, result.residue_end), ": ", found.reason,
                      " (case ", found.label, "); the log ends at id ", result.end.next_id - 1,
                      result.residue_last_id == 0
                          ? ""
                          : absl::StrCat(", dropped are ids up to ", result.residue_last_id));
}

absl::StatusOr<RecoveredTail> Judge(const SegmentHeader& header, const ScanResult& result,
                                    const TailPoint& before) {
  TailFacts facts = result.facts;
  if (MutantIs(Mutant::kWatermarkIgnored)) facts.watermark_beyond = false;
  const RecoveryCase found = JudgeTail(facts);
  if (found.verdict == TailVerdict::kCorrupt) return CorruptTail(header, result);
  RecoveredTail recovered;
  recovered.tail = before;
  recovered.tail.last_id = result.end.next_id - 1;
  recovered.tail.end_offset = result.end.offset;
  recovered.tail.chain = result.end.chain;
  if (result.last_commit.has_value() && result.last_commit->last_tick != 0) {
    recovered.tail.last_tick = result.last_commit->last_tick;
    recovered.tail.newest_time_tick_id = result.last_commit->newest_time_tick_id;
  }
  if (found.verdict == TailVerdict::kTorn) recovered.torn = TornText(header, result, found);
  return recovered;
}

}  // namespace

absl::Status CorruptTail(const SegmentHeader& header, const ScanResult& result) {
  const RecoveryCase found = JudgeTail(result.facts);
  const uint64_t end = std::max({result.residue_end, result.file_size, result.bad_offset});
  return WalError(
      WalErrorCode::kCorrupt,
      absl::StrCat(RangeText(header, result.bad_offset, end), ", ids from ", result.end.next_id,
                   " on: ", found.reason, " (case ", found.label, "); see walctl verify"));
}

TailPoint EmptyTail(const ManifestSegment& segment, const TailPoint& before) {
  TailPoint tail = before;
  tail.last_id = segment.base_id - 1;
  tail.end_offset = kSegmentHeaderSize;
  tail.chain = segment.base_chain;
  return tail;
}

Future<absl::StatusOr<RecoveredTail>> RecoverTail(FileSystem* files, std::string directory,
                                                  std::string channel, ManifestSegment segment,
                                                  TailPoint before) {
  const std::string what =
      absl::StrCat("recover segment ", segment.name.FileName(), " of channel ", channel);
  absl::StatusOr<SegmentFile> opened =
      co_await OpenSegment(files, std::move(directory), channel, segment, OpenMode::kReadWrite);
  if (absl::IsNotFound(opened.status())) {
    co_return WalErrorFrom(WalErrorCode::kCorrupt, absl::StrCat(what, ": it is missing"),
                           opened.status());
  }
  TIDELOG_CO_RETURN_IF_ERROR(opened.status());
  File* const file = opened->file.get();
  absl::Status failed;
  for (int i = 0; i < kTries; ++i) {
    absl::Status synced;
    if (!MutantIs(Mutant::kTailNotSyncedBeforeRead)) synced = co_await file->Sync();
    failed = synced;
    if (!synced.ok()) continue;
    SegmentScan::Options options;
    options.header = opened->header;
    options.from = SegmentScan::FirstPoint(opened->header);
    options.records = false;
    SegmentScan scan(std::move(options));
    absl::Status scanned = co_await ScanDirectly(file, &scan);
    if (!scanned.ok() && MutantIs(Mutant::kUnreadTailTakenForNone)) {
      RecoveredTail nothing;
      nothing.tail = EmptyTail(segment, before);
      co_return nothing;
    }
    if (!scanned.ok()) co_return StorageError(what, scanned);
    absl::Status synced_again;
    if (!MutantIs(Mutant::kTailNotSyncedBeforeSeal)) synced_again = co_await file->Sync();
    failed = synced_again;
    if (!synced_again.ok()) continue;
    co_return Judge(opened->header, scan.result(), before);
  }
  co_return StorageError(what, failed);
}

}  // namespace tidelog::impls::file
