// Finding the newest manifest while it changes.
#include "impls/file/manifest_reader.h"

#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "gtest/gtest.h"
#include "impls/file/file_ops.h"
#include "impls/file/manifest.h"
#include "impls/file/names.h"
#include "impls/file/testing/missing_file_system.h"
#include "wal/async/test_runtime.h"
#include "wal/io/file_system.h"
#include "wal/io/testing/crashable_file_system.h"
#include "wal/types.h"

namespace tidelog::impls::file {
namespace {

constexpr char kDirectory[] = "orders";

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
  MissingFileSystem files(files_, {.listings = 10});
  const absl::StatusOr<std::optional<Manifest>> found = Read(&files, Published::kYes);
  ASSERT_TRUE(found.ok()) << found.status();
  EXPECT_TRUE(found->has_value());
}

TEST_F(ManifestReaderTest, OneThatIsLostIsNotLookedForForever) {
  MissingFileSystem files(files_, {.listings = 0});
  const absl::StatusOr<std::optional<Manifest>> found = Read(&files, Published::kYes);
  ASSERT_TRUE(found.ok()) << found.status();
  EXPECT_FALSE(found->has_value());
  EXPECT_LE(files.list_count(), 100);
}

TEST_F(ManifestReaderTest, ANewChannelIsLookedAtTwice) {
  MissingFileSystem files(files_, {.listings = 0});
  const absl::StatusOr<std::optional<Manifest>> found = Read(&files, Published::kNotKnown);
  ASSERT_TRUE(found.ok()) << found.status();
  EXPECT_FALSE(found->has_value());
  EXPECT_EQ(files.list_count(), 2);
}

}  // namespace
}  // namespace tidelog::impls::file
