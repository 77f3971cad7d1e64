// What is left of a file log when its process or machine stops, at every operation on the disk.

#include <cstdint>
#include <string>
#include <tuple>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "sim/disk/disk_fault.h"
#include "sim/disk/file_log_world.h"
#include "sim/kernel/scheduler.h"
#include "wal/io/testing/sector_store.h"
#include "wal/status.h"
#include "wal/testing/sample.h"

namespace tidelog::sim {
namespace {

using What = LogStep::What;
using Crash = DiskVerdict::Crash;
using Progress = DiskVerdict::Progress;

// Opened, appended to over several segments, truncated, closed, opened again by the same term.
std::vector<LogStep> Life() {
  std::vector<LogStep> steps = {LogStep::Open(1), LogStep::Append(1, 16), LogStep::Append(3, 100),
                                LogStep::Append(1, 9000), LogStep::Do(What::kSettle)};
  for (int i = 0; i < 8; ++i) {
    steps.push_back(LogStep::Append(2, 9000));
    if (i % 2 == 1) steps.push_back(LogStep::Do(What::kSettle));
  }
  steps.push_back(LogStep::Do(What::kTick));
  steps.push_back(LogStep::Do(What::kTruncate));
  steps.push_back(LogStep::Append(1, 16));
  steps.push_back(LogStep::Do(What::kClose));
  steps.push_back(LogStep::Open(1));
  steps.push_back(LogStep::Append(2, 16));
  steps.push_back(LogStep::Append(1, 16));
  steps.push_back(LogStep::Do(What::kSettle));
  steps.push_back(LogStep::Do(What::kRead));
  return steps;
}

std::vector<LogStep> Survivor(int64_t term) {
  return {LogStep::Open(term), LogStep::Do(What::kRead), LogStep::Append(2, 16),
          LogStep::Do(What::kSettle), LogStep::Do(What::kRead)};
}

// A process that takes over finds everything, can go on, and its successor after a crash of the
// machine finds that too.
void CheckSurvivors(FileLogWorld* world) {
  std::vector<LogRecord> before;
  for (int64_t term = 10; term < 12; ++term) {
    const FileLogHost* survivor = world->Spawn("survivor", Survivor(term));
    ASSERT_TRUE(world->Run({survivor}));
    ASSERT_TRUE(survivor->opened()) << survivor->open_error_text();
    EXPECT_EQ(world->CheckRead(*survivor), "");
    ASSERT_EQ(survivor->reads().size(), 2u);
    EXPECT_EQ(world->CheckNothingVanished(before, survivor->reads()[0]), "");
    EXPECT_EQ(survivor->append_error(), WalErrorCode::kOk);
    before = survivor->reads()[1];
    if (term == 10) world->disk.CrashMachine();
  }
}

// False: the life ended before operation `index`.
bool CrashAndCheck(uint64_t seed, uint64_t index, DiskVerdict verdict, bool then_machine) {
  const SchedulerKind kind = seed % 2 == 0 ? SchedulerKind::kRandomReady : SchedulerKind::kPct;
  const uint64_t tear = seed % 3 == 0 ? SectorStore::kBlockSize : SectorStore::kSectorSize;
  FileLogWorld world({.seed = seed, .scheduler = {.kind = kind}}, {.tear_bytes = tear});
  world.disk.SetHook(
      [&](const DiskSite& site) { return site.index == index ? verdict : DiskVerdict(); });
  const FileLogHost* owner = world.Spawn("owner", Life());
  EXPECT_TRUE(world.Run({owner}));
  world.disk.SetHook(nullptr);
  if (owner->done()) {
    EXPECT_EQ(world.CheckRead(*owner), "");
    return false;
  }
  EXPECT_EQ(world.disk.open_count(), 0u);
  EXPECT_EQ(world.disk.in_flight_count(), 0u);
  EXPECT_EQ(owner->process()->memory().count, 0);
  if (then_machine) world.disk.CrashMachine();
  CheckSurvivors(&world);
  return true;
}

class FileCrashTest : public ::testing::TestWithParam<std::tuple<Crash, Progress>> {};

TEST_P(FileCrashTest, WhatWasAcknowledgedIsThereAfterACrashAtEachOperation) {
  const auto [crash, progress] = GetParam();
  uint64_t index = 0;
  for (bool crashed = true; crashed; index += SampleStride()) {
    SCOPED_TRACE(absl::StrCat("operation ", index));
    const bool then_machine = crash == Crash::kProcess && index % 2 == 1;
    crashed =
        CrashAndCheck(index % 11 + 1, index, {.crash = crash, .progress = progress}, then_machine);
    if (HasFailure()) return;
  }
  EXPECT_GT(index, 100u);
}

INSTANTIATE_TEST_SUITE_P(Everywhere, FileCrashTest,
                         ::testing::Values(std::tuple(Crash::kProcess, Progress::kPart),
                                           std::tuple(Crash::kProcess, Progress::kAll),
                                           std::tuple(Crash::kMachine, Progress::kNothing),
                                           std::tuple(Crash::kMachine, Progress::kPart),
                                           std::tuple(Crash::kMachine, Progress::kAll)));

// Runs a life and its survivors with a crash of the machine, and gives the hash of what happened.
uint64_t TraceOf(uint64_t seed) {
  FileLogWorld world({.seed = seed, .scheduler = {.kind = SchedulerKind::kRandomReady}});
  world.disk.SetHook([&](const DiskSite& site) {
    const bool hit = site.index == 150;
    return hit ? DiskVerdict{.crash = Crash::kMachine} : DiskVerdict();
  });
  const FileLogHost* owner = world.Spawn("owner", Life());
  EXPECT_TRUE(world.Run({owner}));
  EXPECT_FALSE(owner->done());
  world.disk.SetHook(nullptr);
  CheckSurvivors(&world);
  return world.kernel.trace().hash();
}

TEST(FileTraceTest, OneSeedIsOneRunAndAnotherIsAnother) {
  const uint64_t first = TraceOf(1);
  EXPECT_EQ(TraceOf(1), first);
  EXPECT_NE(TraceOf(2), first);
}

}  // namespace
}  // namespace tidelog::sim
