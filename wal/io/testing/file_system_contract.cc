#include "wal/io/testing/file_system_contract.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>

#include "absl/log/check.h"
#include "absl/status/status_matchers.h"
#include "gmock/gmock.h"
#include "wal/async/coroutine.h"

namespace tidelog {
namespace {

using ::absl_testing::IsOk;
using ::absl_testing::IsOkAndHolds;
using ::absl_testing::StatusIs;
using ::testing::AllOf;
using ::testing::AnyOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using Pieces = std::vector<std::span<const char>>;

// Memory that a direct read takes.
class AlignedBuffer {
 public:
  explicit AlignedBuffer(size_t size)
      : memory_(static_cast<char*>(std::aligned_alloc(kDirectAlignment, size))), size_(size) {
    std::memset(memory_, '?', size_);
  }
  AlignedBuffer(const AlignedBuffer&) = delete;
  AlignedBuffer& operator=(const AlignedBuffer&) = delete;
  ~AlignedBuffer() { std::free(memory_); }
  std::span<char> span() { return {memory_, size_}; }

 private:
  char* const memory_;
  const size_t size_;
};

Future<Unit> StopOn(DirectoryWatcher* watcher, Executor* executor) {
  co_await EnterExecutor(executor);
  watcher->Stop();
  co_return Unit{};
}

Future<absl::Status> NextOn(DirectoryWatcher* watcher, Executor* executor) {
  co_await EnterExecutor(executor);
  Future<absl::Status> next = watcher->Next();
  absl::Status status = co_await std::move(next);
  co_return status;
}

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

FileSystemContract::OpenResult FileSystemContract::Open(std::string_view name, OpenMode mode) {
  return Await([&] { return files()->Open(Path(name), mode); });
}

FileSystemContract::OpenResult FileSystemContract::OtherOpen(std::string_view name, OpenMode mode) {
  return Await([&] { return other_files()->Open(Path(name), mode); });
}

std::unique_ptr<File> FileSystemContract::Create(std::string_view name, std::string_view contents) {
  OpenResult file = Open(name, OpenMode::kCreateExclusive);
  CHECK_OK(file);
  if (!contents.empty()) Write(file->get(), 0, contents);
  return *std::move(file);
}

void FileSystemContract::Write(File* file, uint64_t offset, std::string_view bytes) {
  const Pieces pieces = {bytes};
  CHECK_OK(Await([&] { return file->Write(offset, pieces); }));
}

std::unique_ptr<MappedWord> FileSystemContract::MapWord(File* file, uint64_t offset) {
  auto word = Await([&] { return file->MapWord(offset); });
  CHECK_OK(word);
  return *std::move(word);
}

absl::Status FileSystemContract::Link(std::string_view from, std::string_view to) {
  return Await([&] { return files()->Link(Path(from), Path(to)); });
}

absl::Status FileSystemContract::Unlink(std::string_view name) {
  return Await([&] { return files()->Unlink(Path(name)); });
}

absl::StatusOr<std::vector<std::string>> FileSystemContract::List(std::string_view name) {
  return Await([&] { return files()->List(Path(name)); });
}

absl::StatusOr<std::string> FileSystemContract::Read(File* file, uint64_t offset, size_t size) {
  std::string bytes(size, '?');
  absl::StatusOr<size_t> count = Await([&] { return file->Read(offset, bytes); });
  if (!count.ok()) return count.status();
  return bytes.substr(0, *count);
}

absl::StatusOr<std::unique_ptr<DirectoryWatcher>> FileSystemContract::Watch(std::string_view name) {
  return Await([&] { return files()->Watch(Path(name)); });
}

Future<absl::Status> FileSystemContract::Next(DirectoryWatcher* watcher) {
  return NextOn(watcher, executor_.get());
}

absl::Status FileSystemContract::Finish(Future<absl::Status> future) {
  return Await([&] { return std::move(future); });
}

void FileSystemContract::Stop(DirectoryWatcher* watcher) {
  Await([&] { return StopOn(watcher, executor_.get()); });
}

TEST_P(FileSystemContract, AFileIsCreatedOnceAndEmpty) {
  const std::unique_ptr<File> file = Create("a");
  EXPECT_EQ(file->path(), Path("a"));
  EXPECT_THAT(Await([&] { return file->Size(); }), IsOkAndHolds(0));
  EXPECT_THAT(Open("a", OpenMode::kCreateExclusive).status(),
              StatusIs(absl::StatusCode::kAlreadyExists));
  EXPECT_THAT(OtherOpen("a", OpenMode::kCreateExclusive).status(),
              StatusIs(absl::StatusCode::kAlreadyExists));
}

TEST_P(FileSystemContract, PiecesAreWrittenOneBehindTheOther) {
  const std::unique_ptr<File> file = Create("a");
  std::string expected;
  Pieces pieces;
  const std::string letters = "abcdefghijklmnopqrstuvwxyz";
  for (size_t i = 0; i < 3000; ++i) {  // More than one system call takes; some empty.
    pieces.push_back(std::string_view(letters).substr(i % 20, i % 7));
    expected.append(pieces.back().data(), pieces.back().size());
  }
  EXPECT_THAT(Await([&] { return file->Write(5, pieces); }), IsOk());
  EXPECT_THAT(Read(file.get(), 5, expected.size() + 1), IsOkAndHolds(expected));
}

TEST_P(FileSystemContract, AWriteOfNothingDoesNothing) {
  const std::unique_ptr<File> file = Create("a");
  const Pieces none;
  const Pieces empty(3);
  EXPECT_THAT(Await([&] { return file->Write(10, none); }), IsOk());
  EXPECT_THAT(Await([&] { return file->Write(10, empty); }), IsOk());
  EXPECT_THAT(Await([&] { return file->Size(); }), IsOkAndHolds(0));
}

TEST_P(FileSystemContract, AReadIsShortOnlyAtTheEnd) {
  const std::unique_ptr<File> file = Create("a", "0123456789");
  EXPECT_THAT(Read(file.get(), 2, 4), IsOkAndHolds("2345"));
  EXPECT_THAT(Read(file.get(), 8, 4), IsOkAndHolds("89"));
  EXPECT_THAT(Read(file.get(), 10, 4), IsOkAndHolds(""));
  EXPECT_THAT(Read(file.get(), 1 << 20, 4), IsOkAndHolds(""));
}

TEST_P(FileSystemContract, WhatIsWrittenIsReadByAnotherProcessAtOnce) {
  const std::unique_ptr<File> file = Create("a", "0123456789");
  const OpenResult reader = OtherOpen("a", OpenMode::kRead);
  ASSERT_THAT(reader, IsOk());
  Write(file.get(), 3, "xyz");
  EXPECT_THAT(Read(reader->get(), 0, 100), IsOkAndHolds("012xyz6789"));
}

TEST_P(FileSystemContract, BytesThatWereNeverWrittenAreZero) {
  const std::unique_ptr<File> file = Create("a", "x");
  Write(file.get(), 10000, "y");
  EXPECT_THAT(Read(file.get(), 0, 20000),
              IsOkAndHolds(absl::StrCat("x", std::string(9999, '\0'), "y")));
}

TEST_P(FileSystemContract, AFileOpenedToReadCannotBeWrittenTo) {
  Create("a", "0123");
  const OpenResult file = Open("a", OpenMode::kRead);
  ASSERT_THAT(file, IsOk());
  const Pieces pieces = {std::string_view("x")};
  EXPECT_THAT(Await([&] { return (*file)->Write(0, pieces); }),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr(Path("a"))));
  EXPECT_THAT(Await([&] { return (*file)->Allocate(100); }),
              StatusIs(absl::StatusCode::kFailedPrecondition));
  EXPECT_THAT(Await([&] { return (*file)->Truncate(0); }),
              StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(Read(file->get(), 0, 10), IsOkAndHolds("0123"));
}

TEST_P(FileSystemContract, WriteAndSyncWritesAndSyncs) {
  const std::unique_ptr<File> file = Create("a");
  const Pieces pieces = {std::string_view("abc"), std::string_view("def")};
  for (const Runtime::Urgency urgency : {Runtime::Urgency::kWhenIdle, Runtime::Urgency::kNow}) {
    const WriteSyncResult result = Await([&] { return file->WriteAndSync(4, pieces, urgency); });
    EXPECT_THAT(result.write, IsOk());
    EXPECT_THAT(result.sync, IsOk());
    EXPECT_TRUE(result.ok());
  }
  EXPECT_THAT(Read(file.get(), 4, 10), IsOkAndHolds("abcdef"));
}

TEST_P(FileSystemContract, WriteAndSyncDoesNotSyncWhatItCouldNotWrite) {
  Create("a");
  const OpenResult file = Open("a", OpenMode::kRead);
  ASSERT_THAT(file, IsOk());
  const Pieces pieces = {std::string_view("x")};
  const WriteSyncResult result =
      Await([&] { return (*file)->WriteAndSync(0, pieces, Runtime::Urgency::kNow); });
  EXPECT_THAT(result.write, StatusIs(absl::StatusCode::kFailedPrecondition));
  EXPECT_FALSE(result.ok());
}

TEST_P(FileSystemContract, ADirectReadGivesWhatWasWritten) {
  std::string contents;
  for (size_t i = 0; i < 2 * kDirectAlignment; ++i) contents += static_cast<char>('a' + i % 23);
  contents += "tail";
  const std::unique_ptr<File> file = Create("a", contents);
  AlignedBuffer buffer(2 * kDirectAlignment);
  const absl::StatusOr<size_t> all =
      Await([&] { return file->ReadDirect(kDirectAlignment, buffer.span()); });
  if (absl::IsUnimplemented(all.status())) return;       // As the contract allows.
  ASSERT_THAT(all, IsOkAndHolds(kDirectAlignment + 4));  // Short at the end.
  EXPECT_EQ(std::string_view(buffer.span().data(), *all), contents.substr(kDirectAlignment));
  const absl::StatusOr<size_t> none =
      Await([&] { return file->ReadDirect(16 * kDirectAlignment, buffer.span()); });
  EXPECT_THAT(none, IsOkAndHolds(0));
}

TEST_P(FileSystemContract, ADirectReadOfAnUnlinkedFileReadsThatFile) {
  const std::unique_ptr<File> file = Create("a", "old");
  ASSERT_THAT(Unlink("a"), IsOk());
  Create("a", "new");
  AlignedBuffer buffer(kDirectAlignment);
  const absl::StatusOr<size_t> count = Await([&] { return file->ReadDirect(0, buffer.span()); });
  if (absl::IsUnimplemented(count.status())) return;
  ASSERT_THAT(count, IsOkAndHolds(3));
  EXPECT_EQ(std::string_view(buffer.span().data(), 3), "old");
}

TEST_P(FileSystemContract, ADirectReadMustBeAligned) {
  const std::unique_ptr<File> file = Create("a", "0123");
  AlignedBuffer buffer(2 * kDirectAlignment);
  const std::span<char> memory = buffer.span();
  const auto refused = StatusIs(absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(Await([&] { return file->ReadDirect(512, memory); }), refused);
  EXPECT_THAT(Await([&] { return file->ReadDirect(0, memory.first(512)); }), refused);
  EXPECT_THAT(Await([&] { return file->ReadDirect(0, memory.subspan(512, kDirectAlignment)); }),
              refused);
}

TEST_P(FileSystemContract, AllocatedBytesAreZeroAndWrittenOnesStay) {
  const std::unique_ptr<File> file = Create("a", "0123");
  EXPECT_THAT(Await([&] { return file->Allocate(100000); }), IsOk());
  EXPECT_THAT(Read(file.get(), 0, 200000),
              IsOkAndHolds(absl::StrCat("0123", std::string(99996, '\0'))));
  EXPECT_THAT(Await([&] { return file->Allocate(10); }), IsOk());
  EXPECT_THAT(Await([&] { return file->Allocate(0); }), IsOk());
  EXPECT_THAT(Await([&] { return file->Size(); }), IsOkAndHolds(100000));
}

TEST_P(FileSystemContract, TruncateCutsAndWhatGrowsBackIsZero) {
  const std::unique_ptr<File> file = Create("a", std::string(2000, 'x'));
  EXPECT_THAT(Await([&] { return file->Truncate(700); }), IsOk());
  EXPECT_THAT(Read(file.get(), 0, 5000), IsOkAndHolds(std::string(700, 'x')));
  EXPECT_THAT(Await([&] { return file->Truncate(2000); }), IsOk());
  EXPECT_THAT(Read(file.get(), 0, 5000),
              IsOkAndHolds(absl::StrCat(std::string(700, 'x'), std::string(1300, '\0'))));
}

TEST_P(FileSystemContract, ALinkIsASecondNameOfTheSameFile) {
  const std::unique_ptr<File> file = Create("private", "0123");
  EXPECT_THAT(Link("private", "public"), IsOk());
  Write(file.get(), 0, "x");
  const OpenResult linked = OtherOpen("public", OpenMode::kRead);
  ASSERT_THAT(linked, IsOk());
  EXPECT_THAT(Read(linked->get(), 0, 10), IsOkAndHolds("x123"));
}

TEST_P(FileSystemContract, ALinkNeverReplaces) {
  Create("a", "mine");
  Create("b", "theirs");
  EXPECT_THAT(Link("a", "b"), StatusIs(absl::StatusCode::kAlreadyExists));
  const OpenResult file = Open("b", OpenMode::kRead);
  ASSERT_THAT(file, IsOk());
  EXPECT_THAT(Read(file->get(), 0, 10), IsOkAndHolds("theirs"));
}

TEST_P(FileSystemContract, AnOpenFileOutlivesItsName) {
  const std::unique_ptr<File> file = Create("a", "0123");
  EXPECT_THAT(Unlink("a"), IsOk());
  EXPECT_THAT(Open("a", OpenMode::kRead).status(), StatusIs(absl::StatusCode::kNotFound));
  EXPECT_THAT(Read(file.get(), 0, 10), IsOkAndHolds("0123"));
}

TEST_P(FileSystemContract, AListIsSortedBytewise) {
  EXPECT_THAT(List(""), IsOkAndHolds(IsEmpty()));
  for (const char* name : {"b", "a.1", "\xc3\xa4", "Z", "a", "a-1", "10", "9", ".hidden"}) {
    Create(name);
  }
  EXPECT_THAT(List(""), IsOkAndHolds(ElementsAre(".hidden", "10", "9", "Z", "a", "a-1", "a.1", "b",
                                                 "\xc3\xa4")));
}

TEST_P(FileSystemContract, ADirectoryIsMadeOnceAndHoldsFiles) {
  const auto make = [&](std::string_view name) {
    return Await([&] { return files()->CreateDirectory(Path(name)); });
  };
  EXPECT_THAT(make("d"), IsOk());
  EXPECT_THAT(make("d"), StatusIs(absl::StatusCode::kAlreadyExists));
  EXPECT_THAT(make("no/d"), StatusIs(absl::StatusCode::kNotFound));
  Create("d/a", "0123");
  EXPECT_THAT(List("d"), IsOkAndHolds(ElementsAre("a")));
  EXPECT_THAT(List(""), IsOkAndHolds(ElementsAre("d")));
  EXPECT_THAT(Await([&] { return files()->SyncDirectory(Path("d")); }), IsOk());
}

TEST_P(FileSystemContract, InfoIsAboutAFileSystemThatIsThere) {
  const absl::StatusOr<FileSystemInfo> info = Await([&] { return files()->Info(directory_); });
  ASSERT_THAT(info, IsOk());
  EXPECT_NE(info->type, "");
  EXPECT_FALSE(info->read_only);
  EXPECT_GT(info->free_bytes, 0);
  EXPECT_THAT(Await([&] { return files()->Info(Path("no")); }).status(),
              StatusIs(absl::StatusCode::kNotFound));
}

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

// Errors, in the order of file_system.h.

TEST_P(FileSystemContract, WhatIsMissingIsNotFoundAndNamed) {
  const auto missing = AllOf(HasSubstr(Path("no")), HasSubstr("No such file or directory"));
  const auto not_found = StatusIs(absl::StatusCode::kNotFound, missing);
  EXPECT_THAT(Open("no", OpenMode::kRead).status(), not_found);
  EXPECT_THAT(Open("no", OpenMode::kReadWrite).status(), not_found);
  EXPECT_THAT(Open("no/a", OpenMode::kCreateExclusive).status(), not_found);
  EXPECT_THAT(Link("no", "a"), not_found);
  EXPECT_THAT(Unlink("no"), not_found);
  EXPECT_THAT(List("no").status(), not_found);
  EXPECT_THAT(Await([&] { return files()->SyncDirectory(Path("no")); }), not_found);
  EXPECT_THAT(Watch("no").status(), not_found);
}

TEST_P(FileSystemContract, AFileIsNoDirectory) {
  Create("a");
  const auto refused =
      StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("Not a directory"));
  EXPECT_THAT(Open("a/b", OpenMode::kRead).status(), refused);
  EXPECT_THAT(Open("a/b", OpenMode::kCreateExclusive).status(), refused);
  EXPECT_THAT(Unlink("a/b"), refused);
  EXPECT_THAT(List("a").status(), refused);
  EXPECT_THAT(Await([&] { return files()->CreateDirectory(Path("a/b")); }), refused);
  EXPECT_THAT(Await([&] { return files()->SyncDirectory(Path("a")); }), refused);
  EXPECT_THAT(Watch("a").status(), refused);
}

TEST_P(FileSystemContract, ADirectoryIsNoFile) {
  const auto refused = StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("Is a directory"));
  EXPECT_THAT(Open("", OpenMode::kRead).status(), refused);
  EXPECT_THAT(Open("", OpenMode::kReadWrite).status(), refused);
  ASSERT_THAT(Await([&] { return files()->CreateDirectory(Path("d")); }), IsOk());
  EXPECT_THAT(Unlink("d"), refused);
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
