// A repair that stops at any of its operations on files, or of which one fails: no byte of the old
// log is lost, and the repair that is run next makes the same of it.
#include <cerrno>
#include <cstdint>
#include <map>
#include <string>
#include <tuple>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "impls/file/names.h"
#include "impls/file/repair_apply.h"
#include "impls/file/testing/damaged_log.h"
#include "impls/file/testing/log_machine.h"
#include "wal/io/testing/crashable_file_system.h"
#include "wal/scanner.h"
#include "wal/testing/sample.h"
#include "wal/types.h"

namespace tidelog::impls::file {
namespace {

using ::testing::ElementsAre;
using Crash = DiskFault::Crash;
using OnCorrupt = ReadOptions::OnCorrupt;
using Progress = DiskFault::Progress;
using Range = DamagedLog::Range;

enum class Damage {
  kSegments,  // Rot in a sealed and in the last segment, and a segment is missing.
  kAll,       // The marker, TERM and the manifest are damaged as well.
};

// Ids 1 to 16; 2 and 16 rot, and 8 to 14 are missing.
void Break(DamagedLog* log, Damage damage) {
  log->Fill(16, DamagedLog::End::kKilled);
  log->RotRecord(2);
  log->RotRecord(16);
  log->Remove(log->Names(".seg")[1]);
  if (damage == Damage::kSegments) return;
  log->Rot(log->Names("manifest-").back(), 40);
  log->Put(kTermName, log->Get(kTermName).substr(0, 12));
  log->Put("../TIDELOG", "?");
}

void ExpectRepaired(DamagedLog* log, const std::map<std::string, std::string>& originals) {
  EXPECT_EQ(log->Missing(originals), "");
  const absl::StatusOr<RepairOutcome> again = log->Repair();
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_EQ(log->Missing(originals), "");
  EXPECT_FALSE(log->Plan()->needed());
  EXPECT_FALSE(log->Verified().HasCorruption());
  const DamagedLog::Seen seen = log->Read(OnCorrupt::kGap);
  EXPECT_TRUE(seen.status.ok()) << seen.status;
  EXPECT_THAT(seen.numbers, ElementsAre(1, 3, 4, 5, 6, 7, 15));
  EXPECT_THAT(seen.gaps, ElementsAre(Range(2, 2), Range(8, 14), Range(16, 16)));
  LogProcess writer(&log->machine());
  const absl::Status opened = writer.Open(Term{1000});
  ASSERT_TRUE(opened.ok()) << opened;
  EXPECT_TRUE(writer.Append(1).ok());
}

// False: the repair had ended before the fault.
bool RepairWithFault(uint64_t index, Damage damage, CrashableFileSystem::FaultHook fault) {
  DamagedLog log(index % 5 + 1);
  Break(&log, damage);
  const std::map<std::string, std::string> originals = log.Originals();
  RepairRequest request = log.Request();
  const uint64_t before = log.machine().disk().operation_count();
  log.machine().disk().SetFaultHook([&](const DiskEvent& event) {
    DiskEvent counted = event;
    counted.index -= before;
    return fault(counted);
  });
  (void)log.Repair(request);
  const bool reached = log.machine().disk().operation_count() > before + index;
  log.machine().disk().SetFaultHook(nullptr);
  log.machine().disk().CrashMachine();
  ExpectRepaired(&log, originals);
  return reached;
}

class RepairCrashTest : public ::testing::TestWithParam<std::tuple<Damage, Crash, Progress>> {};

TEST_P(RepairCrashTest, AnyInstantLeavesAllThatThereWas) {
  const auto [damage, crash, progress] = GetParam();
  uint64_t index = 0;
  while (RepairWithFault(index, damage, CrashAt(index, crash, progress))) {
    if (HasFailure()) FAIL() << "crash at operation " << index;
    index += SampleStride();
  }
  EXPECT_GT(index, 100u);
}

INSTANTIATE_TEST_SUITE_P(
    Everywhere, RepairCrashTest,
    ::testing::Values(std::tuple(Damage::kSegments, Crash::kMachine, Progress::kNothing),
                      std::tuple(Damage::kSegments, Crash::kMachine, Progress::kAll),
                      std::tuple(Damage::kAll, Crash::kMachine, Progress::kNothing),
                      std::tuple(Damage::kAll, Crash::kMachine, Progress::kPart),
                      std::tuple(Damage::kAll, Crash::kProcess, Progress::kPart)));

class RepairFaultTest : public ::testing::TestWithParam<int> {};

TEST_P(RepairFaultTest, AFailedOperationLosesNothing) {
  uint64_t index = 0;
  while (RepairWithFault(index, Damage::kAll, FailAt(index, GetParam()))) {
    if (HasFailure()) FAIL() << "operation " << index;
    index += SampleStride();
  }
}

INSTANTIATE_TEST_SUITE_P(Errors, RepairFaultTest, ::testing::Values(EIO, ENOSPC));

}  // namespace
}  // namespace tidelog::impls::file
