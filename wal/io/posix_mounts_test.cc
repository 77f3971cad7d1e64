// PosixFileSystem on file systems mounted for this test, which nobody else sees: a tmpfs of 1 MiB,
// which gets really full, and a ramfs, which can neither reserve blocks nor read directly.
//
// Where the machine does not let users mount: testing/own_mounts.h.

#include <unistd.h>

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/log/check.h"
#include "absl/status/status.h"
#include "absl/status/status_matchers.h"
#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "wal/async/executor.h"
#include "wal/async/future.h"
#include "wal/async/thread_runtime.h"
#include "wal/io/file_system.h"
#include "wal/io/posix_file_system.h"
#include "wal/io/testing/own_mounts.h"

namespace tidelog {
namespace {

using ::absl_testing::IsOk;
using ::absl_testing::IsOkAndHolds;
using ::absl_testing::StatusIs;
using ::testing::HasSubstr;
using Pieces = std::vector<std::span<const char>>;

constexpr size_t kDiskSize = 1 << 20;

std::string SmallDisk() { return absl::StrCat(testing::TempDir(), "/small_disk"); }
std::string PlainDisk() { return absl::StrCat(testing::TempDir(), "/plain_disk"); }

absl::Status MountAll() {
  absl::Status status = MountAt(SmallDisk(), "tmpfs", absl::StrCat("mode=0777,size=", kDiskSize));
  if (status.ok()) status = MountAt(PlainDisk(), "ramfs", "mode=0777");
  return status;
}

class PosixMountsTest : public testing::Test {
 protected:
  static std::string Path(std::string_view name) { return absl::StrCat(SmallDisk(), "/", name); }
  ~PosixMountsTest() override {
    for (const char* name : {"a", "b"}) unlink(Path(name).c_str());
  }

  template <class F>
  auto Await(F make_future) {
    return Blocking(executor_.get(), std::move(make_future));
  }
  std::unique_ptr<File> Create(std::string_view name) { return CreateAt(Path(name)); }
  std::unique_ptr<File> CreateAt(const std::string& path) {
    auto file = Await([&] { return files_.Open(path, OpenMode::kCreateExclusive); });
    CHECK_OK(file);
    return *std::move(file);
  }
  absl::Status Write(File& file, uint64_t offset, size_t size) {
    const std::string bytes(size, 'x');
    const Pieces pieces = {bytes};
    return Await([&] { return file.Write(offset, pieces); });
  }

  const std::unique_ptr<ThreadRuntime> runtime_ = ThreadRuntime::Create();
  const std::unique_ptr<Executor> executor_ = runtime_->MakeExecutor("test");
  PosixFileSystem files_{runtime_.get()};
};

TEST_F(PosixMountsTest, AWriteThatDoesNotFitFailsAndSaysSoAndHeals) {
  const std::unique_ptr<File> filler = Create("a");
  ASSERT_THAT(Write(*filler, 0, kDiskSize / 2), IsOk());
  const std::unique_ptr<File> file = Create("b");
  EXPECT_THAT(Write(*file, 0, kDiskSize),
              StatusIs(absl::StatusCode::kResourceExhausted,
                       absl::StrCat("pwritev ", Path("b"), ": No space left on device")));
  const auto size = Await([&] { return file->Size(); });
  ASSERT_THAT(size, IsOk());
  EXPECT_GT(*size, 0);  // A part was written, by a short write before the error.
  EXPECT_LE(*size, kDiskSize / 2);

  ASSERT_THAT(Await([&] { return filler->Truncate(0); }), IsOk());
  EXPECT_THAT(Write(*file, *size, kDiskSize / 4), IsOk());
}

TEST_F(PosixMountsTest, AnAllocationThatDoesNotFitFails) {
  const std::unique_ptr<File> file = Create("a");
  EXPECT_THAT(Await([&] { return file->Allocate(2 * kDiskSize); }),
              StatusIs(absl::StatusCode::kResourceExhausted, HasSubstr("fallocate ")));
}

TEST_F(PosixMountsTest, AllocatedBlocksCanBeWrittenOnAFullDisk) {
  const std::unique_ptr<File> file = Create("a");
  ASSERT_THAT(Await([&] { return file->Allocate(kDiskSize / 2); }), IsOk());
  const std::unique_ptr<File> filler = Create("b");
  ASSERT_THAT(Write(*filler, 0, kDiskSize), StatusIs(absl::StatusCode::kResourceExhausted));
  EXPECT_THAT(Write(*file, 0, kDiskSize / 2), IsOk());
}

TEST_F(PosixMountsTest, AWordThatWasWrittenCanBeExchangedOnAFullDisk) {
  const std::unique_ptr<File> file = Create("a");
  ASSERT_THAT(Write(*file, 0, 8), IsOk());
  const std::unique_ptr<File> filler = Create("b");
  ASSERT_THAT(Write(*filler, 0, kDiskSize), StatusIs(absl::StatusCode::kResourceExhausted));
  const auto word = Await([&] { return file->MapWord(0); });
  ASSERT_THAT(word, IsOk());
  uint64_t value = (*word)->Load();
  EXPECT_TRUE((*word)->CompareExchange(value, 7));
  EXPECT_THAT(Await([&] { return (*word)->Sync(); }), IsOk());
}

TEST_F(PosixMountsTest, WhereBlocksCannotBeReservedZerosAreWritten) {
  const std::unique_ptr<File> file = CreateAt(absl::StrCat(PlainDisk(), "/allocated"));
  ASSERT_THAT(Write(*file, 0, 5000), IsOk());
  ASSERT_THAT(Await([&] { return file->Allocate(200000); }), IsOk());
  EXPECT_THAT(Await([&] { return file->Allocate(100); }), IsOk());
  std::string bytes(300000, '?');
  ASSERT_THAT(Await([&] { return file->Read(0, bytes); }), IsOkAndHolds(200000));
  EXPECT_EQ(bytes.substr(0, 200000), std::string(5000, 'x') + std::string(195000, '\0'));
}

TEST_F(PosixMountsTest, WhereThereAreNoDirectReadsThatIsSaid) {
  const std::unique_ptr<File> file = CreateAt(absl::StrCat(PlainDisk(), "/direct"));
  ASSERT_THAT(Write(*file, 0, kDirectAlignment), IsOk());
  alignas(kDirectAlignment) static char memory[kDirectAlignment];
  EXPECT_THAT(Await([&] { return file->ReadDirect(0, memory); }),
              StatusIs(absl::StatusCode::kUnimplemented, HasSubstr("O_DIRECT")));
}

TEST_F(PosixMountsTest, InfoTellsTheTypeAndWhatIsFree) {
  const auto before = Await([&] { return files_.Info(SmallDisk()); });
  ASSERT_THAT(before, IsOk());
  EXPECT_EQ(before->type, "tmpfs");
  EXPECT_TRUE(before->local);
  EXPECT_EQ(before->free_bytes, kDiskSize);
  const std::unique_ptr<File> file = Create("a");
  ASSERT_THAT(Write(*file, 0, kDiskSize / 4), IsOk());
  const auto after = Await([&] { return files_.Info(SmallDisk()); });
  ASSERT_THAT(after, IsOk());
  EXPECT_EQ(after->free_bytes, kDiskSize * 3 / 4);
}

TEST_F(PosixMountsTest, AReadOnlyFileSystemRefusesWhatWouldChangeIt) {
  Create("a");
  ASSERT_THAT(RemountReadOnly(SmallDisk(), true), IsOk());
  const auto refused =
      StatusIs(absl::StatusCode::kPermissionDenied, HasSubstr("Read-only file system"));
  EXPECT_THAT(Await([&] { return files_.Open(Path("b"), OpenMode::kCreateExclusive); }).status(),
              refused);
  EXPECT_THAT(Await([&] { return files_.Open(Path("a"), OpenMode::kReadWrite); }).status(),
              refused);
  EXPECT_THAT(Await([&] { return files_.Open(Path("a"), OpenMode::kRead); }), IsOk());
  EXPECT_THAT(Await([&] { return files_.Unlink(Path("a")); }), refused);
  const auto info = Await([&] { return files_.Info(SmallDisk()); });
  ASSERT_THAT(RemountReadOnly(SmallDisk(), false), IsOk());
  ASSERT_THAT(info, IsOk());
  EXPECT_TRUE(info->read_only);
}

}  // namespace
}  // namespace tidelog

int main(int argc, char** argv) {
  return tidelog::RunAllTestsWithMounts(argc, argv, &tidelog::MountAll);
}
