// A process that dies at any moment leaves nothing behind, and a log that another can open.
#include <cstdint>
#include <string>

#include "absl/time/time.h"
#include "gtest/gtest.h"
#include "sim/kernel/arena.h"
#include "sim/kernel/kernel.h"
#include "sim/log/log_actor.h"
#include "sim/log/log_history.h"
#include "sim/log/log_service.h"
#include "sim/log/protocol.h"

namespace tidelog::sim {
namespace {

class LogCrashTest : public ::testing::TestWithParam<LogProtocol> {
 protected:
  static LogServiceOptions ServiceOptions() {
    LogServiceOptions options;
    options.protocol = GetParam();
    return options;
  }

  // Lets a writer live for `steps`, kills it, and opens, writes and reads in other processes.
  // Yields what was violated, and whether the writer was done before its time.
  static std::string CrashAfter(uint64_t steps, bool* was_done) {
    Kernel kernel(Kernel::Options{});
    LogService service(&kernel, ServiceOptions());
    LogHistory history;
    LogActorPlan plan;
    plan.group_count = 4;
    LogActor victim(&kernel, &service, &history, plan);
    for (uint64_t i = 0; i < steps; ++i) kernel.Step();
    *was_done = victim.done();
    kernel.Kill(victim.process());
    if (victim.process()->memory().count != 0) return "the dead keep memory";
    plan.term = 2;
    LogActor next(&kernel, &service, &history, plan);
    if (!kernel.RunUntil([&] { return next.done(); }, absl::Minutes(2))) return "liveness";
    if (!next.opened()) return "the channel did not open again";
    next.End();
    if (!ReadWholeLog(&kernel, &service, &history, 3)) return "the log cannot be read";
    return FindViolation(history);
  }
};

TEST_P(LogCrashTest, AWriterMayDieAtEveryStep) {
  bool was_done = false;
  ASSERT_EQ(CrashAfter(30, &was_done), "");  // What is made once is made.
  [[maybe_unused]] const ArenaUsage before = Arena::WorldUsage();
  uint64_t steps = 0;
  for (; !was_done; ++steps) {
    ASSERT_EQ(CrashAfter(steps, &was_done), "") << "at step " << steps;
  }
  EXPECT_GT(steps, 100u);
#ifndef TIDELOG_SANITIZE  // There the dead keep their memory.
  EXPECT_EQ(Arena::WorldUsage().count, before.count);
  EXPECT_EQ(Arena::WorldUsage().bytes, before.bytes);
#endif
}

std::string NameOfParam(const ::testing::TestParamInfo<LogProtocol>& info) {
  return std::string(NameOf(info.param));
}

INSTANTIATE_TEST_SUITE_P(Each, LogCrashTest, ::testing::ValuesIn(kLogProtocols), NameOfParam);

}  // namespace
}  // namespace tidelog::sim
