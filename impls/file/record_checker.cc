#include "impls/file/record_checker.h"

#include <algorithm>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "wal/message/record.h"

namespace tidelog::impls::file {

void RecordChecker::OnSegment(Term term, bool repaired) {
  segment_term_ = term;
  repaired_ = repaired;
  watermark_ = 0;  // Each segment begins to count anew.
}

std::optional<RecordChecker::Complaint> RecordChecker::OnGroup(const ScanGroup& group) {
  for (const Frame& frame : group.frames) {
    if (frame.type != FrameType::kRecord) continue;
    std::optional<std::string> sentence = CheckRecord(frame);
    if (!sentence.has_value()) continue;
    const bool no_record = !RecordView::Parse(frame.payload).ok();
    return Complaint{frame.offset, frame.size(), frame.id, no_record, *sentence};
  }
  std::optional<std::string> sentence = CheckCommit(group);
  if (sentence.has_value()) {
    return Complaint{group.commit_frame.offset, group.commit_frame.size(), 0, false, *sentence};
  }
  return std::nullopt;
}

std::optional<std::string> RecordChecker::CheckRecord(const Frame& frame) {
  const absl::StatusOr<RecordView> record = RecordView::Parse(frame.payload);
  if (!record.ok()) {
    return absl::StrCat("the checksum is good, but this is no record: ", record.status().message());
  }
  const Term term = record->term();
  if (term < last_term_ || (term != segment_term_ && !repaired_)) {
    return absl::StrCat("a record of term ", ToInt(term), " in a segment of term ",
                        ToInt(segment_term_), " behind one of term ", ToInt(last_term_));
  }
  last_term_ = term;
  const uint64_t tick = ToInt(record->time_tick());
  if (tick < last_tick_) {
    return absl::StrCat("a record of tick ", tick, " behind one of tick ", last_tick_);
  }
  last_tick_ = tick;
  return std::nullopt;
}

std::optional<std::string> RecordChecker::CheckCommit(const ScanGroup& group) {
  const CommitPayload& commit = group.commit;
  if (!group.frames.empty() && group.frames.back().type == FrameType::kRecord &&
      commit.last_tick != last_tick_) {
    return absl::StrCat("a commit frame that says tick ", commit.last_tick, " of a record of tick ",
                        last_tick_);
  }
  if (commit.watermark < watermark_) {
    return absl::StrCat("a watermark of ", commit.watermark, " behind one of ", watermark_);
  }
  watermark_ = commit.watermark;
  if (commit.newest_time_tick_id < newest_time_tick_id_ ||
      commit.newest_time_tick_id > commit.last_id) {
    return absl::StrCat("a commit frame up to id ", commit.last_id, " that says that id ",
                        commit.newest_time_tick_id,
                        " is the newest time tick, behind one that says ", newest_time_tick_id_);
  }
  newest_time_tick_id_ = commit.newest_time_tick_id;
  for (const Frame& frame : group.frames) {
    if (frame.id != commit.newest_time_tick_id || frame.type != FrameType::kRecord) continue;
    if (RecordView::Trusted(frame.payload.data()).type() != MessageType::kTimeTick) {
      return absl::StrCat("a commit frame that takes the record ", frame.id, " for a time tick");
    }
  }
  return std::nullopt;
}

}  // namespace tidelog::impls::file
