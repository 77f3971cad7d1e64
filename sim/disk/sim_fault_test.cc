// Each fault of a simulated disk, as it shows at the FileSystem interface.

#include <cerrno>
#include <cstdint>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/status_matchers.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "sim/disk/disk_fault.h"
#include "sim/disk/disk_model.h"
#include "sim/disk/disk_test_world.h"
#include "wal/io/file_system.h"
#include "wal/io/testing/disk_operation.h"
#include "wal/io/testing/sector_store.h"

namespace tidelog::sim {
namespace {

using ::absl_testing::IsOk;
using ::absl_testing::IsOkAndHolds;
using ::absl_testing::StatusIs;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsSupersetOf;
using Crash = DiskVerdict::Crash;
using Progress = DiskVerdict::Progress;
using Stop = DiskVerdict::Stop;

constexpr size_t kSector = SectorStore::kSectorSize;
constexpr size_t kBlock = SectorStore::kBlockSize;

const auto kIoError = StatusIs(absl::StatusCode::kUnknown, HasSubstr("Input/output error"));

TEST(SimFaultTest, AnyOperationCanFailAndThenDoesNothing) {
  DiskTestWorld world({.seed = 1});
  DiskTestHost* host = world.Spawn("a");
  File* file = CreateDurably(host, "a", "0123");
  const auto fails = [&](DiskOperation operation, auto call) {
    world.FaultNext(host, operation, {.error_number = EIO});
    EXPECT_THAT(call(), kIoError) << DiskOperationName(operation);
    EXPECT_THAT(call(), IsOk()) << DiskOperationName(operation);
  };
  const auto of = [](const auto& result) { return result.status(); };
  using enum DiskOperation;
  fails(kOpen, [&] { return of(host->Open("a", OpenMode::kRead)); });
  fails(kRead, [&] { return of(host->Read(file, 0, 4)); });
  fails(kReadDirect, [&] { return of(host->ReadDirect(file, 0, 4)); });
  fails(kWrite, [&] { return host->Write(file, 0, "4567"); });
  fails(kSync, [&] { return host->Sync(file); });
  fails(kAllocate, [&] { return host->Await([&] { return file->Allocate(10); }); });
  fails(kTruncate, [&] { return host->Await([&] { return file->Truncate(8); }); });
  fails(kSize, [&] { return of(host->Await([&] { return file->Size(); })); });
  fails(kMapWord, [&] { return of(host->Await([&] { return file->MapWord(0); })); });
  fails(kTryLock, [&] { return of(host->Await([&] { return file->TryLock(); })); });
  fails(kIsLocked, [&] { return of(host->Await([&] { return file->IsLocked(); })); });
  fails(kLink, [&] { return host->Link("a", "b"); });
  fails(kUnlink, [&] { return host->Unlink("b"); });
  fails(kList, [&] { return of(host->Await([&] { return host->files()->List("/"); })); });
  fails(kCreateDirectory,
        [&] { return host->Await([&] { return host->files()->CreateDirectory("d"); }); });
  fails(kSyncDirectory, [&] { return host->SyncDirectory("/"); });
  fails(kInfo, [&] { return of(host->Await([&] { return host->files()->Info("/"); })); });
  fails(kWatch, [&] { return of(host->Await([&] { return host->files()->Watch("/"); })); });
  EXPECT_EQ(host->List("/"), "a d");
}

TEST(SimFaultTest, ASiteIsNamedByCountersOfItsProcess) {
  DiskTestWorld world({.seed = 1});
  DiskTestHost* a = world.Spawn("a");
  DiskTestHost* b = world.Spawn("b");
  std::vector<std::string> sites;
  world.disk.SetHook([&](const DiskSite& site) {
    sites.push_back(absl::StrCat(site.index, " ", static_cast<uint32_t>(site.process), " ",
                                 site.of_process, " ", DiskOperationName(site.operation), " ",
                                 site.of_kind, " ", site.path));
    return DiskVerdict();
  });
  File* file = a->Create("a");
  File* other = b->MustOpen("a", OpenMode::kReadWrite);
  EXPECT_TRUE(a->WriteAndSync(file, 0, "x").ok());
  EXPECT_THAT(b->Sync(other), IsOk());
  EXPECT_THAT(b->Write(other, 0, "y"), IsOk());
  EXPECT_THAT(b->Sync(other), IsOk());
  EXPECT_THAT(sites, ElementsAre("0 1 0 open 0 a", "1 2 0 open 0 a", "2 1 1 pwritev 0 a",
                                 "3 1 2 fdatasync 0 a", "4 2 1 fdatasync 0 a", "5 2 2 pwritev 0 a",
                                 "6 2 3 fdatasync 1 a"));
  EXPECT_EQ(world.disk.operation_count(), 7u);
}

// Syncs that fail, and syncs that lie.

// Writes 'b' over 'a', syncs with that verdict, and gives the device's and the crashed sectors.
std::string SyncWith(DiskTestWorld& world, DiskVerdict verdict, bool again) {
  DiskTestHost* host = world.Spawn("a");
  File* file = CreateDurably(host, "f", Sectors("aa"));
  EXPECT_THAT(host->Write(file, 0, Sectors("bb")), IsOk());
  world.FaultNext(host, DiskOperation::kSync, verdict);
  const absl::Status first = host->Sync(file);
  if (verdict.error_number == 0) {
    EXPECT_THAT(first, IsOk());
  } else {
    EXPECT_THAT(first, kIoError);
  }
  // The pages are clean, and read well; a second sync is content.
  EXPECT_THAT(host->Read(file, 0, 2 * kSector), IsOkAndHolds(Sectors("bb")));
  if (again) {
    EXPECT_THAT(host->Sync(file), IsOk());
  }
  const std::string device = Letters(*host->ReadDirect(file, 0, 2 * kSector));
  world.disk.CrashMachine();
  return absl::StrCat(device, " ", Letters(Found(world, "f")));
}

TEST(SimFaultTest, AFailedSyncMayHaveLostTheData) {
  const DiskVerdict verdict{.error_number = EIO, .sync = SyncFate::kLost};
  EXPECT_THAT(Outcomes([&](auto& world) { return SyncWith(world, verdict, true); }),
              ElementsAre("aa aa"));
}

TEST(SimFaultTest, AFailedSyncMayHaveKeptTheData) {
  const DiskVerdict verdict{.error_number = EIO, .sync = SyncFate::kDurable};
  EXPECT_THAT(Outcomes([&](auto& world) { return SyncWith(world, verdict, false); }),
              ElementsAre("bb bb"));
}

TEST(SimFaultTest, AFailedSyncLosesSomeByDefault) {
  EXPECT_THAT(Outcomes([&](auto& world) { return SyncWith(world, {.error_number = EIO}, true); }),
              IsSupersetOf({"aa aa", "ab ab", "ba ba", "bb bb"}));
}

TEST(SimFaultTest, ASyncMayLieAboutTheDevicesCache) {
  const DiskVerdict verdict{.sync = SyncFate::kVolatile};
  EXPECT_THAT(Outcomes([&](auto& world) { return SyncWith(world, verdict, false); }),
              ElementsAre("bb aa", "bb ab", "bb ba", "bb bb"));
  EXPECT_THAT(Outcomes([&](auto& world) { return SyncWith(world, verdict, true); }),
              ElementsAre("bb bb"));
}

TEST(SimFaultTest, ASyncMayLieAboutThePageCache) {
  const DiskVerdict verdict{.sync = SyncFate::kLost};
  EXPECT_THAT(Outcomes([&](auto& world) { return SyncWith(world, verdict, true); }),
              ElementsAre("aa aa"));
}

TEST(SimFaultTest, AFailedSyncIsReportedToEachOpenFileOnce) {
  DiskTestWorld world({.seed = 1});
  DiskTestHost* a = world.Spawn("a");
  DiskTestHost* b = world.Spawn("b");
  File* first = a->Create("f", "x");
  File* second = a->MustOpen("f", OpenMode::kReadWrite);
  File* third = b->MustOpen("f", OpenMode::kRead);
  world.FaultNext(a, DiskOperation::kSync, {.error_number = EIO});
  EXPECT_THAT(a->Sync(first), kIoError);
  File* later = b->MustOpen("f", OpenMode::kRead);
  EXPECT_THAT(b->Sync(later), IsOk());  // It was reported before this was opened.
  for (const auto& [host, file] : {std::pair(a, second), std::pair(b, third)}) {
    EXPECT_THAT(host->Sync(file), kIoError);
    EXPECT_THAT(host->Sync(file), IsOk());
  }
  EXPECT_THAT(a->Sync(first), IsOk());
}

TEST(SimFaultTest, AWriteBackThatNobodyWaitsForFailsTheNextSyncs) {
  DiskTestWorld world({.seed = 1});
  DiskTestHost* host = world.Spawn("a");
  File* file = CreateDurably(host, "f", "a");
  EXPECT_THAT(host->Write(file, 0, "b"), IsOk());
  EXPECT_FALSE(world.disk.FailWriteBack("no", EIO, SyncFate::kLost));
  EXPECT_TRUE(world.disk.FailWriteBack("f", EIO, SyncFate::kLost));
  File* later = host->MustOpen("f", OpenMode::kRead);  // Nobody was told before.
  EXPECT_THAT(host->Sync(file), kIoError);
  EXPECT_THAT(host->Sync(file), IsOk());
  EXPECT_THAT(host->Sync(later), kIoError);
  File* last = host->MustOpen("f", OpenMode::kRead);
  EXPECT_THAT(host->Sync(last), IsOk());
  world.disk.DropCleanPages();
  EXPECT_THAT(host->Read(file, 0, 1), IsOkAndHolds("a"));
}

TEST(SimFaultTest, AStartedWriteBackThatFailsSaysNothingUntilASync) {
  DiskTestWorld world({.seed = 1});
  DiskTestHost* host = world.Spawn("a");
  File* file = CreateDurably(host, "f", "a");
  EXPECT_THAT(host->Write(file, 0, "b"), IsOk());
  world.FaultNext(host, DiskOperation::kStartWriteBack,
                  {.error_number = EIO, .sync = SyncFate::kLost});
  host->Await([&] { return file->StartWriteBack(0, 1); });
  EXPECT_THAT(host->Read(file, 0, 1), IsOkAndHolds("b"));
  EXPECT_THAT(host->Sync(file), kIoError);
  EXPECT_THAT(host->ReadDirect(file, 0, 1), IsOkAndHolds("a"));
}

// Writes.

TEST(SimFaultTest, AFailingWriteHasDoneAPrefix) {
  const auto run = [](DiskTestWorld& world, Progress progress) {
    DiskTestHost* host = world.Spawn("a");
    File* file = host->Create("f", "aaaa");
    world.FaultNext(host, DiskOperation::kWrite, {.error_number = EIO, .progress = progress});
    EXPECT_THAT(host->Write(file, 0, "bbbb"), kIoError);
    return *host->Read(file, 0, 4);
  };
  const auto outcomes = [&](Progress progress) {
    return Outcomes([&](DiskTestWorld& world) { return run(world, progress); });
  };
  EXPECT_THAT(outcomes(Progress::kNothing), ElementsAre("aaaa"));
  EXPECT_THAT(outcomes(Progress::kPart), ElementsAre("aaaa", "baaa", "bbaa", "bbba"));
  EXPECT_THAT(outcomes(Progress::kAll), ElementsAre("bbbb"));
}

TEST(SimFaultTest, AWriteThatFailsIsNotSynced) {
  DiskTestWorld world({.seed = 1});
  DiskTestHost* host = world.Spawn("a");
  File* file = host->Create("f");
  world.FaultNext(host, DiskOperation::kWrite, {.error_number = ENOSPC});
  const WriteSyncResult result = host->WriteAndSync(file, 0, "x");
  EXPECT_THAT(result.write, StatusIs(absl::StatusCode::kResourceExhausted));
  world.FaultNext(host, DiskOperation::kSync, {.error_number = EIO});
  const WriteSyncResult second = host->WriteAndSync(file, 0, "x");
  EXPECT_THAT(second.write, IsOk());
  EXPECT_THAT(second.sync, kIoError);
}

TEST(SimFaultTest, ACrashInAWriteTearsItInSectorsOrBlocks) {
  const auto run = [](uint64_t tear_bytes) {
    std::set<std::string> outcomes;
    for (uint64_t seed = 1; seed <= 200; ++seed) {
      DiskTestWorld world({.seed = seed}, {.tear_bytes = tear_bytes});
      DiskTestHost* host = world.Spawn("a");
      File* file = CreateDurably(host, "f", std::string(2 * kBlock, 'a'));
      const std::string bytes(2 * kBlock, 'b');
      const std::vector<std::span<const char>> pieces = {bytes};
      world.FaultNext(host, DiskOperation::kWrite,
                      {.crash = Crash::kMachine, .progress = Progress::kAll});
      std::optional<absl::Status> result;
      host->Go([&] { return file->Write(0, pieces); }, &result);
      world.RunDry();
      EXPECT_FALSE(result.has_value());
      EXPECT_FALSE(host->process()->alive());
      outcomes.insert(Letters(Found(world, "f")));
    }
    return outcomes;
  };
  EXPECT_THAT(run(kBlock), ElementsAre("aaaaaaaaaaaaaaaa", "aaaaaaaabbbbbbbb", "bbbbbbbbaaaaaaaa",
                                       "bbbbbbbbbbbbbbbb"));
  const std::set<std::string> sectors = run(kSector);
  EXPECT_GT(sectors.size(), 100u);
  for (const std::string& found : sectors) EXPECT_EQ(found.find('!'), std::string::npos);
}

TEST(SimFaultTest, ALargeWriteIsSeenInPartByWhoReadsMeanwhile) {
  const auto run = [](DiskTestWorld& world) {
    DiskTestHost* host = world.Spawn("a");
    File* file = host->Create("f", std::string(2 * kBlock, 'a'));
    const std::string bytes(2 * kBlock, 'b');
    const std::vector<std::span<const char>> pieces = {bytes};
    std::string seen;
    std::optional<absl::Status> result;
    host->Go([&] { return file->Write(0, pieces); }, &result);
    while (!result.has_value()) {
      const std::string found = *host->Read(file, 0, 2 * kBlock);
      EXPECT_EQ(found.substr(0, kBlock), std::string(kBlock, found[0]));
      if (found[0] != found[kBlock]) seen = found.substr(kBlock - 1, 2);
    }
    EXPECT_THAT(*result, IsOk());
    return seen;
  };
  EXPECT_THAT(Outcomes(run), ElementsAre("", "ba"));
}

TEST(SimFaultTest, AMisdirectedWriteIsFineUntilThePageIsReadAgain) {
  DiskTestWorld world({.seed = 1});
  DiskTestHost* host = world.Spawn("a");
  File* file = CreateDurably(host, "f", Sectors("aaa"));
  File* victim = CreateDurably(host, "g", Sectors("xxx"));
  world.FaultNext(host, DiskOperation::kWrite,
                  {.misdirect = DiskVerdict::Misdirection{.path = "g", .offset = 2 * kSector}});
  EXPECT_THAT(host->Write(file, kSector, Sectors("b")), IsOk());
  EXPECT_THAT(host->Sync(file), IsOk());
  EXPECT_EQ(Letters(*host->Read(file, 0, 3 * kSector)), "aba");
  EXPECT_EQ(Letters(*host->Read(victim, 0, 3 * kSector)), "xxx");
  world.disk.DropCleanPages();
  EXPECT_EQ(Letters(*host->Read(file, 0, 3 * kSector)), "aaa");
  EXPECT_EQ(Letters(*host->Read(victim, 0, 3 * kSector)), "xxb");
}

// Reads.

TEST(SimFaultTest, AMisdirectedReadYieldsWhatLiesElsewhereOnce) {
  DiskTestWorld world({.seed = 1});
  DiskTestHost* host = world.Spawn("a");
  File* file = host->Create("f", "0123456789");
  host->Create("g", "ab");
  world.FaultNext(host, DiskOperation::kRead,
                  {.misdirect = DiskVerdict::Misdirection{.path = "", .offset = 6}});
  EXPECT_THAT(host->Read(file, 0, 2), IsOkAndHolds("67"));
  EXPECT_THAT(host->Read(file, 0, 2), IsOkAndHolds("01"));
  world.FaultNext(host, DiskOperation::kReadDirect,
                  {.misdirect = DiskVerdict::Misdirection{.path = "g", .offset = 1}});
  EXPECT_THAT(host->ReadDirect(file, 0, 3), IsOkAndHolds(std::string("b\0\0", 3)));
  EXPECT_THAT(host->ReadDirect(file, 0, 3), IsOkAndHolds("012"));
}

TEST(SimFaultTest, ALatentSectorErrorStaysUntilTheSectorIsRewritten) {
  DiskTestWorld world({.seed = 1});
  DiskTestHost* host = world.Spawn("a");
  File* file = CreateDurably(host, "f", Sectors("aaa"));
  EXPECT_FALSE(world.disk.BreakSector("no", 0));
  EXPECT_FALSE(world.disk.BreakSector("f", 3 * kSector));
  EXPECT_TRUE(world.disk.BreakSector("f", kSector));
  for (int i = 0; i < 3; ++i) {
    EXPECT_THAT(host->Read(file, 0, 3 * kSector), kIoError);
    EXPECT_THAT(host->ReadDirect(file, 0, 3 * kSector), kIoError);
    EXPECT_THAT(host->Read(file, 0, kSector), IsOk());
    EXPECT_THAT(host->Write(file, kSector + 5, "b"), kIoError);  // The rest must be read first.
    EXPECT_THAT(host->Sync(file), IsOk());
  }
  world.disk.CrashMachine();
  DiskTestHost* after = world.Spawn("b");
  file = after->MustOpen("f", OpenMode::kReadWrite);
  EXPECT_THAT(after->Read(file, 0, 3 * kSector), kIoError);
  EXPECT_THAT(after->Write(file, kSector, Sectors("b")), IsOk());
  EXPECT_THAT(after->Sync(file), IsOk());
  world.disk.DropCleanPages();
  EXPECT_EQ(Letters(*after->Read(file, 0, 3 * kSector)), "aba");
}

TEST(SimFaultTest, RotIsSeenPastThePageCacheOrOnceThePageIsGone) {
  DiskTestWorld world({.seed = 1});
  DiskTestHost* host = world.Spawn("a");
  File* file = CreateDurably(host, "f", "abc");
  EXPECT_FALSE(world.disk.Rot("no", 0, 1));
  EXPECT_TRUE(world.disk.Rot("f", 1, 1));
  EXPECT_THAT(host->Read(file, 0, 3), IsOkAndHolds("abc"));
  EXPECT_THAT(host->ReadDirect(file, 0, 3), IsOkAndHolds("acc"));
  world.disk.CrashMachine();
  EXPECT_EQ(Found(world, "f"), "acc");
}

// Names.

TEST(SimFaultTest, ADirectorySyncMayLie) {
  const auto run = [](DiskTestWorld& world, std::optional<SyncFate> fate) {
    DiskTestHost* host = world.Spawn("a");
    host->Create("f");
    world.FaultNext(host, DiskOperation::kSyncDirectory, {.sync = fate});
    EXPECT_THAT(host->SyncDirectory("/"), IsOk());
    world.disk.CrashMachine();
    return world.Spawn("b")->List("/");
  };
  const auto outcomes = [&](std::optional<SyncFate> fate) {
    return Outcomes([&](DiskTestWorld& world) { return run(world, fate); });
  };
  EXPECT_THAT(outcomes(std::nullopt), ElementsAre("f"));
  EXPECT_THAT(outcomes(SyncFate::kVolatile), ElementsAre("", "f"));
  EXPECT_THAT(outcomes(SyncFate::kLost), ElementsAre(""));
}

TEST(SimFaultTest, ADirectorySyncThatFailsLosesSomeNames) {
  const auto run = [](DiskTestWorld& world) {
    DiskTestHost* host = world.Spawn("a");
    host->Create("f");
    host->Create("g");
    world.FaultNext(host, DiskOperation::kSyncDirectory, {.error_number = EIO});
    EXPECT_THAT(host->SyncDirectory("/"), kIoError);
    EXPECT_THAT(host->SyncDirectory("/"), IsOk());
    EXPECT_EQ(host->List("/"), "f g");
    world.disk.CrashMachine();
    return world.Spawn("b")->List("/");
  };
  EXPECT_THAT(Outcomes(run), ElementsAre("", "f", "f g", "g"));
}

TEST(SimFaultTest, ALinkOrUnlinkMayBeLostThoughTheDirectoryIsSynced) {
  DiskTestWorld world({.seed = 1});
  DiskTestHost* host = world.Spawn("a");
  CreateDurably(host, "f", "x");
  world.FaultNext(host, DiskOperation::kLink, {.lose_name = true});
  EXPECT_THAT(host->Link("f", "g"), IsOk());
  world.FaultNext(host, DiskOperation::kUnlink, {.lose_name = true});
  EXPECT_THAT(host->Unlink("f"), IsOk());
  EXPECT_EQ(host->List("/"), "g");
  EXPECT_THAT(host->SyncDirectory("/"), IsOk());
  world.disk.CrashMachine();
  EXPECT_EQ(world.Spawn("b")->List("/"), "f");
  EXPECT_EQ(Found(world, "f"), "x");
}

TEST(SimFaultTest, AListMayMissBothNamesOfAFileThatIsRenamedMeanwhile) {
  const auto run = [](DiskTestWorld& world) {
    DiskTestHost* host = world.Spawn("a");
    host->Create("old");
    std::optional<absl::Status> linked;
    std::optional<absl::Status> unlinked;
    auto listing = host->process()->Enter([&] { return host->files()->List("/"); });
    host->Go([&] { return host->files()->Link("old", "new"); }, &linked);
    world.kernel.RunUntil([&] { return linked.has_value(); }, absl::Seconds(1));
    host->Go([&] { return host->files()->Unlink("old"); }, &unlinked);
    world.RunDry();
    const auto names = host->Await([&] { return std::move(listing); });
    std::string found;
    for (const std::string& name : *names) absl::StrAppend(&found, name, " ");
    return found;
  };
  std::set<std::string> outcomes;
  for (uint64_t seed = 1; seed <= 400; ++seed) {
    DiskTestWorld world({.seed = seed}, {.two_steps_in_1000 = 1000});
    outcomes.insert(run(world));
  }
  EXPECT_THAT(outcomes, ElementsAre("", "new ", "new old ", "old "));
}

// Space.

TEST(SimFaultTest, AFullDiskAndAQuotaRefuseWritesUntilThereIsRoom) {
  DiskTestWorld world({.seed = 1});
  DiskTestHost* host = world.Spawn("a");
  world.disk.SetCapacity(2 * kBlock);
  File* file = host->Create("f", std::string(kBlock, 'a'));
  EXPECT_EQ(host->Await([&] { return host->files()->Info("/"); })->free_bytes, kBlock);
  EXPECT_THAT(host->Write(file, kBlock, std::string(2 * kBlock, 'b')),
              StatusIs(absl::StatusCode::kResourceExhausted, HasSubstr("No space left")));
  EXPECT_THAT(host->Await([&] { return file->Size(); }), IsOkAndHolds(2 * kBlock));
  EXPECT_THAT(host->Await([&] { return file->Allocate(3 * kBlock); }),
              StatusIs(absl::StatusCode::kResourceExhausted));
  EXPECT_THAT(host->Write(file, 0, "over what is there"), IsOk());
  world.disk.SetCapacity(DiskModel::kUnlimited);
  world.disk.SetQuota(kBlock);
  EXPECT_THAT(host->Write(file, 2 * kBlock, "c"),
              StatusIs(absl::StatusCode::kResourceExhausted, HasSubstr("quota")));
  world.disk.SetQuota(DiskModel::kUnlimited);
  EXPECT_THAT(host->Write(file, 2 * kBlock, "c"), IsOk());
  EXPECT_EQ(world.disk.used_bytes(), 3 * kBlock);
}

TEST(SimFaultTest, ADiskThatTurnsReadOnlyRefusesAllChanges) {
  DiskTestWorld world({.seed = 1});
  DiskTestHost* host = world.Spawn("a");
  File* file = CreateDurably(host, "f", "abc");
  EXPECT_THAT(host->Write(file, 0, "xyz"), IsOk());
  world.disk.SetReadOnly(true);
  const auto refused = StatusIs(absl::StatusCode::kPermissionDenied, HasSubstr("Read-only"));
  EXPECT_THAT(host->Write(file, 0, "x"), refused);
  EXPECT_THAT(host->Sync(file), refused);
  EXPECT_THAT(host->Await([&] { return file->Allocate(10); }), refused);
  EXPECT_THAT(host->Await([&] { return file->Truncate(0); }), refused);
  EXPECT_THAT(host->Open("g", OpenMode::kCreateExclusive).status(), refused);
  EXPECT_THAT(host->Open("f", OpenMode::kReadWrite).status(), refused);
  EXPECT_THAT(host->Link("f", "g"), refused);
  EXPECT_THAT(host->Unlink("f"), refused);
  EXPECT_THAT(host->SyncDirectory("/"), refused);
  EXPECT_THAT(host->Await([&] { return host->files()->CreateDirectory("d"); }), refused);
  EXPECT_TRUE(host->Await([&] { return host->files()->Info("/"); })->read_only);
  EXPECT_THAT(host->Read(file, 0, 3), IsOkAndHolds("xyz"));
  EXPECT_THAT(host->Open("f", OpenMode::kRead).status(), IsOk());
  world.disk.SetReadOnly(false);
  EXPECT_THAT(host->Sync(file), IsOk());
  world.disk.CrashMachine();
  EXPECT_EQ(Found(world, "f"), "xyz");
}

}  // namespace
}  // namespace tidelog::sim
