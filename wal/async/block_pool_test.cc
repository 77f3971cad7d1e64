#include "wal/async/block_pool.h"

#include <malloc.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <set>
#include <thread>
#include <vector>

#include "gtest/gtest.h"

namespace tidelog {
namespace {

struct Block {
  char* data;
  size_t size;
};

Block MakeBlock(size_t size, char fill) {
  auto* data = static_cast<char*>(PoolNew(size));
  std::memset(data, fill, size);
  return {data, size};
}

void Free(const std::vector<Block>& blocks) {
  for (const Block& block : blocks) PoolDelete(block.data, block.size);
}

TEST(BlockPoolTest, BlocksOfAllSizesDoNotOverlap) {
  std::vector<Block> blocks;
  for (size_t size = 1; size <= kPooledBlockSizeMax + 200; size += 37) {
    for (int i = 0; i < 5; ++i) blocks.push_back(MakeBlock(size, static_cast<char>(blocks.size())));
  }
  for (size_t i = 0; i < blocks.size(); ++i) {
    const char fill = static_cast<char>(i);
    EXPECT_EQ(reinterpret_cast<uintptr_t>(blocks[i].data) % __STDCPP_DEFAULT_NEW_ALIGNMENT__, 0u);
    for (size_t k = 0; k < blocks[i].size; ++k) ASSERT_EQ(blocks[i].data[k], fill) << i;
  }
  Free(blocks);
}

TEST(BlockPoolTest, LargeBlocksDoNotOverlap) {
  std::vector<Block> blocks;
  for (size_t size = kPooledBlockSizeMax; size <= kLargeBlockSizeMax + 5000; size += size / 11) {
    for (const size_t near : {size - 1, size, size + 1}) {
      blocks.push_back(MakeBlock(near, static_cast<char>(blocks.size())));
    }
  }
  for (size_t i = 0; i < blocks.size(); ++i) {
    const char fill = static_cast<char>(i);
    EXPECT_EQ(std::count(blocks[i].data, blocks[i].data + blocks[i].size, fill),
              static_cast<std::ptrdiff_t>(blocks[i].size));
  }
  Free(blocks);
}

TEST(BlockPoolTest, ALargeBlockOccupiesAtMostAnEighthMore) {
  for (size_t size = kPooledBlockSizeMax + 1; size <= kLargeBlockSizeMax; size += 97) {
    ASSERT_GE(PooledSize(size), size);
    ASSERT_LE(PooledSize(size), size + size / 8);
    ASSERT_EQ(PooledSize(PooledSize(size)), PooledSize(size));
  }
  EXPECT_EQ(PooledSize(kLargeBlockSizeMax), kLargeBlockSizeMax);
  EXPECT_EQ(PooledSize(kLargeBlockSizeMax + 1), kLargeBlockSizeMax + 1);
}

// As operator new does, though nothing asks for it.
TEST(BlockPoolTest, ABlockOfNoBytesIsABlock) {
  void* const one = PoolNew(0);
  void* const other = PoolNew(0);
  EXPECT_NE(one, nullptr);
  EXPECT_NE(one, other);
  PoolDelete(one, 0);
  PoolDelete(other, 0);
}

TEST(BlockPoolTest, MakesAndDestroysObjects) {
  auto owner = std::make_shared<int>(1);
  auto* object = PoolMake<std::shared_ptr<int>>(owner);
  EXPECT_EQ(owner.use_count(), 2);
  PoolDestroy(object);
  EXPECT_EQ(owner.use_count(), 1);
}

#ifndef TIDELOG_NO_POOL

std::vector<Block> MakeBlocks(size_t size, int count) {
  std::vector<Block> blocks;
  for (int i = 0; i < count; ++i) blocks.push_back(MakeBlock(size, 'x'));
  return blocks;
}

std::set<char*> Addresses(const std::vector<Block>& blocks) {
  std::set<char*> addresses;
  for (const Block& block : blocks) addresses.insert(block.data);
  return addresses;
}

TEST(BlockPoolTest, AFreedBlockIsTheNextOne) {
  const Block first = MakeBlock(100, 'x');
  PoolDelete(first.data, first.size);
  const Block second = MakeBlock(128, 'x');  // Of the same class.
  EXPECT_EQ(second.data, first.data);
  PoolDelete(second.data, second.size);
}

// Goal: what is freed in a burst serves the next burst, whichever thread frees.
TEST(BlockPoolTest, LargeBlocksAreUsedAgain) {
  constexpr size_t kSize = 70'000;
  const std::vector<Block> first = MakeBlocks(kSize, 100);
  std::thread([&first] { Free(first); }).join();
  const std::vector<Block> second = MakeBlocks(kSize + 500, 100);  // Of the same class.
  EXPECT_EQ(Addresses(second), Addresses(first));
  Free(second);
}

#ifndef TIDELOG_SANITIZE  // Their malloc keeps no such account.
// Goal: an ebb gives memory back to the system.
TEST(BlockPoolTest, NoMoreLargeBlocksAreKeptThanItsBound) {
  constexpr size_t kSize = size_t{1} << 20;
  constexpr size_t kCount = 3 * kLargeBytesKeptMax / kSize;
  Free(MakeBlocks(kSize, kCount));
  const struct mallinfo2 before = mallinfo2();
  const std::vector<Block> blocks = MakeBlocks(kSize, kCount);
  const struct mallinfo2 after = mallinfo2();
  // What malloc has given out, from its heap or by mappings: those that the pool lacked.
  const size_t asked = after.uordblks + after.hblkhd - before.uordblks - before.hblkhd;
  EXPECT_GE(asked, kCount * kSize - kLargeBytesKeptMax);
  Free(blocks);
}
#endif

// Goal: one thread allocates, another frees, and memory does not grow.
TEST(BlockPoolTest, BlocksTravelBackThroughTheDepot) {
  constexpr size_t kSize = 200;
  std::set<char*> seen;
  for (int round = 0; round < 20; ++round) {
    const std::vector<Block> blocks = MakeBlocks(kSize, 256);
    seen.merge(Addresses(blocks));
    std::thread([&blocks] { Free(blocks); }).join();
  }
  // Without the depot 20 * 256.
  EXPECT_LE(seen.size(), 256u + 3 * 64u);
}

TEST(BlockPoolTest, AThreadThatEndsLeavesItsBlocksToOthers) {
  constexpr size_t kSize = 300;
  std::set<char*> first;
  std::set<char*> second;
  const auto run = [](std::set<char*>* addresses) {
    const std::vector<Block> blocks = MakeBlocks(kSize, 10);
    *addresses = Addresses(blocks);
    Free(blocks);
  };
  std::thread([&] { run(&first); }).join();
  std::thread([&] { run(&second); }).join();
  EXPECT_EQ(first, second);
}

// Frees and allocates when the pool's own part of the thread is gone.
struct Late {
  ~Late() {
    PoolDelete(block, 64);
    PoolDelete(PoolNew(64), 64);
  }
  void* block = nullptr;
};

TEST(BlockPoolTest, WorksInDestructorsOfAnEndingThread) {
  void* kept = nullptr;
  std::thread([&kept] {
    static thread_local Late late;  // Made before the pool's, so destroyed after it.
    late.block = PoolNew(64);
    kept = late.block;
  }).join();
  // What it freed last is what the depot gives out first, to a thread without blocks.
  void* again = nullptr;
  std::thread([&again] {
    again = PoolNew(64);
    PoolDelete(again, 64);
  }).join();
  EXPECT_EQ(again, kept);
}

#endif

TEST(BlockPoolTest, ManyThreadsShareIt) {
  std::vector<std::thread> threads;
  std::vector<std::vector<Block>> made(4);
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&made, t] {
      for (int i = 0; i < 2000; ++i) {
        const size_t size = 1 + static_cast<size_t>(i) % 700;
        made[t].push_back(MakeBlock(size, static_cast<char>(t)));
        if (i % 3 == 0) {
          PoolDelete(made[t].back().data, size);
          made[t].pop_back();
        }
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  threads.clear();
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&made, t] {  // Each frees what another made.
      const int other = (t + 1) % 4;
      for (const Block& block : made[other]) {
        ASSERT_EQ(block.data[block.size - 1], static_cast<char>(other));
        PoolDelete(block.data, block.size);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
}

#ifndef TIDELOG_NO_POOL
TEST(BlockPoolDeathTest, BypassingAPoolInUseAborts) {
  PoolDelete(PoolNew(64), 64);
  EXPECT_DEATH(BypassBlockPool(), "BypassBlockPool\\(\\) comes too late");
}
#endif

}  // namespace
}  // namespace tidelog
