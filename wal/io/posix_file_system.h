// PosixFileSystem: the files of this machine, by Linux's system calls.
//
// Each operation is one Runtime::RunBlocking() job that makes its calls one after the other; an
// operation whose thread hangs in one therefore never completes.  Descriptors are close-on-exec.
// Needs Linux 3.15 (open-file-description locks) and, for direct reads, a mounted /proc.
#ifndef TIDELOG_WAL_IO_POSIX_FILE_SYSTEM_H_
#define TIDELOG_WAL_IO_POSIX_FILE_SYSTEM_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "wal/async/future.h"
#include "wal/async/runtime.h"
#include "wal/io/file_system.h"

namespace tidelog {

class PosixWatch;

class PosixFileSystem final : public FileSystem {
 public:
  // `runtime` must outlive this.
  explicit PosixFileSystem(Runtime* runtime);
  PosixFileSystem(const PosixFileSystem&) = delete;
  PosixFileSystem& operator=(const PosixFileSystem&) = delete;
  // Requires: every file and watcher is gone, and no operation is in flight.
  ~PosixFileSystem() override;

  Future<absl::StatusOr<std::unique_ptr<File>>> Open(std::string path, OpenMode mode) override;
  Future<absl::Status> Link(std::string from, std::string to) override;
  Future<absl::Status> Unlink(std::string path) override;
  Future<absl::StatusOr<std::vector<std::string>>> List(std::string path) override;
  Future<absl::Status> CreateDirectory(std::string path) override;
  Future<absl::Status> SyncDirectory(std::string path) override;
  Future<absl::StatusOr<FileSystemInfo>> Info(std::string path) override;
  Future<absl::StatusOr<std::unique_ptr<DirectoryWatcher>>> Watch(std::string path) override;

 private:
  template <class Call>
  auto Start(Call call);

  Runtime* const runtime_;
  const std::unique_ptr<PosixWatch> watch_;
};

// The process's own, on DefaultRuntime().  Made at the first call, never destroyed.
FileSystem* DefaultFileSystem();

}  // namespace tidelog

#endif  // TIDELOG_WAL_IO_POSIX_FILE_SYSTEM_H_
