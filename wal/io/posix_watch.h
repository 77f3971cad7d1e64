// PosixWatch: one inotify instance for all DirectoryWatchers of a file system, and the thread
// that waits for it.
//
// One, because a user may have few instances (128 by default) and a node has many channels.  The
// thread sleeps in poll() until the kernel has something to tell: an idle watcher costs nothing.
#ifndef TIDELOG_WAL_IO_POSIX_WATCH_H_
#define TIDELOG_WAL_IO_POSIX_WATCH_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/container/btree_map.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "wal/async/future.h"
#include "wal/io/file_system.h"
#include "wal/io/posix_descriptor.h"

namespace tidelog {

// Safe from any thread.
class PosixWatch {
 public:
  PosixWatch() = default;
  PosixWatch(const PosixWatch&) = delete;
  PosixWatch& operator=(const PosixWatch&) = delete;
  // Requires: every watcher is gone.
  ~PosixWatch();

  // May block.  The first one starts the thread.
  absl::StatusOr<std::unique_ptr<DirectoryWatcher>> Add(const std::string& path);

 private:
  class Watcher;

  struct Wake {
    Promise<absl::Status> promise;
    absl::Status status;
  };

  absl::Status StartLocked() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Remove(Watcher* watcher);

  // On the thread.
  void Run();
  void ReadEvents(int fd);
  void DispatchLocked(int watch, uint32_t mask, std::vector<Wake>& wakes)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  absl::Mutex mutex_;
  PosixDescriptor inotify_ ABSL_GUARDED_BY(mutex_);
  PosixDescriptor stop_ ABSL_GUARDED_BY(mutex_);  // An eventfd.
  std::thread thread_ ABSL_GUARDED_BY(mutex_);
  // By the kernel's number, which two paths of one directory share.
  absl::btree_map<int, std::vector<Watcher*>> watchers_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace tidelog

#endif  // TIDELOG_WAL_IO_POSIX_WATCH_H_
