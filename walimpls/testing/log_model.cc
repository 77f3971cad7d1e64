#include "walimpls/testing/log_model.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"

namespace tidelog::walimpls {

std::string LogModel::Append(std::vector<Record> landed) {
  for (Record& record : landed) {
    if (!records.empty() && !BeforeWithinLog(records.back().id, record.id)) {
      return absl::StrCat(record.id.ToString(), " was given out behind ",
                          records.back().id.ToString());
    }
    records.push_back(std::move(record));
  }
  return "";
}

std::string LogModel::CheckScan(const Range& range, const Seen& seen) const {
  const bool may_be_gone = kept >= range.gone_at;
  const bool is_gone = seen.end == WalErrorCode::kPositionGone;
  if (seen.end != WalErrorCode::kOk && !is_gone) {
    return absl::StrCat("a scan ended with ", WalErrorCodeName(seen.end));
  }
  if (is_gone && !may_be_gone) return "what is kept is said to be gone";
  const bool is_mark =
      seen.oldest && std::find(marks.begin(), marks.end(), *seen.oldest) != marks.end();
  if (is_gone && !is_mark) return "what a scan says is the oldest was never the mark";
  size_t first = std::min(range.first, range.last);
  size_t count = range.last - first;
  if (range.earliest && seen.records.size() > count && seen.records.size() <= range.last) {
    count = seen.records.size();
    first = range.last - count;
  }
  if (is_gone ? seen.records.size() > count : seen.records.size() != count) {
    return absl::StrCat("a scan of ", count, " records delivered ", seen.records.size());
  }
  for (size_t i = 0; i < seen.records.size(); ++i) {
    if (seen.records[i] == records[first + i]) continue;
    return absl::StrCat("in place of record ", first + i, ", ", records[first + i].id.ToString(),
                        ", a scan delivered ", seen.records[i].id.ToString());
  }
  return "";
}

std::string LogModel::CheckNewestTimeTick(const std::optional<Record>& found) const {
  size_t newest = records.size();
  while (newest > 0 && !records[newest - 1].is_time_tick) --newest;
  if (found) {
    return newest > 0 && *found == records[newest - 1] ? "" : "that is not the newest TimeTick";
  }
  return newest > kept ? "the newest TimeTick was not found" : "";
}

Position LogModel::PositionOf(size_t index) const {
  return Position{records[index - index % 3].id, records[index].tick};
}

void LogModel::Truncate(size_t index) {
  const Position mark = PositionOf(index);
  if (!marks.empty() && mark.time_tick <= marks.back().time_tick) return;
  marks.push_back(mark);
  kept = index - index % 3;
}

}  // namespace tidelog::walimpls
