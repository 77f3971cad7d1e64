// FileSystemContract: what file_system.h promises, as tests that every FileSystem passes.
//
//   INSTANTIATE_TEST_SUITE_P(Posix, FileSystemContract, testing::Values(MakePosixUnderTest));
#ifndef TIDELOG_WAL_IO_TESTING_FILE_SYSTEM_CONTRACT_H_
#define TIDELOG_WAL_IO_TESTING_FILE_SYSTEM_CONTRACT_H_

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "wal/async/executor.h"
#include "wal/async/future.h"
#include "wal/async/runtime.h"
#include "wal/io/file_system.h"

namespace tidelog {

// A fresh one for each test.
class FileSystemUnderTest {
 public:
  virtual ~FileSystemUnderTest() = default;
  virtual Runtime* runtime() = 0;
  virtual FileSystem* files() = 0;
  // The same files as another process sees them, or as much another as can be had.
  virtual FileSystem* other_files() = 0;
  // Exists, is empty, and may be written to.
  virtual std::string directory() = 0;
};

using MakeFileSystemUnderTest = std::unique_ptr<FileSystemUnderTest> (*)();

class FileSystemContract : public testing::TestWithParam<MakeFileSystemUnderTest> {
 protected:
  using OpenResult = absl::StatusOr<std::unique_ptr<File>>;

  FileSystemContract()
      : under_test_(GetParam()()),
        executor_(under_test_->runtime()->MakeExecutor("contract")),
        directory_(under_test_->directory()) {}

  FileSystem* files() { return under_test_->files(); }
  FileSystem* other_files() { return under_test_->other_files(); }
  Runtime* runtime() { return under_test_->runtime(); }
  std::string Path(std::string_view name) const { return absl::StrCat(directory_, "/", name); }

  template <class F>
  auto Await(F make_future) {
    return Blocking(executor_.get(), std::move(make_future));
  }

  OpenResult Open(std::string_view name, OpenMode mode);
  // As another process.
  OpenResult OtherOpen(std::string_view name, OpenMode mode);
  // These abort the test program if they fail.
  std::unique_ptr<File> Create(std::string_view name, std::string_view contents = "");
  void Write(File* file, uint64_t offset, std::string_view bytes);
  std::unique_ptr<MappedWord> MapWord(File* file, uint64_t offset);

  absl::Status Link(std::string_view from, std::string_view to);
  absl::Status Unlink(std::string_view name);
  absl::StatusOr<std::vector<std::string>> List(std::string_view name);
  absl::StatusOr<std::string> Read(File* file, uint64_t offset, size_t size);
  absl::StatusOr<std::unique_ptr<DirectoryWatcher>> Watch(std::string_view name);
  // On the watcher's executor.
  Future<absl::Status> Next(DirectoryWatcher* watcher);
  absl::Status Finish(Future<absl::Status> future);
  void Stop(DirectoryWatcher* watcher);

  const std::unique_ptr<FileSystemUnderTest> under_test_;
  const std::unique_ptr<Executor> executor_;
  const std::string directory_;
};

}  // namespace tidelog

#endif  // TIDELOG_WAL_IO_TESTING_FILE_SYSTEM_CONTRACT_H_
