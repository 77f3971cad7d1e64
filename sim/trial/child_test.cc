#include "sim/trial/child.h"

#include <signal.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <string>

#include "absl/log/check.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "sim/trial/death.h"

namespace tidelog::sim {
namespace {

using ::testing::HasSubstr;

TEST(ChildTest, ReturnsWhatItsWorkReturns) {
  std::string large(1 << 20, 'x');  // More than a pipe holds.
  const ChildResult result = RunInChild([&] { return large; });
  EXPECT_TRUE(result.finished);
  EXPECT_TRUE(result.text == large);
}

TEST(ChildTest, ChangesNothingHere) {
  int here = 1;
  EXPECT_EQ(RunInChild([&] {
              here = 2;
              return std::to_string(here);
            }).text,
            "2");
  EXPECT_EQ(here, 1);
}

TEST(ChildTest, AFailedCheckIsADeathWithItsWords) {
  const ChildResult result = RunInChild([]() -> std::string {
    CHECK_EQ(1 + 1, 3) << "in this world";
    return "";
  });
  EXPECT_FALSE(result.finished);
  EXPECT_EQ(result.death.signal, SIGABRT);
  EXPECT_EQ(SignatureOf(result.death), "crash/child_test.cc: Check failed: # + # == #");
  EXPECT_THAT(MessageOf(result.death), HasSubstr("in this world"));
}

TEST(ChildTest, ASignalIsADeath) {
  const ChildResult result = RunInChild([]() -> std::string {
    signal(SIGTERM, SIG_DFL);
    raise(SIGTERM);
    return "";
  });
  EXPECT_FALSE(result.finished);
  EXPECT_EQ(SignatureOf(result.death), "crash/SIGTERM");
}

// Nobody is left then who would read what it writes, or end it.
TEST(ChildTest, EndsWithItsParent) {
  int ends[2];
  ASSERT_EQ(pipe(ends), 0);
  const pid_t parent = fork();
  ASSERT_GE(parent, 0);
  if (parent == 0) {
    RunInChild([&ends]() -> std::string {
      PCHECK(write(ends[1], "x", 1) == 1);
      for (;;) pause();
    });
    _exit(0);
  }
  close(ends[1]);
  char byte = 0;
  ASSERT_EQ(read(ends[0], &byte, 1), 1);
  kill(parent, SIGKILL);
  EXPECT_EQ(waitpid(parent, nullptr, 0), parent);
  EXPECT_EQ(read(ends[0], &byte, 1), 0) << "the child still has the pipe";
  close(ends[0]);
}

TEST(ChildTest, WhatTakesTooMuchTimeIsEnded) {
  const ChildResult result = RunInChild([]() -> std::string {
    raise(SIGPROF);  // As the alarm does when it has run down.
    return "";
  });
  EXPECT_FALSE(result.finished);
  EXPECT_EQ(SignatureOf(result.death), "crash/hang");
}

}  // namespace
}  // namespace tidelog::sim
