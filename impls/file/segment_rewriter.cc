#include "impls/file/segment_rewriter.h"

#include <algorithm>
#include <utility>

#include "absl/log/check.h"
#include "absl/strings/str_cat.h"
#include "wal/message/record.h"
#include "wal/types.h"

namespace tidelog::impls::file {

namespace {

constexpr uint64_t kIndexInterval = 256u << 10;

std::string ReasonOf(const LostRange& lost, const std::string& source, const std::string& when) {
  std::string where = "where they lay is not known";
  if (source.empty()) {
    where = "their file is missing";
  } else if (lost.byte_end > lost.byte_begin) {
    where = absl::StrCat("bytes [", lost.byte_begin, ", ", lost.byte_end, ") of ", source,
                         " cannot be read");
  }
  const std::string_view bound = lost.at_most ? ", nobody knows how many there were" : "";
  return absl::StrCat(where, bound, "; repaired ", when);
}

}  // namespace

SegmentRewriter::SegmentRewriter(Setup setup)
    : setup_(std::move(setup)),
      encoder_(setup_.uuid, setup_.base_id, setup_.before.chain),
      next_id_(setup_.base_id),
      last_tick_(setup_.before.last_tick),
      newest_time_tick_id_(setup_.before.newest_time_tick_id),
      index_(kIndexInterval) {}

void SegmentRewriter::RaiseTicks(uint64_t last_tick, uint64_t newest_time_tick_id) {
  if (last_tick <= last_tick_ && newest_time_tick_id <= newest_time_tick_id_) return;
  last_tick_ = std::max(last_tick_, last_tick);
  newest_time_tick_id_ = std::max(newest_time_tick_id_, newest_time_tick_id);
  ticks_told_ = false;
}

void SegmentRewriter::OnRecord(const Frame& record) {
  const RecordView view = RecordView::Trusted(record.payload.data());
  const uint64_t tick = ToInt(view.time_tick());
  if (!group_open_) {
    group_entry_ = IndexEntry{record.id, tick, end_offset(), encoder_.chain(), 0};
  }
  group_open_ = true;
  encoder_.AppendRecord(record.id, end_offset(), record.payload, &bytes_);
  next_id_ = record.id + 1;
  RaiseTicks(tick, view.type() == MessageType::kTimeTick ? record.id : 0);
}

void SegmentRewriter::OnGap(const Gap& gap) {
  if (group_open_) CommitGroup();
  group_open_ = true;
  encoder_.AppendGap(gap, end_offset(), &bytes_);
  next_id_ = gap.last_id + 1;
}

void SegmentRewriter::OnLost(const LostRange& lost) {
  if (group_open_) CommitGroup();
  const std::string reason = ReasonOf(lost, setup_.source, setup_.when);
  OnGap({lost.first_id, lost.last_id, reason});
  // The newest records of all are lost, but not what was said of them.
  if (lost.last_id == setup_.last_id) {
    RaiseTicks(setup_.sealed_ticks.last_tick, setup_.sealed_ticks.newest_time_tick_id);
  }
  CommitGroup();
}

void SegmentRewriter::OnCommit(const CommitPayload& commit) {
  // Not above the group's first id, where the commit frame of the group before it was lost.
  const uint64_t watermark = std::min(commit.watermark, encoder_.next_id() - 1);
  watermark_ = std::max(watermark_, watermark);
  if (!group_open_) RaiseTicks(commit.last_tick, commit.newest_time_tick_id);
  if (group_open_ || !ticks_told_) CommitGroup();
}

void SegmentRewriter::CommitGroup() {
  encoder_.AppendCommit(end_offset(), next_id_ - 1, watermark_, last_tick_, newest_time_tick_id_,
                        &bytes_);
  if (group_entry_.has_value()) index_.OnGroup(*group_entry_);
  group_entry_.reset();
  group_open_ = false;
  ticks_told_ = true;
}

std::vector<char> SegmentRewriter::TakeBytes(uint64_t* offset) {
  *offset = taken_;
  taken_ += bytes_.size();
  return std::exchange(bytes_, std::vector<char>());
}

Seal SegmentRewriter::Finish() {
  if (group_open_) CommitGroup();
  CHECK_EQ(next_id_, setup_.last_id + 1);
  Seal seal;
  seal.last_id = setup_.last_id;
  seal.end_offset = end_offset();
  seal.chain = encoder_.chain();
  seal.last_tick = last_tick_;
  seal.newest_time_tick_id = newest_time_tick_id_;
  if (index_.entries().empty()) return seal;
  seal.index_offset = seal.end_offset;
  encoder_.AppendIndex(seal.index_offset, index_.entries(), &bytes_);
  return seal;
}

}  // namespace tidelog::impls::file
