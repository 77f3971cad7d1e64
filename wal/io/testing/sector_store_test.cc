#include "wal/io/testing/sector_store.h"

#include <limits>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "wal/async/random_stream.h"

namespace tidelog {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;

constexpr size_t kSector = SectorStore::kSectorSize;
constexpr uint64_t kBlock = SectorStore::kBlockSize;
constexpr uint64_t kSeeds = 300;  // Enough to see each of eight equally likely outcomes.

// A file and its luck.
struct Disk {
  explicit Disk(uint64_t seed) : random(seed, "sector store test") {}

  size_t Write(uint64_t offset, std::string_view bytes) {
    return store.Write(offset, bytes, free_blocks, random);
  }
  // One sector of one letter.
  void WriteSector(uint64_t index, char letter) {
    Write(index * kSector, std::string(kSector, letter));
  }
  std::string Read(uint64_t offset, size_t size) const {
    std::string bytes(size, '?');
    return bytes.substr(0, store.Read(offset, bytes));
  }
  std::string ReadDirect() {
    std::string bytes(store.size(), '?');
    store.ReadDirect(0, bytes);
    return bytes;
  }
  // The first letter of each sector; '-' for zero, '!' for a torn one.
  static std::string Letters(std::string_view bytes) {
    std::string letters;
    for (size_t at = 0; at < bytes.size(); at += kSector) {
      const std::string_view sector = bytes.substr(at, kSector);
      const bool whole = sector.find_first_not_of(sector[0]) == std::string_view::npos;
      letters += whole ? (sector[0] == '\0' ? '-' : sector[0]) : '!';
    }
    return letters;
  }
  std::string Letters() const { return Letters(Read(0, store.size())); }

  SectorStore store;
  RandomStream random;
  uint64_t free_blocks = std::numeric_limits<uint64_t>::max();
};

// What `run` returns over all seeds.
template <class Run>
std::set<std::string> Outcomes(Run run) {
  std::set<std::string> outcomes;
  for (uint64_t seed = 0; seed < kSeeds; ++seed) {
    Disk disk(seed);
    outcomes.insert(run(disk));
  }
  return outcomes;
}

TEST(SectorStoreTest, ACrashKeepsWhatWasSynced) {
  EXPECT_THAT(Outcomes([](Disk& disk) {
                disk.WriteSector(0, 'a');
                disk.WriteSector(1, 'b');
                disk.store.Sync();
                disk.store.Crash(disk.random);
                return disk.Letters();
              }),
              ElementsAre("ab"));
}

TEST(SectorStoreTest, ACrashLosesAnySubsetOfUnsyncedSectors) {
  EXPECT_THAT(Outcomes([](Disk& disk) {
                for (uint64_t i = 0; i < 3; ++i) disk.WriteSector(i, 'a');
                disk.store.Sync();
                for (uint64_t i = 0; i < 3; ++i) disk.WriteSector(i, 'b');
                disk.store.Crash(disk.random);
                return disk.Letters();
              }),
              ElementsAre("aaa", "aab", "aba", "abb", "baa", "bab", "bba", "bbb"));
}

TEST(SectorStoreTest, ACrashMayLeaveAnyVersionSinceTheLastSync) {
  EXPECT_THAT(Outcomes([](Disk& disk) {
                for (const char letter : std::string_view("abcd")) {
                  disk.WriteSector(0, letter);
                  if (letter == 'b') disk.store.Sync();
                }
                disk.store.Crash(disk.random);
                return disk.Letters();
              }),
              ElementsAre("b", "c", "d"));
}

TEST(SectorStoreTest, ACrashMayLeaveAnySizeSinceTheLastSync) {
  std::set<size_t> sizes;
  for (uint64_t seed = 0; seed < kSeeds; ++seed) {
    Disk disk(seed);
    disk.Write(0, std::string(1000, 'a'));
    disk.store.Sync();
    disk.Write(1000, std::string(1000, 'b'));
    disk.store.Crash(disk.random);
    EXPECT_EQ(disk.Read(0, 1000), std::string(1000, 'a'));
    sizes.insert(disk.store.size());
  }
  EXPECT_EQ(*sizes.begin(), 1000);
  EXPECT_EQ(*sizes.rbegin(), 2000);
  EXPECT_GT(sizes.size(), 10);
}

TEST(SectorStoreTest, ACrashMayUndoATruncation) {
  EXPECT_THAT(Outcomes([](Disk& disk) {
                disk.WriteSector(0, 'a');
                disk.WriteSector(1, 'b');
                disk.store.Sync();
                disk.store.Truncate(kSector, disk.random);
                disk.store.Crash(disk.random);
                return disk.Letters().substr(0, 2);
              }),
              ::testing::IsSupersetOf({"a", "ab", "a-"}));
}

TEST(SectorStoreTest, ASyncedTruncationStaysAndLeavesZeros) {
  EXPECT_THAT(Outcomes([](Disk& disk) {
                disk.WriteSector(0, 'a');
                disk.WriteSector(1, 'b');
                disk.store.Sync();
                disk.store.Truncate(kSector, disk.random);
                disk.store.Truncate(2 * kSector, disk.random);
                disk.store.Sync();
                disk.store.Crash(disk.random);
                return disk.Letters();
              }),
              ElementsAre("a-"));
}

TEST(SectorStoreTest, AfterAFailedSyncTheCacheReadsWellAndTheDeviceMayNot) {
  const auto run = [](Disk& disk) {
    disk.WriteSector(0, 'a');
    disk.WriteSector(1, 'b');
    disk.store.FailSync(disk.random);
    EXPECT_EQ(disk.Letters(), "ab");
    return Disk::Letters(disk.ReadDirect());
  };
  EXPECT_THAT(Outcomes(run), ElementsAre("--", "-b", "a-", "ab"));
}

TEST(SectorStoreTest, ASyncAfterAFailedOneSavesNothing) {
  const auto run = [](Disk& disk) {
    disk.WriteSector(0, 'a');
    disk.WriteSector(1, 'b');
    disk.store.Sync();
    disk.WriteSector(0, 'c');
    disk.store.FailSync(disk.random);
    disk.store.Sync();
    EXPECT_EQ(disk.Letters(), "cb");
    disk.store.Crash(disk.random);
    return disk.Letters();
  };
  EXPECT_THAT(Outcomes(run), ElementsAre("ab", "cb"));
}

TEST(SectorStoreTest, MemoryPressureShowsWhatAFailedSyncLost) {
  const auto run = [](Disk& disk) {
    disk.WriteSector(0, 'a');
    disk.store.FailSync(disk.random);
    disk.WriteSector(1, 'b');  // Dirty: stays.
    disk.store.DropCleanPages();
    return disk.Letters();
  };
  EXPECT_THAT(Outcomes(run), ElementsAre("-b", "ab"));
}

TEST(SectorStoreTest, ADirectReadWritesBackButFlushesNothing) {
  const auto run = [](Disk& disk) {
    disk.WriteSector(0, 'a');
    disk.store.Sync();
    disk.WriteSector(0, 'b');
    EXPECT_EQ(Disk::Letters(disk.ReadDirect()), "b");
    disk.store.Crash(disk.random);
    return disk.Letters();
  };
  EXPECT_THAT(Outcomes(run), ElementsAre("a", "b"));
}

TEST(SectorStoreTest, ADirectReadAndThenASyncIsDurable) {
  const auto run = [](Disk& disk) {
    disk.WriteSector(0, 'a');
    disk.ReadDirect();
    disk.store.Sync();
    disk.store.Crash(disk.random);
    return disk.Letters();
  };
  EXPECT_THAT(Outcomes(run), ElementsAre("a"));
}

// Goal: no sector is ever a version that was not written, or older than the last sync.
// Method: random operations beside a model that keeps, for each sector, all versions a crash may
// leave.
TEST(SectorStoreTest, ASectorIsAlwaysAVersionThatItHad) {
  constexpr uint64_t kSectors = 6;
  for (uint64_t seed = 0; seed < kSeeds; ++seed) {
    Disk disk(seed);
    RandomStream script(seed, "script");
    disk.store.Allocate(kSectors * kSector, disk.free_blocks);
    disk.store.Sync();
    std::vector<std::string> possible(kSectors, "-");
    for (int step = 0; step < 40; ++step) {
      const uint64_t sector = script.Below(kSectors);
      const char letter = static_cast<char>('a' + script.Below(26));
      switch (script.Below(6)) {
        case 0:
          disk.store.Sync();
          for (std::string& versions : possible) versions.erase(0, versions.size() - 1);
          break;
        case 1:
          disk.ReadDirect();
          break;
        default:
          disk.WriteSector(sector, letter);
          possible[sector] += letter;
      }
    }
    disk.store.Crash(disk.random);
    const std::string found = disk.Letters();
    ASSERT_EQ(found.size(), kSectors);
    for (uint64_t i = 0; i < kSectors; ++i) EXPECT_THAT(possible[i], Contains(found[i]));
  }
}

TEST(SectorStoreTest, AWriteTakesBlocksOnceAndStopsWhenThereAreNone) {
  Disk disk(1);
  disk.free_blocks = 2;
  EXPECT_EQ(disk.Write(100, std::string(3 * kBlock, 'a')), 2 * kBlock - 100);
  EXPECT_EQ(disk.store.size(), 2 * kBlock);
  EXPECT_EQ(disk.free_blocks, 0);
  EXPECT_EQ(disk.Write(0, std::string(2 * kBlock, 'b')), 2 * kBlock);
  EXPECT_EQ(disk.Write(2 * kBlock, "c"), 0);
  EXPECT_EQ(disk.store.size(), 2 * kBlock);
  EXPECT_EQ(disk.store.blocks_used(), 2);
}

TEST(SectorStoreTest, AllocatedBlocksAreThereForWrites) {
  Disk disk(1);
  disk.free_blocks = 4;
  disk.Write(kBlock, "a");
  EXPECT_FALSE(disk.store.Allocate(6 * kBlock, disk.free_blocks));
  EXPECT_EQ(disk.store.size(), kBlock + 1);
  EXPECT_TRUE(disk.store.Allocate(4 * kBlock - 1, disk.free_blocks));
  EXPECT_EQ(disk.free_blocks, 0);
  EXPECT_EQ(disk.store.blocks_used(), 4);
  EXPECT_EQ(disk.Write(0, std::string(5 * kBlock, 'b')), 4 * kBlock);
  disk.store.Truncate(kBlock, disk.random);
  EXPECT_EQ(disk.store.blocks_used(), 1);
}

TEST(SectorStoreTest, OnlyBytesThatWereWrittenAreWritten) {
  Disk disk(1);
  EXPECT_FALSE(disk.store.Written(0));
  disk.store.Allocate(kBlock, disk.free_blocks);
  EXPECT_FALSE(disk.store.Written(0));
  disk.Write(0, "a");
  EXPECT_TRUE(disk.store.Written(0));
  EXPECT_FALSE(disk.store.Written(kSector));
}

TEST(SectorStoreTest, ALostSyncLosesAllThatIsDirtyAndShowsNothingOfIt) {
  const auto run = [](Disk& disk) {
    disk.WriteSector(0, 'a');
    disk.store.Sync();
    disk.WriteSector(0, 'b');
    disk.store.FailSync(disk.random, SyncFate::kLost);
    disk.store.Sync();
    EXPECT_EQ(disk.Letters(), "b");
    EXPECT_EQ(Disk::Letters(disk.ReadDirect()), "a");
    disk.store.DropCleanPages();
    return disk.Letters();
  };
  EXPECT_THAT(Outcomes(run), ElementsAre("a"));
}

TEST(SectorStoreTest, AVolatileSyncIsOnTheDeviceUntilTheCrashOrAnHonestSync) {
  const auto run = [](Disk& disk, bool honest) {
    disk.WriteSector(0, 'a');
    disk.store.Sync();
    disk.WriteSector(0, 'b');
    disk.store.FailSync(disk.random, SyncFate::kVolatile);
    EXPECT_EQ(Disk::Letters(disk.ReadDirect()), "b");
    if (honest) disk.store.Sync();
    disk.store.Crash(disk.random);
    return disk.Letters();
  };
  EXPECT_THAT(Outcomes([&](Disk& disk) { return run(disk, false); }), ElementsAre("a", "b"));
  EXPECT_THAT(Outcomes([&](Disk& disk) { return run(disk, true); }), ElementsAre("b"));
}

TEST(SectorStoreTest, ASyncThatIsCutShortLosesNothing) {
  const auto run = [](Disk& disk, bool again) {
    disk.WriteSector(0, 'a');
    disk.store.Sync();
    disk.WriteSector(0, 'b');
    disk.store.FailSync(disk.random, SyncFate::kCutShort);
    disk.store.DropCleanPages();
    EXPECT_EQ(disk.Letters(), "b");
    if (again) disk.store.Sync();
    disk.store.Crash(disk.random);
    return disk.Letters();
  };
  EXPECT_THAT(Outcomes([&](Disk& disk) { return run(disk, false); }), ElementsAre("a", "b"));
  EXPECT_THAT(Outcomes([&](Disk& disk) { return run(disk, true); }), ElementsAre("b"));
}

// Goal: a disk with 4 KiB sectors tears no block, and does tear between blocks.
TEST(SectorStoreTest, TheSectorsOfATearUnitShareOneFate) {
  const auto run = [](Disk& disk) {
    disk.store = SectorStore(SectorStore::kBlockSize);
    for (const char letter : std::string_view("abc")) {
      disk.Write(0, std::string(2 * kBlock, letter));
      if (letter == 'a') disk.store.Sync();
    }
    disk.store.FailSync(disk.random);
    disk.Write(0, std::string(2 * kBlock, 'd'));
    disk.store.Crash(disk.random);
    const std::string letters = disk.Letters();
    EXPECT_EQ(letters.substr(0, 8), std::string(8, letters[0]));
    EXPECT_EQ(letters.substr(8), std::string(8, letters[8]));
    return std::string{letters[0], letters[8]};
  };
  const std::set<std::string> outcomes = Outcomes(run);
  EXPECT_EQ(outcomes.size(), 16u) << "each block is any of a, b, c, d";
}

TEST(SectorStoreTest, ABrokenSectorFailsUntilItIsRewrittenAndWrittenBack) {
  Disk disk(1);
  for (uint64_t i = 0; i < 3; ++i) disk.WriteSector(i, 'a');
  disk.store.Sync();
  EXPECT_FALSE(disk.store.BreakSector(3 * kSector));
  EXPECT_TRUE(disk.store.BreakSector(kSector + 7));
  for (int i = 0; i < 2; ++i) {
    EXPECT_FALSE(disk.store.Readable(0, 3 * kSector));
    EXPECT_TRUE(disk.store.Readable(0, kSector));
    EXPECT_TRUE(disk.store.Readable(2 * kSector, 3 * kSector));
    EXPECT_FALSE(disk.store.Writable(kSector - 1, 2));
    EXPECT_FALSE(disk.store.Writable(2 * kSector - 1, 1));
    EXPECT_TRUE(disk.store.Writable(kSector, kSector));
    disk.store.Crash(disk.random);  // It is not healed by that.
  }
  disk.WriteSector(1, 'b');
  EXPECT_TRUE(disk.store.Readable(0, 3 * kSector));
  disk.store.FailSync(disk.random, SyncFate::kLost);
  EXPECT_FALSE(disk.store.Readable(0, 3 * kSector));
  disk.WriteSector(1, 'c');
  disk.store.Sync();
  disk.store.DropCleanPages();
  EXPECT_TRUE(disk.store.Readable(0, 3 * kSector));
  EXPECT_EQ(disk.Letters(), "aca");
}

TEST(SectorStoreTest, RotIsOnTheMediumUnderThePageCache) {
  Disk disk(1);
  disk.WriteSector(0, 'a');
  disk.store.Sync();
  EXPECT_FALSE(disk.store.Rot(kSector, 1));
  EXPECT_TRUE(disk.store.Rot(5, 2));
  EXPECT_EQ(disk.Read(5, 1), "a");
  EXPECT_EQ(disk.ReadDirect().substr(4, 3), "aca");
  disk.store.DropCleanPages();
  EXPECT_EQ(disk.Read(4, 3), "aca");
}

TEST(SectorStoreTest, AMisdirectedWriteHitsAnotherPlaceAndNotItsOwn) {
  Disk disk(1);
  Disk other(2);
  for (uint64_t i = 0; i < 3; ++i) {
    disk.WriteSector(i, 'a');
    other.WriteSector(i, 'x');
  }
  disk.store.Sync();
  other.store.Sync();
  disk.Write(kSector + 10, std::string(kSector, 'b'));
  disk.store.Misdirect(kSector + 10, kSector, other.store, 2 * kSector);
  EXPECT_EQ(disk.Letters(), "a!!");
  EXPECT_EQ(other.Letters(), "xxx");  // The page cache knows nothing of it.
  disk.store.Sync();
  disk.store.DropCleanPages();
  other.store.Crash(other.random);
  EXPECT_EQ(disk.Letters(), "aaa");
  EXPECT_EQ(other.Letters(), "xx!");  // What would have lain behind its end hit nobody.
  EXPECT_EQ(other.Read(2 * kSector, 11), "aaaaaaaaaab");
}

}  // namespace
}  // namespace tidelog
