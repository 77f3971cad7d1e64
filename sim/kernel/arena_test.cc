#include "sim/kernel/arena.h"

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <new>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "wal/async/block_pool.h"

namespace tidelog::sim {
namespace {

struct alignas(256) Wide {
  char bytes[300];
};

TEST(ArenaTest, WhatAProcessAllocatesIsCounted) {
  Arena arena;
  std::unique_ptr<std::string> text;
  {
    const ArenaScope process(&arena);
    text = std::make_unique<std::string>(100, 'x');
  }
  const auto world = std::make_unique<int>(1);
  EXPECT_EQ(arena.usage().count, 2);
  EXPECT_EQ(arena.usage().bytes, static_cast<int64_t>(sizeof(std::string)) + 101);
  text.reset();  // By the world.
  EXPECT_EQ(arena.usage().count, 0);
  EXPECT_EQ(arena.usage().bytes, 0);
  EXPECT_EQ(arena.usage().bytes_max, static_cast<int64_t>(sizeof(std::string)) + 101);
  EXPECT_EQ(arena.usage().allocation_count, 2);
}

TEST(ArenaTest, AProcessMayFreeWhatTheWorldMade) {
  Arena arena;
  auto number = std::make_unique<int>(1);
  {
    const ArenaScope process(&arena);
    number.reset();
    EXPECT_EQ(arena.usage().count, 0);
    EXPECT_EQ(arena.usage().allocation_count, 0);
  }
}

TEST(ArenaTest, ScopesNest) {
  Arena outer, inner;
  EXPECT_EQ(Arena::Current(), nullptr);
  {
    const ArenaScope first(&outer);
    {
      const ArenaScope second(&inner);
      EXPECT_EQ(Arena::Current(), &inner);
      {
        const WorldScope world;
        EXPECT_EQ(Arena::Current(), nullptr);
      }
      EXPECT_EQ(Arena::Current(), &inner);
    }
    EXPECT_EQ(Arena::Current(), &outer);
  }
  EXPECT_EQ(Arena::Current(), nullptr);
}

template <class T>
bool IsAligned(const T* pointer, size_t alignment) {
  return reinterpret_cast<uintptr_t>(pointer) % alignment == 0;
}

TEST(ArenaTest, EveryFormOfNewAndDeleteIsRecorded) {
  Arena arena;
  const ArenaScope process(&arena);
  for (const size_t size : {size_t{0}, size_t{1}, size_t{16}, size_t{5000}}) {
    void* plain = ::operator new(size);
    EXPECT_TRUE(IsAligned(plain, __STDCPP_DEFAULT_NEW_ALIGNMENT__));
    std::memset(plain, 1, size);
    void* aligned = ::operator new (size, std::align_val_t{512});
    EXPECT_TRUE(IsAligned(aligned, 512));
    std::memset(aligned, 2, size);
    void* quiet = ::operator new(size, std::nothrow);
    void* quiet_aligned = ::operator new (size, std::align_val_t{64}, std::nothrow);
    EXPECT_EQ(arena.usage().count, 4);
    ::operator delete(plain);
    ::operator delete (aligned, std::align_val_t{512});
    ::operator delete(quiet, std::nothrow);
    ::operator delete (quiet_aligned, std::align_val_t{64});
    EXPECT_EQ(arena.usage().count, 0);
    EXPECT_EQ(arena.usage().bytes, 0);
  }
  auto wide = std::make_unique<Wide[]>(3);
  EXPECT_TRUE(IsAligned(wide.get(), 256));
  auto numbers = std::make_unique<int[]>(100);
  EXPECT_EQ(arena.usage().count, 2);
  wide.reset();
  numbers.reset();
  EXPECT_EQ(arena.usage().count, 0);
}

#ifndef TIDELOG_SANITIZE

TEST(ArenaTest, MoreThanThereIsIsRefusedQuietly) {
  const size_t too_much = SIZE_MAX - static_cast<size_t>(Arena::WorldUsage().bytes);
  EXPECT_EQ(::operator new(too_much, std::nothrow), nullptr);
}

TEST(ArenaTest, AllOfItCanBeTakenAway) {
  const int64_t world_bytes = Arena::WorldUsage().bytes;
  Arena arena;
  {
    const ArenaScope process(&arena);
    for (int i = 0; i < 1000; ++i) {
      EXPECT_NE(::operator new(static_cast<size_t>(i)), nullptr);
      EXPECT_NE(::operator new (static_cast<size_t>(i), std::align_val_t{128}), nullptr);
    }
  }
  EXPECT_EQ(arena.usage().count, 2000);
  arena.FreeAll();
  EXPECT_EQ(arena.usage().count, 0);
  EXPECT_EQ(arena.usage().bytes, 0);
  EXPECT_EQ(Arena::WorldUsage().bytes, world_bytes);
  const ArenaScope process(&arena);  // It may be used again.
  std::make_unique<int>(1).reset();
  EXPECT_EQ(arena.usage().allocation_count, 2001);
}

TEST(ArenaTest, TheWorldIsCountedToo) {
  const ArenaUsage before = Arena::WorldUsage();
  const auto number = std::make_unique<int64_t>(1);
  EXPECT_EQ(Arena::WorldUsage().bytes, before.bytes + 8);
  EXPECT_EQ(Arena::WorldUsage().count, before.count + 1);
}

#endif  // TIDELOG_SANITIZE

// Goal: no block of a process that has died waits in a pool.
TEST(ArenaTest, TheBlockPoolIsBypassed) {
  Arena arena;
  const ArenaScope process(&arena);
  void* block = PoolNew(64);
  EXPECT_EQ(arena.usage().count, 1);
  PoolDelete(block, 64);
  EXPECT_EQ(arena.usage().count, 0);
}

}  // namespace
}  // namespace tidelog::sim
