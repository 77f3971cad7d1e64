// ManifestFollower: keeps a LogView up to date with what another process, or a later owner, does to
// the channel.
#ifndef TIDELOG_IMPLS_FILE_MANIFEST_FOLLOWER_H_
#define TIDELOG_IMPLS_FILE_MANIFEST_FOLLOWER_H_

#include <memory>

#include "impls/file/log_view.h"
#include "wal/async/future.h"
#include "wal/async/gate.h"
#include "wal/io/file_system.h"
#include "walimpls/helper/log_lifetime.h"

namespace tidelog::impls::file {

// Waits for the directory to change: nothing is polled for.  Confined to the log's executor.
// Lifetime: within the log; the log's lifetime is closed, after Stop(), before this is destroyed.
class ManifestFollower {
 public:
  ManifestFollower(std::shared_ptr<LogView> view, walimpls::LogLifetime* lifetime)
      : view_(std::move(view)), lifetime_(lifetime) {}

  // Begins to follow, again if it failed.  No-op if it does.
  void Start();
  void Stop();

 private:
  Future<Unit> Follow(Gate::Pass pass);
  Future<absl::Status> Refresh();

  const std::shared_ptr<LogView> view_;
  walimpls::LogLifetime* const lifetime_;
  bool started_ = false;
  bool stopped_ = false;
  std::unique_ptr<DirectoryWatcher> watcher_;
};

}  // namespace tidelog::impls::file

#endif  // TIDELOG_IMPLS_FILE_MANIFEST_FOLLOWER_H_
