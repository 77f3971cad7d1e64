#include "sim/trial/death.h"

#include <signal.h>

#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace tidelog::sim {
namespace {

using ::testing::HasSubstr;

TEST(DeathSignatureTest, ACheckIsNamedWithoutTheValuesOfTheRun) {
  const Death death{SIGABRT, 0,
                    "W0101 00:00:00.000000  7 sim/world/node.cc:9] never mind\n"
                    "F0101 00:00:00.000000  7 sim/kernel/kernel.cc:40] Check failed: a == b (1 vs. "
                    "2) at step 17\n*** stack\n"};
  EXPECT_EQ(SignatureOf(death), "crash/kernel.cc: Check failed: a == b");
  EXPECT_THAT(MessageOf(death), HasSubstr("(1 vs. 2) at step 17"));
}

TEST(DeathSignatureTest, ASanitizerIsNamedByWhatItFound) {
  const Death death{0, 1,
                    "=====\n==7==ERROR: AddressSanitizer: heap-use-after-free on address 0x60\n"};
  EXPECT_EQ(SignatureOf(death), "crash/heap-use-after-free");
}

TEST(DeathSignatureTest, UndefinedBehaviourIsNamedByItsFile) {
  const Death death{0, 1, "wal/async/future.h:7\nsim/a/b.cc:12:3: runtime error: shift of -1\n"};
  EXPECT_EQ(SignatureOf(death), "crash/b.cc: runtime error");
}

TEST(DeathSignatureTest, ASignalWithoutWordsIsNamed) {
  EXPECT_EQ(SignatureOf(Death{SIGSEGV, 0, ""}), "crash/SIGSEGV");
  EXPECT_EQ(MessageOf(Death{SIGSEGV, 0, ""}), "it died without a word");
}

TEST(DeathSignatureTest, WhatTookTooLongHangs) {
  EXPECT_EQ(SignatureOf(Death{SIGPROF, 0, "F0101 x.cc:1] no\n"}), "crash/hang");
  EXPECT_THAT(MessageOf(Death{SIGPROF, 0, ""}), HasSubstr("60 seconds"));
}

TEST(DeathSignatureTest, AnExitCodeIsNamed) {
  EXPECT_EQ(SignatureOf(Death{0, 7, "bye\n"}), "crash/exit 7");
  EXPECT_EQ(MessageOf(Death{0, 7, "well\nbye\n"}), "bye");
}

}  // namespace
}  // namespace tidelog::sim
