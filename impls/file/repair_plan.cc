#include "impls/file/repair_plan.h"

#include <algorithm>
#include <utility>

#include "absl/container/btree_set.h"
#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "impls/file/file_ops.h"
#include "impls/file/little_endian.h"
#include "impls/file/manifest_reader.h"
#include "impls/file/manifest_rebuild.h"
#include "impls/file/names.h"
#include "impls/file/segment_format.h"
#include "impls/file/segment_surveyor.h"
#include "impls/file/verify_segments.h"
#include "wal/base/status_macros.h"
#include "wal/status.h"

namespace tidelog::impls::file {

namespace {

constexpr uint64_t kSmallFileMax = 4096;
// In TERM.
constexpr size_t kLogNumberAt = 8;
constexpr size_t kLogNumberEnd = 12;
constexpr int kFindingsMax = 1'000'000;
// A log that truncates and rolls while it is read.
constexpr int kTries = 10;

uint64_t CountOf(const LostRange& lost) { return lost.last_id - lost.first_id + 1; }

class Planner {
 public:
  Planner(FileSystem* files, std::string dir, std::string channel, InspectOptions options)
      : files_(files), dir_(std::move(dir)), directory_(PathOf(dir_, channel)), options_(options) {
    options_.findings_per_file_max = kFindingsMax;
    plan_.info.channel = std::move(channel);
  }
  Future<absl::StatusOr<RepairPlan>> Run();

 private:
  Future<absl::Status> LookAtMarker();
  Future<absl::Status> LookAtOwner();
  Future<absl::Status> FindLogNumber();
  Future<absl::Status> FindList();
  Future<absl::Status> PlanSegments();
  void CheckSpan(const SegmentPlan& segment);

  void PlanHole(const ManifestSegment& next);
  SegmentPlan PlanOf(const SegmentSummary& summary, const VerifyReport& report);
  void FindAside();
  bool IsThere(const std::string& name) const {
    return std::binary_search(look_.names.begin(), look_.names.end(), name);
  }

  FileSystem* const files_;
  const std::string dir_;
  const std::string directory_;
  InspectOptions options_;
  ChannelLook look_;
  RepairPlan plan_;
};

Future<absl::Status> Planner::LookAtMarker() {
  absl::StatusOr<std::string> text =
      co_await ReadWholeFile(files_, PathOf(dir_, kMarkerName), kSmallFileMax);
  absl::Status status = text.status();
  if (text.ok()) status = CheckMarkerText(*text);
  plan_.bad_marker = absl::IsNotFound(status) || absl::IsOutOfRange(status) ||
                     GetWalErrorCode(status) == WalErrorCode::kCorrupt;
  if (!plan_.bad_marker) co_return status;
  const std::string_view what = absl::IsNotFound(status) ? "is missing" : "is damaged";
  plan_.problems.push_back(absl::StrCat(kMarkerName, " ", what, ": it is written again"));
  co_return absl::OkStatus();
}

// The number is in the half of TERM that a cut may have left, or in a copy that a repair which was
// interrupted has put aside.
Future<absl::Status> Planner::FindLogNumber() {
  std::vector<std::string> paths = {PathOf(directory_, kTermName)};
  for (const std::string& name : look_.names) {
    if (!AsideName::Parse(name).has_value()) continue;
    paths.push_back(PathOf(PathOf(directory_, name), kTermName));
  }
  for (const std::string& path : paths) {
    absl::StatusOr<std::string> bytes = co_await ReadWholeFile(files_, path, kSmallFileMax);
    if (!bytes.ok() || bytes->size() < kLogNumberEnd) continue;
    const uint32_t number = LoadLittleEndian<uint32_t>(bytes->data() + kLogNumberAt);
    if (number == 0) continue;  // As a hole reads.
    plan_.log_number = number;
    break;
  }
  co_return absl::OkStatus();
}

Future<absl::Status> Planner::LookAtOwner() {
  absl::StatusOr<ChannelLook> look = co_await LookAtChannel(files_, directory_, plan_.info.channel);
  TIDELOG_CO_RETURN_IF_ERROR(look.status());
  look_ = *std::move(look);
  plan_.info = look_.info;
  plan_.term = look_.term;
  for (const Finding& damage : look_.damage) {
    plan_.problems.push_back(absl::StrCat(damage.file, ": ", damage.sentence));
  }
  Term highest = look_.info.owner.term;
  bool of_log = IsThere(std::string(kTermName));
  for (const std::string& name : look_.names) {
    std::optional<SegmentName> segment = SegmentName::Parse(name);
    if (!segment.has_value()) segment = SegmentName::ParseIndex(name);
    if (segment.has_value()) highest = std::max(highest, segment->term);
    const std::optional<ManifestName> manifest = ManifestName::Parse(name);
    if (manifest.has_value()) highest = std::max(highest, manifest->term);
    if (manifest.has_value()) plan_.manifests.push_back(name);
    const std::optional<AsideName> aside = AsideName::Parse(name);
    if (aside.has_value()) highest = std::max(highest, aside->term);
    of_log = of_log || segment.has_value() || manifest.has_value();
  }
  if (plan_.bad_marker && !of_log) {
    co_return WalError(WalErrorCode::kInvalidArgument,
                       absl::StrCat("repair channel ", plan_.info.channel, ": ", dir_,
                                    " holds no log, and ", directory_, " no file of one"));
  }
  plan_.next_term = Term{ToInt(highest) + 1};
  if (highest >= kTermMax) plan_.refusals.push_back("the highest term there can be is in use");
  absl::Status found;
  if (look_.term == TermState::kUnreadable) found = co_await FindLogNumber();
  co_return found;
}

Future<absl::Status> Planner::FindList() {
  const bool lost = !look_.info.manifest.has_value() && look_.term == TermState::kUnreadable;
  if (!look_.bad_manifest && !lost) co_return absl::OkStatus();
  absl::StatusOr<Manifest> rebuilt =
      co_await RebuildManifest(files_, directory_, plan_.info.channel, look_.names, options_);
  TIDELOG_CO_RETURN_IF_ERROR(rebuilt.status());
  if (rebuilt->segments.empty()) {
    // A channel that nobody has begun to write.
    if (look_.damage.empty()) plan_.term = TermState::kGood;
    if (!look_.bad_manifest) co_return absl::OkStatus();
    plan_.refusals.push_back(
        "there is no manifest and no segment to make one from: restore the channel's directory "
        "from a copy, or delete it to begin anew");
    co_return absl::OkStatus();
  }
  if (lost && !look_.bad_manifest) {
    plan_.problems.push_back("neither TERM nor a manifest is there, and segments are");
  }
  plan_.problems.push_back(absl::StrCat("the list of segments is made again from the headers of ",
                                        rebuilt->segments.size(), " of them"));
  if (rebuilt->mark.id > 1) {
    plan_.problems.push_back(
        absl::StrCat("ids below ", rebuilt->mark.id, " count as truncated: no segment has them"));
  }
  plan_.rebuilt = true;
  plan_.info.manifest = *std::move(rebuilt);
  co_return absl::OkStatus();
}

SegmentPlan Planner::PlanOf(const SegmentSummary& summary, const VerifyReport& report) {
  SegmentPlan segment;
  segment.listed = summary.listed;
  segment.record_count = summary.record_count;
  segment.last_id = summary.last_id;
  const std::string file = segment.listed.name.FileName();
  const std::string index = segment.listed.name.IndexFileName();
  for (const Finding& finding : report.findings) {
    const bool of_it = finding.file == file || finding.file == index;
    if (of_it && finding.severity == Severity::kCorrupt) {
      segment.reasons.push_back(finding.sentence);
    }
  }
  const SegmentFaults& faults = summary.faults;
  if (faults.contradicts) {
    plan_.refusals.push_back(absl::StrCat(
        file, ": its records contradict one another, and no checksum is bad: see walctl verify"));
  }
  if (faults.unreadable || faults.no_record) {
    segment.action = SegmentAction::kRewrite;
    return segment;
  }
  if (faults.bad_index || faults.bad_seal_ticks) segment.action = SegmentAction::kRelist;
  if (faults.bad_index) {
    segment.listed.seal->index_offset = 0;
    segment.listed.seal->side_index = false;
  }
  if (faults.bad_seal_ticks) {
    segment.listed.seal->last_tick = summary.last_commit->last_tick;
    segment.listed.seal->newest_time_tick_id = summary.last_commit->newest_time_tick_id;
  }
  return segment;
}

// Only a list that was made again has holes: a segment of which nothing says more than that.
void Planner::PlanHole(const ManifestSegment& next) {
  if (plan_.segments.empty()) return;
  const SegmentPlan& before = plan_.segments.back();
  if (before.last_id + 1 >= next.base_id) return;
  SegmentPlan hole;
  hole.action = SegmentAction::kFill;
  hole.listed.base_id = before.last_id + 1;
  hole.limits.base_id = hole.listed.base_id;
  hole.limits.last_id = hole.last_id = next.base_id - 1;
  hole.lost.push_back(LostRange{hole.listed.base_id, hole.last_id, /*at_most=*/false,
                                kSegmentHeaderSize, kSegmentHeaderSize});
  hole.reasons = {"a segment is missing, and no list names it"};
  CheckSpan(hole);
  plan_.segments.push_back(std::move(hole));
}

void Planner::CheckSpan(const SegmentPlan& segment) {
  if (segment.last_id + 1 - segment.listed.base_id <= kSegmentSpanMax) return;
  plan_.refusals.push_back(absl::StrCat("ids ", segment.listed.base_id, " to ", segment.last_id,
                                        " would go into one segment, which cannot hold so many"));
}

Future<absl::Status> Planner::PlanSegments() {
  VerifyReport report;
  report.info = plan_.info;
  absl::Status verified = co_await VerifySegments(files_, directory_, options_, &report);
  TIDELOG_CO_RETURN_IF_ERROR(verified);
  SegmentSurveyor surveyor(files_, directory_, look_.names);
  for (const SegmentSummary& summary : report.segments) {
    PlanHole(summary.listed);
    SegmentPlan segment = PlanOf(summary, report);
    absl::Status planned;
    if (segment.action == SegmentAction::kRewrite) planned = co_await surveyor.Survey(&segment);
    TIDELOG_CO_RETURN_IF_ERROR(planned);
    if (segment.made_anew()) CheckSpan(segment);
    plan_.segments.push_back(std::move(segment));
  }
  co_return absl::OkStatus();
}

void Planner::FindAside() {
  absl::btree_set<std::string> aside;
  absl::btree_set<std::string> kept;
  for (const SegmentPlan& segment : plan_.segments) {
    const bool has_index = segment.listed.seal.has_value() && segment.listed.seal->side_index;
    if (!segment.made_anew()) kept.insert(segment.listed.name.FileName());
    if (!segment.made_anew() && has_index) kept.insert(segment.listed.name.IndexFileName());
    if (segment.action == SegmentAction::kRewrite) {
      aside.insert(segment.listed.name.FileName());
      if (!segment.source.empty()) aside.insert(segment.source);
    }
    if (segment.action != SegmentAction::kKeep) aside.insert(segment.listed.name.IndexFileName());
  }
  // What the new list does not take in, the next owner would sweep.
  for (const std::string& name : look_.names) {
    const bool of_log = SegmentName::Parse(name) || SegmentName::ParseIndex(name);
    if (plan_.rebuilt && of_log) aside.insert(name);
  }
  for (const std::string& name : aside) {
    if (IsThere(name) && !kept.contains(name)) plan_.aside.push_back(name);
  }
}

Future<absl::StatusOr<RepairPlan>> Planner::Run() {
  absl::Status status = co_await LookAtMarker();
  TIDELOG_CO_RETURN_IF_ERROR(status);
  status = co_await LookAtOwner();
  TIDELOG_CO_RETURN_IF_ERROR(status);
  status = co_await FindList();
  TIDELOG_CO_RETURN_IF_ERROR(status);
  status = co_await PlanSegments();
  TIDELOG_CO_RETURN_IF_ERROR(status);
  FindAside();
  co_return std::move(plan_);
}

}  // namespace

std::string_view SegmentActionName(SegmentAction action) {
  switch (action) {
    case SegmentAction::kKeep:
      return "keep";
    case SegmentAction::kRelist:
      return "relist";
    case SegmentAction::kRewrite:
      return "rewrite";
    case SegmentAction::kFill:
      return "fill";
  }
  return "?";
}

bool RepairPlan::ChangesChannel() const {
  return term != TermState::kGood || rebuilt ||
         std::any_of(segments.begin(), segments.end(), [](const SegmentPlan& segment) {
           return segment.action != SegmentAction::kKeep;
         });
}

uint64_t RepairPlan::LostCount() const {
  uint64_t count = 0;
  for (const SegmentPlan& segment : segments) {
    for (const LostRange& lost : segment.lost) count += CountOf(lost);
  }
  return count;
}

Future<absl::StatusOr<RepairPlan>> PlanRepair(FileSystem* files, std::string dir,
                                              std::string channel, InspectOptions options) {
  for (int i = 0; i < kTries; ++i) {
    Planner planner(files, dir, channel, options);
    absl::StatusOr<RepairPlan> plan = co_await planner.Run();
    TIDELOG_CO_RETURN_IF_ERROR(plan.status());
    if (!plan->needed() || plan->rebuilt) co_return plan;
    // A live owner may have truncated meanwhile what was listed.
    absl::StatusOr<std::vector<std::string>> names = co_await files->List(PathOf(dir, channel));
    TIDELOG_CO_RETURN_IF_ERROR(names.status());
    const std::optional<ManifestName> newest = NewestManifest(*names);
    const std::optional<Manifest>& manifest = plan->info.manifest;
    const bool changed = newest.has_value() && manifest.has_value() && *newest != manifest->name;
    if (!changed) co_return plan;
  }
  co_return WalError(WalErrorCode::kUnavailable,
                     absl::StrCat("plan a repair of channel ", channel, ": it changed at each of ",
                                  kTries, " tries; try again when it is less busy"));
}

}  // namespace tidelog::impls::file
