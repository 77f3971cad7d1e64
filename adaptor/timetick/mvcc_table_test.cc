#include "adaptor/timetick/mvcc_table.h"

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "wal/types.h"

namespace tidelog::adaptor {
namespace {

void ExpectMvcc(const Mvcc& mvcc, uint64_t tick, bool confirmed) {
  EXPECT_EQ(ToInt(mvcc.time_tick), tick);
  EXPECT_EQ(mvcc.confirmed, confirmed);
}

TEST(MvccTableTest, AnswersWithTheNewestTickOfTheVChannelUnconfirmed) {
  MvccTable table;
  table.OnTimeTick(TimeTick{10});
  table.OnMessage("a", TimeTick{11});
  table.OnMessage("b", TimeTick{12});
  ExpectMvcc(table.Of("a"), 11, false);
  ExpectMvcc(table.Of("b"), 12, false);
  ExpectMvcc(table.Of(""), 12, false);
  EXPECT_TRUE(table.has_uncovered());
}

TEST(MvccTableTest, AnswersWithTheTimeTickThatCoversAVChannelConfirmed) {
  MvccTable table;
  table.OnMessage("a", TimeTick{11});
  table.OnTimeTick(TimeTick{20});
  ExpectMvcc(table.Of("a"), 20, true);
  ExpectMvcc(table.Of("never written"), 20, true);
  ExpectMvcc(table.Of(""), 20, true);
  EXPECT_FALSE(table.has_uncovered());
}

TEST(MvccTableTest, CountsAMessageWithoutAVChannelForAll) {
  MvccTable table;
  table.OnMessage("a", TimeTick{11});
  table.OnMessage("", TimeTick{12});
  ExpectMvcc(table.Of("a"), 12, false);
  ExpectMvcc(table.Of("b"), 12, false);
}

TEST(MvccTableTest, ForgetsVChannelsThatATimeTickCovers) {
  MvccTable table;
  for (int i = 0; i < 100; ++i) table.OnMessage(absl::StrCat("v", i), TimeTick{11});
  EXPECT_EQ(table.size_for_test(), 100u);
  table.OnTimeTick(TimeTick{12});
  EXPECT_EQ(table.size_for_test(), 0u);
}

TEST(MvccTableTest, StaysBoundedAndAnswersNoTickTooLow) {
  MvccTable table;
  const uint64_t count = MvccTable::kVChannelsMax + 10;
  for (uint64_t i = 0; i < count; ++i) table.OnMessage(absl::StrCat("v", i), TimeTick{100 + i});
  EXPECT_EQ(table.size_for_test(), MvccTable::kVChannelsMax);
  EXPECT_GE(ToInt(table.Of(absl::StrCat("v", count - 1)).time_tick), 100 + count - 1);
  EXPECT_GE(ToInt(table.Of("v0").time_tick), 100u);
}

// D5, D7: nobody sees it, and a TimeTick is owed for it all the same.
TEST(MvccTableTest, OwesATickForWhatIsNotCommittedAndTellsNobodyOfIt) {
  MvccTable table;
  table.OnMessage("a", TimeTick{11});
  table.OnTimeTick(TimeTick{12});
  table.OnUncommitted(TimeTick{13});
  ExpectMvcc(table.Of("a"), 12, true);
  ExpectMvcc(table.Of(""), 12, true);
  EXPECT_TRUE(table.has_uncovered());
  table.OnTimeTick(TimeTick{14});
  EXPECT_FALSE(table.has_uncovered());
}

TEST(MvccTableTest, NeverGoesBack) {
  MvccTable table;
  table.OnMessage("a", TimeTick{30});
  table.OnTimeTick(TimeTick{20});
  ExpectMvcc(table.Of("a"), 30, false);
  table.OnMessage("a", TimeTick{25});
  ExpectMvcc(table.Of("a"), 30, false);
}

}  // namespace
}  // namespace tidelog::adaptor
