// Checkpoints (G2), and truncation that respects them (G3).
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "adaptor/checkpoint/checkpoint_fixture.h"
#include "adaptor/testing/log_world.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "wal/async/future.h"
#include "wal/checkpoint_store.h"
#include "wal/message/message_id.h"

namespace tidelog::adaptor {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

TEST_F(CheckpointTest, HoldsTruncationAtTheOldest) {
  ASSERT_TRUE(Register("slow", positions_[1]).ok());
  ASSERT_TRUE(Register("fast", positions_[3]).ok());
  EXPECT_EQ(*Truncate(positions_[3]), positions_[1]);
  EXPECT_THAT(ReadAfter(positions_[1]), ElementsAre("c", "d"));
  ASSERT_TRUE(Register("slow", positions_[2]).ok());
  EXPECT_EQ(*Truncate(positions_[3]), positions_[2]);
  EXPECT_THAT(ReadAfter(positions_[2]), ElementsAre("d"));
}

TEST_F(CheckpointTest, LetsTruncationGoFurtherOnceItIsUnregistered) {
  ASSERT_TRUE(Register("slow", positions_[0]).ok());
  EXPECT_EQ(*Truncate(positions_[2]), positions_[0]);
  ASSERT_TRUE(Unregister("slow").ok());
  EXPECT_TRUE(Unregister("slow").ok());
  EXPECT_EQ(*Truncate(positions_[2]), positions_[2]);
}

TEST_F(CheckpointTest, IsListedByWritersAndReaders) {
  ASSERT_TRUE(Register("b", positions_[1]).ok());
  ASSERT_TRUE(Register("a", positions_[0]).ok());
  const std::vector<Checkpoint> both = {{"a", positions_[0], Term{1}},
                                        {"b", positions_[1], Term{1}}};
  EXPECT_EQ(*List(*wal_), both);
  std::unique_ptr<RoWal> reader = world_.MustOpenReadOnly();
  EXPECT_EQ(*List(*reader), both);
  world_.MustClose(*reader);
  const absl::StatusOr<LogInfo> info = world_.Run([this] { return wal_->Info(); });
  EXPECT_THAT(info->details.at("checkpoints"), HasSubstr("a at "));
}

TEST_F(CheckpointTest, SurvivesARestartAndHoldsUnderTheNextTerm) {
  ASSERT_TRUE(Register("slow", positions_[1]).ok());
  Reopen(Term{2});
  world_.MustAppend(*wal_, "e");
  EXPECT_EQ(*Truncate(positions_[3]), positions_[1]);
  EXPECT_THAT(ReadAfter(positions_[1]), ElementsAre("c", "d", "e"));
}

TEST_F(CheckpointTest, SurvivesACrashAndATakeover) {
  ASSERT_TRUE(Register("slow", positions_[1]).ok());
  std::unique_ptr<Wal> old = std::exchange(wal_, world_.MustOpen(Term{2}));
  EXPECT_EQ(*Truncate(positions_[3]), positions_[1]);
  const absl::Status late =
      world_.Run([&] { return old->RegisterCheckpoint("late", positions_[2]); });
  EXPECT_EQ(CodeOf(late), WalErrorCode::kChannelFenced);
  const absl::Status removed = world_.Run([&] { return old->UnregisterCheckpoint("slow"); });
  EXPECT_EQ(CodeOf(removed), WalErrorCode::kChannelFenced);
  EXPECT_EQ(List(*wal_)->size(), 1u);
  world_.MustClose(*old);
}

TEST_F(CheckpointTest, NeverGoesBackWithinATerm) {
  ASSERT_TRUE(Register("a", positions_[2]).ok());
  EXPECT_TRUE(Register("a", positions_[2]).ok());
  const absl::Status back = Register("a", positions_[1]);
  EXPECT_EQ(CodeOf(back), WalErrorCode::kInvalidArgument);
  EXPECT_THAT(back.message(), HasSubstr("does not go back"));
  Reopen(Term{2});
  EXPECT_TRUE(Register("a", positions_[1]).ok());
}

TEST_F(CheckpointTest, MayLieAtTheMarkAndNotBelow) {
  ASSERT_TRUE(Truncate(positions_[1]).ok());
  const absl::Status gone = Register("a", positions_[0]);
  EXPECT_EQ(CodeOf(gone), WalErrorCode::kPositionGone);
  EXPECT_EQ(OldestPositionOf(gone), positions_[1]);
  EXPECT_TRUE(Register("a", positions_[1]).ok());
  EXPECT_THAT(ReadAfter(positions_[1]), ElementsAre("c", "d"));
}

// Retention, which asks nobody.
TEST_F(CheckpointTest, KnowsTheMarkThatOthersHaveSet) {
  world_.fake().DropBelow(world_.fake().records()[3].id());
  EXPECT_EQ(CodeOf(Register("a", positions_[0])), WalErrorCode::kPositionGone);
}

TEST_F(CheckpointTest, IsRefusedAboveTheTailOfAnotherLogAndWithoutId) {
  Position above = positions_[3];
  above.time_tick = Next(above.time_tick);
  EXPECT_EQ(CodeOf(Register("a", above)), WalErrorCode::kPositionGone);
  Position foreign = positions_[0];
  foreign.last_confirmed = MessageId::FromNumber({LogKind::kFile, 7, 0}, 1);
  const absl::Status mismatch = Register("a", foreign);
  EXPECT_EQ(CodeOf(mismatch), WalErrorCode::kWalNameMismatch);
  EXPECT_THAT(mismatch.message(), HasSubstr("another log or backend"));
  EXPECT_EQ(CodeOf(Register("a", Position())), WalErrorCode::kInvalidArgument);
  EXPECT_EQ(CodeOf(Register("a b", positions_[0])), WalErrorCode::kInvalidArgument);
  EXPECT_EQ(CodeOf(Unregister("a b")), WalErrorCode::kInvalidArgument);
  EXPECT_THAT(*List(*wal_), IsEmpty());
}

// Who was fenced and does not know it may hold a position of his successor's.
TEST_F(CheckpointTest, OfAHigherTermIsToldAsAFence) {
  std::unique_ptr<Wal> old = std::exchange(wal_, world_.MustOpen(Term{2}));
  const Position young = world_.MustAppend(*wal_, "e").position();
  const absl::Status late = world_.Run([&] { return old->RegisterCheckpoint("a", young); });
  EXPECT_EQ(CodeOf(late), WalErrorCode::kChannelFenced);
  world_.MustClose(*old);
}

TEST_F(CheckpointTest, IsRefusedByNameWithoutAStore) {
  LogWorld bare;
  std::unique_ptr<Wal> wal = bare.MustOpen(Term{1});
  const Position position = bare.MustAppend(*wal, "a").position();
  const absl::Status registered = bare.Run([&] { return wal->RegisterCheckpoint("a", position); });
  EXPECT_EQ(CodeOf(registered), WalErrorCode::kInvalidArgument);
  EXPECT_THAT(registered.message(), HasSubstr("Environment::checkpoints"));
  const absl::Status removed = bare.Run([&] { return wal->UnregisterCheckpoint("a"); });
  EXPECT_EQ(CodeOf(removed), WalErrorCode::kInvalidArgument);
  const auto listed = bare.Run([&] { return wal->Checkpoints(); });
  EXPECT_EQ(CodeOf(listed), WalErrorCode::kInvalidArgument);
  EXPECT_TRUE(bare.Run([&] { return wal->Truncate(position); }).ok());
  bare.MustClose(*wal);
}

// Storage may have either, and a reader may go on from either.
TEST_F(CheckpointTest, WhoseChangeIsUnknownHoldsAtTheOlderOfTheTwo) {
  ASSERT_TRUE(Register("a", positions_[0]).ok());
  for (const bool is_done : {false, true}) {
    store_.FailChanges(1, WalError(WalErrorCode::kOutcomeUnknown, "who knows"), is_done);
    EXPECT_EQ(CodeOf(Register("a", positions_[2])), WalErrorCode::kOutcomeUnknown);
    EXPECT_EQ(*Truncate(positions_[3]), positions_[0]);
  }
  store_.FailChanges(1, WalError(WalErrorCode::kOutcomeUnknown, "who knows"));
  EXPECT_EQ(CodeOf(Unregister("a")), WalErrorCode::kOutcomeUnknown);
  EXPECT_EQ(*Truncate(positions_[3]), positions_[0]);
  ASSERT_TRUE(Register("a", positions_[2]).ok());
  EXPECT_EQ(*Truncate(positions_[3]), positions_[2]);
}

// The next change that is done stores all of them.
TEST_F(CheckpointTest, WhoseChangeIsUnknownIsSettledByTheNextOneOfAnyName) {
  ASSERT_TRUE(Register("a", positions_[0]).ok());
  store_.FailChanges(1, WalError(WalErrorCode::kOutcomeUnknown, "who knows"));
  EXPECT_EQ(CodeOf(Register("a", positions_[2])), WalErrorCode::kOutcomeUnknown);
  EXPECT_EQ(*Truncate(positions_[3]), positions_[0]);
  ASSERT_TRUE(Register("b", positions_[3]).ok());
  EXPECT_EQ(*Truncate(positions_[3]), positions_[2]);
  store_.FailChanges(1, WalError(WalErrorCode::kOutcomeUnknown, "who knows"));
  EXPECT_EQ(CodeOf(Unregister("a")), WalErrorCode::kOutcomeUnknown);
  EXPECT_EQ(*Truncate(positions_[3]), positions_[2]);
  ASSERT_TRUE(Unregister("never-there").ok());
  EXPECT_EQ(*Truncate(positions_[3]), positions_[3]);
}

// A store says so by any error but those of its contract.
TEST_F(CheckpointTest, WhoseChangeEndsWithAForeignErrorIsUnknown) {
  ASSERT_TRUE(Register("a", positions_[0]).ok());
  store_.FailChanges(1, absl::InternalError("foreign"), /*are_done=*/true);
  EXPECT_FALSE(Register("a", positions_[2]).ok());
  EXPECT_EQ(*Truncate(positions_[3]), positions_[0]);
}

// Positions are bytes that a reader hands in, and it may have put one together by hand.
TEST_F(CheckpointTest, OfALowIdAndAHighTickDoesNotLowerTheMark) {
  const Position odd{positions_[0].last_confirmed, positions_[2].time_tick};
  ASSERT_TRUE(BeforeWithinLog(odd.last_confirmed, positions_[1].last_confirmed));
  ASSERT_TRUE(Truncate(positions_[1]).ok());
  ASSERT_TRUE(Register("odd", odd).ok());
  const Position expected{positions_[1].last_confirmed, positions_[2].time_tick};
  EXPECT_EQ(*Truncate(positions_[3]), expected);
  EXPECT_EQ(world_.fake().truncated(), expected);
}

TEST_F(CheckpointTest, ThatWasNotDoneHoldsNothing) {
  store_.FailChanges(1, WalError(WalErrorCode::kResourceExhausted, "full"));
  EXPECT_EQ(CodeOf(Register("a", positions_[0])), WalErrorCode::kResourceExhausted);
  EXPECT_EQ(*Truncate(positions_[2]), positions_[2]);
}

// A truncation that is under way must not pass a checkpoint that is told to be registered.
TEST_F(CheckpointTest, IsRegisteredBeforeOrBehindATruncationAndNotBeside) {
  store_.Hold();
  Future<absl::Status> registered = wal_->RegisterCheckpoint("a", positions_[1]);
  Future<absl::StatusOr<Position>> truncated = wal_->Truncate(positions_[3]);
  world_.runtime().RunUntilIdle();
  EXPECT_FALSE(registered.ready());
  EXPECT_FALSE(truncated.ready());
  store_.Release();
  world_.runtime().RunUntilIdle();
  ASSERT_TRUE(registered.ready() && truncated.ready());
  EXPECT_TRUE(std::move(registered).Take().ok());
  EXPECT_EQ(*std::move(truncated).Take(), positions_[1]);
}

TEST_F(CheckpointTest, OfAnotherLogIsReportedAndHoldsNothingOfThisOne) {
  Position foreign = positions_[0];
  foreign.last_confirmed = MessageId::FromNumber({LogKind::kFile, 7, 0}, 1);
  world_.MustClose(*wal_);
  const std::string channel(LogWorld::kChannel);
  auto claim = world_.Run([&] { return store_.Claim(PChannel{channel, Term{1}}); });
  ASSERT_TRUE(claim.ok());
  ASSERT_TRUE(world_.Run([&] { return (*claim)->Put("lost", foreign); }).ok());
  wal_ = world_.MustOpen(Term{2});
  EXPECT_THAT(world_.events().TextOf(Event::Kind::kBackendTrouble), HasSubstr("lost"));
  EXPECT_EQ(*Truncate(positions_[2]), positions_[2]);
  EXPECT_TRUE(Register("lost", positions_[3]).ok());
}

}  // namespace
}  // namespace tidelog::adaptor
