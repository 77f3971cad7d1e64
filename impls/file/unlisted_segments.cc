#include "impls/file/unlisted_segments.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "impls/file/file_ops.h"
#include "impls/file/segment_format.h"
#include "impls/file/segment_scan.h"
#include "wal/base/status_macros.h"

namespace tidelog::impls::file {

namespace {

constexpr uint64_t kChunkBytes = 256u << 10;

// What one of them says.
struct Unlisted {
  bool has_groups = false;
  uint64_t base_id = 0;
  uint64_t durable_id = 0;
};

Future<absl::StatusOr<ScanResult>> ScanAll(File* file, SegmentHeader header) {
  SegmentScan::Options options;
  options.header = header;
  options.from = SegmentScan::FirstPoint(header);
  options.records = false;
  SegmentScan scan(std::move(options));
  std::string bytes;
  while (!scan.done()) {
    const SegmentScan::Want want = scan.want();
    bytes.resize(std::max(want.size, kChunkBytes));
    absl::StatusOr<size_t> read = co_await file->Read(want.offset, std::span<char>(bytes));
    TIDELOG_CO_RETURN_IF_ERROR(read.status());
    scan.Feed(want.offset, std::string_view(bytes).substr(0, *read), [](const ScanGroup&) {});
  }
  co_return scan.result();
}

// None: it is gone, or has no header of its own yet: it is being made ready.
Future<absl::StatusOr<std::optional<Unlisted>>> LookAt(FileSystem* files, std::string path,
                                                       std::string channel, SegmentName name) {
  std::optional<Unlisted> found;
  absl::StatusOr<std::unique_ptr<File>> file = co_await files->Open(path, OpenMode::kRead);
  if (absl::IsNotFound(file.status())) co_return found;
  TIDELOG_CO_RETURN_IF_ERROR(file.status());
  std::string block(kSegmentHeaderSize, '\0');
  absl::StatusOr<size_t> read = co_await (*file)->Read(0, std::span<char>(block));
  TIDELOG_CO_RETURN_IF_ERROR(read.status());
  const absl::StatusOr<SegmentHeader> header =
      DecodeSegmentHeader(std::string_view(block).substr(0, *read));
  if (!header.ok() || header->name != name || header->channel != channel) co_return found;
  absl::StatusOr<ScanResult> scan = co_await ScanAll(file->get(), *header);
  TIDELOG_CO_RETURN_IF_ERROR(scan.status());
  found.emplace();
  found->base_id = header->base_id;
  found->has_groups = scan->last_commit.has_value() || scan->resync.has_value();
  found->durable_id = std::max({header->base_id - 1, scan->watermark, scan->residue_watermark});
  co_return found;
}

}  // namespace

std::string UnlistedSegments::ToString(const ManifestName& newest) const {
  return absl::StrCat("segment ", written.front().FileName(), ", which the newest manifest ",
                      newest.FileName(), " does not list, holds ids from ", first_id, " on");
}

Future<absl::StatusOr<UnlistedSegments>> FindUnlistedSegments(FileSystem* files,
                                                              std::string directory,
                                                              Manifest manifest,
                                                              std::vector<std::string> names) {
  SegmentName newest;
  for (const ManifestSegment& listed : manifest.segments) newest = std::max(newest, listed.name);
  UnlistedSegments unlisted;
  std::sort(names.begin(), names.end());
  for (const std::string& file_name : names) {
    const std::optional<SegmentName> name = SegmentName::Parse(file_name);
    if (!name.has_value() || *name <= newest) continue;
    absl::StatusOr<std::optional<Unlisted>> found =
        co_await LookAt(files, PathOf(directory, file_name), manifest.channel, *name);
    if (!found.ok()) {
      co_return ReadError(absl::StrCat("look at ", file_name, " of channel ", manifest.channel),
                          found.status());
    }
    if (!found->has_value()) continue;
    unlisted.durable_id = std::max(unlisted.durable_id, (*found)->durable_id);
    if (!(*found)->has_groups) continue;
    const uint64_t base_id = (*found)->base_id;
    unlisted.first_id = unlisted.written.empty() ? base_id : std::min(unlisted.first_id, base_id);
    unlisted.written.push_back(*name);
  }
  co_return unlisted;
}

}  // namespace tidelog::impls::file
