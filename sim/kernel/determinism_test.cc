// One record is one run: whatever the compiler, the build and the addresses.
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "gtest/gtest.h"
#include "sim/kernel/kernel.h"
#include "sim/kernel/scheduler.h"
#include "sim/kernel/test_workload.h"
#include "sim/kernel/trace.h"

namespace tidelog::sim {
namespace {

struct Outcome {
  uint64_t hash = 0;
  std::vector<TraceEvent> events;
  std::vector<Choice> choices;
  std::string first_line;
};

// Two services, one of which is stopped for a while, is killed and comes back with a wrong clock.
Outcome Play(const Kernel::Options& options) {
  Kernel kernel(options);
  EchoServer server(&kernel);
  EchoRun one(&kernel, &server);
  EchoRun two(&kernel, &server);
  std::unique_ptr<EchoRun> three;
  kernel.At(absl::Microseconds(100), [&] { kernel.Pause(two.process()); });
  kernel.At(absl::Microseconds(300), [&] { kernel.Resume(two.process()); });
  kernel.At(absl::Microseconds(600), [&] {
    kernel.Kill(two.process());
    three = std::make_unique<EchoRun>(&kernel, &server);
    three->process()->JumpWall(-absl::Hours(1));
    three->process()->SetLateTimers(absl::Microseconds(50));
  });
  const auto done = [&] { return one.done() && three != nullptr && three->done(); };
  EXPECT_TRUE(kernel.RunUntil(done, absl::Seconds(1)));
  EXPECT_EQ(one.End(), Leftovers{});
  EXPECT_EQ(three->End(), Leftovers{});
  const std::vector<TraceEvent> events = kernel.trace().Events();
  return {kernel.trace().hash(), events, kernel.choices(),
          events.empty() ? "" : kernel.Describe(events.front())};
}

Kernel::Options With(SchedulerKind kind, uint64_t seed) {
  Kernel::Options options{.seed = seed, .time_grain = absl::Microseconds(20)};
  options.scheduler.kind = kind;
  options.scheduler.victim = 1;
  options.scheduler.step_count = 300;
  options.trace.kept_max = Trace::kWhole;
  return options;
}

constexpr SchedulerKind kAll[] = {SchedulerKind::kFifo, SchedulerKind::kRandomReady,
                                  SchedulerKind::kPct, SchedulerKind::kStarve};

TEST(DeterminismTest, OneSeedIsOneRun) {
  for (const SchedulerKind kind : kAll) {
    for (uint64_t seed = 1; seed <= 20; ++seed) {
      const Outcome first = Play(With(kind, seed));
      const Outcome second = Play(With(kind, seed));
      ASSERT_EQ(first.hash, second.hash) << NameOf(kind) << " " << seed;
      ASSERT_EQ(FirstDifference(first.events, second.events), std::nullopt);
      ASSERT_EQ(first.choices, second.choices);
    }
  }
}

TEST(DeterminismTest, SeedsDiffer) {
  for (const SchedulerKind kind : kAll) {
    std::set<uint64_t> hashes;
    for (uint64_t seed = 1; seed <= 100; ++seed) hashes.insert(Play(With(kind, seed)).hash);
    EXPECT_EQ(hashes.size(), 100u) << NameOf(kind);
  }
}

TEST(DeterminismTest, WhatIsKeptDoesNotMatter) {
  Kernel::Options options = With(SchedulerKind::kRandomReady, 7);
  const uint64_t hash = Play(options).hash;
  options.trace.kept_max = 0;
  EXPECT_EQ(Play(options).hash, hash);
  options.trace.kept_max = 10;
  options.record_choices = false;
  EXPECT_EQ(Play(options).hash, hash);
}

// With clang and g++, at every level of optimisation.  A change of the kernel changes them, and
// breaks old records: say so where it is made.
TEST(DeterminismTest, TheRunsAreTheRecordedOnes) {
  EXPECT_EQ(Play(With(SchedulerKind::kFifo, 1)).hash, 10034905284265308056u);
  EXPECT_EQ(Play(With(SchedulerKind::kRandomReady, 1)).hash, 13972140162410695266u);
  EXPECT_EQ(Play(With(SchedulerKind::kPct, 1)).hash, 10951731664978354753u);
  EXPECT_EQ(Play(With(SchedulerKind::kStarve, 1)).hash, 1493860937341669867u);
}

TEST(DeterminismTest, RecordedChoicesRepeatARun) {
  for (const SchedulerKind kind : kAll) {
    for (uint64_t seed = 1; seed <= 40; ++seed) {
      const uint64_t wait_steps_max = seed % 2 == 0 ? 2000 : 1;
      Kernel::Options options = With(kind, seed);
      options.scheduler.wait_steps_max = wait_steps_max;
      const Outcome first = Play(options);
      Kernel::Options replay = With(SchedulerKind::kReplay, seed);
      replay.scheduler.wait_steps_max = wait_steps_max;
      replay.scheduler.choices = first.choices;
      const Outcome second = Play(replay);
      ASSERT_EQ(second.hash, first.hash) << NameOf(kind) << " " << seed;
      ASSERT_EQ(second.choices, first.choices);
    }
  }
}

// Goal: a record can be shrunk.  Method: leave choices out; what is left is a run all the same.
TEST(DeterminismTest, PartOfTheChoicesIsARunOfItsOwn) {
  const Outcome whole = Play(With(SchedulerKind::kRandomReady, 3));
  ASSERT_GT(whole.choices.size(), 20u);
  Kernel::Options replay = With(SchedulerKind::kReplay, 3);
  for (size_t i = 0; i < whole.choices.size(); i += 2) {
    replay.scheduler.choices.push_back(whole.choices[i]);
  }
  const Outcome half = Play(replay);
  EXPECT_NE(half.hash, whole.hash);
  EXPECT_LE(half.choices.size(), replay.scheduler.choices.size());
  replay.scheduler.choices = half.choices;
  EXPECT_EQ(Play(replay).hash, half.hash);
}

TEST(DeterminismTest, TheDefaultOrderNeedsNoChoices) {
  EXPECT_EQ(Play(With(SchedulerKind::kFifo, 1)).choices, std::vector<Choice>{});
}

// A run in which something depends on an address.
Outcome RunWithPlantedAddress(std::vector<std::unique_ptr<int>>* kept) {
  Kernel kernel(With(SchedulerKind::kFifo, 1));
  EchoServer server(&kernel);
  EchoRun run(&kernel, &server);
  kernel.At(absl::Microseconds(200), [&] {
    kept->push_back(std::make_unique<int>(1));  // So that the next one lies elsewhere.
    kernel.Note(77, reinterpret_cast<uintptr_t>(kept->back().get()));
  });
  EXPECT_TRUE(kernel.RunUntil([&] { return run.done(); }, absl::Seconds(1)));
  EXPECT_EQ(run.End(), Leftovers{});
  return {kernel.trace().hash(), kernel.trace().Events(), {}, ""};
}

TEST(DeterminismTest, PlantedNondeterminismIsCaughtWhereItHappens) {
  std::vector<std::unique_ptr<int>> kept;
  const Outcome first = RunWithPlantedAddress(&kept);
  const Outcome second = RunWithPlantedAddress(&kept);
  EXPECT_NE(first.hash, second.hash);
  const std::optional<size_t> difference = FirstDifference(first.events, second.events);
  ASSERT_TRUE(difference.has_value());
  EXPECT_EQ(first.events[*difference].kind, EventKind::kNote);
  EXPECT_EQ(first.events[*difference].strand, 77u);
}

TEST(DeterminismTest, EventsCanBeToldToPeople) {
  EXPECT_EQ(Play(With(SchedulerKind::kFifo, 1)).first_line.substr(0, 14), "0 echo#1 spawn");
}

}  // namespace
}  // namespace tidelog::sim
