// Where a log may go on (G6): what Prepare() says of a directory is what an open for writing finds.
#include <cerrno>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/log/check.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "impls/file/file_log.h"
#include "impls/file/file_ops.h"
#include "wal/async/future.h"
#include "wal/async/test_runtime.h"
#include "wal/environment.h"
#include "wal/io/file_system.h"
#include "wal/io/testing/crashable_file_system.h"
#include "wal/io/testing/disk_operation.h"
#include "wal/observer.h"
#include "wal/status.h"
#include "wal/types.h"
#include "walimpls/opener.h"
#include "walimpls/wal.h"

namespace tidelog::impls::file {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class SilentObserver final : public Observer {
 public:
  void OnEvent(const Event&) override {}
};

class PrepareTest : public ::testing::Test {
 protected:
  PrepareTest() : disk_(&runtime_, {}), files_(disk_.NewProcess()) {}
  ~PrepareTest() override {
    disk_.SetFaultHook(nullptr);
    if (opener_ != nullptr) (void)runtime_.Run([this] { return opener_->Close(); });
  }

  void Use(const std::string& dir) {
    Environment environment;
    environment.runtime = &runtime_;
    environment.files = files_;
    environment.observer = &observer_;
    absl::StatusOr<std::unique_ptr<walimpls::OpenerImpls>> opener =
        MakeBuilder()->Build(environment, {{"dir", dir}});
    CHECK_OK(opener);
    opener_ = *std::move(opener);
  }
  absl::Status Prepare() {
    return runtime_.Run([this] { return opener_->Prepare("orders"); });
  }
  WalErrorCode Open() {
    walimpls::OpenOptions options;
    options.strand = runtime_.executor();
    absl::StatusOr<std::unique_ptr<walimpls::WalImpls>> opened = runtime_.Run([&] {
      return opener_->Open({"orders", Term{1}}, options);
    });
    if (opened.ok()) {
      CHECK_OK(runtime_.Run([&] { return (*opened)->Close(walimpls::CloseMode::kAbandon); }));
    }
    return GetWalErrorCode(opened.status());
  }
  void MakeDirectory(const std::string& path) {
    CHECK_OK(runtime_.Run([&] { return files_->CreateDirectory(path); }));
  }
  void FailWith(DiskOperation operation, int error_number) {
    disk_.SetFaultHook([=](const DiskEvent& event) {
      return DiskFault{.error_number = event.operation == operation ? error_number : 0};
    });
  }
  std::vector<std::string> List(const std::string& path) {
    absl::StatusOr<std::vector<std::string>> names =
        runtime_.Run([&] { return files_->List(path); });
    CHECK_OK(names);
    return *std::move(names);
  }

  TestRuntime runtime_;
  CrashableFileSystem disk_;
  SilentObserver observer_;
  FileSystem* files_;
  std::unique_ptr<walimpls::OpenerImpls> opener_;
};

TEST_F(PrepareTest, ADirectoryOfSomethingElseIsRefusedAndLeftAlone) {
  MakeDirectory("photos");
  CHECK_OK(runtime_.Run([&] { return WriteNewFile(files_, "photos/cat.jpg", "bytes"); }));
  Use("photos");
  const absl::Status prepared = Prepare();
  EXPECT_EQ(GetWalErrorCode(prepared), WalErrorCode::kInvalidArgument) << prepared;
  EXPECT_THAT(prepared.message(), HasSubstr("cat.jpg"));
  EXPECT_EQ(Open(), WalErrorCode::kInvalidArgument);
  EXPECT_THAT(List("photos"), ElementsAre("cat.jpg"));
}

TEST_F(PrepareTest, ADirectoryWithoutAParentIsRefusedAndNotMade) {
  Use("no/such");
  const absl::Status prepared = Prepare();
  EXPECT_EQ(GetWalErrorCode(prepared), WalErrorCode::kInner) << prepared;
  EXPECT_THAT(prepared.message(), HasSubstr("no/such"));
  EXPECT_EQ(Open(), WalErrorCode::kInner);
}

// Also where the log's directory is there already, and good: for another channel.
TEST_F(PrepareTest, ADirectoryWithoutPermissionIsRefused) {
  for (const bool is_marked : {false, true}) {
    const std::string dir = is_marked ? "marked" : "new";
    MakeDirectory(dir);
    Use(dir);
    if (is_marked) CHECK_OK(runtime_.Run([this] { return opener_->Prepare("others"); }));
    for (const int error_number : {EACCES, EROFS}) {
      FailWith(is_marked ? DiskOperation::kCreateDirectory : DiskOperation::kOpen, error_number);
      const absl::Status prepared = Prepare();
      EXPECT_EQ(GetWalErrorCode(prepared), WalErrorCode::kInner) << prepared;
      EXPECT_EQ(Open(), WalErrorCode::kInner);
      disk_.SetFaultHook(nullptr);
    }
    EXPECT_TRUE(Prepare().ok());
    EXPECT_EQ(Open(), WalErrorCode::kOk);
    CHECK_OK(runtime_.Run([this] { return opener_->Close(); }));
  }
  opener_.reset();
}

TEST_F(PrepareTest, AFullDiskIsSaidToBeFull) {
  Use("new");
  FailWith(DiskOperation::kCreateDirectory, ENOSPC);
  EXPECT_EQ(GetWalErrorCode(Prepare()), WalErrorCode::kResourceExhausted);
}

}  // namespace
}  // namespace tidelog::impls::file
