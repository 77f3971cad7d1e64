// SegmentScan: reads the groups of a segment from bytes that its caller fetches, in bounded memory.
//
// Recovery, readers, the verifier and tests all scan with it; each has its own way to read a file
// (directly, through the cache, from a string), so the scan does no I/O:
//
//   SegmentScan scan(options);
//   while (!scan.done()) {
//     const SegmentScan::Want want = scan.want();
//     // Read max(want.size, your chunk) bytes at want.offset; fewer only at the end of the file.
//     scan.Feed(want.offset, bytes, [&](const ScanGroup& group) { ... });
//   }
//
// It copies nothing: groups point into the bytes that were fed.
#ifndef TIDELOG_IMPLS_FILE_SEGMENT_SCAN_H_
#define TIDELOG_IMPLS_FILE_SEGMENT_SCAN_H_

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "absl/functional/function_ref.h"
#include "impls/file/recovery_table.h"
#include "impls/file/segment_format.h"

namespace tidelog::impls::file {

// A place between two groups.
struct ScanPoint {
  uint64_t offset = 0;
  uint64_t next_id = 0;  // Of the first record behind it.
  uint32_t chain = 0;    // Of all before it.
  friend bool operator==(const ScanPoint&, const ScanPoint&) = default;
};

// A group whose commit frame is good.
struct ScanGroup {
  ScanPoint begin;
  ScanPoint end;
  CommitPayload commit;
  // Its record and gap frames, good for as long as the bytes fed.  Empty if only a watermark moved,
  // or without Options::records.
  std::span<const Frame> frames;
  Frame commit_frame;
};

struct ScanResult {
  // Behind the last good commit frame.
  ScanPoint end;
  // That frame, if there was one: last tick and newest time tick, as of `end`.
  std::optional<CommitPayload> last_commit;
  // The highest watermark of a good commit frame; 0: none.
  uint64_t watermark = 0;
  // Behind the owner's index, which lies at end.offset; 0: there is none.
  uint64_t footer_end = 0;
  // Behind the last good frame, committed or not.
  uint64_t bad_offset = 0;

  // What lies behind; looked for with Tail::kJudge only.
  TailFacts facts;
  // Where the file ends; 0: the scan did not go that far.
  uint64_t file_size = 0;
  // Behind the last byte that was written and does not count; 0: none.
  uint64_t residue_end = 0;
  // The highest id of those records, as far as frames tell; 0: they do not.
  uint64_t residue_last_id = 0;
  // The highest watermark there; 0: none.
  uint64_t residue_watermark = 0;
  // Behind the first commit frame there: where good groups may begin again.
  std::optional<ScanPoint> resync;
};

// Thread-compatible.
class SegmentScan {
 public:
  enum class Tail {
    kStop,   // A bad frame ends the scan: "not yet", for a reader of a segment being written.
    kJudge,  // Look behind it, to tell a torn tail from corruption.
  };
  struct Options {
    SegmentHeader header;
    // Where to begin: behind the header block (FirstPoint()), at an index entry, or where an
    // earlier scan ended.
    ScanPoint from;
    // Where the manifest sealed it.  Nothing behind is looked at.
    std::optional<ScanPoint> until;
    Tail tail = Tail::kJudge;
    // With records, want() grows until a whole group is fed at once; without, frame by frame.
    bool records = true;
  };
  struct Want {
    uint64_t offset = 0;
    uint64_t size = 0;
  };

  static ScanPoint FirstPoint(const SegmentHeader& header) {
    return {kSegmentHeaderSize, header.base_id, header.base_chain};
  }

  explicit SegmentScan(Options options);

  bool done() const { return phase_ == Phase::kDone; }

  // What to feed next.  More than asked for is welcome: all whole groups in it are taken.
  // Requires: !done().
  Want want() const { return want_; }

  // Takes the bytes of the file from `offset` on; fewer than wanted means that the file ends with
  // them.  Calls `on_group` for each group completed, in order.
  // Requires: !done(); offset <= want().offset.
  void Feed(uint64_t offset, std::string_view bytes,
            absl::FunctionRef<void(const ScanGroup&)> on_group);

  // Valid when done().
  const ScanResult& result() const { return result_; }

 private:
  enum class Phase { kGroups, kSearch, kDone };
  // The bytes at hand.
  struct Chunk {
    uint64_t offset;
    std::string_view bytes;
    bool last;  // The file ends with them.
    uint64_t end() const { return offset + bytes.size(); }
    std::string_view From(uint64_t at) const { return bytes.substr(at - offset); }
  };

  void ReadGroups(const Chunk& chunk, absl::FunctionRef<void(const ScanGroup&)> on_group);
  bool TakeFrame(const Frame& frame, absl::FunctionRef<void(const ScanGroup&)> on_group);
  void AskForMore(const Chunk& chunk, uint64_t size_needed);
  void EndGroups(bool own_header);
  void Search(const Chunk& chunk);
  void SearchPage(const Chunk& chunk, uint64_t limit);
  void LookAt(const Chunk& chunk);
  void FinishSearch(const Chunk& chunk, uint64_t limit);
  // Of a sealed segment only the place matters where it goes on.
  bool resynced() const { return result_.facts.sealed && result_.resync.has_value(); }

  const Options options_;
  const FrameDecoder decoder_;
  Phase phase_ = Phase::kGroups;
  Want want_;
  ChainChecker chain_;
  uint64_t frame_offset_;      // Of the next frame.
  std::vector<Frame> frames_;  // Of the group so far.
  uint64_t search_offset_ = 0;
  uint64_t own_frames_end_ = 0;    // Behind the last frame, or header, of this very segment there.
  uint64_t last_written_end_ = 0;  // Behind the last byte there that is not zero.
  ScanResult result_;
};

}  // namespace tidelog::impls::file

#endif  // TIDELOG_IMPLS_FILE_SEGMENT_SCAN_H_
