// SegmentRewriter: makes the bytes that replace a damaged segment: what was salvaged, with its ids,
// and gap frames for what is lost.
#ifndef TIDELOG_IMPLS_FILE_SEGMENT_REWRITER_H_
#define TIDELOG_IMPLS_FILE_SEGMENT_REWRITER_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "impls/file/manifest.h"
#include "impls/file/segment_format.h"
#include "impls/file/segment_index.h"
#include "impls/file/segment_salvage.h"
#include "impls/file/tail_recovery.h"

namespace tidelog::impls::file {

// Records keep their bytes, ids and groups; a group that lost some is split around the gap.
// Thread-compatible.
class SegmentRewriter final : public SalvageVisitor {
 public:
  struct Setup {
    SegmentUuid uuid = {};
    uint64_t base_id = 0;
    TailPoint before;        // Where the log in front ends.
    TailPoint sealed_ticks;  // Of the seal that is replaced: ticks only; 0: not known.
    uint64_t last_id = 0;    // Where it ends.
    std::string source;      // Of the records, for the reasons in the gaps.
    std::string when;        // Likewise.
  };
  explicit SegmentRewriter(Setup setup);

  void OnRecord(const Frame& record) override;
  void OnGap(const Gap& gap) override;
  void OnLost(const LostRange& lost) override;
  void OnCommit(const CommitPayload& commit) override;

  // The frames made since the last call; they lie at `offset` of the file.
  std::vector<char> TakeBytes(uint64_t* offset);

  // Ends it with an index.  Take the bytes once more.  Requires: all ids were told.
  Seal Finish();
  // Behind everything.
  uint64_t end_offset() const { return taken_ + bytes_.size(); }

 private:
  void CommitGroup();
  void RaiseTicks(uint64_t last_tick, uint64_t newest_time_tick_id);

  const Setup setup_;
  FrameEncoder encoder_;
  std::vector<char> bytes_;
  uint64_t taken_ = kSegmentHeaderSize;  // Where bytes_ begin.
  uint64_t next_id_;
  uint64_t watermark_ = 0;
  uint64_t last_tick_;
  uint64_t newest_time_tick_id_;
  bool group_open_ = false;
  bool ticks_told_ = true;                 // By the last commit frame.
  std::optional<IndexEntry> group_entry_;  // Of a group that begins with a record.
  IndexBuilder index_;
};

}  // namespace tidelog::impls::file

#endif  // TIDELOG_IMPLS_FILE_SEGMENT_REWRITER_H_
