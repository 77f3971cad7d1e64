#include "wal/flow_control.h"

#include <cstdint>

#include "gtest/gtest.h"

namespace tidelog {
namespace {

TEST(FlowControlTest, InsertsDeletesAndTypesOfAUsersOwnAreData) {
  for (const int32_t number : {-7, 0, 2, 3, 47, 699, 701, 899, 903, 1000, 4711}) {
    EXPECT_TRUE(IsFlowControlled(MessageType{number})) << number;
  }
}

TEST(FlowControlTest, EverythingElseThatMilvusNumbersPasses) {
  for (const int32_t number : {1, 4, 5, 10, 30, 46, 700, 800, 900, 901, 902, 999}) {
    EXPECT_FALSE(IsFlowControlled(MessageType{number})) << number;
  }
}

// What is exclusive or frames a transaction must pass, or a log in trouble could not be helped.
TEST(FlowControlTest, NothingExclusiveAndNoFrameOfATransactionIsData) {
  for (int32_t number = 0; number < 2000; ++number) {
    const MessageType type{number};
    if (IsExclusive(type) || FramesTransaction(type)) {
      EXPECT_FALSE(IsFlowControlled(type)) << number;
    }
  }
}

TEST(FlowControlTest, EachStateHasAName) {
  EXPECT_EQ(NameOf(FlowState::kNormal), "normal");
  EXPECT_EQ(NameOf(FlowState::kRecovering), "recovering");
  EXPECT_EQ(NameOf(FlowState::kSlowed), "slowed");
  EXPECT_EQ(NameOf(FlowState::kRejecting), "rejecting");
}

TEST(FlowControlTest, AStatusIsWrittenAsASentenceOfItsStateAndRate) {
  EXPECT_EQ(ToString(FlowStatus()), "normal");
  EXPECT_EQ(ToString(FlowStatus{FlowState::kSlowed, 7, "memory"}),
            "slowed to 7 bytes/s because of the memory");
  EXPECT_EQ(ToString(FlowStatus{FlowState::kRecovering, 8, "memory"}),
            "recovering at 8 bytes/s because of the memory");
  EXPECT_EQ(ToString(FlowStatus{FlowState::kRejecting, 0, "consumers"}),
            "rejecting because of the consumers");
}

}  // namespace
}  // namespace tidelog
