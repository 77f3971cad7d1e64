#include "sim/log/log_history.h"

#include <algorithm>
#include <utility>

#include "absl/container/btree_map.h"
#include "absl/strings/str_cat.h"

namespace tidelog::sim {
namespace {

using Append = LogHistory::Append;
using Seen = LogHistory::Seen;

// Where each message lies in the log: its index there.
using Places = absl::btree_map<uint64_t, size_t>;

std::string CheckLog(const std::vector<Seen>& log, Places* places) {
  uint64_t number = 0;
  for (size_t i = 0; i < log.size(); ++i) {
    if (log[i].number <= number) return absl::StrCat("ids go back at ", log[i].number);
    number = log[i].number;
    if (!places->emplace(log[i].name, i).second) {
      return absl::StrCat("message ", log[i].name, " is stored twice");
    }
  }
  return "";
}

// What one append came to is what the log shows, adjacent and in order.
std::string CheckAppend(const LogHistory& history, const Places& places, const Append& append,
                        size_t* known) {
  const std::string what = absl::StrCat("the group of message ", append.first_name);
  size_t found = 0;
  size_t last = 0;
  for (size_t i = 0; i < append.count; ++i) {
    const auto place = places.find(append.first_name + i);
    if (place == places.end()) continue;
    if (found > 0 && place->second != last + 1) return absl::StrCat(what, " is not adjacent");
    ++found;
    last = place->second;
    const uint64_t number = history.log[last].number;
    if (append.outcome == Effect::kDone && number != append.numbers[i]) {
      return absl::StrCat("message ", append.first_name + i, " was acknowledged at ",
                          append.numbers[i], " and lies at ", number);
    }
  }
  *known += found;
  if (append.outcome == Effect::kNotDone && found != 0) {
    return absl::StrCat(what, " was not done and is there");
  }
  const bool is_done = append.outcome == Effect::kDone;
  if (is_done && append.numbers.front() < history.truncated_below) return "";
  if (is_done && found == 0) return absl::StrCat(what, " was acknowledged and is lost");
  if (found != 0 && found != append.count && history.truncated_below == 0) {
    return absl::StrCat("only part of ", what);
  }
  return "";
}

std::string CheckAppends(const LogHistory& history, const Places& places) {
  size_t known = 0;
  for (const Append& append : history.appends) {
    std::string violation = CheckAppend(history, places, append, &known);
    if (!violation.empty()) return violation;
  }
  return known == places.size() ? "" : "the log holds what nobody appended";
}

// D8: of what one handle was given between two failures, a prefix landed, in order.
std::string CheckPrefixes(const LogHistory& history, const Places& places) {
  struct Last {
    bool missing = false;
    size_t place = 0;
  };
  absl::btree_map<std::pair<size_t, uint64_t>, Last> rounds;
  for (const Append& append : history.appends) {
    Last& last = rounds[{append.open, append.round}];
    const auto place = places.find(append.first_name);
    if (place == places.end()) {
      last.missing = true;
      continue;
    }
    if (last.missing && history.truncated_below == 0) {
      return absl::StrCat("message ", append.first_name, " landed, though one before it did not");
    }
    if (place->second < last.place) {
      return absl::StrCat("message ", append.first_name, " landed before one appended before it");
    }
    last.place = place->second;
  }
  return "";
}

// A2: what a handle wrote lies above its boundary, and below those of higher terms, and of the
// handles that opened its own term after it.
std::string CheckBoundaries(const LogHistory& history, const Places& places) {
  for (const Append& append : history.appends) {
    const LogHistory::Open& own = history.opens[append.open];
    std::optional<uint64_t> number;
    if (const auto place = places.find(append.first_name); place != places.end()) {
      number = history.log[place->second].number;
    }
    if (append.outcome == Effect::kDone) number = append.numbers.front();
    if (!number) continue;
    for (size_t i = 0; i < history.opens.size(); ++i) {
      const LogHistory::Open& other = history.opens[i];
      const bool is_later = other.term > own.term || (other.term == own.term && i > append.open);
      if (is_later && *number > other.boundary) {
        return absl::StrCat("message ", append.first_name, " of term ", own.term, " lies at ",
                            *number, ", above the boundary ", other.boundary, " of term ",
                            other.term);
      }
    }
    if (*number <= own.boundary) {
      return absl::StrCat("message ", append.first_name, " lies below its writer's boundary");
    }
  }
  int64_t term = 0;
  for (const Seen& seen : history.log) {
    if (seen.term < term) return absl::StrCat("terms go back at ", seen.number);
    term = seen.term;
  }
  return "";
}

// What a scanner delivered is a part of the log without a gap, as far as that is still there.
std::string CheckScan(const LogHistory& history, const std::vector<Seen>& scan) {
  const auto before = [](const Seen& seen, uint64_t number) { return seen.number < number; };
  const uint64_t first = history.log.empty() ? 0 : history.log.front().number;
  auto seen = scan.begin();
  while (seen != scan.end() && seen->number < std::min(first, history.truncated_below)) ++seen;
  if (seen == scan.end()) return "";
  auto place = std::lower_bound(history.log.begin(), history.log.end(), seen->number, before);
  if (history.truncated_below == 0 && place != history.log.begin()) {
    return "a scanner did not read the beginning";
  }
  for (; seen != scan.end(); ++seen, ++place) {
    if (place == history.log.end()) return "a scanner read what is not in the log";
    if (*seen == *place) continue;
    return absl::StrCat("a scanner read message ", seen->name, " at ", seen->number,
                        " where the log has ", place->name, " at ", place->number);
  }
  return "";
}

std::string CheckScans(const LogHistory& history) {
  for (const std::vector<Seen>& scan : history.scans) {
    std::string violation = CheckScan(history, scan);
    if (!violation.empty()) return violation;
  }
  return "";
}

}  // namespace

std::string FindViolation(const LogHistory& history) {
  Places places;
  std::string violation = CheckLog(history.log, &places);
  if (violation.empty()) violation = CheckAppends(history, places);
  if (violation.empty()) violation = CheckPrefixes(history, places);
  if (violation.empty()) violation = CheckBoundaries(history, places);
  if (violation.empty()) violation = CheckScans(history);
  return violation;
}

}  // namespace tidelog::sim
