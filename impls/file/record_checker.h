// RecordChecker: whether the records of a log make sense, beyond their checksums.
//
// Checksums prove that bytes are what was written; this, that what was written keeps the log's
// promises: records parse (B1), terms do not decrease (A5), ticks follow ids (D8), and commit
// frames tell the truth about the records that they close.
#ifndef TIDELOG_IMPLS_FILE_RECORD_CHECKER_H_
#define TIDELOG_IMPLS_FILE_RECORD_CHECKER_H_

#include <cstdint>
#include <optional>
#include <string>

#include "impls/file/segment_scan.h"
#include "wal/types.h"

namespace tidelog::impls::file {

// Follows the groups of a log, or of a part of it, in order.  Thread-compatible.
class RecordChecker {
 public:
  // The next groups are of a segment made by this term.
  void OnSegment(Term term, bool repaired);

  struct Complaint {
    uint64_t offset = 0;  // Of the frame.
    uint64_t size = 0;
    uint64_t id = 0;         // 0: a commit frame.
    bool no_record = false;  // The frame is good, and what it holds cannot be parsed.
    std::string sentence;
  };
  // The first thing that is wrong with `group`, if any.
  std::optional<Complaint> OnGroup(const ScanGroup& group);

 private:
  std::optional<std::string> CheckRecord(const Frame& frame);
  std::optional<std::string> CheckCommit(const ScanGroup& group);

  Term segment_term_{};
  bool repaired_ = false;
  Term last_term_{};
  uint64_t last_tick_ = 0;
  uint64_t watermark_ = 0;
  uint64_t newest_time_tick_id_ = 0;
};

}  // namespace tidelog::impls::file

#endif  // TIDELOG_IMPLS_FILE_RECORD_CHECKER_H_
