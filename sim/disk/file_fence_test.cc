// The fence of the file log: its owner is stopped between every two operations on the disk, another
// takes over, and the owner goes on.

#include <cstdint>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "gtest/gtest.h"
#include "sim/disk/disk_fault.h"
#include "sim/disk/file_log_world.h"
#include "sim/kernel/scheduler.h"
#include "wal/async/random_stream.h"
#include "wal/io/testing/disk_operation.h"
#include "wal/status.h"
#include "wal/testing/sample.h"
#include "wal/types.h"

namespace tidelog::sim {
namespace {

using What = LogStep::What;
using Stop = DiskVerdict::Stop;

// Appends in flight together, over two segments.
std::vector<LogStep> Owner() {
  std::vector<LogStep> steps = {LogStep::Open(1)};
  for (int i = 0; i < 5; ++i) {
    steps.push_back(LogStep::Append(1, i == 3 ? 40000 : 16));
    steps.push_back(LogStep::Append(2, i == 2 ? 30000 : 100));
    steps.push_back(LogStep::Do(What::kSettle));
    steps.push_back(LogStep::Do(What::kTick));
  }
  return steps;
}

std::vector<LogStep> Claimer(int64_t term) {
  return {LogStep::Open(term), LogStep::Do(What::kRead), LogStep::Append(2, 16),
          LogStep::Do(What::kSettle), LogStep::Do(What::kRead)};
}

// A2: nothing of a lower term beyond the boundary is acknowledged or visible, ever.
void CheckFenced(const FileLogWorld& world, const FileLogHost& claimer, const FileLogHost& reader) {
  const uint64_t boundary = claimer.boundary();
  for (const LogRecord& record : world.records()) {
    if (record.outcome != LogRecord::Outcome::kAcknowledged || record.term != Term{1}) continue;
    EXPECT_LE(record.id, boundary) << "record " << record.number << " was acknowledged";
  }
  for (const LogRecord& seen : reader.reads().back()) {
    EXPECT_EQ(seen.term == Term{1}, seen.id <= boundary) << "record " << seen.number << " is seen";
  }
  EXPECT_EQ(world.CheckRead(reader), "");
}

// The owner is stopped at operation `at` of its own.  False: it has no such operation.
bool PauseAndCheck(uint64_t seed, uint64_t at, Stop stop) {
  const SchedulerKind kind = seed % 2 == 0 ? SchedulerKind::kRandomReady : SchedulerKind::kPct;
  FileLogWorld world({.seed = seed, .scheduler = {.kind = kind}});
  FileLogHost* owner = world.Spawn("owner", Owner());
  world.disk.SetHook([&](const DiskSite& site) {
    DiskVerdict verdict;
    if (site.process == owner->process()->id() && site.of_process == at) verdict.pause = stop;
    return verdict;
  });
  const auto stopped = [&] { return owner->done() || owner->process()->paused(); };
  EXPECT_TRUE(world.kernel.RunUntil(stopped, absl::Minutes(1)));
  world.disk.SetHook(nullptr);
  if (owner->done()) return false;
  const FileLogHost* claimer = world.Spawn("claimer", Claimer(2));
  EXPECT_TRUE(world.Run({claimer}));
  EXPECT_TRUE(claimer->opened()) << claimer->open_error_text();
  EXPECT_EQ(claimer->append_error(), WalErrorCode::kOk);
  const std::vector<LogRecord> seen = claimer->reads().back();
  world.kernel.Resume(owner->process());
  EXPECT_TRUE(world.Run({owner})) << "the fenced owner hangs";
  if (owner->opened()) {
    EXPECT_NE(owner->append_error(), WalErrorCode::kOk) << "the fenced owner goes on";
  }
  const FileLogHost* last = world.Spawn("last", Claimer(3));
  EXPECT_TRUE(world.Run({last}));
  EXPECT_TRUE(last->opened());
  CheckFenced(world, *claimer, *last);
  EXPECT_EQ(world.CheckNothingVanished(seen, last->reads()[0]), "");
  return true;
}

class FileFenceTest : public ::testing::TestWithParam<Stop> {};

TEST_P(FileFenceTest, AnOwnerThatIsStoppedAnywhereIsFencedAtTheBoundary) {
  uint64_t at = 0;
  for (bool stopped = true; stopped; at += SampleStride()) {
    SCOPED_TRACE(absl::StrCat("operation ", at));
    for (uint64_t seed = 1; seed <= 3 && stopped; ++seed) {
      stopped = PauseAndCheck(seed * 7 + at % 5, at, GetParam());
    }
    if (HasFailure()) return;
  }
  EXPECT_GT(at, 60u);
}

INSTANTIATE_TEST_SUITE_P(Stops, FileFenceTest, ::testing::Values(Stop::kBefore, Stop::kAfter));

// Goal: the claimer may be stopped as well, anywhere in its takeover, while the owner goes on.
TEST(FileFenceRaceTest, AClaimerThatIsStoppedAnywhereFencesTheOwnerThatGoesOn) {
  for (uint64_t seed = 1; seed <= 150 / SampleStride(); ++seed) {
    SCOPED_TRACE(absl::StrCat("seed ", seed));
    FileLogWorld world({.seed = seed, .scheduler = {.kind = SchedulerKind::kRandomReady}});
    RandomStream random = world.kernel.Stream("stops");
    const uint64_t owner_stop = random.Below(90);
    const uint64_t claimer_stop = random.Below(60);
    FileLogHost* owner = world.Spawn("owner", Owner());
    FileLogHost* claimer = nullptr;
    world.disk.SetHook([&](const DiskSite& site) {
      const bool is_owner = site.process == owner->process()->id();
      DiskVerdict verdict;
      if (site.of_process == (is_owner ? owner_stop : claimer_stop)) verdict.pause = Stop::kAfter;
      return verdict;
    });
    const auto stops = [&](const FileLogHost* host) {
      return [host] { return host->done() || host->process()->paused(); };
    };
    ASSERT_TRUE(world.kernel.RunUntil(stops(owner), absl::Minutes(1)));
    claimer = world.Spawn("claimer", Claimer(2));
    ASSERT_TRUE(world.kernel.RunUntil(stops(claimer), absl::Minutes(1)));
    world.kernel.Resume(owner->process());
    ASSERT_TRUE(world.Run({owner}));
    world.kernel.Resume(claimer->process());
    ASSERT_TRUE(world.Run({claimer}));
    ASSERT_TRUE(claimer->opened()) << claimer->open_error_text();
    world.disk.SetHook(nullptr);
    const FileLogHost* last = world.Spawn("last", Claimer(3));
    ASSERT_TRUE(world.Run({last}));
    CheckFenced(world, *claimer, *last);
    if (HasFailure()) return;
  }
}

// Goal: an owner that got through meanwhile sweeps what the claimer has not published yet, such as
// its TERM; the claimer opens all the same.
TEST(FileFenceRaceTest, AClaimerWhoseUnpublishedFilesAreSweptOpensAllTheSame) {
  for (uint64_t link = 0; link < 3; ++link) {
    SCOPED_TRACE(absl::StrCat("link ", link));
    FileLogWorld world({.seed = 1});
    const FileLogHost* claimer = world.Spawn("claimer", Claimer(2));
    world.disk.SetHook([&](const DiskSite& site) {
      DiskVerdict verdict;
      const bool publishes = site.operation == DiskOperation::kLink && site.of_kind == link;
      if (publishes && site.process == claimer->process()->id()) verdict.pause = Stop::kBefore;
      return verdict;
    });
    const auto stopped = [&] { return claimer->process()->paused(); };
    ASSERT_TRUE(world.kernel.RunUntil(stopped, absl::Minutes(1)));
    const FileLogHost* owner = world.Spawn("owner", Claimer(1));
    ASSERT_TRUE(world.Run({owner}));
    world.kernel.Resume(claimer->process());
    ASSERT_TRUE(world.Run({claimer}));
    EXPECT_TRUE(claimer->opened()) << claimer->open_error_text();
    CheckFenced(world, *claimer, *claimer);
    if (HasFailure()) return;
  }
}

}  // namespace
}  // namespace tidelog::sim
