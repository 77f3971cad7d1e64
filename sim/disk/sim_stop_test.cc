// Operations that take long, and processes and machines that stop in them.

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/status_matchers.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "sim/disk/disk_fault.h"
#include "sim/disk/disk_test_world.h"
#include "wal/io/file_system.h"
#include "wal/io/testing/disk_operation.h"

namespace tidelog::sim {
namespace {

using ::absl_testing::IsOk;
using ::absl_testing::IsOkAndHolds;
using ::absl_testing::StatusIs;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using Crash = DiskVerdict::Crash;
using Progress = DiskVerdict::Progress;
using Stop = DiskVerdict::Stop;

// Time.

TEST(SimStopTest, ASlowOperationTakesSoMuchLonger) {
  DiskTestWorld world({.seed = 1});
  DiskTestHost* host = world.Spawn("a");
  File* file = host->Create("f");
  world.FaultNext(host, DiskOperation::kSync, {.delay = absl::Seconds(7)});
  const absl::Duration before = world.kernel.Now();
  EXPECT_THAT(host->Sync(file), IsOk());
  EXPECT_GE(world.kernel.Now() - before, absl::Seconds(7));
  EXPECT_LT(world.kernel.Now() - before, absl::Seconds(8));
}

TEST(SimStopTest, AHungOperationGoesOnWhenItIsReleased) {
  for (const Stop stop : {Stop::kBefore, Stop::kAfter}) {
    DiskTestWorld world({.seed = 1});
    DiskTestHost* host = world.Spawn("a");
    File* file = host->Create("f", "a");
    const uint64_t index = world.disk.operation_count();
    const std::vector<std::span<const char>> pieces = {std::string_view("b")};
    world.FaultNext(host, DiskOperation::kWrite, {.hang = stop});
    std::optional<absl::Status> result;
    host->Go([&] { return file->Write(0, pieces); }, &result);
    world.RunDry();
    EXPECT_FALSE(result.has_value());
    EXPECT_EQ(world.disk.hung_count(), 1u);
    EXPECT_THAT(host->Read(file, 0, 1), IsOkAndHolds(stop == Stop::kBefore ? "a" : "b"));
    EXPECT_FALSE(world.disk.Release(index + 1));
    EXPECT_TRUE(world.disk.Release(index));
    world.RunDry();
    ASSERT_TRUE(result.has_value());
    EXPECT_THAT(*result, IsOk());
    EXPECT_THAT(host->Read(file, 0, 1), IsOkAndHolds("b"));
  }
}

TEST(SimStopTest, AHungOperationOfADeadProcessIsGoneAndWasNotDone) {
  DiskTestWorld world({.seed = 1});
  DiskTestHost* host = world.Spawn("a");
  File* file = host->Create("f", "a");
  const std::vector<std::span<const char>> pieces = {std::string_view("b")};
  world.FaultNext(host, DiskOperation::kWrite, {.hang = Stop::kBefore});
  std::optional<absl::Status> result;
  host->Go([&] { return file->Write(0, pieces); }, &result);
  world.RunDry();
  world.kernel.Kill(host->process());
  EXPECT_EQ(world.disk.hung_count(), 0u);
  world.disk.ReleaseAll();
  world.RunDry();
  EXPECT_EQ(Found(world, "f"), "a");
}

TEST(SimStopTest, AProcessCanBePausedBeforeAndBehindAnEffect) {
  for (const Stop stop : {Stop::kBefore, Stop::kAfter}) {
    DiskTestWorld world({.seed = 1});
    DiskTestHost* host = world.Spawn("a");
    File* file = host->Create("f", "a");
    const std::vector<std::span<const char>> pieces = {std::string_view("b")};
    world.FaultNext(host, DiskOperation::kWrite, {.pause = stop});
    std::optional<absl::Status> result;
    host->Go([&] { return file->Write(0, pieces); }, &result);
    world.RunDry();
    EXPECT_TRUE(host->process()->paused());
    EXPECT_FALSE(result.has_value());
    EXPECT_EQ(Found(world, "f"), stop == Stop::kBefore ? "a" : "b");
    world.kernel.Resume(host->process());
    world.RunDry();
    ASSERT_TRUE(result.has_value());
    EXPECT_EQ(Found(world, "f"), "b");
  }
}

TEST(SimStopTest, OperationsInFlightOvertakeOneAnother) {
  const auto run = [](DiskTestWorld& world) {
    DiskTestHost* host = world.Spawn("a");
    File* file = host->Create("f", "a");
    const std::vector<std::span<const char>> b = {std::string_view("b")};
    const std::vector<std::span<const char>> c = {std::string_view("c")};
    std::optional<absl::Status> first;
    std::optional<absl::Status> second;
    host->Go([&] { return file->Write(0, b); }, &first);
    host->Go([&] { return file->Write(0, c); }, &second);
    world.RunDry();
    return *host->Read(file, 0, 1);
  };
  EXPECT_THAT(Outcomes(run), ElementsAre("b", "c"));
}

// Crashes.

TEST(SimStopTest, AProcessThatDiesInASyncSpoilsNobodyElses) {
  const auto run = [](DiskTestWorld& world) {
    DiskTestHost* host = world.Spawn("a");
    File* file = host->Create("f", "aaa");
    DiskTestHost* other = world.Spawn("b");
    File* same = other->MustOpen("f", OpenMode::kReadWrite);
    std::optional<absl::Status> result;
    host->Go([&] { return file->Sync(); }, &result);
    world.kernel.Kill(host->process());
    EXPECT_THAT(other->Sync(same), IsOk());
    world.disk.DropCleanPages();
    return *other->Read(same, 0, 3);
  };
  EXPECT_THAT(Outcomes(run), ElementsAre("aaa"));
}

TEST(SimStopTest, AProcessThatDiesInAWriteLeavesAPrefixInThePageCache) {
  const auto run = [](DiskTestWorld& world) {
    DiskTestHost* host = world.Spawn("a");
    File* file = host->Create("f", "aaa");
    const std::vector<std::span<const char>> pieces = {std::string_view("bbb")};
    world.FaultNext(host, DiskOperation::kWrite, {.crash = Crash::kProcess});
    std::optional<absl::Status> result;
    host->Go([&] { return file->Write(0, pieces); }, &result);
    world.RunDry();
    EXPECT_FALSE(result.has_value());
    return Found(world, "f");
  };
  EXPECT_THAT(Outcomes(run), ElementsAre("aaa", "baa", "bba"));
}

TEST(SimStopTest, WhatADyingProcessHadInFlightIsDoneOrNot) {
  const auto run = [](DiskTestWorld& world) {
    DiskTestHost* host = world.Spawn("a");
    File* file = host->Create("f", "aa");
    const std::vector<std::span<const char>> pieces = {std::string_view("bb")};
    std::optional<absl::Status> result;
    host->Go([&] { return file->Write(0, pieces); }, &result);
    world.kernel.Kill(host->process());
    EXPECT_EQ(world.disk.in_flight_count(), 0u);
    EXPECT_EQ(world.disk.open_count(), 0u);
    world.RunDry();
    return Found(world, "f");
  };
  EXPECT_THAT(Outcomes(run), ElementsAre("aa", "ba", "bb"));
}

TEST(SimStopTest, AProcessCrashFreesLocksAndWatchersAndKeepsThePageCache) {
  DiskTestWorld world({.seed = 1});
  DiskTestHost* a = world.Spawn("a");
  DiskTestHost* b = world.Spawn("b");
  File* mine = a->Create("f", "unsynced");
  File* theirs = b->MustOpen("f", OpenMode::kReadWrite);
  const auto try_lock = [](DiskTestHost* host, File* file) {
    return host->Await([&] { return file->TryLock(); });
  };
  EXPECT_THAT(try_lock(a, mine), IsOkAndHolds(true));
  EXPECT_THAT(try_lock(b, theirs), IsOkAndHolds(false));
  world.kernel.Kill(a->process());
  EXPECT_THAT(try_lock(b, theirs), IsOkAndHolds(true));
  EXPECT_THAT(b->Read(theirs, 0, 100), IsOkAndHolds("unsynced"));
  EXPECT_EQ(world.disk.open_count(), 1u);
}

TEST(SimStopTest, WordsAreSharedByProcessesAndSurviveAllButTheMachine) {
  const auto run = [](DiskTestWorld& world) {
    DiskTestHost* a = world.Spawn("a");
    DiskTestHost* b = world.Spawn("b");
    File* mine = CreateDurably(a, "f", std::string(8, '\0'));
    File* theirs = b->MustOpen("f", OpenMode::kReadWrite);
    auto word = b->Await([&] { return theirs->MapWord(0); });
    {
      auto other = a->Await([&] { return mine->MapWord(0); });
      uint64_t expected = 0;
      EXPECT_TRUE((*other)->CompareExchange(expected, 7));
    }
    world.kernel.Kill(a->process());
    EXPECT_EQ((*word)->Load(), 7u);
    word->reset();
    world.disk.CrashMachine();
    return absl::StrCat(static_cast<int>(Found(world, "f")[0]));
  };
  EXPECT_THAT(Outcomes(run), ElementsAre("0", "7"));
}

TEST(SimStopTest, AProcessCrashAndThenAMachineCrashLoseWhatWasNotSynced) {
  const auto run = [](DiskTestWorld& world) {
    DiskTestHost* host = world.Spawn("a");
    File* file = CreateDurably(host, "f", "a");
    EXPECT_THAT(host->Write(file, 0, "b"), IsOk());
    world.kernel.Kill(host->process());
    EXPECT_EQ(Found(world, "f"), "b");
    world.disk.CrashMachine();
    return Found(world, "f");
  };
  EXPECT_THAT(Outcomes(run), ElementsAre("a", "b"));
}

TEST(SimStopTest, BytesMustNotChangeWhileTheyAreBeingWritten) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  DiskTestWorld world({.seed = 1});
  DiskTestHost* host = world.Spawn("a");
  File* file = host->Create("f");
  std::string bytes = "a";
  const std::vector<std::span<const char>> pieces = {bytes};
  const auto change = [&] {
    std::optional<absl::Status> result;
    host->Go([&] { return file->Write(0, pieces); }, &result);
    bytes[0] = 'b';
    world.RunDry();
  };
  EXPECT_DEATH(change(), "bytes were changed while they were being written to f");
}

}  // namespace
}  // namespace tidelog::sim
