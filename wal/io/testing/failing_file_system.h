// FailingFileSystem: a file system whose operations fail where a test says so, over a real one.
//
// For what cannot be brought about on this machine's disks: errors of a device, quotas, a file
// system that turns read-only under an open file.  What does not fail is done by the real one, so
// that page cache and descriptors behave as they do.  (For crashes, lost sectors and virtual time:
// crashable_file_system.h.)
#ifndef TIDELOG_WAL_IO_TESTING_FAILING_FILE_SYSTEM_H_
#define TIDELOG_WAL_IO_TESTING_FAILING_FILE_SYSTEM_H_

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "wal/async/future.h"
#include "wal/io/file_system.h"
#include "wal/io/testing/disk_operation.h"  // IWYU pragma: export

namespace tidelog {

// Safe from any thread.  Outlives its files.
class FailingFileSystem final : public FileSystem {
 public:
  // The errno with which an operation on `path` fails; 0: it does not.  One call at a time.
  using Hook = std::function<int(DiskOperation operation, std::string_view path)>;

  // `real` must outlive this.
  explicit FailingFileSystem(FileSystem* real) : real_(real) {}

  // Called before each operation; null for none.  A write that fails does a half; all others that
  // fail do nothing.  Words, locks and watchers do not fail.
  void SetHook(Hook hook);

  Future<absl::StatusOr<std::unique_ptr<File>>> Open(std::string path, OpenMode mode) override;
  Future<absl::Status> Link(std::string from, std::string to) override;
  Future<absl::Status> Unlink(std::string path) override;
  Future<absl::StatusOr<std::vector<std::string>>> List(std::string path) override;
  Future<absl::Status> CreateDirectory(std::string path) override;
  Future<absl::Status> SyncDirectory(std::string path) override;
  Future<absl::StatusOr<FileSystemInfo>> Info(std::string path) override;
  Future<absl::StatusOr<std::unique_ptr<DirectoryWatcher>>> Watch(std::string path) override;

 private:
  class FailingFile;
  // OK: go on.
  absl::Status Ask(DiskOperation operation, std::string_view path);

  FileSystem* const real_;
  absl::Mutex mutex_;
  Hook hook_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace tidelog

#endif  // TIDELOG_WAL_IO_TESTING_FAILING_FILE_SYSTEM_H_
