// What a directory of checkpoints bears: a full disk, failing operations, leftovers, damage.
#include "impls/checkpoint/file/file_checkpoint_store.h"

#include <cerrno>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "impls/checkpoint/file/checkpoint_format.h"
#include "impls/checkpoint/file/store_test_world.h"
#include "wal/io/testing/crashable_file_system.h"
#include "wal/status.h"
#include "wal/types.h"

namespace tidelog::impls::checkpoint {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;
using testing::SizeIs;

class FileCheckpointStoreTest : public testing::Test {
 protected:
  std::string NameOfCurrent() {
    for (const std::string& name : world_.FileNames()) {
      if (absl::StartsWith(name, "checkpoints-")) return name;
    }
    return "";
  }
  // What a claim, and a reader, say of what is damaged.
  void ExpectCorrupt(std::string_view named) {
    StoreProcess next(&world_, &possible_);
    const absl::Status claimed = next.Claim(9);
    EXPECT_EQ(GetWalErrorCode(claimed), WalErrorCode::kCorrupt) << claimed;
    EXPECT_THAT(claimed.message(), HasSubstr(named));
    EXPECT_THAT(claimed.message(), HasSubstr("with no writer, put back a copy"));
    EXPECT_THAT(world_.Stored(), HasSubstr(named));
  }

  StoreWorld world_{1};
  std::vector<CheckpointSet> possible_ = {CheckpointSet()};
};

TEST_F(FileCheckpointStoreTest, ReadingMakesNothing) {
  EXPECT_EQ(world_.Stored(), "0:");
  EXPECT_THAT(world_.FileNames(), SizeIs(0));
}

TEST_F(FileCheckpointStoreTest, KeepsOneFileThatCountsAndOneToCome) {
  StoreProcess process(&world_, &possible_);
  ASSERT_TRUE(process.Claim(7).ok());
  for (uint64_t i = 1; i <= 20; ++i) ASSERT_TRUE(process.Put("a", i).ok());
  EXPECT_THAT(world_.FileNames(), ElementsAre("CURRENT", "checkpoints-000000000000007-000020",
                                              "checkpoints-000000000000007-000021"));
  EXPECT_EQ(world_.Stored(), "7: a=20");
}

TEST_F(FileCheckpointStoreTest, SweepsWhatOthersLeftAndNothingOfAHigherTerm) {
  StoreProcess first(&world_, &possible_);
  ASSERT_TRUE(first.Claim(1).ok());
  for (const char* left : {"checkpoints-000000000000001-000077", "private-000000000000001",
                           "checkpoints-000000000000002-000000",
                           "checkpoints-000000000000009-000000", "private-000000000000009"}) {
    world_.Overwrite(left, 0, "left");
  }
  StoreProcess second(&world_, &possible_);
  ASSERT_TRUE(second.Claim(2).ok());
  EXPECT_THAT(world_.FileNames(),
              ElementsAre("CURRENT", "checkpoints-000000000000002-000000",
                          "checkpoints-000000000000002-000001",
                          "checkpoints-000000000000009-000000", "private-000000000000009"));
  EXPECT_TRUE(second.Put("a", 1).ok());
}

// The numbers of a term begin again at 0: a file that counts is never written over.
TEST_F(FileCheckpointStoreTest, GoesOnBehindTheLastNumber) {
  {
    StoreProcess process(&world_, &possible_);
    ASSERT_TRUE(process.Claim(7).ok());
    ASSERT_TRUE(process.Put("a", 1).ok());
  }
  // As if there had been a hundred thousand changes.
  const Version last{Term{7}, Version::kNumberMax};
  world_.Overwrite(last.FileName(), 0,
                   EncodeCheckpoints(std::string(kChannel), last, possible_.front()));
  std::string word(8, '\0');
  for (size_t i = 0; i < word.size(); ++i) word[i] = static_cast<char>(last.Pack() >> (8 * i));
  world_.Overwrite("CURRENT", 0, word);
  world_.Overwrite("checkpoints-000000000000007-000000", 0, "left");
  EXPECT_EQ(world_.Stored(), "7: a=1");
  StoreProcess process(&world_, &possible_);
  ASSERT_TRUE(process.Claim(7).ok());
  for (uint64_t i = 2; i <= 6; ++i) ASSERT_TRUE(process.Put("a", i).ok());
  EXPECT_EQ(world_.Stored(), "7: a=6");
}

// Else nobody could move a checkpoint on, so that the log could be truncated.
TEST_F(FileCheckpointStoreTest, GoesOnWhenTheDiskIsFull) {
  StoreProcess process(&world_, &possible_);
  ASSERT_TRUE(process.Claim(7).ok());
  ASSERT_TRUE(process.Put("a", 1).ok());
  world_.disk().SetCapacity(0);
  for (uint64_t i = 2; i <= 9; ++i) {
    const absl::Status put = process.Put("a", i);
    if (i == 2) {
      EXPECT_TRUE(put.ok()) << put;
    } else {
      // Somebody else took the room that was free in between.
      EXPECT_EQ(GetWalErrorCode(put), WalErrorCode::kResourceExhausted);
    }
  }
  EXPECT_EQ(world_.Stored(), "7: a=2");
  world_.disk().SetCapacity(uint64_t{1} << 30);
  EXPECT_TRUE(process.Put("a", 10).ok());
  EXPECT_EQ(world_.Stored(), "7: a=10");
}

TEST_F(FileCheckpointStoreTest, NeedsNoMoreRoomThanItHas) {
  StoreProcess process(&world_, &possible_);
  ASSERT_TRUE(process.Claim(7).ok());
  ASSERT_TRUE(process.Put("a", 1).ok());
  world_.disk().SetCapacity(world_.disk().used_bytes());
  for (uint64_t i = 2; i <= 9; ++i) EXPECT_TRUE(process.Put("a", i).ok());
  EXPECT_TRUE(process.Remove("a").ok());
  EXPECT_EQ(world_.Stored(), "7:");
}

TEST_F(FileCheckpointStoreTest, SaysUnknownWhenTheSwapMayNotBeDurableAndSettlesItLater) {
  StoreProcess process(&world_, &possible_);
  ASSERT_TRUE(process.Claim(7).ok());
  ASSERT_TRUE(process.Put("a", 1).ok());
  world_.disk().SetFaultHook(
      FailSometimes(1, DiskOperation::kSyncWord, /*numerator=*/1, /*denominator=*/1, EIO));
  EXPECT_EQ(GetWalErrorCode(process.Put("a", 2)), WalErrorCode::kOutcomeUnknown);
  EXPECT_EQ(GetWalErrorCode(process.Remove("never-there")), WalErrorCode::kOutcomeUnknown);
  world_.disk().SetFaultHook(nullptr);
  EXPECT_TRUE(process.Put("a", 2).ok());
  world_.disk().CrashMachine();
  EXPECT_EQ(world_.Stored(), "7: a=2");
}

TEST_F(FileCheckpointStoreTest, NamesTheFileThatIsDamagedOrMissing) {
  {
    StoreProcess process(&world_, &possible_);
    ASSERT_TRUE(process.Claim(7).ok());
    ASSERT_TRUE(process.Put("a", 1).ok());
  }
  const std::string name = NameOfCurrent();
  world_.Overwrite(name, 40, "#");
  ExpectCorrupt(name);
  world_.Unlink(name);
  ExpectCorrupt(name);
}

// As its message says: an owner needs nothing of the file that counts.
TEST_F(FileCheckpointStoreTest, ADamagedOrMissingFileIsHealedByTheOwnersNextChange) {
  StoreProcess owner(&world_, &possible_);
  ASSERT_TRUE(owner.Claim(7).ok());
  ASSERT_TRUE(owner.Put("a", 1).ok());
  const std::string damaged = NameOfCurrent();
  world_.Overwrite(damaged, 40, "#");
  EXPECT_THAT(world_.Stored(), HasSubstr("let it move any checkpoint"));
  ASSERT_TRUE(owner.Put("a", 2).ok());
  EXPECT_EQ(world_.Stored(), "7: a=2");
  world_.Unlink(NameOfCurrent());
  EXPECT_THAT(world_.Stored(), HasSubstr("let it move any checkpoint"));
  ASSERT_TRUE(owner.Put("b", 1).ok());
  EXPECT_EQ(world_.Stored(), "7: a=2 b=1");
  world_.Overwrite("CURRENT", 9, "?");
  EXPECT_THAT(world_.Stored(), Not(HasSubstr("let it move any checkpoint")));
}

// Who reads does not need room.
TEST_F(FileCheckpointStoreTest, TakesTooManyOpenFilesForAPassingFailure) {
  StoreProcess process(&world_, &possible_);
  ASSERT_TRUE(process.Claim(7).ok());
  world_.disk().SetFaultHook([](const DiskEvent& event) {
    return DiskFault{.error_number = event.operation == DiskOperation::kOpen ? EMFILE : 0};
  });
  const auto read = world_.Run([&] { return process.store().Read(std::string(kChannel)); });
  EXPECT_EQ(GetWalErrorCode(read.status()), WalErrorCode::kUnavailable) << read.status();
  StoreProcess next(&world_, &possible_);
  EXPECT_EQ(GetWalErrorCode(next.Claim(8)), WalErrorCode::kUnavailable);
  world_.disk().SetFaultHook(nullptr);
  EXPECT_TRUE(next.Claim(8).ok());
}

// A word that was lost must not make a log that nobody reads of one that is read.
TEST_F(FileCheckpointStoreTest, TakesAWordOfNobodyBesideCheckpointsForDamage) {
  {
    StoreProcess process(&world_, &possible_);
    ASSERT_TRUE(process.Claim(7).ok());
    ASSERT_TRUE(process.Put("a", 1).ok());
  }
  const std::string nobody(8, '\0');
  world_.Overwrite("CURRENT", 0, nobody);
  ExpectCorrupt("CURRENT");
  world_.Unlink(NameOfCurrent());
  EXPECT_EQ(world_.Stored(), "0:") << "only the next one is left, and nothing is in it";
}

TEST_F(FileCheckpointStoreTest, TakesAChainBesideAWordOfNobodyForDamage) {
  {
    StoreProcess process(&world_, &possible_);
    ASSERT_TRUE(process.Claim(7).ok());
    ASSERT_TRUE(world_.Run([&] { return process.claim()->PutChain("x"); }).ok());
  }
  world_.Overwrite("CURRENT", 0, std::string(8, '\0'));
  ExpectCorrupt("CURRENT");
}

// Who made CURRENT, and stopped in front of his first exchange, has left a file of none.
TEST_F(FileCheckpointStoreTest, ClaimsBesideFilesThatNeverCounted) {
  {
    StoreProcess process(&world_, &possible_);
    ASSERT_TRUE(process.Claim(7).ok());
  }
  world_.Overwrite("CURRENT", 0, std::string(8, '\0'));
  world_.Overwrite("checkpoints-000000000000009-000000", 0, "left");
  EXPECT_EQ(world_.Stored(), "0:");
  StoreProcess next(&world_, &possible_);
  possible_ = {CheckpointSet()};
  EXPECT_TRUE(next.Claim(8).ok());
}

TEST_F(FileCheckpointStoreTest, TakesALostOrDamagedCurrentForDamage) {
  {
    StoreProcess process(&world_, &possible_);
    ASSERT_TRUE(process.Claim(7).ok());
  }
  world_.Overwrite("CURRENT", 9, "?");
  ExpectCorrupt("CURRENT");
  world_.Unlink("CURRENT");
  ExpectCorrupt("CURRENT");
  world_.Overwrite("CURRENT", 0, "short");
  ExpectCorrupt("CURRENT");
}

TEST_F(FileCheckpointStoreTest, DoesNotTakeALaterFormForDamage) {
  {
    StoreProcess process(&world_, &possible_);
    ASSERT_TRUE(process.Claim(7).ok());
  }
  world_.Overwrite(NameOfCurrent(), 28, "2");
  StoreProcess next(&world_, &possible_);
  const absl::Status claimed = next.Claim(8);
  EXPECT_EQ(GetWalErrorCode(claimed), WalErrorCode::kInner);
  EXPECT_THAT(claimed.message(), HasSubstr("format 2"));
}

}  // namespace
}  // namespace tidelog::impls::checkpoint
