// Truncation and checkpoints of a log that lies in several backends (G2, G3, G6).
#include <algorithm>
#include <cstddef>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "adaptor/chain/backend_chain.h"
#include "adaptor/chain/seam_fixture.h"
#include "adaptor/chain/switch_world.h"
#include "adaptor/testing/log_world.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "wal/async/future.h"
#include "wal/checkpoint_store.h"
#include "wal/flow_control.h"
#include "wal/message/message_id.h"
#include "wal/observer.h"
#include "wal/scanner.h"
#include "wal/status.h"
#include "wal/types.h"
#include "wal/wal.h"
#include "walimpls/testing/fake_wal.h"

namespace tidelog::adaptor {
namespace {

using ::testing::HasSubstr;

using OlderLinkTest = SeamTest;

TEST_F(OlderLinkTest, ACheckpointInFrontOfItHoldsEverythingBehindIt) {
  ASSERT_TRUE(Register("indexer", positions_[0]).ok());
  const absl::StatusOr<Position> reached = Truncate(positions_.back());
  ASSERT_TRUE(reached.ok()) << reached.status();
  EXPECT_EQ(*reached, positions_[0]);
  EXPECT_EQ(ReadAfter(*wal_, positions_[0]), From(1));
  EXPECT_EQ(world_.Chain().links.size(), 3u);
  world_.Close(&wal_);
  wal_ = world_.MustOpen(Term{4});
  EXPECT_EQ(*Truncate(positions_.back()), positions_[0]);
  EXPECT_EQ(ReadAfter(*wal_, positions_[0]), From(1));
  EXPECT_EQ(world_.events().CountOf(Event::Kind::kBackendTrouble), 0u);
}

TEST_F(OlderLinkTest, WhatIsInFrontGoesWhenNoCheckpointNamesIt) {
  ASSERT_TRUE(Register("indexer", positions_[0]).ok());
  ASSERT_TRUE(Truncate(positions_.back()).ok());
  ASSERT_TRUE(Register("indexer", positions_[3]).ok());  // Behind b1: forwards, into epoch 1.
  EXPECT_EQ(*Truncate(positions_.back()), positions_[3]);
  EXPECT_EQ(world_.Chain().first().epoch, 1u);
  EXPECT_EQ(ReadAfter(*wal_, positions_[0]), std::vector<std::string>{"POSITION_GONE"});
  EXPECT_EQ(ReadAfter(*wal_, positions_[3]), From(4));
  EXPECT_GE(world_.at("a").truncated()->time_tick, positions_[2].time_tick);
  EXPECT_EQ(world_.ReadAll(*wal_), From(4));  // Earliest: what is left.
  ASSERT_TRUE(Unregister("indexer").ok());
  ASSERT_TRUE(Truncate(positions_[6]).ok());
  EXPECT_EQ(world_.Chain().links.size(), 1u);
  EXPECT_EQ(world_.Chain().first().epoch, 2u);
  EXPECT_EQ(world_.ReadAll(*wal_), From(7));
  EXPECT_EQ(ReadAfter(*wal_, positions_[3]), std::vector<std::string>{"POSITION_GONE"});
  world_.Close(&wal_);
  world_.RestartOpener();
  wal_ = world_.MustOpen(Term{4});
  EXPECT_EQ(world_.ReadAll(*wal_), From(7));
}

TEST_F(OlderLinkTest, IsTruncatedToAPositionInFrontOfIt) {
  EXPECT_EQ(*Truncate(positions_[0]), positions_[0]);
  EXPECT_EQ(world_.Chain().links.size(), 3u);
  EXPECT_EQ(world_.ReadAll(*wal_), From(1));
  EXPECT_EQ(ReadAfter(*wal_, positions_[0]), From(1));
  EXPECT_EQ(world_.ReadAll(*wal_, {.from = tidelog::From{positions_[0]}}),
            std::vector<std::string>{"POSITION_GONE"});
  EXPECT_EQ(CodeOf(Register("late", positions_[0])), WalErrorCode::kOk);
  EXPECT_EQ(*Truncate(positions_[4]), positions_[0]);  // Held back, across links.
  ASSERT_TRUE(Register("late", positions_[3]).ok());
  EXPECT_EQ(*Truncate(positions_[4]), positions_[3]);  // And within one.
  EXPECT_EQ(world_.Chain().first().epoch, 1u);
  EXPECT_EQ(world_.ReadAll(*wal_), From(4));
  EXPECT_EQ(*Truncate(positions_[3]), positions_[3]);  // Marks do not go back.
  const absl::StatusOr<LogInfo> info = world_.Run([this] { return wal_->Info(); });
  ASSERT_TRUE(info.ok());
  EXPECT_EQ(info->oldest, positions_[3]);
}

TEST_F(OlderLinkTest, ATruncationInFrontOfItByWhoLostTheLogDoesNothing) {
  std::unique_ptr<Wal> stale = std::move(wal_);
  wal_ = world_.MustOpen(Term{4});
  const absl::StatusOr<Position> reached =
      world_.Run([&] { return stale->Truncate(positions_[1]); });
  EXPECT_EQ(CodeOf(reached), WalErrorCode::kChannelFenced);
  EXPECT_EQ(world_.ReadAll(*wal_), From(0));
  world_.Close(&stale);
}

// F4: nothing is skipped in silence.
TEST_F(OlderLinkTest, AScanThatTruncationOvertakesIsToldSo) {
  const absl::StatusOr<std::unique_ptr<RoWal>> reader = world_.OpenReadOnly();
  ASSERT_TRUE(reader.ok());
  const absl::StatusOr<std::unique_ptr<Scanner>> scanner =
      world_.Run([&] { return (*reader)->Read({.read_ahead_count_max = 1}); });
  ASSERT_TRUE(scanner.ok());
  ASSERT_TRUE(Truncate(positions_[6]).ok());
  std::vector<std::string> read;
  absl::Status why;
  while (why.ok()) {
    const absl::StatusOr<ScanBatch> batch =
        world_.Run([&] { return (*scanner)->Next(ScanBatch()); });
    if (batch.ok()) SwitchWorld::Add(*batch, &read);
    why = batch.status();
  }
  EXPECT_EQ(CodeOf(why), WalErrorCode::kPositionGone);
  ASSERT_LE(read.size(), 3u);  // Of the first link, at most.
  EXPECT_TRUE(std::equal(read.begin(), read.end(), payloads_.begin()));
  EXPECT_TRUE(world_.Run([&] { return (*scanner)->Close(); }).ok());
  EXPECT_EQ(world_.ReadAll(**reader), From(7));
  EXPECT_TRUE(world_.Run([&] { return (*reader)->Close(); }).ok());
}

TEST_F(OlderLinkTest, WhatCannotBeDroppedStaysUntilTheNextTruncation) {
  world_.at("a").FailTruncates(1, WalError(WalErrorCode::kUnavailable, "ordered"));
  ASSERT_TRUE(Truncate(positions_[6]).ok());
  EXPECT_EQ(world_.Chain().links.size(), 3u);
  EXPECT_THAT(world_.events().TextOf(Event::Kind::kBackendTrouble), HasSubstr("epoch 0"));
  // G3: it is hidden all the same.
  const absl::StatusOr<std::unique_ptr<RoWal>> reader = world_.OpenReadOnly();
  ASSERT_TRUE(reader.ok());
  for (RoWal* wal : {static_cast<RoWal*>(wal_.get()), reader->get()}) {
    EXPECT_EQ(world_.ReadAll(*wal), From(7));
    for (const size_t i : {0u, 4u, 5u}) {
      EXPECT_EQ(ReadAfter(*wal, positions_[i]), std::vector<std::string>{"POSITION_GONE"}) << i;
    }
    const absl::StatusOr<LogInfo> info = world_.Run([&] { return wal->Info(); });
    ASSERT_TRUE(info.ok());
    EXPECT_EQ(info->oldest, positions_[6]);
  }
  EXPECT_TRUE(world_.Run([&] { return (*reader)->Close(); }).ok());
  ASSERT_TRUE(Truncate(positions_[7]).ok());
  EXPECT_EQ(world_.Chain().links.size(), 1u);
}

// A tool truncates and closes at once.
TEST_F(OlderLinkTest, IsDroppedWholeBeforeTheLogIsClosed) {
  Future<absl::StatusOr<Position>> truncated = wal_->Truncate(positions_[6]);
  Future<absl::Status> closed = wal_->Close();
  world_.runtime().RunUntilIdle();
  ASSERT_TRUE(truncated.ready() && closed.ready());
  EXPECT_TRUE(std::move(closed).Take().ok());
  wal_ = world_.MustOpen(Term{4});
  if (!std::move(truncated).Take().ok()) {
    ASSERT_TRUE(Truncate(positions_[6]).ok());
  }
  EXPECT_EQ(world_.Chain().links.size(), 1u);
}

// Two at once: when the second has its turn, the first has dropped the link that it names.
TEST_F(OlderLinkTest, IsTruncatedToWhereAnotherHasDroppedItMeanwhile) {
  Future<absl::StatusOr<Position>> first = wal_->Truncate(positions_[6]);
  Future<absl::StatusOr<Position>> second = wal_->Truncate(positions_[1]);
  world_.runtime().RunUntilIdle();
  ASSERT_TRUE(first.ready() && second.ready());
  EXPECT_EQ(*std::move(first).Take(), positions_[6]);
  EXPECT_EQ(*std::move(second).Take(), positions_[6]);
  EXPECT_EQ(world_.Chain().links.size(), 1u);
  EXPECT_EQ(CodeOf(Register("late", positions_[1])), WalErrorCode::kPositionGone);
}

// Two owners: the one before has seen that he owns the log, and is slow.  What his successor
// registers in an older link meanwhile, he must not take away.
TEST_F(OlderLinkTest, ALowerTermThatIsSlowTakesNothingFromACheckpoint) {
  for (const size_t through : {1u, 4u}) {
    std::unique_ptr<Wal> stale = std::move(wal_);
    world_.at("a").HoldOpens();
    world_.at("b").HoldOpens();
    Future<absl::StatusOr<Position>> truncated = stale->Truncate(positions_[through]);
    world_.runtime().RunUntilIdle();
    EXPECT_FALSE(truncated.ready());
    world_.at("a").LetNewOpensPass();
    world_.at("b").LetNewOpensPass();
    wal_ = world_.MustOpen(Term{ToInt(stale->channel().term) + 1});
    const size_t at = through == 1 ? 0 : 3;
    ASSERT_TRUE(Register("indexer", positions_[at]).ok());
    world_.at("a").ReleaseOpens();
    world_.at("b").ReleaseOpens();
    world_.runtime().RunUntilIdle();
    ASSERT_TRUE(truncated.ready());
    EXPECT_EQ(CodeOf(std::move(truncated).Take()), WalErrorCode::kChannelFenced);
    EXPECT_EQ(ReadAfter(*wal_, positions_[at]), From(at + 1));
    world_.Close(&stale);
    ASSERT_TRUE(Unregister("indexer").ok());
  }
}

// It is fenced once, and then looked at.
TEST_F(OlderLinkTest, IsNotOpenedForWritingForEachCheckpoint) {
  ASSERT_TRUE(Register("indexer", positions_[0]).ok());
  world_.at("a").FailOpens(1, WalError(WalErrorCode::kInner, "once is enough"));
  EXPECT_TRUE(Register("indexer", positions_[0]).ok());
  EXPECT_TRUE(Register("indexer", positions_[1]).ok());
  world_.at("a").FailOpens(0, absl::OkStatus());
}

// What is hidden by the mark of a later link cannot be read, though it is not emptied yet.
TEST_F(OlderLinkTest, RegistersNothingWhereNothingCanBeRead) {
  world_.at("a").FailTruncates(1, WalError(WalErrorCode::kUnavailable, "ordered"));
  ASSERT_TRUE(Truncate(positions_[6]).ok());
  ASSERT_EQ(world_.Chain().links.size(), 3u);
  EXPECT_EQ(CodeOf(Register("late", positions_[0])), WalErrorCode::kPositionGone);
  EXPECT_EQ(CodeOf(Register("late", positions_[4])), WalErrorCode::kPositionGone);
}

// Nobody knows whether the store has dropped the link: so nobody may count on it.
TEST_F(OlderLinkTest, RegistersNothingInALinkThatIsDroppedPerhaps) {
  for (const bool done : {false, true}) {
    world_.store().FailChanges(1, WalError(WalErrorCode::kOutcomeUnknown, "lost"), done);
    ASSERT_TRUE(Truncate(positions_[done ? 6 : 3]).ok());
    EXPECT_EQ(CodeOf(Register("late", positions_[done ? 4 : 1])), WalErrorCode::kPositionGone);
  }
}

// A position that nobody was given: its tick lies in the link, its id above.
TEST_F(OlderLinkTest, IsNotTruncatedToAnIdAboveItsEnd) {
  Position beyond = positions_[0];
  const MessageId& id = positions_[1].last_confirmed;
  beyond.last_confirmed = MessageId::FromNumber(id.origin(), *id.ToNumber() + 100);
  EXPECT_EQ(CodeOf(Truncate(beyond)), WalErrorCode::kPositionGone);
  EXPECT_EQ(CodeOf(Register("late", beyond)), WalErrorCode::kPositionGone);
  EXPECT_EQ(world_.ReadAll(*wal_), From(0));
}

// What it says was truncated, is.
TEST_F(OlderLinkTest, ATruncationThatACheckpointHoldsBackGoesThatFar) {
  ASSERT_TRUE(Register("indexer", positions_[1]).ok());
  EXPECT_EQ(*Truncate(positions_[6]), positions_[1]);
  EXPECT_EQ(world_.ReadAll(*wal_), From(2));
  EXPECT_EQ(CodeOf(Register("late", positions_[0])), WalErrorCode::kPositionGone);
  ASSERT_TRUE(Register("indexer", positions_[3]).ok());
  EXPECT_EQ(*Truncate(positions_[4]), positions_[3]);
  EXPECT_EQ(*Truncate(positions_[7]), positions_[3]);
  EXPECT_EQ(world_.ReadAll(*wal_), From(4));
}

// Its epoch is one of the chain's, and it is none of this log: it holds nothing back.
TEST_F(OlderLinkTest, ACheckpointOfAnotherLogHoldsNothing) {
  Position foreign = positions_[0];
  const MessageId id = foreign.last_confirmed;
  foreign.last_confirmed = MessageId({id.origin().kind, id.origin().log + 1, 0}, id.key());
  absl::StatusOr<std::unique_ptr<CheckpointClaim>> claim = world_.Run([&] {
    return world_.store().Claim({"orders", Term{4}});
  });
  ASSERT_TRUE(claim.ok());
  ASSERT_TRUE(world_.Run([&] { return (*claim)->Put("foreign", foreign); }).ok());
  claim->reset();
  world_.Close(&wal_);
  wal_ = world_.MustOpen(Term{5});
  EXPECT_THAT(world_.events().TextOf(Event::Kind::kBackendTrouble), HasSubstr("foreign"));
  EXPECT_EQ(*Truncate(positions_[6]), positions_[6]);
  EXPECT_EQ(world_.Chain().links.size(), 1u);
}

// G5: who reads an older link is further behind than everybody in this one.
TEST(LagOfOlderLinkTest, SlowsDataDown) {
  SwitchWorld world(1, true, {{"wal.flow_lag_max", "10s"}, {"wal.flow_slow_interval", "1s"}});
  std::unique_ptr<Wal> wal = world.MustOpen(Term{1});
  const Position position = world.MustAppend(*wal, "a").position();
  ASSERT_TRUE(world.Run([&] { return wal->RegisterCheckpoint("indexer", position); }).ok());
  ASSERT_TRUE(world.Switch(*wal, "b").ok());
  world.Close(&wal);
  wal = world.MustOpen(Term{2});
  world.runtime().Advance(absl::Seconds(11));
  world.MustAppend(*wal, "b");
  world.runtime().Advance(absl::Milliseconds(400));
  const absl::StatusOr<LogInfo> info = world.Run([&] { return wal->Info(); });
  ASSERT_TRUE(info.ok());
  EXPECT_EQ(info->flow.source, "checkpoints");
  EXPECT_EQ(info->flow.state, FlowState::kSlowed);
  world.Close(&wal);
}

}  // namespace
}  // namespace tidelog::adaptor
