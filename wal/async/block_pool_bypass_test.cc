#include <cstdint>
#include <cstdlib>
#include <new>

#include "gtest/gtest.h"
#include "wal/async/block_pool.h"

// Sanitizers bring their own operator new.
#ifndef TIDELOG_SANITIZE

namespace {

int64_t allocation_count = 0;
int64_t free_count = 0;

}  // namespace

void* operator new(size_t size) {
  ++allocation_count;
  void* block = std::malloc(size);
  if (block == nullptr) std::abort();
  return block;
}
void operator delete(void* block) noexcept {
  ++free_count;
  std::free(block);
}
void operator delete(void* block, size_t) noexcept { ::operator delete(block); }

#endif

namespace tidelog {
namespace {

// Goal: a simulated process that dies leaves nothing in the pool.
TEST(BlockPoolBypassTest, EveryBlockComesFromAndGoesToOperatorNew) {
  BypassBlockPool();
  BypassBlockPool();
#ifndef TIDELOG_SANITIZE
  const int64_t allocated = allocation_count;
  const int64_t freed = free_count;
#endif
  for (int i = 0; i < 100; ++i) {
    void* block = PoolNew(64);
    PoolDelete(block, 64);
    void* large = PoolNew(10'000);
    PoolDelete(large, 10'000);
  }
#ifndef TIDELOG_SANITIZE
  EXPECT_EQ(allocation_count - allocated, 200);
  EXPECT_EQ(free_count - freed, 200);
#endif
}

}  // namespace
}  // namespace tidelog
