// Verify().
#include <algorithm>
#include <optional>
#include <utility>

#include "absl/container/btree_set.h"
#include "absl/strings/str_cat.h"
#include "impls/file/channel_look.h"
#include "impls/file/file_ops.h"
#include "impls/file/inspect.h"
#include "impls/file/manifest_reader.h"
#include "impls/file/names.h"
#include "impls/file/record_checker.h"
#include "impls/file/segment_index.h"
#include "impls/file/segment_walk.h"
#include "impls/file/unlisted_segments.h"
#include "wal/base/status_macros.h"
#include "wal/message/record.h"
#include "wal/status.h"

namespace tidelog::impls::file {

namespace {

// An index larger than this is not believed.
constexpr uint64_t kIndexBytesMax = uint64_t{1} << 30;
// A log that truncates and rolls while it is read.
constexpr int kTries = 10;

// Compares the entries of an index with the groups that they point to.
class IndexChecker {
 public:
  void Expect(std::vector<IndexEntry> index) { index_ = std::move(index); }

  void OnGroup(const ScanGroup& group) {
    while (next_ < index_.size() && index_[next_].offset < group.begin.offset) Fail();
    if (next_ == index_.size() || index_[next_].offset != group.begin.offset) return;
    const IndexEntry& entry = index_[next_++];
    if (entry.id != group.begin.next_id || entry.chain != group.begin.chain) good_ = false;
    if (group.frames.empty() || group.frames.front().type != FrameType::kRecord) return;
    const absl::StatusOr<RecordView> first = RecordView::Parse(group.frames.front().payload);
    if (first.ok() && entry.tick != ToInt(first->time_tick())) good_ = false;
  }

  // Behind the last group.
  bool good() const { return good_ && next_ == index_.size(); }

 private:
  void Fail() {
    good_ = false;
    ++next_;
  }

  std::vector<IndexEntry> index_;
  size_t next_ = 0;
  bool good_ = true;
};

class SegmentVerifier final : public SegmentVisitor {
 public:
  SegmentVerifier(const ManifestSegment& listed, RecordChecker* records, VerifyReport* report,
                  int findings_max)
      : records_(records), report_(report), findings_left_(findings_max) {
    summary_.listed = listed;
    summary_.last_id = listed.base_id - 1;
    records_->OnSegment(listed.name.term, listed.repaired);
  }

  void OnGroup(const ScanGroup& group) override {
    ++summary_.group_count;
    for (const Frame& frame : group.frames) {
      if (frame.type != FrameType::kRecord) continue;
      ++summary_.record_count;
      summary_.payload_bytes += frame.payload.size();
    }
    summary_.last_id = group.commit.last_id;
    summary_.end_offset = group.end.offset;
    summary_.watermark = std::max(summary_.watermark, group.commit.watermark);
    index_.OnGroup(group);
    const std::optional<RecordChecker::Complaint> complaint = records_->OnGroup(group);
    if (!complaint.has_value() || --findings_left_ < 0) return;
    Finding finding;
    finding.severity = Severity::kCorrupt;
    finding.byte_begin = complaint->offset;
    finding.byte_end = complaint->offset + complaint->size;
    finding.first_id = finding.last_id = complaint->id;
    finding.sentence = complaint->sentence;
    OnDamage(finding);
  }
  void OnLooseFrame(const Frame&) override {}
  void OnDamage(const Finding& damage) override {
    intact_ = intact_ && damage.severity == Severity::kOk;
    report_->findings.push_back(damage);
    report_->findings.back().file = file();
  }

  void OnBadIndex(std::string_view index_file) {
    Finding finding;
    finding.severity = Severity::kCorrupt;
    finding.file = std::string(index_file);
    finding.sentence = "the index does not fit the segment; readers do without it";
    report_->findings.push_back(finding);
    intact_ = false;
  }

  void Finish(uint64_t file_size, const ScanResult& scan) {
    summary_.file_size = file_size;
    summary_.end_offset = std::max(summary_.end_offset, scan.end.offset);
    const std::optional<Seal>& seal = summary_.listed.seal;
    if (seal.has_value() && scan.facts.reaches_seal && scan.last_commit.has_value() &&
        (seal->last_tick != scan.last_commit->last_tick ||
         seal->newest_time_tick_id != scan.last_commit->newest_time_tick_id)) {
      Finding finding;
      finding.severity = Severity::kCorrupt;
      finding.sentence = "its seal has other ticks than its last group";
      OnDamage(finding);
    }
    if (intact_) {
      Finding good;
      good.file = file();
      good.byte_end = summary_.end_offset;
      if (summary_.last_id >= summary_.listed.base_id) {
        good.first_id = summary_.listed.base_id;
        good.last_id = summary_.last_id;
      }
      good.sentence = absl::StrCat(summary_.group_count, " groups, ", summary_.record_count,
                                   " records", seal.has_value() ? ", sealed" : "");
      report_->findings.push_back(good);
    }
    report_->segments.push_back(summary_);
  }

  IndexChecker& index() { return index_; }
  bool intact() const { return intact_; }
  std::string file() const { return summary_.listed.name.FileName(); }

 private:
  RecordChecker* const records_;
  VerifyReport* const report_;
  int findings_left_;
  IndexChecker index_;
  SegmentSummary summary_;
  bool intact_ = true;
};

// The index that the manifest promises.  kCorrupt: it is not there, or damaged.
Future<absl::StatusOr<std::vector<IndexEntry>>> ReadIndexOf(FileSystem* files,
                                                            std::string directory,
                                                            const ManifestSegment* listed,
                                                            SegmentWalk* walk) {
  std::vector<IndexEntry> none;
  if (!listed->seal.has_value()) co_return none;
  if (listed->seal->index_offset != 0) {
    absl::StatusOr<std::optional<Frame>> frame =
        co_await walk->ReadFrame(listed->seal->index_offset);
    TIDELOG_CO_RETURN_IF_ERROR(frame.status());
    std::optional<std::vector<IndexEntry>> index;
    if (frame->has_value()) index = ParseIndex(**frame);
    if (index.has_value()) co_return *std::move(index);
    co_return WalError(WalErrorCode::kCorrupt, "no index frame");
  }
  if (!listed->seal->side_index) co_return none;
  absl::StatusOr<std::string> bytes = co_await ReadWholeFile(
      files, PathOf(directory, listed->name.IndexFileName()), kIndexBytesMax);
  if (absl::IsNotFound(bytes.status())) {
    co_return WalErrorFrom(WalErrorCode::kCorrupt, "no index file", bytes.status());
  }
  TIDELOG_CO_RETURN_IF_ERROR(bytes.status());
  co_return DecodeSideIndex(*bytes, walk->header());
}

Future<absl::Status> VerifySegment(FileSystem* files, std::string directory,
                                   const ManifestSegment* listed, InspectOptions options,
                                   RecordChecker* records, VerifyReport* report) {
  SegmentVerifier verifier(*listed, records, report, options.findings_per_file_max);
  WalkOptions walk_options;
  walk_options.inspect = options;
  walk_options.live = report->info.live;
  SegmentWalk walk(files, directory, report->info.channel, *listed, walk_options);
  absl::StatusOr<std::optional<Finding>> damage = co_await walk.Open();
  TIDELOG_CO_RETURN_IF_ERROR(damage.status());
  if (damage->has_value()) {
    verifier.OnDamage(**damage);
    const ScanResult nothing;
    verifier.Finish(walk.file_size(), nothing);
    co_return absl::OkStatus();
  }
  absl::StatusOr<std::vector<IndexEntry>> index =
      co_await ReadIndexOf(files, directory, listed, &walk);
  const bool bad_index = GetWalErrorCode(index.status()) == WalErrorCode::kCorrupt;
  if (!index.ok() && !bad_index) co_return index.status();
  if (index.ok()) verifier.index().Expect(*std::move(index));
  absl::StatusOr<ScanResult> scan = co_await walk.ReadGroups(&verifier);
  TIDELOG_CO_RETURN_IF_ERROR(scan.status());
  // Where groups cannot be read, nothing can be said of the entries that point to them.
  const bool comparable = scan->facts.reaches_seal && verifier.intact();
  if (bad_index || (comparable && !verifier.index().good())) {
    const bool aside = listed->seal.has_value() && listed->seal->side_index;
    verifier.OnBadIndex(aside ? listed->name.IndexFileName() : listed->name.FileName());
  }
  verifier.Finish(walk.file_size(), *scan);
  co_return absl::OkStatus();
}

// A segment with groups that the newest manifest does not list.
void VerifyUnlisted(const UnlistedSegments& unlisted, const ManifestName& newest,
                    const SegmentName& segment, Finding* finding) {
  if (unlisted.ManifestIsLost()) {
    finding->severity = Severity::kCorrupt;
    finding->first_id = unlisted.first_id;
    finding->sentence = absl::StrCat(unlisted.ToString(newest),
                                     ", and some were durable: an older manifest was put back");
  } else {
    finding->sentence = absl::StrCat("no manifest lists ", segment.FileName(),
                                     ", and nothing in it was durable; the next owner sweeps it");
  }
}

// What lies in the directory and no manifest lists.
void VerifyOthers(const ChannelLook& look, const UnlistedSegments& unlisted, VerifyReport* report) {
  absl::btree_set<std::string> known = {std::string(kTermName), std::string(kLockName)};
  const std::optional<ManifestName> newest = NewestManifest(look.names);
  if (newest.has_value()) known.insert(newest->FileName());
  if (look.info.manifest.has_value()) {
    for (const ManifestSegment& segment : look.info.manifest->segments) {
      known.insert(segment.name.FileName());
      if (segment.seal.has_value() && segment.seal->side_index) {
        known.insert(segment.name.IndexFileName());
      }
    }
  }
  const TermWord& owner = look.info.owner;
  for (const std::string& name : look.names) {
    if (known.contains(name)) continue;
    Finding finding;
    finding.severity = Severity::kOrphan;
    finding.file = name;
    std::optional<SegmentName> segment = SegmentName::Parse(name);
    if (!segment.has_value()) segment = SegmentName::ParseIndex(name);
    const std::optional<PrivateName> hidden = PrivateName::Parse(name);
    const bool of_owner = (segment.has_value() && segment->term == owner.term &&
                           segment->incarnation == owner.incarnation) ||
                          (hidden.has_value() && hidden->term == owner.term &&
                           hidden->incarnation == owner.incarnation);
    const bool written = segment.has_value() && name == segment->FileName() &&
                         std::find(unlisted.written.begin(), unlisted.written.end(), *segment) !=
                             unlisted.written.end();
    if (written) {
      VerifyUnlisted(unlisted, look.info.manifest->name, *segment, &finding);
    } else if (look.info.live && of_owner) {
      finding.severity = Severity::kOk;
      finding.sentence = "the owner is preparing it";
    } else if (hidden.has_value()) {
      finding.sentence = "never published; the next owner sweeps it";
    } else if (segment.has_value()) {
      finding.sentence = "no manifest lists it; the next owner sweeps it";
    } else if (ManifestName::Parse(name).has_value()) {
      finding.sentence = "a newer manifest has replaced it; the next owner sweeps it";
    } else {
      finding.sentence = "no file of a log; nobody sweeps it";
    }
    report->findings.push_back(finding);
  }
}

Future<absl::StatusOr<UnlistedSegments>> LookForLostManifest(FileSystem* files,
                                                             std::string directory,
                                                             const ChannelLook* look) {
  if (!look->info.manifest.has_value()) co_return UnlistedSegments();
  absl::StatusOr<UnlistedSegments> unlisted =
      co_await FindUnlistedSegments(files, directory, *look->info.manifest, look->names);
  co_return unlisted;
}

Future<absl::StatusOr<VerifyReport>> VerifyOnce(FileSystem* files, std::string directory,
                                                std::string channel, InspectOptions options) {
  absl::StatusOr<ChannelLook> look = co_await LookAtChannel(files, directory, channel);
  TIDELOG_CO_RETURN_IF_ERROR(look.status());
  VerifyReport report;
  report.info = look->info;
  report.findings = look->damage;
  if (look->damage.empty()) {
    Finding owner;
    owner.file = std::string(kTermName);
    owner.sentence =
        absl::StrCat("owner ", look->info.owner.ToString(), look->info.live ? ", live" : "");
    report.findings.push_back(owner);
  }
  if (report.info.manifest.has_value()) {
    RecordChecker records;
    // In a named vector: the report grows while its segments are verified.
    const std::vector<ManifestSegment> listed = report.info.manifest->segments;
    for (const ManifestSegment& segment : listed) {
      absl::Status verified =
          co_await VerifySegment(files, directory, &segment, options, &records, &report);
      TIDELOG_CO_RETURN_IF_ERROR(verified);
    }
  }
  absl::StatusOr<UnlistedSegments> unlisted =
      co_await LookForLostManifest(files, directory, &*look);
  TIDELOG_CO_RETURN_IF_ERROR(unlisted.status());
  VerifyOthers(*look, *unlisted, &report);
  co_return report;
}

}  // namespace

Future<absl::StatusOr<VerifyReport>> Verify(FileSystem* files, std::string dir, std::string channel,
                                            InspectOptions options) {
  const std::string directory = PathOf(dir, channel);
  for (int i = 0; i < kTries; ++i) {
    absl::StatusOr<VerifyReport> report = co_await VerifyOnce(files, directory, channel, options);
    TIDELOG_CO_RETURN_IF_ERROR(report.status());
    if (!report->HasCorruption()) co_return report;
    // What was listed may have been truncated away, and its file used again, in the meantime.
    absl::StatusOr<std::vector<std::string>> names = co_await files->List(directory);
    TIDELOG_CO_RETURN_IF_ERROR(names.status());
    const std::optional<ManifestName> newest = NewestManifest(*names);
    const std::optional<Manifest>& manifest = report->info.manifest;
    const bool changed = newest.has_value() && manifest.has_value() && *newest != manifest->name;
    if (!changed) co_return report;
  }
  co_return WalError(WalErrorCode::kUnavailable,
                     absl::StrCat("verify channel ", channel, ": it changed at each of ", kTries,
                                  " tries; try again when it is less busy"));
}

}  // namespace tidelog::impls::file
