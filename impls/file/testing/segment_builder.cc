#include "impls/file/testing/segment_builder.h"

#include <algorithm>

#include "absl/log/check.h"
#include "impls/file/recovery_table.h"

namespace tidelog::impls::file {

SegmentHeader TestHeader() {
  SegmentHeader header;
  header.channel = "orders";
  for (size_t i = 0; i < header.uuid.size(); ++i) header.uuid[i] = static_cast<uint8_t>(0xA0 + i);
  header.name = {Term{7}, 1, 1};
  header.base_id = 101;
  header.base_chain = 0x12345678;
  header.capacity = 8192;
  return header;
}

SegmentBuilder::SegmentBuilder(SegmentHeader header)
    : header_(std::move(header)),
      encoder_(header_.uuid, header_.base_id, header_.base_chain),
      synced_id_(header_.base_id - 1) {}

void SegmentBuilder::NoteGroup() { points_.push_back(end()); }

SegmentBuilder& SegmentBuilder::Group(const std::vector<std::string>& records) {
  const uint64_t watermark = synced_id_;
  synced_id_ = last_id();
  return Group(records, watermark);
}

SegmentBuilder& SegmentBuilder::Group(const std::vector<std::string>& records, uint64_t watermark) {
  NoteGroup();
  uint64_t id = encoder_.next_id();
  index_.push_back({id, id * 10, offset(), encoder_.chain(), 0});
  for (const std::string& record : records) {
    last_tick_ = id * 10;
    encoder_.AppendRecord(id++, offset(), record, &frames_);
  }
  encoder_.AppendCommit(offset(), id - 1, watermark, last_tick_, 0, &frames_);
  return *this;
}

SegmentBuilder& SegmentBuilder::Watermark() {
  NoteGroup();
  synced_id_ = last_id();
  encoder_.AppendCommit(offset(), last_id(), last_id(), last_tick_, 0, &frames_);
  return *this;
}

SegmentBuilder& SegmentBuilder::GapGroup(uint64_t last_id_lost, std::string_view reason) {
  NoteGroup();
  encoder_.AppendGap({encoder_.next_id(), last_id_lost, reason}, offset(), &frames_);
  encoder_.AppendCommit(offset(), last_id_lost, synced_id_, last_tick_, 0, &frames_);
  return *this;
}

SegmentBuilder& SegmentBuilder::Footer() {
  encoder_.AppendIndex(offset(), index_, &frames_);
  return *this;
}

std::string SegmentBuilder::Bytes(std::string_view under) const {
  std::string file = EncodeSegmentHeader(header_);
  file.append(frames_.data(), frames_.size());
  if (under.size() > file.size()) file.append(under.substr(file.size()));
  if (file.size() < header_.capacity) file.resize(header_.capacity);
  return file;
}

ScanPoint SegmentBuilder::end() const { return {offset(), encoder_.next_id(), encoder_.chain()}; }

std::vector<ScanPoint> SegmentBuilder::points() const {
  std::vector<ScanPoint> points = points_;
  points.push_back(end());
  return points;
}

std::vector<std::string> ScanOutcome::Records() const {
  std::vector<std::string> records;
  for (const ScannedGroup& group : groups) {
    for (const auto& [id, record] : group.records) records.push_back(record);
  }
  return records;
}

ScanOutcome ScanBytes(std::string_view file, SegmentScan::Options options, size_t chunk) {
  ScanOutcome outcome;
  SegmentScan scan(std::move(options));
  while (!scan.done()) {
    const SegmentScan::Want want = scan.want();
    const uint64_t begin = std::min<uint64_t>(want.offset, file.size());
    // A copy of its own, so that a view that outlives the piece is seen by a sanitizer.
    const std::string piece(file.substr(begin, std::max<uint64_t>(want.size, chunk)));
    outcome.fed_max = std::max(outcome.fed_max, piece.size());
    outcome.fed_total += piece.size();
    CHECK_LT(outcome.fed_total, (file.size() + chunk) * 1000) << "the scan makes no progress";
    scan.Feed(begin, piece, [&outcome](const ScanGroup& group) {
      ScannedGroup copy{group.begin, group.end, group.commit, {}};
      for (const Frame& frame : group.frames) {
        copy.records.emplace_back(frame.id, std::string(frame.payload));
      }
      outcome.groups.push_back(std::move(copy));
    });
  }
  outcome.result = scan.result();
  outcome.label = JudgeTail(outcome.result.facts).label;
  return outcome;
}

SegmentScan::Options WholeSegment(const SegmentHeader& header, std::optional<ScanPoint> until) {
  SegmentScan::Options options;
  options.header = header;
  options.from = SegmentScan::FirstPoint(header);
  options.until = until;
  return options;
}

}  // namespace tidelog::impls::file
