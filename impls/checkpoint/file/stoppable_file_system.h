// StoppableFileSystem: a process that stops before or behind one of its operations on files, as by
// SIGSTOP, and goes on when the test says so.
#ifndef TIDELOG_IMPLS_CHECKPOINT_FILE_STOPPABLE_FILE_SYSTEM_H_
#define TIDELOG_IMPLS_CHECKPOINT_FILE_STOPPABLE_FILE_SYSTEM_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "wal/async/future.h"
#include "wal/async/signal.h"
#include "wal/io/file_system.h"

namespace tidelog {

// Where it stops.  Places are counted from StopAt() on: two for each operation.  For one thread.
class StopPlaces {
 public:
  void StopAt(uint64_t place) {
    stop_at_ = place;
    passed_ = 0;
  }
  bool stopped() const { return stopped_; }
  void GoOn();
  Future<Unit> Pass();

 private:
  std::optional<uint64_t> stop_at_;
  uint64_t passed_ = 0;
  bool stopped_ = false;
  Signal go_on_;
};

// `real` and `places` outlive this and its files.
class StoppableFileSystem final : public FileSystem {
 public:
  StoppableFileSystem(FileSystem* real, StopPlaces* places) : real_(real), places_(places) {}

  Future<absl::StatusOr<std::unique_ptr<File>>> Open(std::string path, OpenMode mode) override;
  Future<absl::Status> Link(std::string from, std::string to) override;
  Future<absl::Status> Unlink(std::string path) override;
  Future<absl::StatusOr<std::vector<std::string>>> List(std::string path) override;
  Future<absl::Status> CreateDirectory(std::string path) override;
  Future<absl::Status> SyncDirectory(std::string path) override;
  Future<absl::StatusOr<FileSystemInfo>> Info(std::string path) override;
  Future<absl::StatusOr<std::unique_ptr<DirectoryWatcher>>> Watch(std::string path) override;

 private:
  FileSystem* const real_;
  StopPlaces* const places_;
};

}  // namespace tidelog

#endif  // TIDELOG_IMPLS_CHECKPOINT_FILE_STOPPABLE_FILE_SYSTEM_H_
