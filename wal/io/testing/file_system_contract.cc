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

}  // namespace tidelog
