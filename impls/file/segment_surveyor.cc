#include "impls/file/segment_surveyor.h"

#include <algorithm>
#include <cstdint>
#include <memory>
#include <span>
#include <utility>
#include <vector>

#include "impls/file/file_ops.h"
#include "impls/file/manifest_rebuild.h"
#include "impls/file/names.h"
#include "impls/file/salvage_source.h"
#include "wal/base/status_macros.h"

namespace tidelog::impls::file {

namespace {

// A frame's header and a record's: no record takes less.
constexpr uint64_t kRecordFrameMin = sizeof(FrameHeader) + 64;

// What a salvage would keep, and lose.
class Found final : public SalvageVisitor {
 public:
  Found(uint64_t base_id, bool accept_all)
      : accept_all_(accept_all), last_committed_(base_id - 1) {}

  bool Accepts(const Frame& record) const override {
    return accept_all_ || SalvageVisitor::Accepts(record);
  }
  void OnRecord(const Frame&) override { ++record_count_; }
  void OnGap(const Gap&) override {}
  void OnLost(const LostRange& lost) override { lost_.push_back(lost); }
  void OnCommit(const CommitPayload& commit) override {
    last_committed_ = commit.last_id;
    watermark_ = std::max(watermark_, commit.watermark);
  }

  // Where an unsealed segment ends, by the rule of recovery: what is missing at or below the
  // highest watermark was durable, and is lost; what is missing above it, and all behind, is a torn
  // tail, and was never acknowledged.
  uint64_t EndOfUnsealed() const {
    for (const LostRange& lost : lost_) {
      if (lost.first_id > watermark_) return std::min(last_committed_, lost.first_id - 1);
    }
    return last_committed_;
  }

  uint64_t record_count() const { return record_count_; }
  const std::vector<LostRange>& lost() const { return lost_; }

 private:
  const bool accept_all_;
  uint64_t record_count_ = 0;
  std::vector<LostRange> lost_;
  uint64_t last_committed_;
  uint64_t watermark_ = 0;
};

}  // namespace

Future<absl::Status> SegmentSurveyor::ReadHeaders() {
  if (headers_.has_value()) co_return absl::OkStatus();
  headers_.emplace();
  for (const std::string& name : names_) {
    if (!SegmentName::Parse(name).has_value()) continue;
    absl::StatusOr<std::unique_ptr<File>> file =
        co_await files_->Open(PathOf(directory_, name), OpenMode::kRead);
    TIDELOG_CO_RETURN_IF_ERROR(file.status());
    std::string block(kSegmentHeaderSize, '\0');
    absl::StatusOr<size_t> read = co_await (*file)->Read(0, std::span<char>(block));
    TIDELOG_CO_RETURN_IF_ERROR(read.status());
    absl::StatusOr<SegmentHeader> header = DecodeSegmentHeader(block.substr(0, *read));
    if (header.ok()) headers_->emplace(name, *std::move(header));
  }
  co_return absl::OkStatus();
}

SegmentSurveyor::Source SegmentSurveyor::FindSource(const ManifestSegment& listed) const {
  const std::string own = listed.name.FileName();
  const auto found = headers_->find(own);
  if (found != headers_->end() && found->second.uuid == listed.uuid) return {own, found->second};
  // Somebody may have given files each other's names.
  for (const auto& [name, header] : *headers_) {
    if (header.uuid == listed.uuid) return {name, header};
  }
  const bool is_there = std::binary_search(names_.begin(), names_.end(), own);
  // With another's header it holds nothing of this one; with a damaged one it may hold all.
  if (is_there && found == headers_->end()) return {own, std::nullopt};
  return {};
}

// Yields where the good frames end.
Future<absl::StatusOr<uint64_t>> SegmentSurveyor::Salvage(const SegmentPlan* segment,
                                                          SalvageVisitor* visitor) {
  SegmentSalvage salvage(segment->limits, visitor);
  if (!segment->source.empty()) {
    absl::StatusOr<SalvageSource> source =
        co_await OpenSalvageSource(files_, PathOf(directory_, segment->source));
    TIDELOG_CO_RETURN_IF_ERROR(source.status());
    while (!salvage.done()) {
      absl::Status fed = co_await FeedNext(&*source, &salvage);
      TIDELOG_CO_RETURN_IF_ERROR(fed);
    }
  }
  salvage.Finish();
  co_return salvage.good_end();
}

// Of an unsealed segment: up to which id it is salvaged, and what may have been behind.
Future<absl::Status> SegmentSurveyor::FindEnd(SegmentPlan* segment, const Source* source) {
  const uint64_t base_id = segment->listed.base_id;
  Found found(base_id, /*accept_all=*/true);
  absl::StatusOr<uint64_t> good_end = co_await Salvage(segment, &found);
  TIDELOG_CO_RETURN_IF_ERROR(good_end.status());
  const uint64_t end = found.EndOfUnsealed();
  segment->limits.last_id = segment->last_id = end;
  uint64_t size = 0;
  if (!source->name.empty()) {
    absl::StatusOr<SalvageSource> file =
        co_await OpenSalvageSource(files_, PathOf(directory_, source->name));
    TIDELOG_CO_RETURN_IF_ERROR(file.status());
    size = file->size;
  }
  // How many ids there can have been in bytes that are gone: none of them may be used twice.
  uint64_t count_max = 0;
  uint64_t byte_end = 0;
  if (source->name.empty()) {
    count_max = kSegmentSpanMax;
  } else if (source->header.has_value() && size < source->header->capacity) {
    byte_end = source->header->capacity;
  } else if (!source->header.has_value() && end + 1 == base_id) {
    byte_end = size;
  }
  if (byte_end > *good_end) count_max = (byte_end - *good_end) / kRecordFrameMin;
  const uint64_t last_id = std::min(end + count_max, base_id + kSegmentSpanMax - 1);
  if (last_id <= end) co_return absl::OkStatus();
  const uint64_t byte_begin = byte_end == 0 ? 0 : *good_end;
  segment->lost_tail = LostRange{end + 1, last_id, /*at_most=*/true, byte_begin, byte_end};
  segment->last_id = last_id;
  co_return absl::OkStatus();
}

Future<absl::Status> SegmentSurveyor::Survey(SegmentPlan* segment) {
  absl::Status read = co_await ReadHeaders();
  TIDELOG_CO_RETURN_IF_ERROR(read);
  const Source source = FindSource(segment->listed);
  segment->source = source.name;
  segment->limits.uuid = segment->listed.uuid;
  segment->limits.base_id = segment->listed.base_id;
  if (segment->listed.seal.has_value()) {
    const Seal& seal = *segment->listed.seal;
    if (seal.end_offset != kUnknownEnd) segment->limits.end_offset = seal.end_offset;
    segment->limits.last_id = segment->last_id = seal.last_id;
  } else {
    absl::Status ended = co_await FindEnd(segment, &source);
    TIDELOG_CO_RETURN_IF_ERROR(ended);
  }
  Found found(segment->listed.base_id, /*accept_all=*/false);
  absl::StatusOr<uint64_t> surveyed = co_await Salvage(segment, &found);
  TIDELOG_CO_RETURN_IF_ERROR(surveyed.status());
  segment->record_count = found.record_count();
  segment->lost = found.lost();
  if (segment->lost_tail.has_value()) segment->lost.push_back(*segment->lost_tail);
  co_return absl::OkStatus();
}

}  // namespace tidelog::impls::file
