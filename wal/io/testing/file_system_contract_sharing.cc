// The part of the contract that is about several at once: locks, words, operations in flight
// together, watchers.

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/status_matchers.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "wal/async/coroutine.h"
#include "wal/async/executor.h"
#include "wal/async/future.h"
#include "wal/io/file_system.h"
#include "wal/io/testing/file_system_contract.h"

namespace tidelog {
namespace {

using ::absl_testing::IsOk;
using ::absl_testing::IsOkAndHolds;
using ::absl_testing::StatusIs;
using Pieces = std::vector<std::span<const char>>;

// Adds `count` to the word, one at a time, by exchanges that may have to be tried again.
Future<absl::Status> CountUp(MappedWord* word, int count, Executor* executor) {
  co_await EnterExecutor(executor);
  for (int i = 0; i < count; ++i) {
    uint64_t seen = word->Load();
    while (!word->CompareExchange(seen, seen + 1)) {
    }
    co_await Yield();
  }
  absl::Status synced = co_await word->Sync();
  co_return synced;
}

}  // namespace

TEST_P(FileSystemContract, ALockIsSeenByOthersAndGoesWithItsFile) {
  std::unique_ptr<File> owner = Create("a");
  const OpenResult other = OtherOpen("a", OpenMode::kReadWrite);
  const OpenResult reader = OtherOpen("a", OpenMode::kRead);
  ASSERT_THAT(other, IsOk());
  ASSERT_THAT(reader, IsOk());
  const auto try_lock = [&](File* file) { return Await([&] { return file->TryLock(); }); };
  const auto is_locked = [&](File* file) { return Await([&] { return file->IsLocked(); }); };

  EXPECT_THAT(is_locked(reader->get()), IsOkAndHolds(false));
  EXPECT_THAT(try_lock(owner.get()), IsOkAndHolds(true));
  EXPECT_THAT(try_lock(owner.get()), IsOkAndHolds(true));
  EXPECT_THAT(try_lock(other->get()), IsOkAndHolds(false));
  EXPECT_THAT(is_locked(other->get()), IsOkAndHolds(true));
  EXPECT_THAT(is_locked(reader->get()), IsOkAndHolds(true));
  EXPECT_THAT(is_locked(owner.get()), IsOkAndHolds(false));  // Someone else.
  owner.reset();
  EXPECT_THAT(is_locked(reader->get()), IsOkAndHolds(false));
  EXPECT_THAT(try_lock(other->get()), IsOkAndHolds(true));
}

TEST_P(FileSystemContract, AWordIsSharedByAllWhoMapIt) {
  const std::unique_ptr<File> file = Create("a", std::string(4096, '\0'));
  const OpenResult other = OtherOpen("a", OpenMode::kReadWrite);
  const OpenResult reader = OtherOpen("a", OpenMode::kRead);
  ASSERT_THAT(other, IsOk());
  ASSERT_THAT(reader, IsOk());
  const std::unique_ptr<MappedWord> mine = MapWord(file.get(), 64);
  const std::unique_ptr<MappedWord> theirs = MapWord(other->get(), 64);
  const std::unique_ptr<MappedWord> read = MapWord(reader->get(), 64);

  uint64_t expected = 0;
  EXPECT_TRUE(mine->CompareExchange(expected, 7));
  EXPECT_EQ(theirs->Load(), 7);
  expected = 6;
  EXPECT_FALSE(theirs->CompareExchange(expected, 8));
  EXPECT_EQ(expected, 7);
  EXPECT_TRUE(theirs->CompareExchange(expected, 8));
  EXPECT_EQ(mine->Load(), 8);
  EXPECT_EQ(read->Load(), 8);
  EXPECT_THAT(Await([&] { return mine->Sync(); }), IsOk());
}

TEST_P(FileSystemContract, AWordAndReadsAndWritesSeeTheSameBytes) {
  const std::unique_ptr<File> file = Create("a", std::string(16, '\0'));
  const std::unique_ptr<MappedWord> word = MapWord(file.get(), 8);
  uint64_t value = 0;
  ASSERT_TRUE(word->CompareExchange(value, 0x6867666564636261));  // Little-endian "abcdefgh".
  EXPECT_THAT(Read(file.get(), 8, 8), IsOkAndHolds("abcdefgh"));
  Write(file.get(), 8, "ABCDEFGH");
  EXPECT_EQ(word->Load(), 0x4847464544434241);
}

TEST_P(FileSystemContract, AWordIsRefusedWhereItWouldFault) {
  const std::unique_ptr<File> file = Create("a", "12345678");
  const auto map = [&](uint64_t offset) {
    return Await([&] { return file->MapWord(offset); }).status();
  };
  EXPECT_THAT(map(4), StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(map(8), StatusIs(absl::StatusCode::kOutOfRange));
  EXPECT_THAT(map(1 << 20), StatusIs(absl::StatusCode::kOutOfRange));
  ASSERT_THAT(Await([&] { return file->Allocate(1 << 20); }), IsOk());
  EXPECT_THAT(map((1 << 20) - 8), StatusIs(absl::StatusCode::kFailedPrecondition));
  EXPECT_THAT(map(0), IsOk());
}

TEST_P(FileSystemContract, ExchangesOfManyThreadsAreNotLost) {
  const std::unique_ptr<File> file = Create("a", std::string(8, '\0'));
  std::vector<std::unique_ptr<Executor>> executors;
  std::vector<std::unique_ptr<File>> opened;
  std::vector<std::unique_ptr<MappedWord>> words;
  for (int i = 0; i < 4; ++i) {
    executors.push_back(runtime()->MakeExecutor("counter"));
    OpenResult other = OtherOpen("a", OpenMode::kReadWrite);
    ASSERT_THAT(other, IsOk());
    words.push_back(MapWord(other->get(), 0));
    opened.push_back(*std::move(other));
  }
  std::vector<Future<absl::Status>> counts;
  for (int i = 0; i < 4; ++i) counts.push_back(CountUp(words[i].get(), 200, executors[i].get()));
  for (Future<absl::Status>& count : counts) EXPECT_THAT(Finish(std::move(count)), IsOk());
  EXPECT_EQ(words[0]->Load(), 800);
}

TEST_P(FileSystemContract, ManyOperationsAreInFlightTogether) {
  constexpr size_t kCount = 100;
  constexpr size_t kSize = 1000;
  const std::unique_ptr<File> file = Create("a");
  std::vector<std::string> contents;
  for (size_t i = 0; i < kCount; ++i) contents.emplace_back(kSize, static_cast<char>('A' + i % 50));
  std::vector<Pieces> pieces;
  for (const std::string& bytes : contents) pieces.push_back({bytes});

  std::vector<Future<absl::Status>> writes;
  for (size_t i = 0; i < kCount; ++i) writes.push_back(file->Write(i * kSize, pieces[i]));
  for (Future<absl::Status>& write : writes) EXPECT_THAT(Finish(std::move(write)), IsOk());

  std::vector<std::string> read(kCount, std::string(kSize, '?'));
  std::vector<Future<absl::StatusOr<size_t>>> reads;
  for (size_t i = 0; i < kCount; ++i) reads.push_back(file->Read(i * kSize, read[i]));
  for (Future<absl::StatusOr<size_t>>& each : reads) {
    EXPECT_THAT(Await([&] { return std::move(each); }), IsOkAndHolds(kSize));
  }
  EXPECT_EQ(read, contents);
}

TEST_P(FileSystemContract, AWatcherIsToldOfCreateWriteLinkAndUnlink) {
  const auto watcher = Watch("");
  ASSERT_THAT(watcher, IsOk());
  Future<absl::Status> next = Next(watcher->get());
  const OpenResult file = OtherOpen("a", OpenMode::kCreateExclusive);
  ASSERT_THAT(file, IsOk());
  EXPECT_THAT(Finish(std::move(next)), IsOk());

  next = Next(watcher->get());
  Write(file->get(), 0, "x");
  EXPECT_THAT(Finish(std::move(next)), IsOk());

  next = Next(watcher->get());
  ASSERT_THAT(Await([&] { return other_files()->Link(Path("a"), Path("b")); }), IsOk());
  EXPECT_THAT(Finish(std::move(next)), IsOk());

  next = Next(watcher->get());
  ASSERT_THAT(Await([&] { return other_files()->Unlink(Path("a")); }), IsOk());
  EXPECT_THAT(Finish(std::move(next)), IsOk());
}

TEST_P(FileSystemContract, AWatcherMissesNothingBetweenTwoNexts) {
  const auto watcher = Watch("");
  ASSERT_THAT(watcher, IsOk());
  for (int i = 0; i < 20; ++i) {
    Create(absl::StrCat(i));  // Before Next() is asked.
    EXPECT_THAT(Finish(Next(watcher->get())), IsOk());
  }
}

TEST_P(FileSystemContract, AllWatchersOfADirectoryAreTold) {
  const auto first = Watch("");
  const auto second = Watch(".");
  ASSERT_THAT(first, IsOk());
  ASSERT_THAT(second, IsOk());
  {
    const auto third = Watch("");
    ASSERT_THAT(third, IsOk());
  }
  Create("a");
  EXPECT_THAT(Finish(Next(first->get())), IsOk());
  EXPECT_THAT(Finish(Next(second->get())), IsOk());
}

TEST_P(FileSystemContract, StopEndsTheNextInFlightAndLaterOnes) {
  const auto watcher = Watch("");
  ASSERT_THAT(watcher, IsOk());
  Future<absl::Status> next = Next(watcher->get());
  Stop(watcher->get());
  Stop(watcher->get());
  EXPECT_THAT(Finish(std::move(next)), StatusIs(absl::StatusCode::kCancelled));
  EXPECT_THAT(Finish(Next(watcher->get())), StatusIs(absl::StatusCode::kCancelled));
}

TEST_P(FileSystemContract, MisuseAborts) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  const std::unique_ptr<File> file = Create("a", std::string(8, '\0'));
  const OpenResult reader = OtherOpen("a", OpenMode::kRead);
  ASSERT_THAT(reader, IsOk());
  const std::unique_ptr<MappedWord> word = MapWord(reader->get(), 0);
  uint64_t seen = 0;
  EXPECT_DEATH(word->CompareExchange(seen, 1), "opened to read");
  EXPECT_DEATH((void)Await([&] { return (*reader)->TryLock(); }), "opened to read");
}

}  // namespace tidelog
