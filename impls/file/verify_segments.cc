#include "impls/file/verify_segments.h"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "impls/file/file_ops.h"
#include "impls/file/record_checker.h"
#include "impls/file/segment_index.h"
#include "impls/file/segment_walk.h"
#include "wal/base/status_macros.h"
#include "wal/message/record.h"
#include "wal/status.h"

namespace tidelog::impls::file {

namespace {

// An index larger than this is not believed.
constexpr uint64_t kIndexBytesMax = uint64_t{1} << 30;

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
    for (const Frame& frame : group.frames) OnFrame(frame);
    summary_.last_id = group.commit.last_id;
    summary_.last_commit = group.commit;
    summary_.end_offset = group.end.offset;
    summary_.watermark = std::max(summary_.watermark, group.commit.watermark);
    index_.OnGroup(group);
    const std::optional<RecordChecker::Complaint> complaint = records_->OnGroup(group);
    if (!complaint.has_value()) return;
    (complaint->no_record ? summary_.faults.no_record : summary_.faults.contradicts) = true;
    if (--findings_left_ < 0) return;
    Finding finding;
    finding.severity = Severity::kCorrupt;
    finding.byte_begin = complaint->offset;
    finding.byte_end = complaint->offset + complaint->size;
    finding.first_id = finding.last_id = complaint->id;
    finding.sentence = complaint->sentence;
    Tell(finding);
  }
  void OnLooseFrame(const Frame&) override {}
  void OnDamage(const Finding& damage) override {
    if (damage.severity == Severity::kCorrupt) summary_.faults.unreadable = true;
    Tell(damage);
  }

  void OnBadIndex(std::string_view index_file) {
    Finding finding;
    finding.severity = Severity::kCorrupt;
    finding.file = std::string(index_file);
    finding.sentence = "the index does not fit the segment; readers do without it";
    report_->findings.push_back(finding);
    summary_.faults.bad_index = true;
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
      summary_.faults.bad_seal_ticks = true;
      Tell(finding);
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
  void Tell(Finding finding) {
    intact_ = intact_ && finding.severity == Severity::kOk;
    finding.file = file();
    report_->findings.push_back(std::move(finding));
  }
  void OnFrame(const Frame& frame) {
    if (frame.type == FrameType::kRecord) {
      ++summary_.record_count;
      summary_.payload_bytes += frame.payload.size();
      return;
    }
    const std::optional<Gap> gap = ParseGap(frame);
    if (!gap.has_value()) return;
    summary_.given_up_count += gap->last_id - gap->first_id + 1;
    Finding finding;
    finding.severity = Severity::kGap;
    finding.file = file();
    finding.byte_begin = frame.offset;
    finding.byte_end = frame.end_offset();
    finding.first_id = gap->first_id;
    finding.last_id = gap->last_id;
    finding.sentence = absl::StrCat("given up by a repair: ", gap->reason);
    report_->findings.push_back(std::move(finding));
  }

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

}  // namespace

Future<absl::Status> VerifySegments(FileSystem* files, std::string directory,
                                    InspectOptions options, VerifyReport* report) {
  if (!report->info.manifest.has_value()) co_return absl::OkStatus();
  RecordChecker records;
  // In a named vector: the report grows while its segments are verified.
  const std::vector<ManifestSegment> listed = report->info.manifest->segments;
  for (const ManifestSegment& segment : listed) {
    absl::Status verified =
        co_await VerifySegment(files, directory, &segment, options, &records, report);
    TIDELOG_CO_RETURN_IF_ERROR(verified);
  }
  co_return absl::OkStatus();
}

}  // namespace tidelog::impls::file
