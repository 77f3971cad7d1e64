#include "impls/file/repair_text.h"

#include <cstdint>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

namespace tidelog::impls::file {

namespace {

std::string IdsText(uint64_t first_id, uint64_t last_id) {
  if (last_id < first_id) return "no ids";
  if (first_id == last_id) return absl::StrCat("id ", first_id);
  return absl::StrCat("ids ", first_id, " to ", last_id);
}

std::string LostText(const SegmentPlan& segment, const LostRange& lost) {
  std::string text = absl::StrCat("  lost: ", lost.at_most ? "at most " : "",
                                  IdsText(lost.first_id, lost.last_id));
  if (lost.at_most) absl::StrAppend(&text, " (nobody knows how many there were)");
  if (!segment.source.empty() && lost.byte_end > lost.byte_begin) {
    absl::StrAppend(&text, ", bytes [", lost.byte_begin, ", ", lost.byte_end, ") of ",
                    segment.source);
  }
  return text;
}

void DescribeSegment(const SegmentPlan& segment, std::vector<std::string>* lines) {
  const bool listed = segment.action != SegmentAction::kFill;
  std::string line = absl::StrCat(listed ? segment.listed.name.FileName() : "(no file)", ": ",
                                  SegmentActionName(segment.action), ": ",
                                  IdsText(segment.listed.base_id, segment.last_id), ", keeps ",
                                  segment.record_count, " records");
  const bool elsewhere = listed && segment.made_anew() && !segment.source.empty() &&
                         segment.source != segment.listed.name.FileName();
  if (elsewhere) absl::StrAppend(&line, ", found in ", segment.source);
  lines->push_back(std::move(line));
  for (const std::string& reason : segment.reasons) {
    lines->push_back(absl::StrCat("  because: ", reason));
  }
  for (const LostRange& lost : segment.lost) lines->push_back(LostText(segment, lost));
}

}  // namespace

std::vector<std::string> DescribeRepair(const RepairPlan& plan) {
  std::vector<std::string> lines = plan.problems;
  uint64_t kept_segments = 0;
  uint64_t kept_records = 0;
  for (const SegmentPlan& segment : plan.segments) {
    kept_records += segment.record_count;
    if (segment.action == SegmentAction::kKeep) {
      ++kept_segments;
      continue;
    }
    DescribeSegment(segment, &lines);
  }
  for (const std::string& refusal : plan.refusals) {
    lines.push_back(absl::StrCat("cannot be repaired: ", refusal));
  }
  lines.push_back(absl::StrCat("segments that stay as they are: ", kept_segments));
  if (!plan.aside.empty()) {
    lines.push_back(absl::StrCat("goes aside, byte for byte: ", absl::StrJoin(plan.aside, ", ")));
  }
  const uint64_t lost = plan.LostCount();
  lines.push_back(
      absl::StrCat("in all: keeps ", kept_records, " records, loses ",
                   lost == 0 ? "none" : absl::StrCat(lost, lost == 1 ? " id" : " ids")));
  return lines;
}

}  // namespace tidelog::impls::file
