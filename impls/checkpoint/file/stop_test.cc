// A writer of checkpoints is stopped before and behind each of its operations on files, and goes on
// when another has taken over.
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "impls/checkpoint/file/stoppable_file_system.h"
#include "impls/checkpoint/file/store_test_world.h"
#include "wal/async/future.h"
#include "wal/checkpoint_store.h"
#include "wal/status.h"
#include "wal/types.h"

namespace tidelog::impls::checkpoint {
namespace {

using Claimed = absl::StatusOr<std::unique_ptr<CheckpointClaim>>;

uint64_t NumberOf(const CheckpointSet& set, std::string_view name) {
  const Checkpoint* checkpoint = set.Find(name);
  return checkpoint == nullptr ? 0 : ToInt(checkpoint->position.time_tick);
}

// Calls `make_future` on the test's executor, without waiting for what it yields.
template <class F>
auto Start(StoreWorld* world, F make_future) {
  std::optional<std::invoke_result_t<F&>> future;
  world->Run([&] {
    future.emplace(make_future());
    return MakeReadyFuture(Unit{});
  });
  return *std::move(future);
}

class CheckpointStopTest : public testing::Test {
 protected:
  // Takes over under `term`, and moves checkpoints, so that files come and go.  It must never wait
  // for the one that stopped.
  std::unique_ptr<StoreProcess> TakeOver(StoreWorld* world, int64_t term, int changes) {
    auto next = std::make_unique<StoreProcess>(world, &possible_);
    const absl::Status claimed = next->Claim(term);
    EXPECT_TRUE(claimed.ok()) << claimed;
    for (int i = 1; i <= changes && claimed.ok(); ++i) EXPECT_TRUE(next->Put("b", i).ok());
    return next;
  }

  std::vector<CheckpointSet> possible_;
};

TEST_F(CheckpointStopTest, WhatAStoppedWriterThenDoesIsInTheClaimOrNowhere) {
  int fenced = 0;
  int done = 0;
  for (uint64_t place = 0, stopped = 1; stopped > 0; ++place) {
    SCOPED_TRACE(absl::StrCat("stopped at place ", place));
    StoreWorld world(1 + place % 5);
    possible_ = {CheckpointSet()};
    StopPlaces places;
    StoppableFileSystem files(world.disk().NewProcess(), &places);
    StoreProcess old(&world, &possible_, &files);
    ASSERT_TRUE(old.Claim(1).ok());
    ASSERT_TRUE(old.Put("a", 1).ok());
    places.StopAt(place);
    Future<absl::Status> put = Start(&world, [&] { return old.claim()->Put("a", At(2)); });
    world.runtime().RunUntilIdle();
    stopped = places.stopped() ? 1 : 0;
    CheckpointSet with = old.claim()->content();
    ASSERT_TRUE(with.Put("a", At(2)).ok());
    possible_.push_back(with);
    std::unique_ptr<StoreProcess> young =
        TakeOver(&world, 2, /*changes=*/static_cast<int>(place % 4));
    const uint64_t seen = NumberOf(young->claim()->content(), "a");
    const std::string before = world.Stored();
    places.GoOn();
    world.runtime().RunUntilIdle();
    ASSERT_TRUE(put.ready());
    const absl::Status outcome = std::move(put).Take();
    (outcome.ok() ? done : fenced) += 1;
    EXPECT_EQ(GetWalErrorCode(outcome),
              seen == 2 ? WalErrorCode::kOk : WalErrorCode::kChannelFenced);
    EXPECT_EQ(world.Stored(), before);
    const absl::Status late = world.Run([&] { return old.claim()->Put("a", At(3)); });
    EXPECT_EQ(GetWalErrorCode(late), WalErrorCode::kChannelFenced);
    EXPECT_EQ(world.Stored(), before);
    EXPECT_TRUE(young->Put("b", 9).ok());
    world.disk().CrashMachine();
    EXPECT_TRUE(IsPossible(possible_, world.Stored())) << world.Stored();
    if (HasFailure()) return;
  }
  EXPECT_GE(fenced, 4);
  EXPECT_GE(done, 2);
}

TEST_F(CheckpointStopTest, AClaimerThatWasStoppedTakesNothingFromAHigherOne) {
  int fenced = 0;
  for (uint64_t place = 0, stopped = 1; stopped > 0; ++place) {
    SCOPED_TRACE(absl::StrCat("stopped at place ", place));
    StoreWorld world(1 + place % 5);
    possible_ = {CheckpointSet()};
    StoreProcess owner(&world, &possible_);
    const bool is_new = place % 2 == 0;
    if (!is_new) {
      ASSERT_TRUE(owner.Claim(1).ok());
      ASSERT_TRUE(owner.Put("a", 1).ok());
    }
    StopPlaces places;
    StoppableFileSystem files(world.disk().NewProcess(), &places);
    FileCheckpointStore slow(&files, "log");
    places.StopAt(place / 2);
    Future<Claimed> claim = Start(&world, [&] {
      return slow.Claim(PChannel{std::string(kChannel), Term{2}});
    });
    world.runtime().RunUntilIdle();
    stopped = places.stopped() ? 1 : 0;
    CheckpointSet claimed = possible_.front();
    claimed.term = Term{2};
    possible_.push_back(claimed);
    std::unique_ptr<StoreProcess> young = TakeOver(&world, 3, static_cast<int>(place % 4));
    const std::string before = world.Stored();
    places.GoOn();
    world.runtime().RunUntilIdle();
    ASSERT_TRUE(claim.ready());
    Claimed late = std::move(claim).Take();
    if (late.ok()) {
      const absl::Status put = world.Run([&] { return (*late)->Put("a", At(7)); });
      EXPECT_EQ(GetWalErrorCode(put), WalErrorCode::kChannelFenced);
    } else {
      EXPECT_EQ(GetWalErrorCode(late.status()), WalErrorCode::kChannelFenced) << late.status();
      ++fenced;
    }
    EXPECT_EQ(world.Stored(), before);
    EXPECT_TRUE(young->Put("b", 9).ok());
    world.disk().CrashMachine();
    EXPECT_TRUE(IsPossible(possible_, world.Stored())) << world.Stored();
    if (HasFailure()) return;
  }
  EXPECT_GE(fenced, 10);
}

// A reader that stops holds up nobody, and reads what counted when it began, or what came later.
TEST_F(CheckpointStopTest, AReaderThatWasStoppedReadsWhatCountedSinceItBegan) {
  for (uint64_t place = 0, stopped = 1; stopped > 0; ++place) {
    SCOPED_TRACE(absl::StrCat("stopped at place ", place));
    StoreWorld world(1 + place % 5);
    possible_ = {CheckpointSet()};
    StoreProcess owner(&world, &possible_);
    ASSERT_TRUE(owner.Claim(1).ok());
    ASSERT_TRUE(owner.Put("a", 1).ok());
    StopPlaces places;
    StoppableFileSystem files(world.disk().NewProcess(), &places);
    FileCheckpointStore reader(&files, "log");
    places.StopAt(place);
    auto read = Start(&world, [&] { return reader.Read(std::string(kChannel)); });
    world.runtime().RunUntilIdle();
    stopped = places.stopped() ? 1 : 0;
    ASSERT_TRUE(owner.Put("a", 2).ok());
    std::unique_ptr<StoreProcess> young = TakeOver(&world, 2, 3);
    places.GoOn();
    world.runtime().RunUntilIdle();
    ASSERT_TRUE(read.ready());
    const absl::StatusOr<CheckpointSet> set = std::move(read).Take();
    ASSERT_TRUE(set.ok()) << set.status();
    EXPECT_GE(NumberOf(*set, "a"), 1u);
    EXPECT_TRUE(TextOf(*set) == "1: a=1" || TextOf(*set) == "2: a=2 b=3") << TextOf(*set);
  }
}

}  // namespace
}  // namespace tidelog::impls::checkpoint
