// What is left of checkpoints when a process or the machine stops, or an operation fails, at every
// operation on files.
#include <cerrno>
#include <cstdint>
#include <memory>
#include <tuple>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "impls/checkpoint/file/store_test_world.h"
#include "wal/io/testing/crashable_file_system.h"
#include "wal/status.h"
#include "wal/types.h"

namespace tidelog::impls::checkpoint {
namespace {

using Crash = DiskFault::Crash;
using Progress = DiskFault::Progress;

// The checkpoints of a log that is opened, used, and taken over from a process that is still there.
// Goes on after errors, as the disk may be gone.  Returns how many changes failed.
int Live(StoreProcess* first, StoreProcess* second) {
  if (!first->Claim(1).ok()) return 1;
  int failures = 0;
  const auto note = [&failures](const absl::Status& status) { failures += status.ok() ? 0 : 1; };
  note(first->Put("a", 1));
  note(first->Put("b", 1));
  note(first->Put("a", 2));
  note(first->Remove("b"));
  if (!first->Claim(1).ok()) return failures + 1;
  note(first->Put("a", 3));
  if (!second->Claim(2).ok()) return failures + 1;
  (void)first->Put("a", 4);
  note(second->Put("c", 1));
  note(second->Put("c", 2));
  return failures;
}

bool CrashAndCheck(uint64_t seed, uint64_t index, Crash crash, Progress progress) {
  StoreWorld world(seed);
  std::vector<CheckpointSet> possible = {CheckpointSet()};
  {
    StoreProcess first(&world, &possible);
    StoreProcess second(&world, &possible);
    const uint64_t begin = world.disk().operation_count();
    world.disk().SetFaultHook(CrashAt(begin + index, crash, progress));
    (void)Live(&first, &second);
    const bool crashed = world.disk().operation_count() > begin + index;
    world.disk().SetFaultHook(nullptr);
    if (!crashed) return false;
  }
  for (int64_t term = 10; term < 12; ++term) {
    const std::string stored = world.Stored();
    EXPECT_TRUE(IsPossible(possible, stored)) << stored << " may be " << TextOf(possible);
    StoreProcess survivor(&world, &possible);
    const absl::Status claimed = survivor.Claim(term);
    EXPECT_TRUE(claimed.ok()) << claimed;
    if (!claimed.ok()) return true;
    EXPECT_TRUE(survivor.Put("a", 10).ok());
    if (term == 10) world.disk().CrashMachine();
  }
  return true;
}

class CheckpointCrashTest : public ::testing::TestWithParam<std::tuple<Crash, Progress>> {};

TEST_P(CheckpointCrashTest, WhatWasToldDoneIsThereAndWhatWasNotIsNot) {
  const auto [crash, progress] = GetParam();
  for (uint64_t round = 1; round <= 2; ++round) {
    uint64_t index = 0;
    // What a crash leaves is drawn, and with few draws before it a seed would leave the same at
    // each operation.
    while (CrashAndCheck(1000 * round + index, index, crash, progress)) {
      if (HasFailure()) FAIL() << "crash at operation " << index << ", round " << round;
      ++index;
    }
    EXPECT_GT(index, 50u);
  }
}

INSTANTIATE_TEST_SUITE_P(Everywhere, CheckpointCrashTest,
                         ::testing::Values(std::tuple(Crash::kProcess, Progress::kPart),
                                           std::tuple(Crash::kMachine, Progress::kNothing),
                                           std::tuple(Crash::kMachine, Progress::kPart),
                                           std::tuple(Crash::kMachine, Progress::kAll)));

class CheckpointFaultTest : public ::testing::TestWithParam<int> {};

// Also when the machine crashes right behind it; but for a name whose sync has failed, which this
// disk then loses whatever comes, and a real one does not (wal/io/file_system.h).
TEST_P(CheckpointFaultTest, AFailedOperationIsToldTrulyAndPasses) {
  for (uint64_t index = 0, reached = 1; reached > 0; ++index) {
    SCOPED_TRACE(absl::StrCat("operation ", index));
    StoreWorld world(1 + index);
    std::vector<CheckpointSet> possible = {CheckpointSet()};
    {
      StoreProcess first(&world, &possible);
      StoreProcess second(&world, &possible);
      const uint64_t begin = world.disk().operation_count();
      DiskOperation failed{};
      world.disk().SetFaultHook([&failed, at = begin + index](const DiskEvent& event) {
        if (event.index != at) return DiskFault();
        failed = event.operation;
        return DiskFault{.error_number = GetParam()};
      });
      EXPECT_LE(Live(&first, &second), 1);
      reached = world.disk().operation_count() > begin + index ? 1 : 0;
      world.disk().SetFaultHook(nullptr);
      const std::string stored = world.Stored();
      EXPECT_TRUE(IsPossible(possible, stored)) << stored << " may be " << TextOf(possible);
      StoreProcess last(&world, &possible);
      ASSERT_TRUE(last.Claim(3).ok());
      EXPECT_TRUE(last.Put("z", 1).ok());
      if (failed != DiskOperation::kSyncDirectory) world.disk().CrashMachine();
    }
    const std::string stored = world.Stored();
    EXPECT_TRUE(IsPossible(possible, stored)) << stored << " may be " << TextOf(possible);
    if (HasFailure()) return;
  }
}

INSTANTIATE_TEST_SUITE_P(Everywhere, CheckpointFaultTest, ::testing::Values(EIO, ENOSPC));

}  // namespace
}  // namespace tidelog::impls::checkpoint
