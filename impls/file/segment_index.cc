#include "impls/file/segment_index.h"

#include <algorithm>
#include <iterator>
#include <optional>
#include <utility>

#include "absl/log/check.h"
#include "absl/strings/str_cat.h"
#include "wal/base/status_macros.h"
#include "wal/status.h"

namespace tidelog::impls::file {

void IndexBuilder::OnGroup(const IndexEntry& entry) {
  if (!entries_.empty()) {
    CHECK_LT(entries_.back().id, entry.id);
    CHECK_LT(entries_.back().offset, entry.offset);
    if (entry.offset - entries_.back().offset < interval_) return;
  }
  entries_.push_back(entry);
}

namespace {

const IndexEntry* LastAtOrBelow(const std::vector<IndexEntry>& index, uint64_t IndexEntry::*field,
                                uint64_t value) {
  const auto above =
      std::upper_bound(index.begin(), index.end(), value,
                       [field](uint64_t v, const IndexEntry& entry) { return v < entry.*field; });
  return above == index.begin() ? nullptr : &*std::prev(above);
}

}  // namespace

const IndexEntry* FindById(const std::vector<IndexEntry>& index, uint64_t id) {
  return LastAtOrBelow(index, &IndexEntry::id, id);
}

const IndexEntry* FindByTick(const std::vector<IndexEntry>& index, uint64_t tick) {
  return LastAtOrBelow(index, &IndexEntry::tick, tick);
}

std::string EncodeSideIndex(const SegmentHeader& header, const std::vector<IndexEntry>& index) {
  FrameEncoder encoder(header.uuid, header.base_id, header.base_chain);
  std::vector<char> frame;
  encoder.AppendIndex(kSegmentHeaderSize, index, &frame);
  return absl::StrCat(EncodeSegmentHeader(header), std::string_view(frame.data(), frame.size()));
}

absl::StatusOr<std::vector<IndexEntry>> DecodeSideIndex(std::string_view bytes,
                                                        const SegmentHeader& header) {
  TIDELOG_ASSIGN_OR_RETURN(const SegmentHeader found, DecodeSegmentHeader(bytes));
  if (found != header) {
    return WalError(WalErrorCode::kCorrupt, "side index: made for another segment");
  }
  const FrameDecoder decoder(header.uuid, header.base_id);
  Frame frame;
  uint64_t size_needed = 0;
  const FrameVerdict verdict =
      decoder.Decode(bytes.substr(kSegmentHeaderSize), kSegmentHeaderSize, &frame, &size_needed);
  if (verdict != FrameVerdict::kGood) {
    return WalError(WalErrorCode::kCorrupt, "side index: its frame is damaged");
  }
  std::optional<std::vector<IndexEntry>> index = ParseIndex(frame);
  if (!index.has_value()) {
    return WalError(WalErrorCode::kCorrupt, "side index: its entries are out of order");
  }
  return *std::move(index);
}

}  // namespace tidelog::impls::file
