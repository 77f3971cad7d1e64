// LogModel: what a log holds, as far as those know who were told the outcome of every call: a list
// of records and a mark.  It knows nothing of how a log is built, so that a backend can be held
// against it.
#ifndef TIDELOG_WALIMPLS_TESTING_LOG_MODEL_H_
#define TIDELOG_WALIMPLS_TESTING_LOG_MODEL_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "wal/message/message_id.h"
#include "wal/status.h"
#include "wal/types.h"

namespace tidelog::walimpls {

struct LogModel {
  struct Record {
    MessageId id;
    TimeTick tick{};
    bool is_time_tick = false;
    std::string bytes;
    friend bool operator==(const Record&, const Record&) = default;
  };

  // What a scan delivered, and how it ended: kOk is its `until`.
  struct Seen {
    std::vector<Record> records;
    WalErrorCode end = WalErrorCode::kOk;
    std::optional<Position> oldest;
  };

  // What a scan was asked for: the records from index `first` to before index `last`.
  struct Range {
    size_t first = 0;
    size_t last = 0;
    // kPositionGone is right once the records before this one need not be there: next the scan
    // wants what lies behind the one before, which may be no record but a fence barrier.
    size_t gone_at = 0;
    bool earliest = false;  // `first` is what was `kept` when it was opened; it may begin before.
  };

  // Acknowledged, in order, since the beginning of time.
  std::vector<Record> records;
  // Those before it may be gone, one after the other from the oldest on.
  size_t kept = 0;
  std::vector<Position> marks;  // The last one holds.

  std::optional<Position> mark() const {
    if (marks.empty()) return std::nullopt;
    return marks.back();
  }

  // Each is empty, or says what is wrong.
  std::string Append(std::vector<Record> landed);
  // A scan may have ended before the last mark was set, or where that was not heard of yet.
  std::string CheckScan(const Range& range, const Seen& seen) const;
  // Of a newest TimeTick that an open has found; none: it found none.
  std::string CheckNewestTimeTick(const std::optional<Record>& found) const;

  // The position of a record, as if its last-confirmed lay up to two records behind it (D3).
  Position PositionOf(size_t index) const;
  // INVARIANT: marks only grow, and what a mark names is kept.
  void Truncate(size_t index);
};

}  // namespace tidelog::walimpls

#endif  // TIDELOG_WALIMPLS_TESTING_LOG_MODEL_H_
