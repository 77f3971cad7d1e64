// MissingFileSystem: listings that miss names, as a directory's may that changes meanwhile.
#ifndef TIDELOG_IMPLS_FILE_TESTING_MISSING_FILE_SYSTEM_H_
#define TIDELOG_IMPLS_FILE_TESTING_MISSING_FILE_SYSTEM_H_

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "wal/async/future.h"
#include "wal/io/file_system.h"

namespace tidelog::impls::file {

// What the first few listings miss; the next are whole.
struct Miss {
  int listings = 1;
  std::string name = "";  // Empty: every name.
  // What others do before the first, if set.
  std::function<Future<absl::Status>()> meanwhile = nullptr;
};

class MissingFileSystem final : public FileSystem {
 public:
  // `files` must outlive it.
  MissingFileSystem(FileSystem* files, Miss miss);

  int list_count() const { return list_count_; }

  Future<absl::StatusOr<std::vector<std::string>>> List(std::string path) override;
  Future<absl::StatusOr<std::unique_ptr<File>>> Open(std::string path, OpenMode mode) override;
  Future<absl::Status> Link(std::string from, std::string to) override;
  Future<absl::Status> Unlink(std::string path) override;
  Future<absl::Status> CreateDirectory(std::string path) override;
  Future<absl::Status> SyncDirectory(std::string path) override;
  Future<absl::StatusOr<FileSystemInfo>> Info(std::string path) override;
  Future<absl::StatusOr<std::unique_ptr<DirectoryWatcher>>> Watch(std::string path) override;

 private:
  FileSystem* const files_;
  const Miss miss_;
  int list_count_ = 0;
};

}  // namespace tidelog::impls::file

#endif  // TIDELOG_IMPLS_FILE_TESTING_MISSING_FILE_SYSTEM_H_
