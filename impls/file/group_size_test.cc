#include "impls/file/group_size.h"

#include <cstddef>

#include "gtest/gtest.h"

namespace tidelog::impls::file {
namespace {

// The next group of clients who have `total` bytes outstanding and append again when they are
// answered, some bytes at a time.
size_t NextGroup(GroupSize* size, size_t total, size_t settled) {
  constexpr size_t kAppend = 1024;
  size_t open = total - settled;
  size->OnSettled(settled, open);
  if (size->IsNearlyReached(open)) return open;
  while (open < total && !size->IsReached(open)) open += kAppend;
  return open;
}

TEST(GroupSizeTest, WhateverTheFirstGroupsWereTheyBecomeHalves) {
  for (const size_t total : {size_t{1} << 20, size_t{3} << 20, 2 * kEarlyBytesMax}) {
    for (size_t first = 1024; first < total; first += 1024) {
      GroupSize size;
      size_t group = first;
      for (int i = 0; i < 3; ++i) group = NextGroup(&size, total, group);
      for (int i = 0; i < 4; ++i) {
        group = NextGroup(&size, total, group);
        EXPECT_GE(group, total / 8 * 3) << total << " bytes, first " << first;
        EXPECT_LE(group, total / 8 * 5) << total << " bytes, first " << first;
      }
    }
  }
}

TEST(GroupSizeTest, SmallGroupsWaitForTheWriterToHaveNothingElse) {
  GroupSize size;
  EXPECT_FALSE(size.IsReached(kEarlyBytes - 1));
  size.OnSettled(1024, kEarlyBytes - 1);
  EXPECT_FALSE(size.IsReached(kEarlyBytes - 1));
  EXPECT_FALSE(size.IsNearlyReached(kEarlyBytes - 1));
}

TEST(GroupSizeTest, WhoHasMuchOutstandingDoesNotWaitForHalfOfIt) {
  GroupSize size;
  size.OnSettled(100 * kEarlyBytesMax, 0);
  EXPECT_TRUE(size.IsReached(kEarlyBytesMax));
}

// After a burst.
TEST(GroupSizeTest, FollowsWhatIsOutstandingDownAgain) {
  GroupSize size;
  size.OnSettled(100 * kEarlyBytesMax, 0);
  size.OnSettled(kEarlyBytesMax, 0);
  EXPECT_TRUE(size.IsReached(kEarlyBytesMax / 2));
  size.OnSettled(0, 0);
  EXPECT_TRUE(size.IsReached(kEarlyBytes));
}

}  // namespace
}  // namespace tidelog::impls::file
