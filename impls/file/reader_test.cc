// Readers in another process: what they see, and when.
#include <cerrno>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "absl/log/check.h"
#include "absl/status/statusor.h"
#include "absl/strings/match.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "impls/file/segment_format.h"
#include "impls/file/testing/log_machine.h"
#include "wal/async/future.h"
#include "wal/async/test_runtime.h"
#include "wal/io/file_system.h"
#include "wal/io/testing/crashable_file_system.h"
#include "wal/status.h"
#include "wal/types.h"
#include "walimpls/opener.h"
#include "walimpls/scanner.h"
#include "walimpls/wal.h"

namespace tidelog::impls::file {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using walimpls::CloseMode;

// A reader with a scanner from the start, that always has a Next() in flight.
class Reader {
  template <class F>
  auto Run(F start) {
    return machine_->runtime().Run(std::move(start));
  }

 public:
  explicit Reader(LogMachine* machine)
      : machine_(machine), opener_(machine->MakeOpener(machine->disk().NewProcess())) {
    walimpls::OpenOptions options;
    options.strand = machine_->runtime().executor();
    auto log = Run([&] { return opener_->OpenReadOnly({"orders", Term{0}}, options); });
    CHECK_OK(log.status());
    log_ = *std::move(log);
    auto scanner = Run([&] { return log_->Read({}); });
    CHECK_OK(scanner.status());
    scanner_ = *std::move(scanner);
    StartNext();
  }
  ~Reader() {
    CHECK_OK(Run([&] { return scanner_->Close(); }));
    machine_->runtime().RunUntilIdle();
    scanner_.reset();
    CHECK_OK(Run([&] { return log_->Close(CloseMode::kAbandon); }));
    log_.reset();
    CHECK_OK(Run([&] { return opener_->Close(); }));
  }

  // The numbers of what has come by now, without waiting.
  std::vector<uint64_t> Take() {
    std::vector<uint64_t> numbers;
    machine_->runtime().RunUntilIdle();
    while (status_.ok() && next_.front().ready()) {
      absl::StatusOr<walimpls::RawBatch> batch = std::move(next_.front()).Take();
      next_.clear();
      status_ = batch.status();
      if (!batch.ok()) break;
      for (const ImmutableMessage& message : batch->messages) {
        numbers.push_back(ToInt(message.time_tick()));
      }
      StartNext();
      machine_->runtime().RunUntilIdle();
    }
    return numbers;
  }
  const absl::Status& status() const { return status_; }

 private:
  void StartNext() {
    auto start = [this]() {
      next_.push_back(scanner_->Next({}));
      return MakeReadyFuture(Unit{});
    };
    Run(start);
  }

  LogMachine* const machine_;
  std::unique_ptr<walimpls::OpenerImpls> opener_;
  std::unique_ptr<walimpls::RoWalImpls> log_;
  std::unique_ptr<walimpls::ScannerImpls> scanner_;
  std::vector<Future<absl::StatusOr<walimpls::RawBatch>>> next_;
  absl::Status status_;
};

// C1: the last group may not be durable for all a reader knows, so it waits for a watermark.
TEST(ReaderTest, SeesAGroupOnceTheNextOneOrATickCoversIt) {
  LogMachine machine(1);
  LogProcess owner(&machine);
  ASSERT_TRUE(owner.Open(Term{1}).ok());
  Reader reader(&machine);
  ASSERT_TRUE(owner.Append(2).ok());
  EXPECT_THAT(reader.Take(), IsEmpty());
  ASSERT_TRUE(owner.Append(1).ok());
  EXPECT_THAT(reader.Take(), ElementsAre(1, 2));
  owner.Tick();
  EXPECT_THAT(reader.Take(), ElementsAre(3));
}

// C1: there may be no segment to write a watermark to.  Method: the disk is full at each place of a
// segment once, its end among them.
TEST(ReaderTest, SeesTheLastGroupAtATickAlsoWhenTheDiskHasNoRoomForTheNext) {
  for (uint64_t count = 1; count <= 12; ++count) {
    LogMachine machine(1);
    LogProcess owner(&machine);
    ASSERT_TRUE(owner.Open(Term{1}).ok());
    Reader reader(&machine);
    for (uint64_t i = 0; i < count; ++i) ASSERT_TRUE(owner.Append(1, 9000).ok());
    machine.disk().SetFaultHook([](const DiskEvent& event) {
      const bool fails =
          event.operation == DiskOperation::kWrite && absl::EndsWith(event.path, ".seg");
      return DiskFault{.error_number = fails ? ENOSPC : 0};
    });
    EXPECT_FALSE(owner.Append(1, 9000).ok());
    owner.Tick();
    const std::vector<uint64_t> seen = reader.Take();
    EXPECT_EQ(seen.size(), count);
    machine.disk().SetFaultHook(nullptr);
    owner.Run([&] {
      owner.wal()->AcceptAgain();
      return MakeReadyFuture(Unit{});
    });
    ASSERT_TRUE(owner.Append(2).ok());
    owner.Tick();
    EXPECT_THAT(reader.Take(), ElementsAre(count + 2, count + 3));
  }
}

// C1: and after a close that leaves no mark, since an append failed.
TEST(ReaderTest, SeesTheLastGroupOfAnOwnerThatMetAFullDiskAndClosed) {
  for (uint64_t count = 1; count <= 12; ++count) {
    LogMachine machine(1);
    LogProcess owner(&machine);
    ASSERT_TRUE(owner.Open(Term{1}).ok());
    for (uint64_t i = 0; i < count; ++i) ASSERT_TRUE(owner.Append(1, 9000).ok());
    machine.disk().SetFaultHook([](const DiskEvent& event) {
      const bool fails =
          event.operation == DiskOperation::kWrite && absl::EndsWith(event.path, ".seg");
      return DiskFault{.error_number = fails ? ENOSPC : 0};
    });
    EXPECT_FALSE(owner.Append(1, 9000).ok());
    ASSERT_TRUE(owner.Close(CloseMode::kAbandon).ok());
    Reader reader(&machine);
    EXPECT_EQ(reader.Take().size(), count);
  }
}

// Its append was encoded behind the group that is to be shown.
TEST(ReaderTest, SeesTheLastGroupOfAnOwnerThatClosesWithAnAppendWaiting) {
  LogMachine machine(1);
  LogProcess owner(&machine);
  ASSERT_TRUE(owner.Open(Term{1}).ok());
  ASSERT_TRUE(owner.Append(1).ok());
  owner.StartAppend(1, 16);
  ASSERT_TRUE(owner.Close(CloseMode::kAbandon).ok());
  Reader reader(&machine);
  EXPECT_THAT(reader.Take(), ElementsAre(1));
}

TEST(ReaderTest, SeesWhatATakeoverSealed) {
  LogMachine machine(1);
  LogProcess owner(&machine);
  ASSERT_TRUE(owner.Open(Term{1}).ok());
  Reader reader(&machine);
  ASSERT_TRUE(owner.Append(1).ok());
  EXPECT_THAT(reader.Take(), IsEmpty());
  LogProcess next(&machine);
  ASSERT_TRUE(next.Open(Term{2}).ok());
  EXPECT_THAT(reader.Take(), ElementsAre(1));
  ASSERT_TRUE(next.Append(1).ok());
  next.Tick();
  EXPECT_THAT(reader.Take(), ElementsAre(2));
}

TEST(ReaderTest, FollowsOverSegmentsAndACleanClose) {
  LogMachine machine(1);
  LogProcess owner(&machine);
  ASSERT_TRUE(owner.Open(Term{1}).ok());
  Reader reader(&machine);
  std::vector<uint64_t> seen;
  std::vector<uint64_t> all;
  for (uint64_t number = 1; number <= 20; ++number) {
    ASSERT_TRUE(owner.Append(1, 9000).ok());
    all.push_back(number);
    for (const uint64_t one : reader.Take()) seen.push_back(one);
  }
  ASSERT_TRUE(owner.Close(CloseMode::kClean).ok());
  for (const uint64_t one : reader.Take()) seen.push_back(one);
  EXPECT_EQ(seen, all);
}

// Flips a bit of a file, on the disk too.
void Rot(LogMachine* machine, const std::string& path, uint64_t offset) {
  TestRuntime& runtime = machine->runtime();
  FileSystem* files = machine->disk().NewProcess();
  auto file = runtime.Run([&] { return files->Open(path, OpenMode::kReadWrite); });
  CHECK_OK(file.status());
  char byte = 0;
  const std::span<char> into(&byte, 1);
  CHECK_OK(runtime.Run([&] { return (*file)->Read(offset, into); }).status());
  byte = static_cast<char>(byte ^ 1);
  const std::span<const char> piece(&byte, 1);
  const std::span<const char> pieces[] = {piece};
  CHECK_OK(runtime.Run([&] { return (*file)->Write(offset, pieces); }));
}

// F5: it does not wait for ever for what a later watermark calls durable.
TEST(ReaderTest, ThatMeetsRotInASegmentThatIsBeingWrittenIsTold) {
  LogMachine machine(1);
  LogProcess owner(&machine);
  ASSERT_TRUE(owner.Open(Term{1}).ok());
  for (int i = 0; i < 4; ++i) ASSERT_TRUE(owner.Append(1, 200).ok());
  owner.Tick();
  const uint64_t second_group = kSegmentHeaderSize + FrameSize(264) + kCommitFrameSize;
  Rot(&machine, "log/orders/000000000000001-00001-0000000001.seg", second_group + 100);
  const SeenLog seen = machine.ReadAsReader();
  EXPECT_EQ(GetWalErrorCode(seen.status), WalErrorCode::kCorrupt) << seen.status;
  EXPECT_THAT(seen.status.message(), HasSubstr("bytes ["));
  EXPECT_THAT(seen.status.message(), HasSubstr("ids from 2 on"));
  Reader reader(&machine);  // That does not ask for the tail first.
  EXPECT_THAT(reader.Take(), IsEmpty());
  EXPECT_EQ(GetWalErrorCode(reader.status()), WalErrorCode::kCorrupt) << reader.status();
  EXPECT_THAT(reader.status().message(), HasSubstr("ids from 2 on"));
}

// F4: never a silent skip.
TEST(ReaderTest, ThatFellBehindATruncationIsToldSo) {
  LogMachine machine(1);
  LogProcess owner(&machine);
  ASSERT_TRUE(owner.Open(Term{1}).ok());
  for (int i = 0; i < 20; ++i) ASSERT_TRUE(owner.Append(1, 9000).ok());
  Reader reader(&machine);  // Has not read yet.
  ASSERT_TRUE(owner.Truncate(18).ok());
  const std::vector<uint64_t> seen = reader.Take();
  uint64_t next = 1;
  for (const uint64_t number : seen) EXPECT_EQ(number, next++);
  EXPECT_EQ(GetWalErrorCode(reader.status()), WalErrorCode::kPositionGone) << reader.status();
}

// A2: the owner has not looked at the fence yet, and its successor has unlinked what it lists.
TEST(ReaderTest, OfAnOwnerThatWasFencedIsToldThatItsPlaceIsGoneNotThatItIsDamaged) {
  LogMachine machine(1);
  LogProcess owner(&machine);
  ASSERT_TRUE(owner.Open(Term{1}).ok());
  ASSERT_TRUE(owner.Append(2).ok());
  LogProcess next(&machine);
  ASSERT_TRUE(next.Open(Term{2}).ok());
  for (int i = 0; i < 20; ++i) ASSERT_TRUE(next.Append(1, 9000).ok());
  ASSERT_TRUE(next.Truncate(20).ok());
  auto scanner = owner.Run([&] { return owner.wal()->Read({}); });
  ASSERT_TRUE(scanner.ok()) << scanner.status();
  const auto batch = owner.Run([&] { return (*scanner)->Next({}); });
  EXPECT_EQ(GetWalErrorCode(batch.status()), WalErrorCode::kPositionGone) << batch.status();
  EXPECT_TRUE(owner.Run([&] { return (*scanner)->Close(); }).ok());
}

// F4, and no record of the file's new life: ids and checksums are of another segment.
TEST(ReaderTest, WhoseFileIsRecycledUnderItIsToldThatItsPlaceIsGone) {
  for (uint64_t seed = 1; seed <= 20; ++seed) {
    LogMachine machine(seed, {{"read_ahead_bytes", "4096"}});
    LogProcess owner(&machine);
    ASSERT_TRUE(owner.Open(Term{1}).ok());
    for (int i = 0; i < 20; ++i) ASSERT_TRUE(owner.Append(1, 9000).ok());
    Reader reader(&machine);  // Its first Next() is in flight: it has the file open.
    machine.runtime().RunUntilIdle();
    ASSERT_TRUE(owner.Truncate(18).ok());
    for (int i = 0; i < 20; ++i) ASSERT_TRUE(owner.Append(1, 9000).ok());
    const std::vector<uint64_t> seen = reader.Take();
    uint64_t next = 1;
    for (const uint64_t number : seen) EXPECT_EQ(number, next++) << "seed " << seed;
    EXPECT_EQ(GetWalErrorCode(reader.status()), WalErrorCode::kPositionGone) << reader.status();
  }
}

}  // namespace
}  // namespace tidelog::impls::file
