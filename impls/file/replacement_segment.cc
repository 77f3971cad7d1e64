#include "impls/file/replacement_segment.h"

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "impls/file/file_ops.h"
#include "impls/file/salvage_source.h"
#include "impls/file/segment_format.h"
#include "impls/file/segment_rewriter.h"
#include "impls/file/segment_salvage.h"
#include "wal/base/status_macros.h"
#include "wal/status.h"

namespace tidelog::impls::file {

namespace {

SegmentRewriter::Setup SetupOf(const ReplacementRequest& request) {
  SegmentRewriter::Setup setup;
  setup.uuid = request.uuid;
  setup.base_id = request.plan.listed.base_id;
  setup.before = request.before;
  setup.last_id = request.plan.last_id;
  setup.source = request.plan.source;
  setup.when = request.when;
  if (request.plan.listed.seal.has_value()) {
    setup.sealed_ticks.last_tick = request.plan.listed.seal->last_tick;
    setup.sealed_ticks.newest_time_tick_id = request.plan.listed.seal->newest_time_tick_id;
  }
  return setup;
}

// Rewrites, and checks that it is what was planned.
class Replacement final : public SalvageVisitor {
 public:
  explicit Replacement(SegmentRewriter* rewriter) : rewriter_(*rewriter) {}

  void OnRecord(const Frame& record) override {
    ++record_count_;
    rewriter_.OnRecord(record);
  }
  void OnGap(const Gap& gap) override { rewriter_.OnGap(gap); }
  void OnLost(const LostRange& lost) override {
    lost_.push_back(lost);
    rewriter_.OnLost(lost);
  }
  void OnCommit(const CommitPayload& commit) override { rewriter_.OnCommit(commit); }

  bool IsAsPlanned(const SegmentPlan& plan) const {
    return record_count_ == plan.record_count && lost_ == plan.lost;
  }

 private:
  SegmentRewriter& rewriter_;
  uint64_t record_count_ = 0;
  std::vector<LostRange> lost_;
};

Future<absl::Status> WriteOut(File* file, SegmentRewriter* rewriter) {
  uint64_t offset = 0;
  const std::vector<char> bytes = rewriter->TakeBytes(&offset);
  if (bytes.empty()) co_return absl::OkStatus();
  const std::span<const char> pieces[] = {std::span<const char>(bytes)};
  absl::Status written = co_await file->Write(offset, pieces);
  co_return written;
}

Future<absl::Status> Salvage(const ReplacementRequest* request, File* file,
                             SegmentRewriter* rewriter) {
  Replacement replacement(rewriter);
  SegmentSalvage salvage(request->plan.limits, &replacement);
  if (!request->plan.source.empty()) {
    absl::StatusOr<SalvageSource> source = co_await OpenSalvageSource(
        request->files, PathOf(request->directory, request->plan.source));
    TIDELOG_CO_RETURN_IF_ERROR(source.status());
    while (!salvage.done()) {
      absl::Status fed = co_await FeedNext(&*source, &salvage);
      TIDELOG_CO_RETURN_IF_ERROR(fed);
      absl::Status written = co_await WriteOut(file, rewriter);
      TIDELOG_CO_RETURN_IF_ERROR(written);
    }
  }
  salvage.Finish();
  if (request->plan.lost_tail.has_value()) replacement.OnLost(*request->plan.lost_tail);
  if (replacement.IsAsPlanned(request->plan)) co_return absl::OkStatus();
  co_return WalError(WalErrorCode::kUnavailable,
                     absl::StrCat("repair channel ", request->channel, ": ", request->plan.source,
                                  " reads otherwise than it was planned; try again"));
}

}  // namespace

Future<absl::StatusOr<ManifestSegment>> WriteReplacement(ReplacementRequest request) {
  const std::string path = PathOf(request.directory, request.name.FileName());
  absl::StatusOr<std::unique_ptr<File>> file =
      co_await request.files->Open(path, OpenMode::kCreateExclusive);
  TIDELOG_CO_RETURN_IF_ERROR(file.status());
  SegmentRewriter rewriter(SetupOf(request));
  absl::Status done = co_await Salvage(&request, file->get(), &rewriter);
  TIDELOG_CO_RETURN_IF_ERROR(done);
  ManifestSegment listed;
  listed.name = request.name;
  listed.uuid = request.uuid;
  listed.base_id = request.plan.listed.base_id;
  listed.base_chain = request.before.chain;
  listed.seal = rewriter.Finish();
  listed.repaired = true;
  done = co_await WriteOut(file->get(), &rewriter);
  TIDELOG_CO_RETURN_IF_ERROR(done);
  // The header last: what has one is whole, also for a repair that must do without a manifest.
  done = co_await (*file)->Sync();
  TIDELOG_CO_RETURN_IF_ERROR(done);
  SegmentHeader header;
  header.channel = request.channel;
  header.uuid = request.uuid;
  header.name = request.name;
  header.base_id = listed.base_id;
  header.base_chain = listed.base_chain;
  header.capacity = rewriter.end_offset();
  const std::string block = EncodeSegmentHeader(header);
  const std::span<const char> pieces[] = {std::span<const char>(block)};
  WriteSyncResult result = co_await (*file)->WriteAndSync(0, pieces, Runtime::Urgency::kWhenIdle);
  TIDELOG_CO_RETURN_IF_ERROR(result.write);
  TIDELOG_CO_RETURN_IF_ERROR(result.sync);
  co_return listed;
}

}  // namespace tidelog::impls::file
