// Fencing: a channel is taken over while its owner goes on, at every point of either.
#include <algorithm>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "impls/file/testing/log_machine.h"
#include "wal/async/random_stream.h"
#include "wal/io/testing/crashable_file_system.h"
#include "wal/status.h"
#include "wal/testing/sample.h"
#include "wal/types.h"

namespace tidelog::impls::file {
namespace {

using walimpls::CloseMode;

const uint64_t kSeeds = 150 / SampleStride();

// Lets the owner append, tick and truncate while `opens` are under way, one step of the machine
// after the other.
void AppendMeanwhile(LogMachine* machine, LogProcess* owner, RandomStream* random,
                     const std::vector<Future<absl::Status>>& opens) {
  const auto under_way = [&opens] {
    for (const Future<absl::Status>& open : opens) {
      if (!open.ready()) return true;
    }
    return false;
  };
  while (under_way()) {
    if (random->OneIn(1, 6)) {
      const size_t size = random->OneIn(1, 8) ? 30000 : 20;
      owner->StartAppend(1 + random->Below(2), size);
    }
    if (!machine->runtime().Step()) break;
  }
}

std::optional<uint64_t> BoundaryOf(const LogProcess& process) {
  const std::optional<MessageId> id = process.boundary();
  if (!id.has_value()) return std::nullopt;
  return *id->ToNumber();
}

// A2: what the old owner was acknowledged lies at or below the boundary; nothing of it lies beyond.
TEST(FenceTest, TheOldOwnerIsFencedAtTheBoundaryHoweverTheTwoInterleave) {
  for (uint64_t seed = 1; seed <= kSeeds; ++seed) {
    SCOPED_TRACE(absl::StrCat("seed ", seed));
    LogMachine machine(seed);
    RandomStream random(seed, "fence test");
    LogProcess owner(&machine);
    LogProcess claimer(&machine);
    ASSERT_TRUE(owner.Open(Term{1}).ok());
    ASSERT_TRUE(owner.Append(3).ok());
    std::vector<Future<absl::Status>> opens;
    opens.push_back(claimer.StartOpen(Term{2}));
    AppendMeanwhile(&machine, &owner, &random, opens);
    const absl::Status opened = std::move(opens[0]).Take();
    ASSERT_TRUE(opened.ok()) << opened;
    (void)owner.Settle();
    const uint64_t boundary = BoundaryOf(claimer).value_or(0);
    for (const auto& [number, id] : machine.acknowledged()) {
      EXPECT_LE(*id.ToNumber(), boundary) << "record " << number;
    }
    EXPECT_EQ(GetWalErrorCode(owner.Append(1)), WalErrorCode::kChannelFenced);
    EXPECT_TRUE(claimer.Append(2).ok());
    const SeenLog seen = claimer.Read();
    EXPECT_EQ(machine.CheckRecovered(seen), "");
    for (const SeenRecord& record : seen.records) {
      EXPECT_EQ(record.term == Term{1}, *record.id.ToNumber() <= boundary);
    }
    if (seed % 2 == 0) machine.disk().CrashMachine();
    LogProcess last(&machine);
    const absl::Status reopened = last.Open(Term{3});
    ASSERT_TRUE(reopened.ok()) << reopened;
    EXPECT_EQ(machine.CheckRecovered(last.Read()), "");
    if (HasFailure()) return;
  }
}

TEST(FenceTest, OfRacingClaimersTheHighestThatGotThroughWins) {
  for (uint64_t seed = 1; seed <= kSeeds; ++seed) {
    SCOPED_TRACE(absl::StrCat("seed ", seed));
    LogMachine machine(seed);
    RandomStream random(seed, "race test");
    LogProcess owner(&machine);
    ASSERT_TRUE(owner.Open(Term{1}).ok());
    ASSERT_TRUE(owner.Append(2).ok());
    std::vector<std::unique_ptr<LogProcess>> claimers;
    std::vector<Future<absl::Status>> opens;
    for (int64_t term = 2; term <= 4; ++term) {
      claimers.push_back(std::make_unique<LogProcess>(&machine));
      opens.push_back(claimers.back()->StartOpen(Term{term}));
    }
    AppendMeanwhile(&machine, &owner, &random, opens);
    (void)owner.Settle();
    EXPECT_TRUE(std::move(opens[2]).Take().ok()) << "nobody was higher";
    for (size_t i = 0; i < 2; ++i) {
      const absl::Status lost = std::move(opens[i]).Take();
      if (!lost.ok()) {
        EXPECT_EQ(GetWalErrorCode(lost), WalErrorCode::kUnmatchedTerm) << lost;
      }
      if (!claimers[i]->is_open()) continue;
      EXPECT_EQ(GetWalErrorCode(claimers[i]->Append(1)), WalErrorCode::kChannelFenced);
    }
    EXPECT_TRUE(claimers[2]->Append(2).ok());
    EXPECT_EQ(machine.CheckRecovered(claimers[2]->Read()), "");
    if (HasFailure()) return;
  }
}

TEST(FenceTest, OfTwoReopensAfterACleanCloseOneWins) {
  for (uint64_t seed = 1; seed <= kSeeds; ++seed) {
    SCOPED_TRACE(absl::StrCat("seed ", seed));
    LogMachine machine(seed);
    LogProcess owner(&machine);
    LogProcess other(&machine);
    ASSERT_TRUE(owner.Open(Term{7}).ok());
    ASSERT_TRUE(owner.Append(2).ok());
    ASSERT_TRUE(owner.Close(CloseMode::kClean).ok());
    Future<absl::Status> one = owner.StartOpen(Term{7});
    Future<absl::Status> two = other.StartOpen(Term{7});
    machine.runtime().RunUntilIdle();
    const absl::Status first = std::move(one).Take();
    const absl::Status second = std::move(two).Take();
    EXPECT_NE(first.ok(), second.ok()) << first << second;
    EXPECT_EQ(GetWalErrorCode(first.ok() ? second : first), WalErrorCode::kUnmatchedTerm);
    LogProcess& winner = first.ok() ? owner : other;
    EXPECT_TRUE(winner.Append(1).ok());
    EXPECT_EQ(machine.CheckRecovered(winner.Read()), "");
  }
}

// Goal: the steps of a takeover come in the order that the model proved; left out or swapped, each
// loses or invents a record, but only under schedules that are too rare to wait for.
// Method: watch the claimer's operations on files.
TEST(FenceTest, ATakeoverTakesItsStepsInOrder) {
  LogMachine machine(1);
  LogProcess owner(&machine);
  LogProcess claimer(&machine);
  ASSERT_TRUE(owner.Open(Term{1}).ok());
  ASSERT_TRUE(owner.Append(1).ok());
  std::vector<std::string> steps;
  machine.disk().SetFaultHook([&](const DiskEvent& event) {
    const bool counts = event.process == claimer.files() &&
                        (absl::EndsWith(event.path, ".seg") || absl::EndsWith(event.path, "TERM") ||
                         event.operation == DiskOperation::kLink ||
                         event.operation == DiskOperation::kSyncDirectory);
    const bool moves =
        event.operation == DiskOperation::kSyncWord ||
        event.operation == DiskOperation::kReadDirect || event.operation == DiskOperation::kSync ||
        event.operation == DiskOperation::kLink || event.operation == DiskOperation::kSyncDirectory;
    if (!counts || !moves) return DiskFault();
    const std::string step(DiskOperationName(event.operation));
    if (steps.empty() || steps.back() != step) steps.push_back(step);
    return DiskFault();
  });
  ASSERT_TRUE(claimer.Open(Term{2}).ok());
  machine.disk().SetFaultHook(nullptr);
  using Op = DiskOperation;
  std::vector<std::string> expected;
  for (const Op operation :
       {Op::kSyncDirectory, Op::kSyncWord, Op::kLink, Op::kSyncDirectory, Op::kSync,
        Op::kReadDirect, Op::kSync, Op::kSyncDirectory, Op::kSync, Op::kLink, Op::kSyncDirectory}) {
    expected.emplace_back(DiskOperationName(operation));
  }
  steps.resize(std::min(steps.size(), expected.size()));
  EXPECT_EQ(steps, expected);
}

// A crash in the middle of it all: the machine's or one process's.
TEST(FenceTest, ACrashDuringATakeoverLosesNothing) {
  for (uint64_t seed = 1; seed <= 2 * kSeeds; ++seed) {
    SCOPED_TRACE(absl::StrCat("seed ", seed));
    LogMachine machine(seed);
    RandomStream random(seed, "crash in takeover");
    SeenLog seen_before;
    {
      LogProcess owner(&machine);
      LogProcess claimer(&machine);
      ASSERT_TRUE(owner.Open(Term{1}).ok());
      ASSERT_TRUE(owner.Append(3).ok());
      const uint64_t index = machine.disk().operation_count() + random.Below(60);
      const bool whole = random.OneIn(1, 2);
      machine.disk().SetFaultHook(
          CrashAt(index, whole ? DiskFault::Crash::kMachine : DiskFault::Crash::kProcess,
                  random.OneIn(1, 2) ? DiskFault::Progress::kPart : DiskFault::Progress::kAll));
      std::vector<Future<absl::Status>> opens;
      opens.push_back(claimer.StartOpen(Term{2}));
      AppendMeanwhile(&machine, &owner, &random, opens);
      machine.runtime().RunUntilIdle();
      (void)owner.Settle();
      if (claimer.is_open()) (void)claimer.Append(2);
      machine.disk().SetFaultHook(nullptr);
      seen_before = machine.ReadAsReader();
      if (random.OneIn(1, 2)) machine.disk().CrashMachine();
      machine.runtime().RunUntilIdle();
    }
    LogProcess survivor(&machine);
    const absl::Status opened = survivor.Open(Term{3});
    ASSERT_TRUE(opened.ok()) << opened;
    const SeenLog seen = survivor.Read();
    EXPECT_EQ(machine.CheckRecovered(seen), "");
    EXPECT_EQ(LogMachine::CheckNothingVanished(seen_before, seen, 0), "");
    if (HasFailure()) return;
  }
}

}  // namespace
}  // namespace tidelog::impls::file
