#include "impls/file/manifest_follower.h"

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "impls/file/file_ops.h"
#include "impls/file/manifest_reader.h"
#include "wal/base/status_macros.h"
#include "wal/status.h"

namespace tidelog::impls::file {

void ManifestFollower::Start() {
  if (started_) return;
  std::optional<Gate::Pass> pass = lifetime_->TryEnter();
  if (!pass.has_value()) return;
  started_ = true;
  view_->failed = absl::OkStatus();
  (void)Follow(*std::move(pass));
}

void ManifestFollower::Stop() {
  stopped_ = true;
  if (watcher_ != nullptr) watcher_->Stop();
}

Future<Unit> ManifestFollower::Follow(Gate::Pass pass) {
  const Gate::Pass held = std::move(pass);
  absl::StatusOr<std::unique_ptr<DirectoryWatcher>> watcher =
      co_await view_->files->Watch(view_->directory);
  absl::Status status = watcher.status();
  if (status.ok()) watcher_ = *std::move(watcher);
  while (status.ok() && !stopped_) {
    status = co_await Refresh();
    if (!status.ok() || stopped_) break;
    view_->Notify();
    status = co_await watcher_->Next();
  }
  watcher_.reset();
  if (!stopped_) {
    view_->failed =
        ReadError(absl::StrCat("watch channel ", view_->manifest->channel,
                               " (if watches are used up, raise fs.inotify.max_user_watches)"),
                  status);
    view_->Notify();
  }
  started_ = false;
  co_return Unit{};
}

Future<absl::Status> ManifestFollower::Refresh() {
  absl::StatusOr<std::vector<std::string>> names = co_await view_->files->List(view_->directory);
  TIDELOG_CO_RETURN_IF_ERROR(names.status());
  // Missing here means that it has just been replaced, which is a change to come.
  const std::optional<ManifestName> newest = NewestManifest(*names);
  if (!newest.has_value() || *newest <= view_->manifest->name) co_return absl::OkStatus();
  absl::StatusOr<std::optional<Manifest>> read = co_await ReadNewestManifest(
      view_->files, view_->directory, view_->manifest->channel, Published::kYes);
  TIDELOG_CO_RETURN_IF_ERROR(read.status());
  if (read->has_value() && (*read)->name > view_->manifest->name) {
    view_->SetManifest(std::make_shared<const Manifest>(**std::move(read)));
  }
  co_return absl::OkStatus();
}

}  // namespace tidelog::impls::file
