#include "tools/benchmark/row.h"

#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace tidelog::benchmark {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

Row Of(const std::string& subject, bool peer, double value, double raw) {
  Row row;
  row.work = "append";
  row.subject = subject;
  row.peer = peer;
  row.payload = 1024;
  row.in_flight = 64;
  row.values = {value};
  row.raws = {raw};
  return row;
}

TEST(RowTest, ARatioIsOfEachPairAndMoreIsBetter) {
  Row row = Of("file", false, 90, 100);
  row.values.push_back(30);
  row.raws.push_back(60);
  EXPECT_THAT(row.Ratios(), ElementsAre(0.9, 0.5));
  row.more_is_better = false;  // Microseconds, say.
  EXPECT_THAT(row.Ratios(), ElementsAre(100.0 / 90, 2.0));
}

TEST(RowTest, NothingIsNoMeasure) {
  Row row = Of("file", false, 90, 0);
  row.values.push_back(0);
  row.raws.push_back(100);
  EXPECT_THAT(row.Ratios(), ElementsAre(0));
  row.more_is_better = false;
  EXPECT_THAT(row.Ratios(), ElementsAre(0));
}

TEST(RowTest, TheBestPeerIsTheOneNearestToRawNotTheOneOnTheFastestMinute) {
  std::vector<Row> rows = {Of("file", false, 200, 100), Of("rocksdb", true, 60, 200),
                           Of("leveldb", true, 50, 100)};
  CompareWithPeers(&rows);
  EXPECT_EQ(rows[0].best_peer, "leveldb");
  EXPECT_DOUBLE_EQ(rows[0].ratio_to_best_peer, 4);
  EXPECT_DOUBLE_EQ(rows[1].ratio_to_best_peer, 0.6);
}

TEST(RowTest, APeerThatIsNotDurableOrDoesOtherWorkIsNoComparison) {
  std::vector<Row> rows = {Of("file", false, 200, 100), Of("rocksdb", true, 60, 200),
                           Of("leveldb", true, 50, 100)};
  rows[1].durable = false;
  rows[2].payload = 128;
  CompareWithPeers(&rows);
  EXPECT_THAT(rows[0].best_peer, IsEmpty());
}

TEST(RowTest, WithoutARawLimitValuesAreCompared) {
  std::vector<Row> rows = {Of("file", false, 5, 0), Of("rocksdb", true, 20, 0),
                           Of("leveldb", true, 10, 0)};
  for (Row& row : rows) {
    row.raws.clear();
    row.more_is_better = false;
  }
  CompareWithPeers(&rows);
  EXPECT_EQ(rows[0].best_peer, "leveldb");
  EXPECT_DOUBLE_EQ(rows[0].ratio_to_best_peer, 2);
}

TEST(RowTest, APeerWhoseSamplesWereAllSpoiledIsNoComparison) {
  std::vector<Row> rows = {Of("file", false, 200, 100), Of("rocksdb", true, 60, 200)};
  rows[1].values.clear();
  rows[1].raws.clear();
  CompareWithPeers(&rows);
  EXPECT_THAT(rows[0].best_peer, IsEmpty());
}

}  // namespace
}  // namespace tidelog::benchmark
