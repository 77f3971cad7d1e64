#include "sim/trial/child.h"

#include <signal.h>
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
