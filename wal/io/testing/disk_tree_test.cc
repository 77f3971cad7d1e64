#include "wal/io/testing/disk_tree.h"

#include <cerrno>
#include <set>
#include <string>
#include <string_view>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "wal/async/random_stream.h"
#include "wal/io/testing/sector_store.h"

namespace tidelog {
namespace {

using ::testing::ElementsAre;

// A tree in which everything succeeds, and its luck.
struct Disk {
  explicit Disk(uint64_t seed) : random(seed, "disk tree test") {}

  NodeId Create(std::string_view path, bool is_directory = false) {
    DiskTree::Place place;
    NodeId node{};
    EXPECT_EQ(tree.FindPlace(path, place), 0);
    EXPECT_EQ(tree.Create(place, is_directory, node), 0);
    return node;
  }
  NodeId CreateDirectory(std::string_view path) { return Create(path, true); }
  void Unlink(std::string_view path) {
    DiskTree::Place place;
    EXPECT_EQ(tree.FindPlace(path, place), 0);
    EXPECT_EQ(tree.Unlink(place), 0);
  }
  void Link(std::string_view from, std::string_view to) {
    DiskTree::Place place;
    NodeId node{};
    EXPECT_EQ(tree.Find(from, node), 0);
    EXPECT_EQ(tree.FindPlace(to, place), 0);
    EXPECT_EQ(tree.Link(node, place), 0);
  }
  NameTable& Names(std::string_view path) {
    NodeId node{};
    EXPECT_EQ(tree.FindDirectory(path, node), 0);
    return tree.node(node).names;
  }
  int FindError(std::string_view path) const {
    NodeId node{};
    return tree.Find(path, node);
  }
  std::string List(std::string_view path) { return absl::StrJoin(Names(path).Names(), " "); }
  std::string Crashed(std::string_view path) {
    tree.Crash(random);
    return List(path);
  }

  DiskTree tree;
  RandomStream random;
};

template <class Run>
std::set<std::string> Outcomes(Run run) {
  std::set<std::string> outcomes;
  for (uint64_t seed = 0; seed < 200; ++seed) {
    Disk disk(seed);
    outcomes.insert(run(disk));
  }
  return outcomes;
}

TEST(DiskTreeTest, PathsAreFoundWithEmptyPartsAndDotsLeftOut) {
  Disk disk(1);
  disk.CreateDirectory("/d");
  const NodeId file = disk.Create("d/./a");
  NodeId found{};
  EXPECT_EQ(disk.tree.Find("//d/./a", found), 0);
  EXPECT_EQ(found, file);
  EXPECT_EQ(disk.FindError("d/b"), ENOENT);
  EXPECT_EQ(disk.FindError("d/a/b"), ENOTDIR);
  EXPECT_EQ(disk.FindError(""), ENOENT);
}

TEST(DiskTreeTest, UnsyncedNamesAreLostAsAnySubset) {
  EXPECT_THAT(Outcomes([](Disk& disk) {
                disk.Create("a");
                disk.Create("b");
                return disk.Crashed("/");
              }),
              ElementsAre("", "a", "a b", "b"));
}

TEST(DiskTreeTest, SyncedNamesStay) {
  EXPECT_THAT(Outcomes([](Disk& disk) {
                disk.Create("a");
                disk.Create("b");
                disk.Unlink("b");
                disk.Names("/").Sync();
                return disk.Crashed("/");
              }),
              ElementsAre("a"));
}

TEST(DiskTreeTest, AnUnsyncedUnlinkMayComeUndoneWithTheContents) {
  EXPECT_THAT(Outcomes([](Disk& disk) {
                const NodeId file = disk.Create("a");
                uint64_t free_blocks = 1;
                disk.tree.node(file).data.Write(0, std::string_view("x"), free_blocks, disk.random);
                disk.tree.node(file).data.Sync();
                disk.Names("/").Sync();
                disk.Unlink("a");
                disk.tree.Collect();
                EXPECT_EQ(disk.tree.blocks_used(), 0);
                const std::string names = disk.Crashed("/");
                EXPECT_EQ(disk.tree.blocks_used(), names.empty() ? 0 : 1);
                return names;
              }),
              ElementsAre("", "a"));
}

TEST(DiskTreeTest, ANameThatPassedFromFileToFileMayBeEither) {
  std::set<NodeId> found;
  for (uint64_t seed = 0; seed < 200; ++seed) {
    Disk disk(seed);
    disk.Create("a");
    disk.Names("/").Sync();
    disk.Create("b");
    disk.Unlink("a");
    disk.Link("b", "a");
    disk.tree.Crash(disk.random);
    NodeId node{};
    found.insert(disk.tree.Find("a", node) == 0 ? node : NodeId::kNone);
  }
  EXPECT_EQ(found.size(), 3);  // The old one, none, the new one.
}

TEST(DiskTreeTest, WhatLiesInALostDirectoryIsLost) {
  const auto run = [](Disk& disk) {
    disk.CreateDirectory("d");
    disk.Create("d/a");
    disk.Names("d").Sync();
    const std::string names = disk.Crashed("/");
    return names.empty() ? names : absl::StrCat(names, "/", disk.List("d"));
  };
  EXPECT_THAT(Outcomes(run), ElementsAre("", "d/a"));
}

TEST(DiskTreeTest, AfterAFailedSyncNamesAreShownButMayNeverBeDurable) {
  const auto run = [](Disk& disk) {
    disk.Create("a");
    disk.Create("b");
    disk.Names("/").FailSync(disk.random);
    disk.Names("/").Sync();
    EXPECT_EQ(disk.List("/"), "a b");
    return disk.Crashed("/");
  };
  EXPECT_THAT(Outcomes(run), ElementsAre("", "a", "a b", "b"));
}

TEST(DiskTreeTest, ANameMadeAgainAfterAFailedSyncCanBeDurable) {
  const auto run = [](Disk& disk) {
    disk.Create("a");
    disk.Names("/").FailSync(disk.random);
    disk.Unlink("a");
    disk.Create("a");
    disk.Names("/").Sync();
    return disk.Crashed("/");
  };
  EXPECT_THAT(Outcomes(run), ElementsAre("a"));
}

TEST(DiskTreeTest, AFileTakesSpaceWhileItIsNamedOrOpen) {
  Disk disk(1);
  const NodeId file = disk.Create("a");
  uint64_t free_blocks = 10;
  disk.tree.node(file).data.Allocate(4097, free_blocks);
  disk.Link("a", "b");
  disk.Unlink("a");
  EXPECT_EQ(disk.tree.blocks_used(), 2);
  disk.tree.node(file).opens = 1;
  disk.Unlink("b");
  EXPECT_EQ(disk.tree.blocks_used(), 2);
  disk.tree.node(file).opens = 0;
  EXPECT_EQ(disk.tree.blocks_used(), 0);
}

TEST(DiskTreeTest, NamesAreNotReplaced) {
  Disk disk(1);
  const NodeId file = disk.Create("a");
  DiskTree::Place place;
  NodeId node{};
  ASSERT_EQ(disk.tree.FindPlace("a", place), 0);
  EXPECT_EQ(disk.tree.Create(place, false, node), EEXIST);
  EXPECT_EQ(disk.tree.Link(file, place), EEXIST);
  ASSERT_EQ(disk.tree.FindPlace("b", place), 0);
  EXPECT_EQ(disk.tree.Unlink(place), ENOENT);
  EXPECT_EQ(disk.tree.Link(disk.CreateDirectory("d"), place), EPERM);
  ASSERT_EQ(disk.tree.FindPlace("d", place), 0);
  EXPECT_EQ(disk.tree.Unlink(place), EISDIR);
  EXPECT_EQ(disk.tree.FindPlace("a/b", place), ENOTDIR);
  EXPECT_EQ(disk.tree.FindPlace("no/b", place), ENOENT);
}

TEST(DiskTreeTest, AVolatileSyncOfADirectoryLeavesItsNamesToLuck) {
  const auto run = [](Disk& disk, bool honest) {
    disk.Create("a");
    disk.Names("/").FailSync(disk.random, SyncFate::kVolatile);
    if (honest) disk.Names("/").Sync();
    return disk.Crashed("/");
  };
  EXPECT_THAT(Outcomes([&](Disk& disk) { return run(disk, false); }), ElementsAre("", "a"));
  EXPECT_THAT(Outcomes([&](Disk& disk) { return run(disk, true); }), ElementsAre("a"));
}

TEST(DiskTreeTest, ALostNameIsShownUntilTheCrashWhateverIsSynced) {
  const auto run = [](Disk& disk) {
    disk.Create("a");
    disk.Create("b");
    disk.Names("/").Lose("a");
    disk.Names("/").Lose("no");
    disk.Names("/").Sync();
    EXPECT_EQ(disk.List("/"), "a b");
    return disk.Crashed("/");
  };
  EXPECT_THAT(Outcomes(run), ElementsAre("b"));
}

TEST(DiskTreeTest, ADirectorySyncThatLosesAllLosesOnlyWhatIsNew) {
  const auto run = [](Disk& disk) {
    disk.Create("a");
    disk.Names("/").Sync();
    disk.Create("b");
    disk.Unlink("a");
    disk.Names("/").FailSync(disk.random, SyncFate::kLost);
    EXPECT_EQ(disk.List("/"), "b");
    return disk.Crashed("/");
  };
  EXPECT_THAT(Outcomes(run), ElementsAre("a"));
}

}  // namespace
}  // namespace tidelog
