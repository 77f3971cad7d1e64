// SegmentChain: the list of a channel's segments, as its owner changes it: new ones, seals,
// truncation.
//
// Each change is one manifest.  It is durable, and the owner was still the owner after that, before
// anything depends on it; then files that it no longer lists are unlinked.
#ifndef TIDELOG_IMPLS_FILE_SEGMENT_CHAIN_H_
#define TIDELOG_IMPLS_FILE_SEGMENT_CHAIN_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/container/btree_map.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "impls/file/log_view.h"
#include "impls/file/manifest.h"
#include "impls/file/manifest_store.h"
#include "impls/file/options.h"
#include "impls/file/segment_file.h"
#include "impls/file/segment_format.h"
#include "impls/file/segment_maker.h"
#include "impls/file/tail_recovery.h"
#include "impls/file/term_file.h"
#include "wal/async/future.h"
#include "wal/async/random_stream.h"
#include "wal/async/signal.h"

namespace tidelog::impls::file {

// Confined to the log's executor; changes run one at a time, in the order of the calls.  Outlived
// by what it is made of.  Errors of all changes:
//   kChannelFenced      a higher term owns the channel
//   kResourceExhausted  the disk is full
//   kUnavailable        a passing failure
//   kInner              it will fail again
// After an error the change may be visible to others; the next one that succeeds settles it.
class SegmentChain {
 public:
  // Of a channel that `term` has claimed, found with the manifest `newest` (a new log: no segments,
  // number 0).  `view` is told of every manifest that is durable.
  SegmentChain(std::shared_ptr<LogView> view, const FileOptions& options, const TermFile* term,
               Manifest newest, RandomStream random);

  const std::shared_ptr<const Manifest>& manifest() const { return store_.current(); }
  const TermFile& term() const { return *term_; }

  // The segment that groups are written to; null if there is none.
  const SegmentFile* active() const { return active_.has_value() ? &*active_ : nullptr; }

  // Publishes the list as it is under the own name: a claim manifest.
  Future<absl::Status> PublishClaim();

  // Seals the last segment at `tail`, unless it is sealed, and makes a new one of at least
  // `capacity_min` bytes active.  A last segment that holds nothing is dropped instead.
  // Requires: all of the last segment up to `tail` is durable.
  Future<absl::Status> Advance(TailPoint tail, uint64_t index_offset, uint64_t capacity_min);

  // Seals the last segment at `tail`; no segment is active then.  No-op if it is sealed.
  Future<absl::Status> Seal(TailPoint tail, uint64_t index_offset);

  // Moves the mark, and drops the segments all of whose ids lie below it.  No-op for a mark that is
  // not above the one there is.
  Future<absl::Status> Truncate(TruncationMark mark);

  // Makes ready, in the background, what the next Advance() needs: a segment of the next size.
  // Never fails: then Advance() does it itself.
  Future<Unit> Prepare();
  bool prepared() const { return preparing_ || next_.has_value(); }

  // Makes the manifests' spare.  Never fails: the next try may succeed.
  Future<Unit> PrepareSpare();
  bool has_spare() const { return store_.has_spare(); }

  // Unlinks what was prepared, or kept to be recycled, and never used.
  Future<Unit> Release();

 private:
  // Changes take turns: held from TakeTurn() to its end.
  class Turn;
  Future<Unit> TakeTurn();
  void EndTurn();

  Future<absl::Status> Publish(Manifest next);
  Future<absl::Status> UnlinkDropped();
  Future<Unit> Unlink(SegmentName name);
  Future<absl::StatusOr<BlankSegment>> TakeBlank(uint64_t capacity_min);
  Future<absl::StatusOr<BlankSegment>> MakeBlank(uint64_t capacity);
  Future<absl::StatusOr<BlankSegment>> NewBlank(SegmentName name, uint64_t capacity);
  bool MayRecycle(const ManifestSegment& segment) const;
  Future<absl::Status> SyncNames();
  Future<Unit> Discard(BlankSegment blank);
  SegmentUuid DrawUuid(const SegmentName& name);
  SegmentHeader HeaderFor(const BlankSegment& blank, const TailPoint& tail);
  void SealLast(const TailPoint& tail, uint64_t index_offset, Manifest* manifest);
  uint64_t NextCapacity() const;
  bool IsListed(const SegmentName& name) const;

  const std::shared_ptr<LogView> view_;
  const FileOptions options_;
  const TermFile* const term_;
  ManifestStore store_;
  RandomStream random_;

  std::optional<SegmentFile> active_;
  std::optional<BlankSegment> next_;
  bool preparing_ = false;
  uint32_t segment_number_ = 0;  // Of the last segment made.
  uint64_t last_capacity_ = 0;   // Of the last one listed; 0: none in this open.
  uint64_t sync_failures_ = 0;   // Of the directory: names made before one may not be durable.
  // Listed once, in no durable manifest any more; true: its file may serve again.
  absl::btree_map<SegmentName, bool> dropped_;
  std::vector<SegmentName> recyclable_;  // Unlisted, and kept for that.

  // INVARIANT: false only if a manifest may be visible that is not known to be durable.
  bool settled_ = true;
  bool busy_ = false;
  Signal turn_ended_;
};

}  // namespace tidelog::impls::file

#endif  // TIDELOG_IMPLS_FILE_SEGMENT_CHAIN_H_
