// One test a peer of the benchmark: that it is found, compiles and links under every compiler of
// ours, and is of the version whose behaviour is relied on.

#include <lmdb.h>
#include <sqlite3.h>

#include <cstddef>

#include "gtest/gtest.h"
#include "leveldb/db.h"
#include "leveldb/write_batch.h"
#include "rocksdb/version.h"
#include "rocksdb/write_batch.h"

namespace tidelog::third_party {
namespace {

TEST(RocksDbTest, CountsWhatABatchHolds) {
  rocksdb::WriteBatch batch;
  EXPECT_TRUE(batch.Put("key", "value").ok());
  EXPECT_EQ(batch.Count(), 1u);
  EXPECT_GE(ROCKSDB_MAJOR, 7);
}

TEST(LevelDbTest, BatchesGrow) {
  leveldb::WriteBatch batch;
  const size_t empty = batch.ApproximateSize();
  batch.Put("key", "value");
  EXPECT_GT(batch.ApproximateSize(), empty);
}

TEST(SqliteTest, IsBuiltForThreads) { EXPECT_NE(sqlite3_threadsafe(), 0); }

TEST(LmdbTest, IsTheVersionOfItsHeader) {
  int major = 0;
  mdb_version(&major, nullptr, nullptr);
  EXPECT_EQ(major, MDB_VERSION_MAJOR);
}

}  // namespace
}  // namespace tidelog::third_party
