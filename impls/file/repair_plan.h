// RepairPlan: what a repair of a channel would keep, lose and change.  Planning changes nothing.
#ifndef TIDELOG_IMPLS_FILE_REPAIR_PLAN_H_
#define TIDELOG_IMPLS_FILE_REPAIR_PLAN_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "impls/file/channel_look.h"
#include "impls/file/inspect.h"
#include "impls/file/manifest.h"
#include "impls/file/segment_salvage.h"
#include "wal/async/future.h"
#include "wal/io/file_system.h"
#include "wal/types.h"

namespace tidelog::impls::file {

// What becomes of a place in the list of segments.
enum class SegmentAction {
  kKeep,     // As it is.
  kRelist,   // The file stays; the manifest says something else of its index or ticks.
  kRewrite,  // A new file holds what is left of it, and gaps.
  kFill,  // A new file holds a gap for a segment that is in no list and of which nothing is left.
};

// "keep", "relist", "rewrite", "fill".
std::string_view SegmentActionName(SegmentAction action);

struct SegmentPlan {
  SegmentAction action = SegmentAction::kKeep;
  // As it is or will be listed.  Of what is made anew: base id, and the seal that is replaced.
  ManifestSegment listed;
  uint64_t record_count = 0;    // That are kept.
  std::vector<LostRange> lost;  // In the order of ids.
  std::vector<std::string> reasons;

  // What is made anew:
  std::string source;  // The file that is read for it; empty: none is there.
  SegmentSalvage::Limits limits;
  std::optional<LostRange> lost_tail;  // Of `lost`: behind everything that could be read.
  uint64_t last_id = 0;                // Where it ends.

  bool made_anew() const {
    return action == SegmentAction::kRewrite || action == SegmentAction::kFill;
  }
};

struct RepairPlan {
  ChannelInfo info;  // With the manifest that is in force, or the one that was made again.
  std::vector<SegmentPlan> segments;
  std::vector<std::string> problems;  // Of the marker, TERM and the manifest.
  bool bad_marker = false;
  TermState term = TermState::kGood;
  std::optional<uint32_t> log_number;  // That the log's ids carry; none: it is lost with TERM.
  bool rebuilt = false;                // The list of segments was made again from the segments.
  std::vector<std::string> aside;      // Names in the channel's directory that go aside.
  std::vector<std::string> manifests;  // Likewise; they stay until there is a newer one.
  Term next_term{};                    // Above every one that is in use.
  // What no repair can decide; then none is made.
  std::vector<std::string> refusals;

  // Something is to be done.
  bool needed() const { return bad_marker || ChangesChannel() || !refusals.empty(); }
  // It needs to own the channel.
  bool ChangesChannel() const;
  // Ids that are given up; an upper bound if one of them is.
  uint64_t LostCount() const;
};

// Reads everything, and plans.  `files` must outlive it.  Errors as Verify()'s; damage is none.
Future<absl::StatusOr<RepairPlan>> PlanRepair(FileSystem* files, std::string dir,
                                              std::string channel, InspectOptions options);

}  // namespace tidelog::impls::file

#endif  // TIDELOG_IMPLS_FILE_REPAIR_PLAN_H_
