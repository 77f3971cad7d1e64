// SegmentSalvage: finds what is left of a damaged segment, frame by frame.
//
// Recovery and readers trust whole groups in order; a repair wants each record that is there.  A
// good frame proves itself: its checksum covers its bytes, its place in the file and its id, under
// the segment's random id.  So frames are looked for at every place where one can begin.
//
// It does no I/O, as SegmentScan:
//
//   SegmentSalvage salvage(limits, &visitor);
//   while (!salvage.done()) {
//     const SegmentSalvage::Want want = salvage.want();
//     // Read max(want.size, your chunk) bytes at want.offset; fewer only at the end of the file.
//     salvage.Feed(want.offset, bytes);
//   }
#ifndef TIDELOG_IMPLS_FILE_SEGMENT_SALVAGE_H_
#define TIDELOG_IMPLS_FILE_SEGMENT_SALVAGE_H_

#include <cstdint>
#include <limits>
#include <optional>
#include <string_view>

#include "impls/file/segment_format.h"

namespace tidelog::impls::file {

// Ids of a segment whose records cannot be read.
struct LostRange {
  uint64_t first_id = 0;
  uint64_t last_id = 0;
  // Nobody knows how many there were: `last_id` is the highest that there can have been.
  bool at_most = false;
  uint64_t byte_begin = 0;  // Where they lay; equal: nobody knows.
  uint64_t byte_end = 0;
  friend bool operator==(const LostRange&, const LostRange&) = default;
};

// Told everything in the order of ids, from the base id on, without a hole: each id is a record, in
// a gap of an earlier repair, or lost.
class SalvageVisitor {
 public:
  virtual ~SalvageVisitor() = default;
  // Whether a record is of use to anybody: it parses.  If it is not, its id is lost.
  virtual bool Accepts(const Frame& record) const;
  // The view is good during the call.
  virtual void OnRecord(const Frame& record) = 0;
  virtual void OnGap(const Gap& gap) = 0;
  virtual void OnLost(const LostRange& lost) = 0;
  // Behind the last of its ids.
  virtual void OnCommit(const CommitPayload& commit) = 0;
};

// Thread-compatible.
class SegmentSalvage {
 public:
  static constexpr uint64_t kNoLimit = std::numeric_limits<uint64_t>::max();

  struct Limits {
    SegmentUuid uuid = {};
    uint64_t base_id = 0;
    uint64_t end_offset = kNoLimit;  // Nothing behind is looked at: where it was sealed.
    // Ids above do not count; those up to it that are not found are lost.  None: the ids end with
    // the last commit frame.
    std::optional<uint64_t> last_id;
  };
  struct Want {
    uint64_t offset = 0;
    uint64_t size = 0;
  };

  // `visitor` must outlive this.
  SegmentSalvage(const Limits& limits, SalvageVisitor* visitor);

  bool done() const { return done_; }
  // Behind the last good frame so far.
  uint64_t good_end() const { return good_end_; }
  // What to feed next; more is welcome.  Requires: !done().
  Want want() const { return want_; }
  // Fewer bytes than wanted mean that the file ends with them.  Requires: !done(), and `offset` as
  // wanted.
  void Feed(uint64_t offset, std::string_view bytes);
  // Ends it early: there is nothing to read, or no more.  No-op if it is done.
  void Finish();

 private:
  void TakeFrame(const Frame& frame);
  void TakeIds(uint64_t first_id, uint64_t last_id, uint64_t offset);
  bool Counts(uint64_t last_id) const {
    return !limits_.last_id.has_value() || last_id <= *limits_.last_id;
  }

  const Limits limits_;
  const FrameDecoder decoder_;
  SalvageVisitor* const visitor_;
  Want want_;
  bool done_ = false;
  uint64_t next_id_;   // The first that the visitor was not told of.
  uint64_t good_end_;  // Behind the last good frame.
};

}  // namespace tidelog::impls::file

#endif  // TIDELOG_IMPLS_FILE_SEGMENT_SALVAGE_H_
