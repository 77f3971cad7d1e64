#include "wal/io/testing/crashable_file_system.h"

#include <cerrno>
#include <memory>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/log/check.h"
#include "absl/status/status.h"
#include "absl/status/status_matchers.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "wal/async/coroutine.h"
#include "wal/async/future.h"
#include "wal/async/test_runtime.h"
#include "wal/io/file_system.h"

namespace tidelog {
namespace {

using ::absl_testing::IsOk;
using ::absl_testing::IsOkAndHolds;
using ::absl_testing::StatusIs;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using Crash = DiskFault::Crash;
using Progress = DiskFault::Progress;
using Pieces = std::vector<std::span<const char>>;

// A machine with one process to begin with.
class Machine {
 public:
  explicit Machine(uint64_t seed = 1, uint64_t capacity_bytes = 1 << 30)
      : runtime(seed), disk(&runtime, {.seed = seed, .capacity_bytes = capacity_bytes}) {
    Restart();
  }

  void Restart() { process = disk.NewProcess(); }
  template <class F>
  auto Await(F make_future) {
    return runtime.Run(std::move(make_future));
  }
  absl::StatusOr<std::unique_ptr<File>> Open(std::string path, OpenMode mode) {
    return Await([&] { return process->Open(path, mode); });
  }
  std::unique_ptr<File> MustOpen(std::string path, OpenMode mode = OpenMode::kReadWrite) {
    auto file = Open(path, mode);
    CHECK_OK(file);
    return *std::move(file);
  }
  std::unique_ptr<File> Create(std::string path) {
    return MustOpen(path, OpenMode::kCreateExclusive);
  }
  absl::Status Write(File& file, uint64_t offset, std::string_view bytes) {
    const Pieces pieces = {bytes};
    return Await([&] { return file.Write(offset, pieces); });
  }
  absl::Status Sync(File& file) {
    return Await([&] { return file.Sync(); });
  }
  absl::Status SyncRoot() {
    return Await([&] { return process->SyncDirectory("/"); });
  }
  absl::StatusOr<std::string> Read(File& file) {
    std::string bytes(100000, '?');
    absl::StatusOr<size_t> count = Await([&] { return file.Read(0, bytes); });
    if (!count.ok()) return count.status();
    return bytes.substr(0, *count);
  }
  std::string MustReadPath(std::string path) {
    const std::unique_ptr<File> file = MustOpen(path, OpenMode::kRead);
    absl::StatusOr<std::string> contents = Read(*file);
    CHECK_OK(contents);
    return *contents;
  }

  TestRuntime runtime;
  CrashableFileSystem disk;
  FileSystem* process = nullptr;
};

Future<absl::Status> NextOn(DirectoryWatcher* watcher, Executor* executor) {
  co_await EnterExecutor(executor);
  absl::Status status = co_await watcher->Next();
  co_return status;
}

TEST(CrashableFileSystemTest, ThePageCacheOutlivesAProcess) {
  Machine machine;
  const std::unique_ptr<File> file = machine.Create("a");
  ASSERT_THAT(machine.Write(*file, 0, "unsynced"), IsOk());
  machine.disk.CrashProcess(machine.process);
  machine.Restart();
  EXPECT_EQ(machine.MustReadPath("a"), "unsynced");
}

TEST(CrashableFileSystemTest, AMachineCrashKeepsSyncedBytesUnderSyncedNames) {
  for (uint64_t seed = 0; seed < 50; ++seed) {
    Machine machine(seed);
    const std::unique_ptr<File> file = machine.Create("a");
    const Pieces pieces = {std::string_view("synced")};
    const WriteSyncResult result =
        machine.Await([&] { return file->WriteAndSync(0, pieces, Runtime::Urgency::kWhenIdle); });
    ASSERT_TRUE(result.ok());
    ASSERT_THAT(machine.SyncRoot(), IsOk());
    machine.disk.CrashMachine();
    machine.Restart();
    EXPECT_EQ(machine.MustReadPath("a"), "synced");
  }
}

TEST(CrashableFileSystemTest, ADeadProcessCanDoNothingMore) {
  Machine machine;
  const std::unique_ptr<File> file = machine.Create("a");
  FileSystem* dead = machine.process;
  machine.disk.CrashProcess(dead);
  EXPECT_FALSE(machine.disk.IsAlive(dead));
  const uint64_t operations = machine.disk.operation_count();

  const auto crashed = StatusIs(absl::StatusCode::kCancelled, HasSubstr("crashed"));
  EXPECT_THAT(machine.Write(*file, 0, "x"), crashed);
  EXPECT_THAT(machine.Sync(*file), crashed);
  EXPECT_THAT(machine.Open("b", OpenMode::kCreateExclusive).status(), crashed);
  EXPECT_THAT(machine.Await([&] { return dead->Unlink("a"); }), crashed);
  EXPECT_EQ(machine.disk.operation_count(), operations);

  machine.Restart();
  EXPECT_TRUE(machine.disk.IsAlive(machine.process));
  EXPECT_EQ(machine.MustReadPath("a"), "");
}

TEST(CrashableFileSystemTest, OperationsInFlightEndWithTheirProcess) {
  Machine machine;
  const std::unique_ptr<File> file = machine.Create("a");
  const Pieces pieces = {std::string_view("x")};
  Future<absl::Status> write = file->Write(0, pieces);
  machine.disk.CrashProcess(machine.process);
  EXPECT_THAT(machine.Await([&] { return std::move(write); }),
              StatusIs(absl::StatusCode::kCancelled));
  machine.Restart();
  EXPECT_EQ(machine.MustReadPath("a"), "");
}

TEST(CrashableFileSystemTest, LocksEndWithTheirProcess) {
  Machine machine;
  const std::unique_ptr<File> file = machine.Create("a");
  ASSERT_THAT(machine.Await([&] { return file->TryLock(); }), IsOkAndHolds(true));
  FileSystem* first = machine.process;
  machine.Restart();
  const std::unique_ptr<File> other = machine.MustOpen("a");
  EXPECT_THAT(machine.Await([&] { return other->IsLocked(); }), IsOkAndHolds(true));
  machine.disk.CrashProcess(first);
  EXPECT_THAT(machine.Await([&] { return other->TryLock(); }), IsOkAndHolds(true));
}

TEST(CrashableFileSystemTest, WordsOfADeadProcessArePrivateCopies) {
  Machine machine;
  const std::unique_ptr<File> file = machine.Create("a");
  ASSERT_THAT(machine.Write(*file, 0, std::string(8, '\0')), IsOk());
  const auto word = machine.Await([&] { return file->MapWord(0); });
  ASSERT_THAT(word, IsOk());
  machine.disk.CrashProcess(machine.process);
  uint64_t expected = 0;
  EXPECT_TRUE((*word)->CompareExchange(expected, 7));
  EXPECT_EQ((*word)->Load(), 7);
  EXPECT_THAT(machine.Await([&] { return (*word)->Sync(); }),
              StatusIs(absl::StatusCode::kCancelled));
  machine.Restart();
  EXPECT_EQ(machine.MustReadPath("a"), std::string(8, '\0'));
}

TEST(CrashableFileSystemTest, WatchersOfADeadProcessEnd) {
  Machine machine;
  const auto watcher = machine.Await([&] { return machine.process->Watch("/"); });
  ASSERT_THAT(watcher, IsOk());
  Future<absl::Status> next = NextOn(watcher->get(), machine.runtime.executor());
  machine.runtime.RunUntilIdle();
  EXPECT_FALSE(next.ready());  // Nothing has changed.
  machine.disk.CrashMachine();
  EXPECT_THAT(machine.Await([&] { return std::move(next); }),
              StatusIs(absl::StatusCode::kCancelled));
}

TEST(CrashableFileSystemTest, AnExchangeIsDurableOnceItIsSynced) {
  std::set<char> found;
  for (uint64_t seed = 0; seed < 100; ++seed) {
    Machine machine(seed);
    const std::unique_ptr<File> file = machine.Create("a");
    ASSERT_THAT(machine.Write(*file, 0, std::string(8, 'a')), IsOk());
    const auto word = machine.Await([&] { return file->MapWord(0); });
    ASSERT_THAT(word, IsOk());
    uint64_t value = (*word)->Load();
    ASSERT_TRUE((*word)->CompareExchange(value, value + 0x0101010101010101));
    ASSERT_THAT(machine.Await([&] { return (*word)->Sync(); }), IsOk());
    ASSERT_THAT(machine.SyncRoot(), IsOk());
    value = (*word)->Load();
    ASSERT_TRUE((*word)->CompareExchange(value, value + 0x0101010101010101));
    machine.disk.CrashMachine();
    machine.Restart();
    const std::string contents = machine.MustReadPath("a");
    EXPECT_EQ(contents, std::string(8, contents[0]));  // Never torn.
    found.insert(contents[0]);
  }
  EXPECT_THAT(found, ElementsAre('b', 'c'));
}

TEST(CrashableFileSystemTest, AFullDiskTakesWhatFitsAndHeals) {
  Machine machine(1, 3 * 4096);
  const std::unique_ptr<File> file = machine.Create("a");
  const auto full =
      StatusIs(absl::StatusCode::kResourceExhausted, "pwritev a: No space left on device");
  EXPECT_THAT(machine.Write(*file, 0, std::string(5 * 4096, 'x')), full);
  EXPECT_THAT(machine.Read(*file), IsOkAndHolds(std::string(3 * 4096, 'x')));
  EXPECT_EQ(machine.disk.used_bytes(), 3 * 4096);
  EXPECT_THAT(machine.Write(*file, 0, std::string(3 * 4096, 'y')), IsOk());
  EXPECT_THAT(machine.Await([&] { return file->Allocate(4 * 4096); }),
              StatusIs(absl::StatusCode::kResourceExhausted, HasSubstr("fallocate a")));
  machine.disk.SetCapacity(4 * 4096);
  EXPECT_THAT(machine.Write(*file, 3 * 4096, "z"), IsOk());
  machine.disk.SetCapacity(0);
  EXPECT_THAT(machine.Write(*file, 4 * 4096, "z"), full);
}

TEST(CrashableFileSystemTest, SpaceComesBackWhenTheLastNameAndHandleAreGone) {
  Machine machine(1, 4096);
  std::unique_ptr<File> file = machine.Create("a");
  const std::unique_ptr<File> other = machine.Create("b");
  ASSERT_THAT(machine.Write(*file, 0, "x"), IsOk());
  ASSERT_THAT(machine.Await([&] { return machine.process->Unlink("a"); }), IsOk());
  EXPECT_THAT(machine.Write(*other, 0, "y"), StatusIs(absl::StatusCode::kResourceExhausted));
  file.reset();
  EXPECT_THAT(machine.Write(*other, 0, "y"), IsOk());
}

TEST(CrashableFileSystemTest, TheHookSeesEveryOperationInOrder) {
  Machine machine;
  std::vector<std::string> seen;
  machine.disk.SetFaultHook([&](const DiskEvent& event) {
    EXPECT_EQ(event.process, machine.process);
    seen.push_back(
        absl::StrCat(event.index, " ", DiskOperationName(event.operation), " ", event.path));
    return DiskFault{};
  });
  const std::unique_ptr<File> file = machine.Create("a");
  const Pieces pieces = {std::string_view("x")};
  ASSERT_TRUE(
      machine.Await([&] { return file->WriteAndSync(0, pieces, Runtime::Urgency::kNow); }).ok());
  ASSERT_THAT(machine.Await([&] { return machine.process->Link("a", "b"); }), IsOk());
  EXPECT_THAT(seen, ElementsAre("0 open a", "1 pwritev a", "2 fdatasync a", "3 link a"));
  EXPECT_EQ(machine.disk.operation_count(), 4);
}

TEST(CrashableFileSystemTest, AnErrorIsWhatTheSystemCallWouldGive) {
  Machine machine;
  machine.disk.SetFaultHook(FailAt(0, EACCES));
  EXPECT_THAT(machine.Open("a", OpenMode::kCreateExclusive).status(),
              StatusIs(absl::StatusCode::kPermissionDenied, "open a: Permission denied"));
  machine.disk.SetFaultHook(nullptr);
  EXPECT_THAT(machine.Await([&] { return machine.process->List("/"); }),
              IsOkAndHolds(ElementsAre()));
}

TEST(CrashableFileSystemTest, AFailedWriteDoesAPrefix) {
  std::set<size_t> sizes;
  for (uint64_t seed = 0; seed < 50; ++seed) {
    Machine machine(seed);
    const std::unique_ptr<File> file = machine.Create("a");
    machine.disk.SetFaultHook(FailAt(1, EIO));
    EXPECT_THAT(machine.Write(*file, 0, "01234567"), StatusIs(absl::StatusCode::kUnknown));
    const std::string contents = machine.MustReadPath("a");
    EXPECT_EQ(contents, std::string("01234567").substr(0, contents.size()));
    sizes.insert(contents.size());
  }
  EXPECT_THAT(sizes, ElementsAre(0, 1, 2, 3, 4, 5, 6, 7));
}

TEST(CrashableFileSystemTest, AFailedWriteIsNotSynced) {
  Machine machine;
  const std::unique_ptr<File> file = machine.Create("a");
  machine.disk.SetFaultHook(FailAt(1, ENOSPC));
  const Pieces pieces = {std::string_view("x")};
  const WriteSyncResult result =
      machine.Await([&] { return file->WriteAndSync(0, pieces, Runtime::Urgency::kNow); });
  EXPECT_THAT(result.write, StatusIs(absl::StatusCode::kResourceExhausted));
  EXPECT_EQ(machine.disk.operation_count(), 2);
}

TEST(CrashableFileSystemTest, AFailedSyncLosesBytesThatStillReadWell) {
  std::set<std::string> after_pressure;
  for (uint64_t seed = 0; seed < 50; ++seed) {
    Machine machine(seed);
    const std::unique_ptr<File> file = machine.Create("a");
    ASSERT_THAT(machine.Write(*file, 0, "x"), IsOk());
    machine.disk.SetFaultHook(FailAt(2, EIO));
    EXPECT_THAT(machine.Sync(*file),
                StatusIs(absl::StatusCode::kUnknown, "fdatasync a: Input/output error"));
    EXPECT_THAT(machine.Sync(*file), IsOk());
    EXPECT_THAT(machine.Read(*file), IsOkAndHolds("x"));
    machine.disk.DropCleanPages();
    after_pressure.insert(machine.MustReadPath("a"));
  }
  EXPECT_THAT(after_pressure, ElementsAre(std::string(1, '\0'), "x"));
}

TEST(CrashableFileSystemTest, AFailedDirectorySyncMayLoseNamesForGood) {
  std::set<size_t> counts;
  for (uint64_t seed = 0; seed < 50; ++seed) {
    Machine machine(seed);
    machine.Create("a");
    machine.disk.SetFaultHook(FailAt(1, EIO));
    EXPECT_THAT(machine.SyncRoot(), StatusIs(absl::StatusCode::kUnknown, HasSubstr("fsync /")));
    EXPECT_THAT(machine.SyncRoot(), IsOk());
    machine.disk.CrashMachine();
    machine.Restart();
    const auto names = machine.Await([&] { return machine.process->List("/"); });
    ASSERT_THAT(names, IsOk());
    counts.insert(names->size());
  }
  EXPECT_THAT(counts, ElementsAre(0, 1));
}

TEST(CrashableFileSystemTest, FailSometimesFailsThatOperationSometimes) {
  Machine machine;
  const std::unique_ptr<File> file = machine.Create("a");
  machine.disk.SetFaultHook(FailSometimes(7, DiskOperation::kSync, 1, 4, EIO));
  int failed = 0;
  for (int i = 0; i < 200; ++i) {
    EXPECT_THAT(machine.Write(*file, 0, "x"), IsOk());
    failed += machine.Sync(*file).ok() ? 0 : 1;
  }
  EXPECT_GT(failed, 20);
  EXPECT_LT(failed, 100);
}

TEST(CrashableFileSystemTest, ACrashMayComeBeforeInOrAfterAWrite) {
  const auto crash_in_write = [](uint64_t seed, Progress progress) {
    Machine machine(seed);
    const std::unique_ptr<File> file = machine.Create("a");
    machine.disk.SetFaultHook(CrashAt(1, Crash::kProcess, progress));
    EXPECT_THAT(machine.Write(*file, 0, "0123"), StatusIs(absl::StatusCode::kCancelled));
    EXPECT_FALSE(machine.disk.IsAlive(machine.process));
    machine.Restart();
    return machine.MustReadPath("a");
  };
  std::set<std::string> parts;
  for (uint64_t seed = 0; seed < 50; ++seed) {
    EXPECT_EQ(crash_in_write(seed, Progress::kNothing), "");
    EXPECT_EQ(crash_in_write(seed, Progress::kAll), "0123");
    parts.insert(crash_in_write(seed, Progress::kPart));
  }
  EXPECT_THAT(parts, ElementsAre("", "0", "01", "012"));
}

TEST(CrashableFileSystemTest, ACrashInOpenLeavesNobodyTheFile) {
  Machine machine;
  machine.disk.SetFaultHook(CrashAt(0, Crash::kProcess, Progress::kAll));
  EXPECT_THAT(machine.Open("a", OpenMode::kCreateExclusive).status(),
              StatusIs(absl::StatusCode::kCancelled));
  machine.Restart();
  EXPECT_EQ(machine.MustReadPath("a"), "");
}

// A file that appears whole or not at all; `skip` leaves out its nth step.
Future<absl::Status> Publish(FileSystem* files, int skip) {
  absl::StatusOr<std::unique_ptr<File>> file =
      co_await files->Open("private", OpenMode::kCreateExclusive);
  if (!file.ok()) co_return file.status();
  const std::string contents(5000, 'x');
  const Pieces pieces = {contents};
  absl::Status status = co_await (*file)->Write(0, pieces);
  if (status.ok() && skip != 1) status = co_await (*file)->Sync();
  if (status.ok()) status = co_await files->Link("private", "public");
  if (status.ok() && skip != 2) status = co_await files->SyncDirectory("/");
  co_return status;
}

// Publishes, with a machine crash at operation `index`; says what is wrong afterwards, if anything.
std::string PublishAndCrash(uint64_t seed, uint64_t index, Progress progress, int skip) {
  Machine machine(seed);
  machine.disk.SetFaultHook(CrashAt(index, Crash::kMachine, progress));
  const bool published = machine.Await([&] { return Publish(machine.process, skip); }).ok();
  machine.disk.SetFaultHook(nullptr);
  if (machine.disk.IsAlive(machine.process)) machine.disk.CrashMachine();
  machine.Restart();
  const auto file = machine.Open("public", OpenMode::kRead);
  if (!file.ok()) return published ? "lost" : "";
  const absl::StatusOr<std::string> contents = machine.Read(**file);
  return contents.ok() && *contents == std::string(5000, 'x') ? "" : "torn";
}

// Goal: crashing at each operation in turn, with a few seeds, is enough to find what a protocol
// forgot. Method: the right protocol never fails; without a sync of the file it tears, of the
// directory it loses.
TEST(CrashableFileSystemTest, ACrashAtEveryOperationFindsTheMissingSync) {
  std::set<std::string> wrong[3];
  for (int skip = 0; skip < 3; ++skip) {
    for (uint64_t index = 0; index <= 5; ++index) {
      for (const Progress progress : {Progress::kNothing, Progress::kPart, Progress::kAll}) {
        for (uint64_t seed = 0; seed < 10; ++seed) {
          wrong[skip].insert(PublishAndCrash(seed, index, progress, skip));
        }
      }
    }
  }
  EXPECT_THAT(wrong[0], ElementsAre(""));
  EXPECT_THAT(wrong[1], ElementsAre("", "torn"));
  EXPECT_THAT(wrong[2], ElementsAre("", "lost"));
}

// Random work by two processes; what a machine crash leaves, and the schedule.
std::pair<std::string, uint64_t> RunSeed(uint64_t seed) {
  Machine machine(seed);
  const std::unique_ptr<File> file = machine.Create("a");
  CHECK_OK(machine.SyncRoot());
  machine.Restart();
  const std::unique_ptr<File> other = machine.MustOpen("a");
  std::vector<std::string> contents;
  for (int i = 0; i < 20; ++i) contents.emplace_back(600, static_cast<char>('a' + i));
  std::vector<Pieces> pieces;
  for (const std::string& bytes : contents) pieces.push_back({bytes});
  std::vector<Future<absl::Status>> writes;
  for (size_t i = 0; i < 20; ++i) {
    writes.push_back((i % 2 == 0 ? file : other)->Write(i * 300, pieces[i]));
  }
  for (Future<absl::Status>& write : writes) {
    CHECK_OK(machine.Await([&] { return std::move(write); }));
  }
  machine.disk.CrashMachine();
  machine.Restart();
  return {machine.MustReadPath("a"), machine.runtime.trace_hash()};
}

TEST(CrashableFileSystemTest, ASeedRepeatsItselfAndSeedsDiffer) {
  std::set<std::string> outcomes;
  for (uint64_t seed = 0; seed < 20; ++seed) {
    const auto outcome = RunSeed(seed);
    EXPECT_EQ(outcome, RunSeed(seed));
    outcomes.insert(outcome.first);
  }
  EXPECT_GT(outcomes.size(), 10);
}

TEST(CrashableFileSystemTest, MisuseAborts) {
  Machine machine;
  const std::unique_ptr<File> file = machine.Create("a");
  EXPECT_DEATH(
      {
        (void)file->Sync();
        (void)file->Sync();
      },
      "two overlapping syncs of a");
  EXPECT_DEATH(
      {
        auto disk =
            std::make_unique<CrashableFileSystem>(&machine.runtime, CrashableFileSystem::Options());
        FileSystem* files = disk->NewProcess();
        auto open = machine.Await([&] { return files->Open("a", OpenMode::kCreateExclusive); });
        disk.reset();
      },
      "a is open, and its disk was destroyed");
}

}  // namespace
}  // namespace tidelog
