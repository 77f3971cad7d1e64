// Finding the newest manifest while it changes.
#include "impls/file/manifest_reader.h"

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "gtest/gtest.h"
#include "impls/file/file_ops.h"
#include "impls/file/manifest.h"
#include "impls/file/names.h"
#include "wal/async/future.h"
#include "wal/async/test_runtime.h"
#include "wal/io/file_system.h"
#include "wal/io/testing/crashable_file_system.h"
#include "wal/types.h"

namespace tidelog::impls::file {
namespace {

constexpr char kDirectory[] = "orders";

// Its listings miss everything, the first few: what is linked and unlinked meanwhile they may.
class MissingFileSystem final : public FileSystem {
 public:
  MissingFileSystem(FileSystem* files, int misses) : files_(files), misses_(misses) {}

  int list_count() const { return list_count_; }

  Future<absl::StatusOr<std::vector<std::string>>> List(std::string path) override {
    if (list_count_++ >= misses_) return files_->List(std::move(path));
    return MakeReadyFuture(absl::StatusOr<std::vector<std::string>>(std::vector<std::string>()));
  }
  Future<absl::StatusOr<std::unique_ptr<File>>> Open(std::string path, OpenMode mode) override {
    return files_->Open(std::move(path), mode);
  }
  Future<absl::Status> Link(std::string from, std::string to) override {
    return files_->Link(std::move(from), std::move(to));
  }
  Future<absl::Status> Unlink(std::string path) override { return files_->Unlink(std::move(path)); }
  Future<absl::Status> CreateDirectory(std::string path) override {
    return files_->CreateDirectory(std::move(path));
  }
  Future<absl::Status> SyncDirectory(std::string path) override {
    return files_->SyncDirectory(std::move(path));
  }
  Future<absl::StatusOr<FileSystemInfo>> Info(std::string path) override {
    return files_->Info(std::move(path));
  }
  Future<absl::StatusOr<std::unique_ptr<DirectoryWatcher>>> Watch(std::string path) override {
    return files_->Watch(std::move(path));
  }

 private:
  FileSystem* const files_;
  const int misses_;
  int list_count_ = 0;
};

class ManifestReaderTest : public ::testing::Test {
 protected:
  ManifestReaderTest() : disk_(&runtime_, {}), files_(disk_.NewProcess()) {
    EXPECT_TRUE(runtime_.Run([&] { return files_->CreateDirectory(kDirectory); }).ok());
  }
  void Publish() {
    Manifest manifest;
    manifest.name = {Term{7}, 1};
    manifest.channel = "orders";
    manifest.incarnation = 1;
    ManifestSegment segment;
    segment.name = {Term{7}, 1, 1};
    segment.base_id = 1;
    manifest.segments.push_back(segment);
    const std::string path = PathOf(kDirectory, manifest.name.FileName());
    const std::string bytes = EncodeManifest(manifest);
    ASSERT_TRUE(runtime_.Run([&] { return WriteNewFile(files_, path, bytes); }).ok());
  }
  absl::StatusOr<std::optional<Manifest>> Read(MissingFileSystem* files, Published published) {
    return runtime_.Run([&] { return ReadNewestManifest(files, kDirectory, "orders", published); });
  }

  TestRuntime runtime_;
  CrashableFileSystem disk_;
  FileSystem* files_;
};

TEST_F(ManifestReaderTest, OneThatTwoListingsMissedIsFoundIfItIsKnownToBeThere) {
  Publish();
  MissingFileSystem files(files_, 10);
  const absl::StatusOr<std::optional<Manifest>> found = Read(&files, Published::kYes);
  ASSERT_TRUE(found.ok()) << found.status();
  EXPECT_TRUE(found->has_value());
}

TEST_F(ManifestReaderTest, OneThatIsLostIsNotLookedForForever) {
  MissingFileSystem files(files_, 0);
  const absl::StatusOr<std::optional<Manifest>> found = Read(&files, Published::kYes);
  ASSERT_TRUE(found.ok()) << found.status();
  EXPECT_FALSE(found->has_value());
  EXPECT_LE(files.list_count(), 100);
}

TEST_F(ManifestReaderTest, ANewChannelIsLookedAtTwice) {
  MissingFileSystem files(files_, 0);
  const absl::StatusOr<std::optional<Manifest>> found = Read(&files, Published::kNotKnown);
  ASSERT_TRUE(found.ok()) << found.status();
  EXPECT_FALSE(found->has_value());
  EXPECT_EQ(files.list_count(), 2);
}

}  // namespace
}  // namespace tidelog::impls::file
