// Each request of a life meets each fault, and the promises of the client hold.
#include <cstdint>
#include <optional>
#include <string>
#include <tuple>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "gtest/gtest.h"
#include "sim/kernel/kernel.h"
#include "sim/log/log_actor.h"
#include "sim/log/log_fault.h"
#include "sim/log/log_history.h"
#include "sim/log/log_service.h"
#include "sim/log/protocol.h"
#include "wal/async/random_stream.h"
#include "wal/status.h"

namespace tidelog::sim {
namespace {

constexpr absl::Duration kLong = absl::Minutes(2);

LogServiceOptions OptionsOf(LogProtocol protocol) {
  LogServiceOptions options;
  options.protocol = protocol;
  return options;
}

// A world with one service, and what happened in it.
struct World {
  explicit World(LogProtocol protocol)
      : kernel(Kernel::Options{}), service(&kernel, OptionsOf(protocol)) {}

  bool RunUntilDone(const LogActor& actor) {
    return kernel.RunUntil([&actor] { return actor.done(); }, kLong);
  }
  // Reads everything, as the owner of `term`, and checks what happened.
  std::string Check(int64_t term) {
    service.SetFaults(nullptr);
    if (!ReadWholeLog(&kernel, &service, &history, term)) return "the log cannot be read";
    return FindViolation(history);
  }
  uint64_t CountOf(Effect effect) const {
    uint64_t count = 0;
    for (const LogHistory::Append& append : history.appends) count += append.outcome == effect;
    return count;
  }

  Kernel kernel;
  LogService service;
  LogHistory history;
};

class LogFaultTest : public ::testing::TestWithParam<std::tuple<LogProtocol, int>> {
 protected:
  LogProtocol protocol() const { return std::get<0>(GetParam()); }
  LogFaultKind kind() const { return static_cast<LogFaultKind>(std::get<1>(GetParam())); }
};

// Goal: no single fault loses, doubles or misreports anything, nor ends anybody's ownership.
// Method: one writer's whole life, once for each request of it, which meets the fault.
TEST_P(LogFaultTest, ALifeGoesOnWhicheverRequestMeetsIt) {
  bool was_met = true;
  uint64_t met_count = 0;
  for (uint64_t index = 0; was_met; ++index) {
    World world(protocol());
    was_met = false;
    world.service.SetFaults([&](const LogCall& call) {
      was_met |= call.index >= index;
      if (call.index != index || !AppliesTo(kind(), call.op)) return LogVerdict{};
      ++met_count;
      // Late is later than the client waits.
      const bool is_late =
          kind() == LogFaultKind::kAppliedLate || kind() == LogFaultKind::kReplyDelayed;
      return VerdictOf(kind(), is_late ? 700 : 3);
    });
    LogActorPlan plan;
    plan.group_count = 4;
    LogActor writer(&world.kernel, &world.service, &world.history, plan);
    if (kind() == LogFaultKind::kStuck) {
      // It may hang for as long as it likes; it ends when it is told to.
      const auto is_done = [&writer] { return writer.done(); };
      world.kernel.RunUntil(is_done, absl::Seconds(60));
      writer.Stop();
    }
    ASSERT_TRUE(world.RunUntilDone(writer)) << "request " << index;
    ASSERT_EQ(world.Check(/*term=*/2), "") << "request " << index;
    if (kind() == LogFaultKind::kStuck) continue;
    EXPECT_TRUE(writer.opened()) << "request " << index;
    EXPECT_EQ(world.CountOf(Effect::kUnknown), 0u) << "request " << index;
    const bool may_refuse = kind() == LogFaultKind::kRefused || kind() == LogFaultKind::kFull;
    if (!may_refuse) {
      EXPECT_EQ(world.CountOf(Effect::kDone), 4u) << "request " << index;
    }
  }
  if (protocol() != LogProtocol::kObjects && kind() == LogFaultKind::kConflict) return;
  const bool is_fetch_only = kind() == LogFaultKind::kRedelivered ||
                             kind() == LogFaultKind::kSpuriousEnd ||
                             kind() == LogFaultKind::kIdJump;
  if (protocol() == LogProtocol::kObjects && is_fetch_only) return;
  EXPECT_GT(met_count, 0u);
}

std::string NameOfParam(const ::testing::TestParamInfo<std::tuple<LogProtocol, int>>& info) {
  return absl::StrCat(NameOf(std::get<0>(info.param)), "_",
                      NameOf(static_cast<LogFaultKind>(std::get<1>(info.param))));
}

INSTANTIATE_TEST_SUITE_P(Each, LogFaultTest,
                         ::testing::Combine(::testing::ValuesIn(kLogProtocols),
                                            ::testing::Range(0, kLogFaultKindCount)),
                         NameOfParam);

class LogTakeoverTest : public ::testing::TestWithParam<LogProtocol> {};

// Goal: what an old writer sent arrives after the takeover, and is nowhere above the boundary.
TEST_P(LogTakeoverTest, AnAppendThatArrivesAfterATakeoverIsNeverSeenAboveTheBoundary) {
  for (int64_t late_ms = 100; late_ms <= 3000; late_ms += 100) {
    World world(GetParam());
    bool delays = true;
    world.service.SetFaults([&](const LogCall& call) {
      LogVerdict verdict;
      if (delays && call.process == 1 && call.stores_group) {
        verdict.request_delay = absl::Milliseconds(late_ms);
      }
      return verdict;
    });
    LogActorPlan plan;
    LogActor old_writer(&world.kernel, &world.service, &world.history, plan);
    world.kernel.RunFor(absl::Milliseconds(300));
    plan.term = 2;
    LogActor writer(&world.kernel, &world.service, &world.history, plan);
    ASSERT_TRUE(world.RunUntilDone(writer));
    ASSERT_TRUE(writer.opened());
    delays = false;
    ASSERT_TRUE(world.RunUntilDone(old_writer));
    world.kernel.RunFor(absl::Seconds(5));
    ASSERT_EQ(world.Check(/*term=*/3), "") << "late by " << late_ms << " ms";
  }
}

TEST_P(LogTakeoverTest, AWriterThatIsCutOffLearnsOfTheTakeoverWhenItIsBack) {
  World world(GetParam());
  LogActorPlan plan;
  plan.group_count = 1000;
  LogActor old_writer(&world.kernel, &world.service, &world.history, plan);
  world.kernel.RunFor(absl::Milliseconds(100));
  world.service.Cut(old_writer.process()->id());
  plan.term = 2;
  plan.group_count = 10;
  LogActor writer(&world.kernel, &world.service, &world.history, plan);
  ASSERT_TRUE(world.RunUntilDone(writer));
  ASSERT_TRUE(writer.opened());
  EXPECT_FALSE(old_writer.done()) << "nobody can have told it";
  world.service.Heal(old_writer.process()->id());
  ASSERT_TRUE(world.kernel.RunUntil([&] { return old_writer.done(); }, absl::Seconds(10)));
  EXPECT_GT(world.CountOf(Effect::kUnknown), 0u);
  EXPECT_EQ(world.Check(/*term=*/3), "");
}

TEST_P(LogTakeoverTest, OfRacingOpensOfOneTermAtMostOneWins) {
  int winners = 0;
  for (uint64_t seed = 1; seed <= 100; ++seed) {
    World world(GetParam());
    RandomStream random(seed, "race");
    world.service.SetFaults([&](const LogCall& call) {
      LogVerdict verdict;
      if (call.stores_fence && random.OneIn(1, 4)) verdict.reply_lost = true;
      verdict.request_delay = absl::Microseconds(static_cast<int64_t>(random.Below(2000)));
      return verdict;
    });
    LogActorPlan plan;
    plan.group_count = 1000;
    LogActor a(&world.kernel, &world.service, &world.history, plan);
    LogActor b(&world.kernel, &world.service, &world.history, plan);
    const auto both_ended = [&] { return (a.opened() || a.done()) && (b.opened() || b.done()); };
    ASSERT_TRUE(world.kernel.RunUntil(both_ended, kLong)) << "seed " << seed;
    ASSERT_FALSE(a.opened() && b.opened()) << "seed " << seed;
    winners += a.opened() || b.opened();
    a.Stop();
    b.Stop();
    ASSERT_TRUE(world.RunUntilDone(a));
    ASSERT_TRUE(world.RunUntilDone(b));
    ASSERT_EQ(world.Check(/*term=*/2), "") << "seed " << seed;
  }
  EXPECT_GT(winners, 80);
}

TEST_P(LogTakeoverTest, ARestartOfTheServerLosesNothingThatWasAcknowledged) {
  for (int64_t when_ms = 1; when_ms <= 60; ++when_ms) {
    World world(GetParam());
    world.kernel.At(absl::Milliseconds(when_ms),
                    [&] { world.service.Restart(absl::Milliseconds(200)); });
    LogActor writer(&world.kernel, &world.service, &world.history, {});
    ASSERT_TRUE(world.RunUntilDone(writer));
    EXPECT_EQ(world.CountOf(Effect::kDone), world.history.appends.size());
    ASSERT_EQ(world.Check(/*term=*/2), "") << when_ms << " ms";
  }
}

std::string NameOfProtocol(const ::testing::TestParamInfo<LogProtocol>& info) {
  return std::string(NameOf(info.param));
}

INSTANTIATE_TEST_SUITE_P(Each, LogTakeoverTest, ::testing::ValuesIn(kLogProtocols), NameOfProtocol);

}  // namespace
}  // namespace tidelog::sim
