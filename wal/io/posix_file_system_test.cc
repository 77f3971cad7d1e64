// PosixFileSystem keeps the contract of every FileSystem, and what is Linux's own about it.

#include "wal/io/posix_file_system.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/log/check.h"
#include "absl/status/status_matchers.h"
#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "wal/async/executor.h"
#include "wal/async/future.h"
#include "wal/async/runtime.h"
#include "wal/async/thread_runtime.h"
#include "wal/io/file_system.h"
#include "wal/io/testing/file_system_contract.h"

namespace tidelog {
namespace {

using ::absl_testing::IsOk;
using ::absl_testing::IsOkAndHolds;
using ::absl_testing::StatusIs;
using ::testing::HasSubstr;
using Pieces = std::vector<std::span<const char>>;

// A directory of its own, removed in the end.
class TemporaryDirectory {
 public:
  TemporaryDirectory() : path_(absl::StrCat(testing::TempDir(), "/posix.XXXXXX")) {
    PCHECK(mkdtemp(path_.data()) != nullptr) << path_;
  }
  TemporaryDirectory(const TemporaryDirectory&) = delete;
  TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;
  ~TemporaryDirectory() { std::filesystem::remove_all(path_); }
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

// Two file systems of one process: what tells processes apart, locks and page mappings, is an
// open file's here, so two openings do for two processes.  posix_processes_test has real ones.
class PosixUnderTest final : public FileSystemUnderTest {
 public:
  Runtime* runtime() override { return runtime_.get(); }
  FileSystem* files() override { return &files_; }
  FileSystem* other_files() override { return &other_files_; }
  std::string directory() override { return directory_.path(); }

 private:
  const TemporaryDirectory directory_;
  const std::unique_ptr<ThreadRuntime> runtime_ = ThreadRuntime::Create();
  PosixFileSystem files_{runtime_.get()};
  PosixFileSystem other_files_{runtime_.get()};
};

std::unique_ptr<FileSystemUnderTest> Make() { return std::make_unique<PosixUnderTest>(); }

INSTANTIATE_TEST_SUITE_P(Posix, FileSystemContract, testing::Values(Make));

class PosixFileSystemTest : public testing::Test {
 protected:
  std::string Path(std::string_view name) const {
    return absl::StrCat(directory_.path(), "/", name);
  }
  template <class F>
  auto Await(F make_future) {
    return Blocking(executor_.get(), std::move(make_future));
  }
  std::unique_ptr<File> Open(const std::string& path, OpenMode mode) {
    auto file = Await([&] { return files_.Open(path, mode); });
    CHECK_OK(file);
    return *std::move(file);
  }
  static std::vector<std::string> OpenDescriptors() {
    std::vector<std::string> descriptors;
    for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd")) {
      descriptors.push_back(entry.path().filename());
    }
    return descriptors;
  }

  const TemporaryDirectory directory_;
  const std::unique_ptr<ThreadRuntime> runtime_ = ThreadRuntime::Create();
  const std::unique_ptr<Executor> executor_ = runtime_->MakeExecutor("test");
  PosixFileSystem files_{runtime_.get()};
};

TEST_F(PosixFileSystemTest, TheDefaultFileSystemIsOneAndWorks) {
  EXPECT_EQ(DefaultFileSystem(), DefaultFileSystem());
  const auto names = Await([&] { return DefaultFileSystem()->List(directory_.path()); });
  EXPECT_THAT(names, IsOkAndHolds(testing::IsEmpty()));
}

TEST_F(PosixFileSystemTest, DescriptorsAreClosedOnExecAndWithTheirFiles) {
  const std::vector<std::string> before = OpenDescriptors();
  {
    const std::unique_ptr<File> file = Open(Path("a"), OpenMode::kCreateExclusive);
    alignas(kDirectAlignment) static char memory[kDirectAlignment];
    (void)Await([&] { return file->ReadDirect(0, memory); });
    const auto watcher = Await([&] { return files_.Watch(directory_.path()); });
    ASSERT_THAT(watcher, IsOk());
    for (const std::string& name : OpenDescriptors()) {
      const int flags = fcntl(std::stoi(name), F_GETFD);
      if (flags < 0 || testing::Matches(testing::Contains(name))(before)) continue;
      EXPECT_NE(flags & FD_CLOEXEC, 0) << std::filesystem::read_symlink("/proc/self/fd/" + name);
    }
  }
  // The watchers' two stay until the file system goes.
  EXPECT_LE(OpenDescriptors().size(), before.size() + 2);
}

TEST_F(PosixFileSystemTest, AThousandOpensLeakNothing) {
  Open(Path("a"), OpenMode::kCreateExclusive);
  const size_t before = OpenDescriptors().size();
  for (int i = 0; i < 1000; ++i) {
    Open(Path("a"), OpenMode::kRead);
    EXPECT_THAT(Await([&] { return files_.List(directory_.path()); }), IsOk());
    EXPECT_THAT(Await([&] { return files_.SyncDirectory(directory_.path()); }), IsOk());
  }
  EXPECT_EQ(OpenDescriptors().size(), before);
}

TEST_F(PosixFileSystemTest, KnownFileSystemsAreNamedAndProcIsNotLocal) {
  const auto info = Await([&] { return files_.Info("/proc"); });
  ASSERT_THAT(info, IsOk());
  EXPECT_EQ(info->type, "0x9fa0");
  EXPECT_FALSE(info->local);
  const auto here = Await([&] { return files_.Info(directory_.path()); });
  ASSERT_THAT(here, IsOk());
  EXPECT_THAT(here->type, testing::Not(testing::StartsWith("0x")));
  EXPECT_TRUE(here->local) << here->type;
}

TEST_F(PosixFileSystemTest, AFullDeviceIsResourceExhaustedAndNamed) {
  const std::unique_ptr<File> file = Open("/dev/full", OpenMode::kReadWrite);
  const Pieces pieces = {std::string_view("x")};
  const WriteSyncResult result =
      Await([&] { return file->WriteAndSync(0, pieces, Runtime::Urgency::kNow); });
  EXPECT_THAT(result.write, StatusIs(absl::StatusCode::kResourceExhausted,
                                     "pwritev /dev/full: No space left on device"));
}

TEST_F(PosixFileSystemTest, AFailingSyncIsReportedAsSuch) {
  // A pipe's end takes no fdatasync; a file that fails one cannot be had without a broken device.
  const std::string path = Path("fifo");
  ASSERT_EQ(mkfifo(path.c_str(), 0600), 0);
  const std::unique_ptr<File> file = Open(path, OpenMode::kReadWrite);
  EXPECT_THAT(Await([&] { return file->Sync(); }),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("fdatasync ")));
}

TEST_F(PosixFileSystemTest, AWatcherOfARemovedDirectoryIsToldThatItIsGone) {
  const std::string path = Path("d");
  ASSERT_THAT(Await([&] { return files_.CreateDirectory(path); }), IsOk());
  const auto watcher = Await([&] { return files_.Watch(path); });
  ASSERT_THAT(watcher, IsOk());
  Future<absl::Status> next = (*watcher)->Next();
  ASSERT_EQ(rmdir(path.c_str()), 0);
  const auto gone = StatusIs(absl::StatusCode::kNotFound, HasSubstr(path));
  EXPECT_THAT(Await([&] { return std::move(next); }), gone);
  EXPECT_THAT(Await([&] { return (*watcher)->Next(); }), gone);
}

TEST_F(PosixFileSystemTest, AWatcherSurvivesMoreEventsThanTheKernelKeeps) {
  const auto watcher = Await([&] { return files_.Watch(directory_.path()); });
  ASSERT_THAT(watcher, IsOk());
  for (int i = 0; i < 3000; ++i) {
    const int fd = open(Path(absl::StrCat(i)).c_str(), O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
    PCHECK(fd >= 0);
    close(fd);
  }
  EXPECT_THAT(Await([&] { return (*watcher)->Next(); }), IsOk());
  Future<absl::Status> next = (*watcher)->Next();
  ASSERT_EQ(unlink(Path("0").c_str()), 0);
  EXPECT_THAT(Await([&] { return std::move(next); }), IsOk());
}

TEST_F(PosixFileSystemTest, OverlappingSyncsAbort) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  const std::unique_ptr<File> file = Open(Path("a"), OpenMode::kCreateExclusive);
  EXPECT_DEATH(
      {
        // The first is on its way to another thread when the next comes.
        for (int i = 0; i < 100000; ++i) (void)file->Sync();
      },
      "two overlapping syncs of ");
}

}  // namespace
}  // namespace tidelog
