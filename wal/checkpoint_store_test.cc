// The rules that every CheckpointStore has from CheckpointSet.
#include "wal/checkpoint_store.h"

#include <string>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "wal/message/message_id.h"
#include "wal/status.h"
#include "wal/types.h"

namespace tidelog {
namespace {

Position At(uint64_t id, uint64_t tick, uint32_t log = 7) {
  return Position{MessageId::FromNumber({LogKind::kFile, log, 0}, id), TimeTick{tick}};
}

TEST(CheckpointSetTest, KeepsThemSortedByName) {
  CheckpointSet set;
  set.term = Term{1};
  for (const char* name : {"c", "a", "b"}) EXPECT_TRUE(set.Put(name, At(1, 1)).ok());
  ASSERT_EQ(set.checkpoints.size(), 3u);
  EXPECT_EQ(set.checkpoints[0].name, "a");
  EXPECT_EQ(set.checkpoints[2].name, "c");
  EXPECT_EQ(set.Find("d"), nullptr);
}

// A reader that goes on from the lower id would be given again what lies between.
TEST(CheckpointSetTest, TakesALowerIdOfTheSameLogForGoingBackToo) {
  CheckpointSet set;
  set.term = Term{1};
  ASSERT_TRUE(set.Put("a", At(5, 10)).ok());
  EXPECT_EQ(GetWalErrorCode(set.Put("a", At(4, 10))), WalErrorCode::kInvalidArgument);
  EXPECT_EQ(GetWalErrorCode(set.Put("a", At(6, 9))), WalErrorCode::kInvalidArgument);
  EXPECT_TRUE(set.Put("a", At(5, 11)).ok());
  EXPECT_EQ(set.Find("a")->position, At(5, 11));
}

// Ids of two logs have no order; their ticks have (G6).
TEST(CheckpointSetTest, MovesOnFromOneLogToAnotherByTheTick) {
  CheckpointSet set;
  set.term = Term{1};
  ASSERT_TRUE(set.Put("a", At(5, 10)).ok());
  EXPECT_EQ(GetWalErrorCode(set.Put("a", At(1, 9, /*log=*/8))), WalErrorCode::kInvalidArgument);
  EXPECT_TRUE(set.Put("a", At(1, 11, /*log=*/8)).ok());
}

TEST(CheckpointSetTest, HasALimit) {
  CheckpointSet set;
  set.term = Term{1};
  for (size_t i = 0; i < kCheckpointsMax; ++i) {
    ASSERT_TRUE(set.Put(absl::StrCat("c", i), At(1, 1)).ok());
  }
  EXPECT_EQ(GetWalErrorCode(set.Put("one-more", At(1, 1))), WalErrorCode::kResourceExhausted);
  EXPECT_TRUE(set.Put("c0", At(2, 2)).ok());
  set.Remove("c1");
  EXPECT_TRUE(set.Put("one-more", At(1, 1)).ok());
}

}  // namespace
}  // namespace tidelog
