// Where a segment ends, while its owner may still be writing to it.
#include "impls/file/tail_recovery.h"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "absl/strings/match.h"
#include "gtest/gtest.h"
#include "impls/file/manifest_reader.h"
#include "impls/file/testing/log_machine.h"
#include "wal/async/coroutine.h"
#include "wal/async/executor.h"
#include "wal/io/testing/crashable_file_system.h"
#include "wal/status.h"
#include "wal/types.h"

namespace tidelog::impls::file {
namespace {

constexpr char kDirectory[] = "log/orders";
constexpr char kChannel[] = "orders";

Future<absl::StatusOr<RecoveredTail>> RecoverLast(Executor* strand, FileSystem* files) {
  co_await EnterExecutor(strand);
  absl::StatusOr<std::optional<Manifest>> manifest =
      co_await ReadNewestManifest(files, kDirectory, kChannel, Published::kYes);
  if (!manifest.ok()) co_return manifest.status();
  const TailPoint before;
  absl::StatusOr<RecoveredTail> recovered =
      co_await RecoverTail(files, kDirectory, kChannel, (*manifest)->segments.back(), before);
  co_return recovered;
}

// Goal: what a recovery counts in is durable, also if the owner wrote it between the recovery's
// first sync and its direct read, which pushes it into the device's volatile cache and no further.
// Method: let the owner write a frame that it does not sync right after that sync, under many
// schedules; then crash the machine, and recover again.
TEST(TailRecoveryTest, WhatItCountsInSurvivesACrashThoughTheOwnerWroteItMeanwhile) {
  int met_the_frame = 0;
  for (uint64_t seed = 1; seed <= 60; ++seed) {
    LogMachine machine(seed);
    LogProcess owner(&machine);
    ASSERT_TRUE(owner.Open(Term{1}).ok());
    ASSERT_TRUE(owner.Append(3).ok());
    FileSystem* const files = machine.disk().NewProcess();
    int syncs = 0;
    machine.disk().SetFaultHook([&syncs, files](const DiskEvent& event) {
      if (event.process == files && event.operation == DiskOperation::kSync) ++syncs;
      return DiskFault();
    });
    const std::unique_ptr<Executor> strand = machine.runtime().MakeExecutor("recovery");
    Future<absl::StatusOr<RecoveredTail>> first = RecoverLast(strand.get(), files);
    while (syncs == 0) ASSERT_TRUE(machine.runtime().Step());
    owner.Tick();
    machine.runtime().RunUntilIdle();
    const absl::StatusOr<RecoveredTail> counted_in = std::move(first).Take();
    ASSERT_TRUE(counted_in.ok()) << counted_in.status();
    machine.disk().CrashMachine();
    FileSystem* const survivor = machine.disk().NewProcess();
    const absl::StatusOr<RecoveredTail> left =
        machine.runtime().Run([&] { return RecoverLast(machine.runtime().executor(), survivor); });
    ASSERT_TRUE(left.ok()) << left.status();
    EXPECT_GE(left->tail.end_offset, counted_in->tail.end_offset) << "seed " << seed;
    EXPECT_EQ(left->tail.last_id, 3u);
    if (counted_in->tail.end_offset == left->tail.end_offset) ++met_the_frame;
  }
  EXPECT_GT(met_the_frame, 0);
}

// A sync that fails has lost bytes that still read well: the recovery starts again and counts in
// only what the device has.
TEST(TailRecoveryTest, AFailedSyncMakesItStartAgain) {
  for (uint64_t seed = 1; seed <= 20; ++seed) {
    LogMachine machine(seed);
    LogProcess owner(&machine);
    ASSERT_TRUE(owner.Open(Term{1}).ok());
    ASSERT_TRUE(owner.Append(2).ok());
    machine.disk().SetFaultHook([](const DiskEvent& event) {
      DiskFault fault;
      if (event.operation == DiskOperation::kSync && absl::EndsWith(event.path, ".seg")) {
        fault.crash = DiskFault::Crash::kProcess;  // Written, and not synced.
      }
      return fault;
    });
    owner.StartAppend(1, 2000);
    (void)owner.Settle();
    FileSystem* const files = machine.disk().NewProcess();
    int failures_left = 1 + static_cast<int>(seed % 3);
    machine.disk().SetFaultHook([&failures_left](const DiskEvent& event) {
      const bool fails = event.operation == DiskOperation::kSync && failures_left-- > 0;
      return DiskFault{.error_number = fails ? 5 : 0};
    });
    const absl::StatusOr<RecoveredTail> counted_in =
        machine.runtime().Run([&] { return RecoverLast(machine.runtime().executor(), files); });
    ASSERT_TRUE(counted_in.ok()) << counted_in.status();
    machine.disk().SetFaultHook(nullptr);
    machine.disk().CrashMachine();
    FileSystem* const survivor = machine.disk().NewProcess();
    const absl::StatusOr<RecoveredTail> left =
        machine.runtime().Run([&] { return RecoverLast(machine.runtime().executor(), survivor); });
    ASSERT_TRUE(left.ok()) << left.status();
    EXPECT_EQ(left->tail, counted_in->tail) << "seed " << seed;
  }
}

TEST(TailRecoveryTest, ADeviceThatNeverSyncsFailsTheOpen) {
  LogMachine machine(1);
  LogProcess owner(&machine);
  ASSERT_TRUE(owner.Open(Term{1}).ok());
  machine.disk().SetFaultHook([](const DiskEvent& event) {
    return DiskFault{.error_number = event.operation == DiskOperation::kSync ? 5 : 0};
  });
  FileSystem* const files = machine.disk().NewProcess();
  const absl::StatusOr<RecoveredTail> recovered =
      machine.runtime().Run([&] { return RecoverLast(machine.runtime().executor(), files); });
  machine.disk().SetFaultHook(nullptr);
  EXPECT_EQ(GetWalErrorCode(recovered.status()), WalErrorCode::kUnavailable);
}

}  // namespace
}  // namespace tidelog::impls::file
