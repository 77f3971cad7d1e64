#include "sim/kernel/tripwire.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/random.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include <string>
#include <thread>

#include "absl/log/check.h"
#include "absl/log/log.h"
#include "absl/strings/cord.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "gtest/gtest.h"
#include "sim/kernel/kernel.h"

namespace tidelog::sim {
namespace {

// Sanitizers intercept the same functions.
#ifndef TIDELOG_SANITIZE

// Runs `job` inside a step of a simulation.
template <class F>
void InAStep(F job) {
  Kernel kernel({});
  kernel.At(absl::ZeroDuration(), job);
  ASSERT_TRUE(kernel.Step());
}

TEST(TripwireTest, OutsideOfStepsNothingTrips) {
  timespec time;
  EXPECT_EQ(clock_gettime(CLOCK_MONOTONIC, &time), 0);
  EXPECT_GT(time.tv_sec, 0);
  InAStep([] {});
  EXPECT_NE(absl::Now(), absl::UnixEpoch());
  bool ran = false;
  std::thread([&ran] { ran = true; }).join();
  EXPECT_TRUE(ran);
}

TEST(TripwireTest, LogMessagesMayBeWrittenInAStep) {
  testing::internal::CaptureStderr();
  InAStep([] { LOG(WARNING) << "a warning in a step"; });
  EXPECT_NE(testing::internal::GetCapturedStderr().find("a warning in a step"), std::string::npos);
}

TEST(TripwireTest, WhoMustMayTurnThemOff) {
  InAStep([] {
    const TripwiresOff off;
    EXPECT_NE(absl::Now(), absl::UnixEpoch());
  });
}

TEST(TripwireTest, AbseilSamplesNoCordsInAStep) {
  InAStep([] {
    // One in 50,000 otherwise, with the time.
    for (int i = 0; i < 1000000; ++i) const absl::Cord cord("more than fits into a cord itself");
  });
}

TEST(TripwireDeathTest, AFailedCheckInAStepSaysItsOwnReason) {
  EXPECT_DEATH(InAStep([] { CHECK_EQ(1 + 1, 3) << "arithmetic"; }), "arithmetic");
}

TEST(TripwireDeathTest, CodeOfAProcessTrips) {
  Kernel kernel({});
  Process* process = kernel.Spawn("server");
  EXPECT_DEATH(process->Enter([] { absl::Now(); }), "clock_gettime\\(\\) was called inside a step");
}

TEST(TripwireDeathTest, ClocksTrip) {
  EXPECT_DEATH(InAStep([] { absl::Now(); }), "clock_gettime\\(\\) was called inside a step");
  EXPECT_DEATH(InAStep([] {
                 timeval time;
                 gettimeofday(&time, nullptr);
               }),
               "gettimeofday\\(\\) was called inside a step");
  EXPECT_DEATH(InAStep([] { time(nullptr); }), "time\\(\\) was called inside a step");
}

TEST(TripwireDeathTest, RandomnessTrips) {
  char bytes[8];
  EXPECT_DEATH(InAStep([&] { (void)getrandom(bytes, sizeof(bytes), 0); }),
               "getrandom\\(\\) was called inside a step");
  EXPECT_DEATH(InAStep([&] { (void)getentropy(bytes, sizeof(bytes)); }),
               "getentropy\\(\\) was called inside a step");
  EXPECT_DEATH(InAStep([] { open("/dev/urandom", O_RDONLY); }),
               "open(64)?\\(\\) was called inside a step");
}

TEST(TripwireDeathTest, ThreadsTrip) {
  EXPECT_DEATH(InAStep([] { std::thread([] {}).join(); }),
               "pthread_create\\(\\) was called inside a step");
}

TEST(TripwireDeathTest, WaitsTrip) {
  const timespec moment = {0, 1};
  EXPECT_DEATH(InAStep([&] { nanosleep(&moment, nullptr); }),
               "nanosleep\\(\\) was called inside a step");
  EXPECT_DEATH(InAStep([&] { clock_nanosleep(CLOCK_MONOTONIC, 0, &moment, nullptr); }),
               "clock_nanosleep\\(\\) was called inside a step");
  EXPECT_DEATH(InAStep([] { usleep(1); }), "usleep\\(\\) was called inside a step");
  EXPECT_DEATH(InAStep([] { poll(nullptr, 0, 0); }), "poll\\(\\) was called inside a step");
  epoll_event event;
  EXPECT_DEATH(InAStep([&] { epoll_wait(-1, &event, 1, 0); }),
               "epoll_wait\\(\\) was called inside a step");
}

#endif  // TIDELOG_SANITIZE

}  // namespace
}  // namespace tidelog::sim
