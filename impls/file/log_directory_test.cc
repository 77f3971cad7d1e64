// The directory of a file log, and its settings.
#include "impls/file/log_directory.h"

#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "impls/file/file_ops.h"
#include "impls/file/little_endian.h"
#include "impls/file/names.h"
#include "impls/file/options.h"
#include "impls/file/term_word.h"
#include "impls/file/testing/missing_file_system.h"
#include "wal/async/future.h"
#include "wal/async/test_runtime.h"
#include "wal/io/testing/crashable_file_system.h"
#include "wal/status.h"
#include "wal/types.h"

namespace tidelog::impls::file {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class LogDirectoryTest : public ::testing::Test {
 protected:
  LogDirectoryTest() : disk_(&runtime_, {}), files_(disk_.NewProcess()) { options_.dir = "log"; }

  absl::Status Prepare() {
    return runtime_.Run([this] { return PrepareLogDirectory(files_, options_, 7); });
  }
  absl::Status Write(std::string path, std::string bytes) {
    return runtime_.Run([&] { return WriteNewFile(files_, path, bytes); });
  }
  absl::Status MakeDirectory(std::string path) {
    return runtime_.Run([&] { return files_->CreateDirectory(path); });
  }
  Future<absl::Status> MakeLog() {
    absl::Status made = co_await PrepareLogDirectory(files_, options_, 7);
    if (!made.ok()) co_return made;
    absl::Status channel = co_await PrepareChannel(files_, "log", "orders", 7);
    co_return channel;
  }

  TestRuntime runtime_;
  CrashableFileSystem disk_;
  FileSystem* files_;
  FileOptions options_;
};

TEST_F(LogDirectoryTest, AMissingDirectoryIsMadeAndMarkedOnce) {
  EXPECT_TRUE(Prepare().ok());
  EXPECT_TRUE(Prepare().ok());
  EXPECT_TRUE(runtime_.Run([this] { return CheckLogDirectory(files_, options_); }).ok());
}

TEST_F(LogDirectoryTest, ItSurvivesACrashOfTheMachine) {
  ASSERT_TRUE(Prepare().ok());
  disk_.CrashMachine();
  files_ = disk_.NewProcess();
  EXPECT_TRUE(runtime_.Run([this] { return CheckLogDirectory(files_, options_); }).ok());
}

TEST_F(LogDirectoryTest, AnEmptyDirectoryAndAFreshFileSystemAreTaken) {
  ASSERT_TRUE(MakeDirectory("log").ok());
  ASSERT_TRUE(MakeDirectory("log/lost+found").ok());
  EXPECT_TRUE(Prepare().ok());
}

TEST_F(LogDirectoryTest, ADirectoryOfSomethingElseIsRefusedAndLeftAlone) {
  ASSERT_TRUE(MakeDirectory("log").ok());
  ASSERT_TRUE(Write("log/photos.zip", "bytes").ok());
  const absl::Status prepared = Prepare();
  EXPECT_EQ(GetWalErrorCode(prepared), WalErrorCode::kInvalidArgument) << prepared;
  EXPECT_THAT(prepared.message(), HasSubstr("photos.zip"));
  const auto names = runtime_.Run([this] { return files_->List("log"); });
  EXPECT_THAT(*names, ElementsAre("photos.zip"));
}

// Another process makes the log meanwhile.
TEST_F(LogDirectoryTest, AMarkerThatAListingMissedIsFound) {
  ASSERT_TRUE(MakeDirectory("log").ok());
  MissingFileSystem files(files_, {.name = "TIDELOG", .meanwhile = [this] { return MakeLog(); }});
  const absl::Status prepared =
      runtime_.Run([&] { return PrepareLogDirectory(&files, options_, 8); });
  EXPECT_TRUE(prepared.ok()) << prepared;
}

TEST_F(LogDirectoryTest, ATermThatAListingMissedIsFound) {
  ASSERT_TRUE(runtime_.Run([this] { return MakeLog(); }).ok());
  const std::string manifest = ManifestName{Term{1}, 1}.FileName();
  ASSERT_TRUE(Write(PathOf("log/orders", manifest), "any").ok());
  MissingFileSystem files(files_, {.name = "TERM"});
  const absl::Status prepared =
      runtime_.Run([&] { return PrepareChannel(&files, "log", "orders", 8); });
  EXPECT_TRUE(prepared.ok()) << prepared;
}

TEST_F(LogDirectoryTest, ATermThatIsLostIsNotMadeAgain) {
  ASSERT_TRUE(runtime_.Run([this] { return MakeLog(); }).ok());
  const std::string manifest = ManifestName{Term{1}, 1}.FileName();
  ASSERT_TRUE(Write(PathOf("log/orders", manifest), "any").ok());
  ASSERT_TRUE(runtime_.Run([this] { return files_->Unlink("log/orders/TERM"); }).ok());
  const absl::Status prepared =
      runtime_.Run([this] { return PrepareChannel(files_, "log", "orders", 8); });
  EXPECT_EQ(GetWalErrorCode(prepared), WalErrorCode::kCorrupt) << prepared;
}

TEST_F(LogDirectoryTest, ADirectoryWithoutAParentIsRefused) {
  options_.dir = "no/such";
  EXPECT_EQ(GetWalErrorCode(Prepare()), WalErrorCode::kInner);
}

TEST_F(LogDirectoryTest, AMarkerOfANewerFormatIsRefusedByVersion) {
  ASSERT_TRUE(MakeDirectory("log").ok());
  ASSERT_TRUE(Write("log/TIDELOG", "tidelog file log, format 99\n").ok());
  const absl::Status prepared = Prepare();
  EXPECT_EQ(GetWalErrorCode(prepared), WalErrorCode::kInner) << prepared;
  EXPECT_THAT(prepared.message(), HasSubstr("99"));
}

TEST_F(LogDirectoryTest, ADamagedMarkerIsRefused) {
  ASSERT_TRUE(MakeDirectory("log").ok());
  ASSERT_TRUE(Write("log/TIDELOG", "tidelog file lag").ok());
  EXPECT_EQ(GetWalErrorCode(Prepare()), WalErrorCode::kCorrupt);
}

TEST_F(LogDirectoryTest, ReadingFindsNoLogWhereThereIsNone) {
  const absl::Status checked = runtime_.Run([this] { return CheckLogDirectory(files_, options_); });
  EXPECT_EQ(GetWalErrorCode(checked), WalErrorCode::kChannelNotExist);
  const auto channels = runtime_.Run([this] { return ListLogChannels(files_, "log"); });
  ASSERT_TRUE(channels.ok());
  EXPECT_TRUE(channels->empty());
}

TEST_F(LogDirectoryTest, ALostMarkerIsNotTakenForNoLog) {
  ASSERT_TRUE(MakeDirectory("log").ok());
  ASSERT_TRUE(MakeDirectory("log/orders").ok());
  ASSERT_TRUE(Write("log/orders/TERM", std::string(16, 't')).ok());
  const absl::Status prepared = Prepare();
  EXPECT_EQ(GetWalErrorCode(prepared), WalErrorCode::kCorrupt) << prepared;
  EXPECT_THAT(prepared.message(), HasSubstr("\"tidelog file log, format 1\""));
  const absl::Status checked = runtime_.Run([this] { return CheckLogDirectory(files_, options_); });
  EXPECT_EQ(GetWalErrorCode(checked), WalErrorCode::kCorrupt) << checked;
  const auto channels = runtime_.Run([this] { return ListLogChannels(files_, "log"); });
  EXPECT_EQ(GetWalErrorCode(channels.status()), WalErrorCode::kCorrupt) << channels.status();
}

TEST_F(LogDirectoryTest, AChannelWithSegmentsAndWithoutTermIsNotTakenForANewOne) {
  ASSERT_TRUE(Prepare().ok());
  ASSERT_TRUE(MakeDirectory("log/orders").ok());
  ASSERT_TRUE(Write("log/orders/000000000000001-00001-0000000001.seg", "bytes").ok());
  const absl::Status prepared =
      runtime_.Run([this] { return PrepareChannel(files_, "log", "orders", 1); });
  EXPECT_EQ(GetWalErrorCode(prepared), WalErrorCode::kCorrupt) << prepared;
  EXPECT_THAT(prepared.message(), HasSubstr("TERM is missing"));
}

TEST_F(LogDirectoryTest, AChannelWhoseManifestIsLostIsListed) {
  ASSERT_TRUE(Prepare().ok());
  std::string term(16, '\0');
  for (const char* name : {"made", "new"}) {
    ASSERT_TRUE(MakeDirectory(absl::StrCat("log/", name)).ok());
    StoreLittleEndian<uint64_t>(term.data() + 8, BirthWord{1, name[0] == 'm'}.Pack());
    ASSERT_TRUE(Write(absl::StrCat("log/", name, "/TERM"), term).ok());
  }
  const auto channels = runtime_.Run([this] { return ListLogChannels(files_, "log"); });
  ASSERT_TRUE(channels.ok()) << channels.status();
  EXPECT_THAT(*channels, ElementsAre("made"));
}

TEST(FileOptionsTest, DefaultsAreDurable) {
  const absl::StatusOr<FileOptions> options = ParseFileOptions({{"dir", "/var/lib/log/"}});
  ASSERT_TRUE(options.ok()) << options.status();
  EXPECT_EQ(options->dir, "/var/lib/log");
  EXPECT_EQ(options->sync, FileOptions::Sync::kAlways);
  EXPECT_EQ(options->preallocate, FileOptions::Preallocate::kZero);
  EXPECT_EQ(options->segment_bytes, 64u << 20);
}

TEST(FileOptionsTest, WhatIsWrongIsNamed) {
  const std::pair<Config, std::string> cases[] = {
      {{}, "dir"},
      {{{"dir", "d"}, {"fsync", "no"}}, "fsync"},
      {{{"dir", "d"}, {"sync", "never"}}, "unsafe_never"},
      {{{"dir", "d"}, {"segment_bytes", "10"}}, "segment_bytes"},
      {{{"dir", "d"}, {"preallocate", "holes"}}, "zero"},
      {{{"dir", "d"}, {"allow_remote_file_system", "1"}}, "allow_remote_file_system"},
  };
  for (const auto& [config, named] : cases) {
    const absl::StatusOr<FileOptions> options = ParseFileOptions(config);
    EXPECT_EQ(GetWalErrorCode(options.status()), WalErrorCode::kInvalidArgument);
    EXPECT_THAT(options.status().message(), HasSubstr(named));
  }
}

}  // namespace
}  // namespace tidelog::impls::file
