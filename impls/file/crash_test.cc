// What is left of a file log when its process or its machine stops, at every operation on files.
#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <memory>
#include <string>
#include <tuple>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "impls/file/testing/log_machine.h"
#include "wal/io/testing/crashable_file_system.h"
#include "wal/status.h"
#include "wal/testing/sample.h"
#include "wal/types.h"

namespace tidelog::impls::file {
namespace {

using walimpls::CloseMode;
using Crash = DiskFault::Crash;
using Progress = DiskFault::Progress;

constexpr Term kFirst{1};
constexpr Term kSecond{2};

// A life of a log: opened, appended to over several segments, truncated, appended to in recycled
// files, closed, opened again by the same term, and taken over from a process that is still there.
// Goes on after errors, as the disk may be gone.
void Live(LogProcess* first, LogProcess* second) {
  if (!first->Open(kFirst).ok()) return;
  first->StartAppend(1, 16);
  first->StartAppend(3, 100);
  first->StartAppend(1, 9000);
  if (!first->Settle().ok()) return;
  first->Tick();
  if (!first->AppendTimeTick().ok()) return;
  for (int i = 0; i < 8; ++i) {
    if (!first->Append(2, 9000).ok()) return;
  }
  (void)first->Truncate(11);
  // Into files of truncated segments, which hold their old bytes.
  for (int i = 0; i < 6; ++i) {
    if (!first->Append(3, 9000).ok()) return;
  }
  if (!first->Close(CloseMode::kClean).ok()) return;
  if (!first->Open(kFirst).ok()) return;
  if (!first->Append(2).ok()) return;
  first->StartAppend(1, 16);
  if (!second->Open(kSecond).ok()) return;
  if (first->is_open()) (void)first->Append(1);
  if (!second->Append(2).ok()) return;
  (void)second->Close(CloseMode::kClean);
}

// Crashes at operation `index`, and checks what the next owners find.  False: the life ended first.
bool CrashAndCheck(uint64_t seed, uint64_t index, Crash crash, Progress progress) {
  LogMachine machine(seed);
  SeenLog seen_before;
  {
    auto first = std::make_unique<LogProcess>(&machine);
    auto second = std::make_unique<LogProcess>(&machine);
    machine.disk().SetFaultHook(CrashAt(index, crash, progress));
    Live(first.get(), second.get());
    const bool crashed = machine.disk().operation_count() > index;
    machine.disk().SetFaultHook(nullptr);
    seen_before = machine.ReadAsReader();
    if (!crashed) return false;
  }
  for (int64_t term = 10; term < 12; ++term) {
    LogProcess survivor(&machine);
    const absl::Status opened = survivor.Open(Term{term});
    EXPECT_TRUE(opened.ok()) << opened;
    if (!opened.ok()) return true;
    const SeenLog seen = survivor.Read();
    EXPECT_EQ(machine.CheckRecovered(seen), "");
    EXPECT_EQ(LogMachine::CheckNothingVanished(seen_before, seen, machine.truncated()), "");
    EXPECT_TRUE(survivor.Append(2).ok());
    seen_before = seen;
    if (term == 10) machine.disk().CrashMachine();
  }
  return true;
}

class CrashTest : public ::testing::TestWithParam<std::tuple<Crash, Progress>> {};

TEST_P(CrashTest, WhatWasAcknowledgedIsThereOnceAndInOrder) {
  const auto [crash, progress] = GetParam();
  uint64_t index = 0;
  uint64_t seed = 1;
  while (CrashAndCheck(seed++ % 7, index, crash, progress)) {
    if (HasFailure()) {
      FAIL() << "crash at operation " << index << ", seed " << (seed - 1) % 7;
    }
    index += SampleStride();
  }
  EXPECT_GT(index, 200u);
}

INSTANTIATE_TEST_SUITE_P(Everywhere, CrashTest,
                         ::testing::Values(std::tuple(Crash::kProcess, Progress::kPart),
                                           std::tuple(Crash::kMachine, Progress::kNothing),
                                           std::tuple(Crash::kMachine, Progress::kPart),
                                           std::tuple(Crash::kMachine, Progress::kAll)));

// The process that makes the log dies in that, and the machine in the next open: no name may be
// durable without the one that others find it by.
TEST(FirstOpenTest, SurvivesACrashOfTheProcessAndThenOfTheMachine) {
  uint64_t longest = 0;
  for (uint64_t first_end = 0, second_end = 1; second_end > 0; first_end += SampleStride()) {
    second_end = 0;
    for (bool crashed = true; crashed; ++second_end) {
      LogMachine machine(first_end * 31 + second_end);
      LogProcess first(&machine);
      machine.disk().SetFaultHook(CrashAt(first_end, Crash::kProcess, Progress::kAll));
      if (first.Open(kFirst).ok()) {
        second_end = 0;
        break;
      }
      const uint64_t operations = machine.disk().operation_count();
      LogProcess second(&machine);
      machine.disk().SetFaultHook(
          CrashAt(operations + second_end, Crash::kMachine, Progress::kNothing));
      (void)second.Open(kSecond);
      crashed = machine.disk().operation_count() > operations + second_end;
      machine.disk().SetFaultHook(nullptr);
      machine.disk().CrashMachine();
      LogProcess survivor(&machine);
      const absl::Status opened = survivor.Open(Term{3});
      ASSERT_TRUE(opened.ok()) << first_end << ", " << second_end << ": " << opened;
      longest = std::max(longest, second_end);
    }
  }
  EXPECT_GT(longest, 20u);
}

// Each operation fails once; what was said about each append stays true, also after the machine
// then crashes.
void FailAndCheck(uint64_t seed, uint64_t index, int error_number, bool* reached) {
  LogMachine machine(seed);
  {
    auto first = std::make_unique<LogProcess>(&machine);
    auto second = std::make_unique<LogProcess>(&machine);
    machine.disk().SetFaultHook(FailAt(index, error_number));
    Live(first.get(), second.get());
    *reached = machine.disk().operation_count() > index;
    machine.disk().SetFaultHook(nullptr);
    if (first->is_open()) (void)first->Settle();
    if (second->is_open()) (void)second->Settle();
    const SeenLog seen = machine.ReadAsReader();
    machine.disk().CrashMachine();
    machine.runtime().RunUntilIdle();
  }
  LogProcess survivor(&machine);
  const absl::Status opened = survivor.Open(Term{10});
  ASSERT_TRUE(opened.ok()) << opened;
  EXPECT_EQ(machine.CheckRecovered(survivor.Read()), "");
  EXPECT_TRUE(survivor.Append(2).ok());
}

class FaultTest : public ::testing::TestWithParam<int> {};

TEST_P(FaultTest, AFailedOperationLosesNothingThatWasAcknowledged) {
  bool reached = true;
  for (uint64_t index = 0; reached; index += SampleStride()) {
    FailAndCheck(index % 5, index, GetParam(), &reached);
    if (HasFailure()) FAIL() << "operation " << index << ", seed " << index % 5;
  }
}

INSTANTIATE_TEST_SUITE_P(Errors, FaultTest, ::testing::Values(EIO, ENOSPC));

}  // namespace
}  // namespace tidelog::impls::file
