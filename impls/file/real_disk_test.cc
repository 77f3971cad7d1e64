// Goal: a real disk that is full, over quota, read-only or failing ends appends as they say, loses
// nothing that was acknowledged, and the log goes on when it heals.  Method: a log with threads on
// a tmpfs of 4 MiB and 64 inodes, mounted for this test, which is filled, limited and remounted;
// what this machine cannot do to a mount it owns (EIO needs device mapper, EDQUOT a file system
// with quotas, a read-only remount closed files) fails in the seam above it, at the same calls.
#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/log/check.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "impls/file/file_log.h"
#include "wal/async/coroutine.h"
#include "wal/async/executor.h"
#include "wal/async/future.h"
#include "wal/async/thread_runtime.h"
#include "wal/environment.h"
#include "wal/io/posix_file_system.h"
#include "wal/io/testing/failing_file_system.h"
#include "wal/io/testing/own_mounts.h"
#include "wal/message/message.h"
#include "wal/message/message_id.h"
#include "wal/message/message_stamper.h"
#include "wal/observer.h"
#include "wal/status.h"
#include "wal/types.h"
#include "walimpls/opener.h"
#include "walimpls/scanner.h"
#include "walimpls/wal.h"

namespace tidelog::impls::file {
namespace {

using ::testing::HasSubstr;
using walimpls::CloseMode;

constexpr char kChannel[] = "orders";
constexpr size_t kPayloadSize = 9000;  // Some of them fill a segment.

std::string DiskPath() { return absl::StrCat(testing::TempDir(), "/disk"); }

absl::Status MountDisk() { return MountAt(DiskPath(), "tmpfs", "mode=0777,size=4m,nr_inodes=64"); }

class SilentObserver final : public Observer {
 public:
  void OnEvent(const Event&) override {}
};

// A log on the disk, and what its appends were told.
class RealDiskTest : public testing::Test {
 protected:
  RealDiskTest() { Clear(); }
  ~RealDiskTest() override {
    files_.SetHook(nullptr);
    CloseOwner();
    Clear();
  }

  template <class F>
  auto Await(F make_future) {
    return Blocking(strand_.get(), [&] { return OnStrand(strand_.get(), &make_future); });
  }
  template <class F>
  static auto OnStrand(Executor* strand, F* make_future) -> decltype((*make_future)()) {
    co_await EnterExecutor(strand);
    auto future = (*make_future)();
    auto result = co_await std::move(future);
    co_return result;
  }
  walimpls::OpenOptions OpenOptionsHere() const {
    walimpls::OpenOptions options;
    options.strand = strand_.get();
    return options;
  }
  std::unique_ptr<walimpls::OpenerImpls> MakeOpener(FileSystem* files) {
    Environment environment;
    environment.runtime = runtime_.get();
    environment.files = files;
    environment.observer = &observer_;
    auto opener = MakeBuilder()->Build(
        environment, {{"dir", absl::StrCat(DiskPath(), "/log")}, {"segment_bytes", "65536"}});
    CHECK_OK(opener.status());
    return *std::move(opener);
  }

  absl::Status Open() {
    CloseOwner();
    opener_ = MakeOpener(&files_);
    const PChannel channel{kChannel, Term{++term_}};
    auto wal = Await([&] { return opener_->Open(channel, OpenOptionsHere()); });
    if (wal.ok()) wal_ = *std::move(wal);
    return wal.status();
  }
  void CloseOwner() {
    if (wal_ != nullptr) (void)Await([&] { return wal_->Close(CloseMode::kAbandon); });
    wal_.reset();
    if (opener_ != nullptr) CHECK_OK(Await([&] { return opener_->Close(); }));
    opener_.reset();
  }

  walimpls::Group NextGroup() {
    std::string payload = absl::StrCat(++last_number_, " ");
    payload.resize(kPayloadSize, 'x');
    absl::StatusOr<MutableMessage> built =
        MutableMessage::Builder(MessageType::kInsert).Build(payload);
    CHECK_OK(built.status());
    MutableMessage message = *std::move(built);
    MessageStamper::Stamp(message, Term{term_}, TimeTick{last_number_}, nullptr);
    walimpls::Group group;
    group.push_back(MessageStamper::Seal(std::move(message)));
    return group;
  }
  // What it is told is noted.
  absl::Status Append() {
    auto ids = Await([&] { return wal_->Append(NextGroup()); });
    if (ids.ok()) acknowledged_.push_back(last_number_);
    if (!ids.ok()) {
      EXPECT_EQ(EffectOf(ids.status()), Effect::kNotDone) << ids.status();
    }
    return ids.status();
  }
  // Appends until one fails, and takes note of that.
  absl::Status AppendUntilItFails() {
    absl::Status status;
    for (int i = 0; i < 1000 && status.ok(); ++i) status = Append();
    AcceptAgain();
    return status;
  }
  void AcceptAgain() {
    Await([&] {
      wal_->AcceptAgain();
      return MakeReadyFuture(Unit{});
    });
  }

  // All that another process sees.
  absl::StatusOr<std::vector<uint64_t>> ReadAsReader() {
    PosixFileSystem files(runtime_.get());
    const std::unique_ptr<walimpls::OpenerImpls> opener = MakeOpener(&files);
    auto log = Await([&] {
      return opener->OpenReadOnly(PChannel{kChannel, Term{0}}, OpenOptionsHere());
    });
    absl::StatusOr<std::vector<uint64_t>> numbers = std::vector<uint64_t>();
    if (!log.ok()) {
      numbers = log.status();
    } else {
      numbers = Await([&] { return ReadAll(log->get()); });
      CHECK_OK(Await([&] { return (*log)->Close(CloseMode::kAbandon); }));
      log->reset();
    }
    CHECK_OK(Await([&] { return opener->Close(); }));
    return numbers;
  }
  static Future<absl::StatusOr<std::vector<uint64_t>>> ReadAll(walimpls::RoWalImpls* log) {
    std::vector<uint64_t> numbers;
    absl::StatusOr<walimpls::LogState> state = co_await log->Info();
    if (!state.ok()) co_return state.status();
    if (!state->tail_id.has_value()) co_return numbers;
    walimpls::ScanOptions options;
    options.until = state->tail_id;
    absl::StatusOr<std::unique_ptr<walimpls::ScannerImpls>> scanner = co_await log->Read(options);
    if (!scanner.ok()) co_return scanner.status();
    absl::Status status;
    for (bool end = false; status.ok() && !end;) {
      walimpls::RawBatch reuse;
      absl::StatusOr<walimpls::RawBatch> batch = co_await (*scanner)->Next(std::move(reuse));
      status = batch.status();
      if (!batch.ok()) break;
      for (const ImmutableMessage& message : batch->messages) {
        numbers.push_back(ToInt(message.time_tick()));
      }
      end = batch->end;
    }
    absl::Status closed = co_await (*scanner)->Close();
    CHECK_OK(closed);
    if (!status.ok()) co_return status;
    co_return numbers;
  }

  // A higher term finds what was acknowledged, all and nothing else, and appends.
  void ExpectSoundForTheNextOwner() {
    files_.SetHook(nullptr);
    const absl::Status opened = Open();
    ASSERT_TRUE(opened.ok()) << opened;
    auto numbers = Await([&] { return ReadAll(wal_.get()); });
    ASSERT_TRUE(numbers.ok()) << numbers.status();
    EXPECT_EQ(*numbers, acknowledged_);
    EXPECT_TRUE(Append().ok());
  }

  // Leaves no room on the disk.
  void Fill() {
    const int fd = open(Filler().c_str(), O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
    CHECK_GE(fd, 0);
    const std::string bytes(64 << 10, 'f');
    for (size_t size = bytes.size(); size > 0;) {
      if (write(fd, bytes.data(), size) < 0) size /= 2;
    }
    CHECK_EQ(close(fd), 0);
  }
  void MakeRoom() { CHECK_EQ(unlink(Filler().c_str()), 0); }
  static std::string Filler() { return absl::StrCat(DiskPath(), "/filler"); }

  // Makes each operation that `matches` fail.
  template <class F>
  void FailWhere(F matches, int error_number) {
    files_.SetHook([matches, error_number](DiskOperation operation, std::string_view path) {
      return matches(operation, path) ? error_number : 0;
    });
  }
  static void Clear() {
    CHECK_EQ(std::system(absl::StrCat("rm -rf ", DiskPath(), "/log ", Filler()).c_str()), 0);
  }

  const std::unique_ptr<ThreadRuntime> runtime_ = ThreadRuntime::Create();
  const std::unique_ptr<Executor> strand_ = runtime_->MakeExecutor("test");
  PosixFileSystem posix_{runtime_.get()};
  FailingFileSystem files_{&posix_};
  SilentObserver observer_;
  std::unique_ptr<walimpls::OpenerImpls> opener_;
  std::unique_ptr<walimpls::WalImpls> wal_;
  int64_t term_ = 0;
  uint64_t last_number_ = 0;
  std::vector<uint64_t> acknowledged_;
};

TEST_F(RealDiskTest, WhenItIsFullAppendsEndNotDoneAndGoOnWhenThereIsRoom) {
  ASSERT_TRUE(Open().ok());
  ASSERT_TRUE(Append().ok());
  Fill();
  const absl::Status full = AppendUntilItFails();
  EXPECT_EQ(GetWalErrorCode(full), WalErrorCode::kResourceExhausted) << full;
  EXPECT_THAT(full.message(), HasSubstr("No space left on device"));
  EXPECT_EQ(GetWalErrorCode(AppendUntilItFails()), WalErrorCode::kResourceExhausted);
  const auto seen = ReadAsReader();
  ASSERT_TRUE(seen.ok()) << seen.status();
  EXPECT_LE(seen->size(), acknowledged_.size());
  MakeRoom();
  for (int i = 0; i < 20; ++i) ASSERT_TRUE(Append().ok());
  ExpectSoundForTheNextOwner();
}

TEST_F(RealDiskTest, WhenTheLogItselfFillsItTruncationMakesRoom) {
  ASSERT_TRUE(Open().ok());
  const absl::Status full = AppendUntilItFails();
  EXPECT_EQ(GetWalErrorCode(full), WalErrorCode::kResourceExhausted) << full;
  const auto info = Await([&] { return wal_->Info(); });
  ASSERT_TRUE(info.ok()) << info.status();
  const absl::Status truncated = Await([&] { return wal_->Truncate(*info->tail); });
  ASSERT_TRUE(truncated.ok()) << truncated;
  for (int i = 0; i < 20; ++i) ASSERT_TRUE(Append().ok());
  const auto numbers = Await([&] { return ReadAll(wal_.get()); });
  ASSERT_TRUE(numbers.ok()) << numbers.status();
  ASSERT_GE(numbers->size(), 20u);
  EXPECT_EQ(std::vector<uint64_t>(numbers->end() - 20, numbers->end()),
            std::vector<uint64_t>(acknowledged_.end() - 20, acknowledged_.end()));
}

TEST_F(RealDiskTest, AnOpenThatFindsItFullIsRefusedAndDoneAgainLater) {
  ASSERT_TRUE(Open().ok());
  for (int i = 0; i < 10; ++i) ASSERT_TRUE(Append().ok());
  CloseOwner();
  Fill();
  const absl::Status opened = Open();
  EXPECT_EQ(GetWalErrorCode(opened), WalErrorCode::kResourceExhausted) << opened;
  EXPECT_THAT(opened.message(), HasSubstr("No space left on device"));
  MakeRoom();
  ExpectSoundForTheNextOwner();
}

TEST_F(RealDiskTest, WithoutInodesAppendsEndNotDoneAndGoOnLater) {
  ASSERT_TRUE(Open().ok());
  ASSERT_TRUE(Append().ok());
  std::vector<std::string> fillers;
  for (;;) {
    const std::string path = absl::StrCat(DiskPath(), "/inode-", fillers.size());
    const int fd = open(path.c_str(), O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
    if (fd < 0) break;
    close(fd);
    fillers.push_back(path);
  }
  EXPECT_EQ(errno, ENOSPC);
  const absl::Status full = AppendUntilItFails();
  EXPECT_EQ(GetWalErrorCode(full), WalErrorCode::kResourceExhausted) << full;
  for (const std::string& path : fillers) CHECK_EQ(unlink(path.c_str()), 0);
  for (int i = 0; i < 20; ++i) ASSERT_TRUE(Append().ok());
  ExpectSoundForTheNextOwner();
}

TEST_F(RealDiskTest, RemountedReadOnlyItIsReadAndNotOpenedForWriting) {
  ASSERT_TRUE(Open().ok());
  for (int i = 0; i < 10; ++i) ASSERT_TRUE(Append().ok());
  EXPECT_TRUE(Await([&] { return wal_->Close(CloseMode::kClean); }).ok());
  wal_.reset();
  CloseOwner();
  ASSERT_TRUE(RemountReadOnly(DiskPath(), true).ok());
  const absl::Status opened = Open();
  const auto seen = ReadAsReader();
  ASSERT_TRUE(RemountReadOnly(DiskPath(), false).ok());
  EXPECT_EQ(GetWalErrorCode(opened), WalErrorCode::kInner) << opened;
  EXPECT_THAT(opened.message(), HasSubstr("read-only"));
  ASSERT_TRUE(seen.ok()) << seen.status();
  EXPECT_EQ(*seen, acknowledged_);
  ExpectSoundForTheNextOwner();
}

// As a file system does that finds itself damaged.
TEST_F(RealDiskTest, ThatTurnsReadOnlyUnderAnOwnerBreaksItAndNothingElse) {
  ASSERT_TRUE(Open().ok());
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(Append().ok());
  FailWhere(
      [](DiskOperation operation, std::string_view) {
        return operation != DiskOperation::kRead && operation != DiskOperation::kReadDirect;
      },
      EROFS);
  std::optional<Future<absl::StatusOr<walimpls::Ids>>> pending;
  Await([&] {
    pending = wal_->Append(NextGroup());
    return MakeReadyFuture(Unit{});
  });
  const absl::Status broken = Await([&] { return wal_->WhenUnavailable(); });
  EXPECT_EQ(GetWalErrorCode(broken), WalErrorCode::kInner) << broken;
  EXPECT_THAT(broken.message(), HasSubstr("Read-only file system"));
  const auto seen = ReadAsReader();
  EXPECT_TRUE(seen.ok()) << seen.status();
  CloseOwner();
  const auto ended = Await([&] { return *std::move(pending); });
  EXPECT_EQ(GetWalErrorCode(ended.status()), WalErrorCode::kOutcomeUnknown) << ended.status();
  files_.SetHook(nullptr);
  ASSERT_TRUE(Open().ok());
  auto numbers = Await([&] { return ReadAll(wal_.get()); });
  ASSERT_TRUE(numbers.ok()) << numbers.status();
  if (numbers->size() == acknowledged_.size() + 1) numbers->pop_back();  // Nobody was told.
  EXPECT_EQ(*numbers, acknowledged_);
}

// Each kind of operation fails, on each kind of file, while a segment is written, ended and begun.
TEST_F(RealDiskTest, AnErrorOfTheDeviceAnywhereLosesNothingAcknowledged) {
  struct Case {
    DiskOperation operation;
    std::string_view part;
    int error_number;
  };
  for (const auto& [operation, part, error_number] :
       {Case{DiskOperation::kWrite, ".seg", EIO}, Case{DiskOperation::kSync, ".seg", EIO},
        Case{DiskOperation::kAllocate, ".seg", EIO}, Case{DiskOperation::kOpen, ".seg", EIO},
        Case{DiskOperation::kWrite, ".seg", EDQUOT}, Case{DiskOperation::kAllocate, ".seg", EDQUOT},
        Case{DiskOperation::kOpen, "", EDQUOT}}) {
    SCOPED_TRACE(absl::StrCat(DiskOperationName(operation), " ", part, " ", error_number));
    ASSERT_TRUE(Open().ok());
    ASSERT_TRUE(Append().ok());
    FailWhere(
        [failing = operation, within = part](DiskOperation asked, std::string_view path) {
          return asked == failing && absl::StrContains(path, within);
        },
        error_number);
    const absl::Status failed = AppendUntilItFails();
    EXPECT_FALSE(failed.ok());
    const WalErrorCode code =
        error_number == EDQUOT ? WalErrorCode::kResourceExhausted : WalErrorCode::kUnavailable;
    EXPECT_EQ(GetWalErrorCode(failed), code) << failed;
    files_.SetHook(nullptr);
    for (int i = 0; i < 10; ++i) ASSERT_TRUE(Append().ok());
    ExpectSoundForTheNextOwner();
    CloseOwner();
    Clear();
    acknowledged_.clear();
  }
}

// The limit of a process; as with a quota, files cannot grow.
TEST_F(RealDiskTest, OverTheLimitOfFileSizesAppendsEndNotDoneAndGoOnLater) {
  ASSERT_TRUE(Open().ok());
  ASSERT_TRUE(Append().ok());
  rlimit old = {};
  ASSERT_EQ(getrlimit(RLIMIT_FSIZE, &old), 0);
  rlimit low = old;
  low.rlim_cur = 8192;
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &low), 0);
  const absl::Status failed = AppendUntilItFails();
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &old), 0);
  EXPECT_EQ(GetWalErrorCode(failed), WalErrorCode::kUnavailable) << failed;
  EXPECT_THAT(failed.message(), HasSubstr("File too large"));
  for (int i = 0; i < 20; ++i) ASSERT_TRUE(Append().ok());
  ExpectSoundForTheNextOwner();
}

}  // namespace
}  // namespace tidelog::impls::file

int main(int argc, char** argv) {
  (void)std::signal(SIGXFSZ, SIG_IGN);  // Else the limit of file sizes ends the process.
  return tidelog::RunAllTestsWithMounts(argc, argv, &tidelog::impls::file::MountDisk);
}
