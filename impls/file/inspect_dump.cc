// Dump().
#include <memory>
#include <optional>
#include <utility>

#include "impls/file/file_ops.h"
#include "impls/file/inspect.h"
#include "impls/file/segment_walk.h"
#include "wal/base/status_macros.h"

namespace tidelog::impls::file {

namespace {

// Turns what a walk tells into items, until somebody has had enough.
class Dumper final : public SegmentVisitor {
 public:
  explicit Dumper(absl::AnyInvocable<bool(const DumpItem&)> on_item)
      : on_item_(std::move(on_item)) {}

  void BeginFile(std::string file) { file_ = std::move(file); }
  bool HasEnough() const override { return stopped_; }

  void OnHeader(const SegmentHeader& header) {
    DumpItem item = ItemHere();
    item.header = &header;
    Give(item);
  }
  void OnFrame(const Frame& frame) {
    DumpItem item = ItemHere();
    item.frame = &frame;
    Give(item);
  }
  void OnGroup(const ScanGroup& group) override {
    for (const Frame& frame : group.frames) OnFrame(frame);
    DumpItem item = ItemHere();
    item.frame = &group.commit_frame;
    item.commit = &group.commit;
    Give(item);
  }
  void OnLooseFrame(const Frame& frame) override { OnFrame(frame); }
  void OnDamage(const Finding& damage) override {
    DumpItem item = ItemHere();
    item.damage = &damage;
    Give(item);
  }

 private:
  DumpItem ItemHere() const {
    DumpItem item;
    item.file = file_;
    return item;
  }
  void Give(const DumpItem& item) { stopped_ = stopped_ || !on_item_(item); }

  absl::AnyInvocable<bool(const DumpItem&)> on_item_;
  std::string file_;
  bool stopped_ = false;
};

Future<absl::Status> DumpSegment(SegmentWalk* walk, uint64_t index_offset, Dumper* dumper) {
  absl::StatusOr<std::optional<Finding>> damage = co_await walk->Open();
  TIDELOG_CO_RETURN_IF_ERROR(damage.status());
  if (damage->has_value()) {
    dumper->OnDamage(**damage);
    co_return absl::OkStatus();
  }
  dumper->OnHeader(walk->header());
  absl::StatusOr<ScanResult> scan = co_await walk->ReadGroups(dumper);
  TIDELOG_CO_RETURN_IF_ERROR(scan.status());
  if (scan->footer_end != 0) index_offset = scan->end.offset;
  if (index_offset == 0 || dumper->HasEnough()) co_return absl::OkStatus();
  absl::StatusOr<std::optional<Frame>> footer = co_await walk->ReadFrame(index_offset);
  TIDELOG_CO_RETURN_IF_ERROR(footer.status());
  if (footer->has_value()) dumper->OnFrame(**footer);
  co_return absl::OkStatus();
}

}  // namespace

Future<absl::Status> Dump(FileSystem* files, std::string dir, std::string channel,
                          InspectOptions options,
                          absl::AnyInvocable<bool(const DumpItem&)> on_item) {
  absl::StatusOr<ChannelInfo> info = co_await ReadChannelInfo(files, dir, channel);
  TIDELOG_CO_RETURN_IF_ERROR(info.status());
  Dumper dumper(std::move(on_item));
  if (!info->manifest.has_value()) co_return absl::OkStatus();
  for (const ManifestSegment& listed : info->manifest->segments) {
    if (dumper.HasEnough()) break;
    dumper.BeginFile(listed.name.FileName());
    WalkOptions walk_options;
    walk_options.inspect = options;
    walk_options.live = info->live;
    SegmentWalk walk(files, PathOf(dir, channel), channel, listed, walk_options);
    const uint64_t index_offset = listed.seal.has_value() ? listed.seal->index_offset : 0;
    absl::Status dumped = co_await DumpSegment(&walk, index_offset, &dumper);
    TIDELOG_CO_RETURN_IF_ERROR(dumped);
  }
  co_return absl::OkStatus();
}

}  // namespace tidelog::impls::file
