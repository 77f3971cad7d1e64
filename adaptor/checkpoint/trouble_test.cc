// Checkpoints (G2) where the store, or the log, is in trouble: opening, a change that hangs,
// closing.
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "adaptor/checkpoint/checkpoint_fixture.h"
#include "adaptor/testing/log_world.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "wal/async/executor.h"
#include "wal/async/future.h"
#include "wal/checkpoint_store.h"
#include "wal/message/message_id.h"
#include "wal/testing/memory_checkpoint_store.h"

namespace tidelog::adaptor {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using walimpls::CloseMode;

class CheckpointTroubleTest : public CheckpointTest {
 protected:
  // At `step`, until it is given up.
  void ExpectOpenHangs(std::string_view step) {
    Future<absl::StatusOr<std::unique_ptr<Wal>>> opened =
        world_.opener().Open({std::string(LogWorld::kChannel), Term{2}});
    world_.runtime().Advance(absl::Minutes(2));
    ASSERT_TRUE(opened.ready());
    const absl::Status hung = std::move(opened).Take().status();
    EXPECT_EQ(CodeOf(hung), WalErrorCode::kUnavailable);
    EXPECT_THAT(hung.message(), HasSubstr(step));
    EXPECT_EQ(world_.runtime().quarantine().size(), 1u);
  }
};

// Opening.

TEST_F(CheckpointTroubleTest, OpenFailsWhenAHigherTermHasClaimedThem) {
  world_.MustClose(*wal_);
  const std::string channel(LogWorld::kChannel);
  ASSERT_TRUE(world_.Run([&] { return store_.Claim(PChannel{channel, Term{9}}); }).ok());
  const absl::StatusOr<std::unique_ptr<Wal>> opened = world_.Open(Term{5});
  EXPECT_EQ(CodeOf(opened), WalErrorCode::kUnmatchedTerm);
  EXPECT_THAT(opened.status().message(), HasSubstr("claimed under term 9"));
  wal_ = world_.MustOpen(Term{10});
}

// A term that the log refuses must take nothing from the log's owner.
TEST_F(CheckpointTroubleTest, AnOpenThatTheLogRefusesClaimsNothing) {
  EXPECT_EQ(CodeOf(world_.Open(Term{1})), WalErrorCode::kUnmatchedTerm);
  EXPECT_EQ(store_.Of(std::string(LogWorld::kChannel)).term, Term{1});
  EXPECT_TRUE(Register("a", positions_[0]).ok());
  // Whoever opened the log at 7 stopped before he claimed them: 5 is no owner for that.
  world_.fake().Fence(Term{7});
  EXPECT_EQ(CodeOf(world_.Open(Term{5})), WalErrorCode::kUnmatchedTerm);
  EXPECT_EQ(store_.Of(std::string(LogWorld::kChannel)).term, Term{1});
}

TEST_F(CheckpointTroubleTest, OpenFailsWhenTheyCannotBeClaimedAndLaterSucceeds) {
  world_.MustClose(*wal_);
  store_.FailClaims(1, WalError(WalErrorCode::kOutcomeUnknown, "who knows"));
  const absl::StatusOr<std::unique_ptr<Wal>> unknown = world_.Open(Term{2});
  EXPECT_EQ(CodeOf(unknown), WalErrorCode::kUnavailable);
  EXPECT_THAT(unknown.status().message(), HasSubstr("checkpoints"));
  store_.FailClaims(1, WalError(WalErrorCode::kCorrupt, "damaged"));
  EXPECT_EQ(CodeOf(world_.Open(Term{3})), WalErrorCode::kCorrupt);
  wal_ = world_.MustOpen(Term{4});
  EXPECT_THAT(world_.ReadAll(*wal_), ElementsAre("a", "b", "c", "d"));
}

TEST_F(CheckpointTroubleTest, AHangingClaimEndsTheOpenAndGoesIntoQuarantine) {
  world_.MustClose(*wal_);
  store_.Hold();
  ExpectOpenHangs("the claim of its checkpoints");
  store_.Release();
  world_.runtime().RunUntilIdle();
  EXPECT_EQ(world_.runtime().quarantine().size(), 0u);
  wal_ = world_.MustOpen(Term{3});
}

// Whatever ends an open in front of the fence has changed nothing: the owner goes on.
TEST_F(CheckpointTroubleTest, AnOpenThatCannotReadThemTakesNothingFromTheOwner) {
  store_.FailReads(1, WalError(WalErrorCode::kCorrupt, "damaged"));
  EXPECT_EQ(CodeOf(world_.Open(Term{2})), WalErrorCode::kCorrupt);
  store_.FailReads(1, WalError(WalErrorCode::kUnavailable, "down"));
  EXPECT_EQ(CodeOf(world_.Open(Term{2})), WalErrorCode::kUnavailable);
  for (const absl::Status& odd : {WalError(WalErrorCode::kOutcomeUnknown, "who knows"),
                                  WalError(WalErrorCode::kPositionGone, "gone"),
                                  absl::Status(absl::InternalError("foreign"))}) {
    store_.FailReads(1, odd);
    EXPECT_EQ(CodeOf(world_.Open(Term{2})), WalErrorCode::kUnavailable) << odd;
  }
  world_.MustAppend(*wal_, "e");
  EXPECT_TRUE(Register("a", positions_[1]).ok());
  EXPECT_EQ(*Truncate(positions_[3]), positions_[1]);
}

// As when a log was removed by hand and made anew, and its checkpoints were not.
TEST_F(CheckpointTroubleTest, AnOpenBelowTheTermThatClaimedThemTakesNothingFromTheOwner) {
  const std::string channel(LogWorld::kChannel);
  ASSERT_TRUE(world_.Run([&] { return store_.Claim(PChannel{channel, Term{500}}); }).ok());
  const absl::Status refused = world_.Open(Term{42}).status();
  EXPECT_EQ(CodeOf(refused), WalErrorCode::kUnmatchedTerm);
  EXPECT_THAT(refused.message(), HasSubstr("claimed under term 500"));
  EXPECT_THAT(refused.message(), HasSubstr("42"));
  EXPECT_THAT(refused.message(), HasSubstr("open it above 500"));
  EXPECT_THAT(refused.message(), HasSubstr("remove its checkpoints"));
  world_.MustAppend(*wal_, "e");
}

TEST_F(CheckpointTroubleTest, AHangingReadEndsTheOpenAndTakesNothingFromTheOwner) {
  store_.HoldReads();
  ExpectOpenHangs("the look at its checkpoints");
  world_.MustAppend(*wal_, "e");
  store_.Release();
  world_.runtime().RunUntilIdle();
  EXPECT_EQ(world_.runtime().quarantine().size(), 0u);
  EXPECT_TRUE(Register("a", positions_[1]).ok());
}

TEST_F(CheckpointTroubleTest, AClaimThatEndsWithAForeignErrorIsUnknown) {
  world_.MustClose(*wal_);
  store_.FailClaims(1, absl::InternalError("foreign"));
  EXPECT_EQ(CodeOf(world_.Open(Term{2})), WalErrorCode::kUnavailable);
  wal_ = world_.MustOpen(Term{3});
}

TEST_F(CheckpointTroubleTest, AnOwnerBeforeIsToldOfItsFenceAlsoWhereNothingIsLeftToTruncate) {
  ASSERT_TRUE(Register("a", positions_[1]).ok());
  ASSERT_EQ(*Truncate(positions_[3]), positions_[1]);
  std::unique_ptr<Wal> next = world_.MustOpen(Term{2});
  EXPECT_EQ(CodeOf(Truncate(positions_[3])), WalErrorCode::kChannelFenced);
  world_.MustClose(*next);
}

// A change that hangs.

TEST_F(CheckpointTroubleTest, HoldsWhereItIsGoingWhileTheStoreHangs) {
  store_.Hold();
  Future<absl::Status> registered = wal_->RegisterCheckpoint("a", positions_[1]);
  world_.runtime().RunUntilIdle();
  const absl::StatusOr<LogInfo> info = world_.Run([this] { return wal_->Info(); });
  EXPECT_THAT(info->details.at("checkpoints"), HasSubstr("a at "));
  store_.FailChanges(1, WalError(WalErrorCode::kUnavailable, "down"));
  store_.Release();
  world_.runtime().RunUntilIdle();
  EXPECT_EQ(CodeOf(std::move(registered).Take()), WalErrorCode::kUnavailable);
  EXPECT_EQ(*Truncate(positions_[3]), positions_[3]);
}

TEST_F(CheckpointTroubleTest, WhoseChangeHangsIsNamedToWhoeverWaitsForIt) {
  store_.Hold();
  Future<absl::Status> registered = wal_->RegisterCheckpoint("slow", positions_[1]);
  Future<absl::StatusOr<Position>> truncated = wal_->Truncate(positions_[3]);
  Future<absl::Status> removed = wal_->UnregisterCheckpoint("other");
  world_.runtime().Advance(absl::Minutes(2));
  EXPECT_FALSE(registered.ready());
  ASSERT_TRUE(truncated.ready() && removed.ready());
  for (const absl::Status& late :
       {std::move(truncated).Take().status(), std::move(removed).Take()}) {
    EXPECT_EQ(CodeOf(late), WalErrorCode::kUnavailable);
    EXPECT_THAT(late.message(), HasSubstr("register checkpoint slow"));
  }
  store_.Release();
  world_.runtime().RunUntilIdle();
  ASSERT_TRUE(registered.ready());
  EXPECT_TRUE(std::move(registered).Take().ok());
  EXPECT_EQ(*Truncate(positions_[3]), positions_[1]);
}

TEST_F(CheckpointTroubleTest, WhoseChangeHangsIsUnknownOnceTheChannelIsFenced) {
  store_.Hold();
  Future<absl::Status> registered = wal_->RegisterCheckpoint("a", positions_[1]);
  world_.runtime().RunUntilIdle();
  world_.fake().Fence(Term{7});
  EXPECT_FALSE(world_.Append(*wal_, LogWorld::Message("e")).ok());
  world_.runtime().RunUntilIdle();
  ASSERT_TRUE(registered.ready());
  EXPECT_EQ(CodeOf(std::move(registered).Take()), WalErrorCode::kOutcomeUnknown);
}

// Closing.

// The same term would trust its checkpoints to be what it reads.
TEST_F(CheckpointTroubleTest, WhoseChangeIsUnknownLeavesNoCleanMarkUntilItIsSettled) {
  store_.FailChanges(1, WalError(WalErrorCode::kOutcomeUnknown, "who knows"));
  EXPECT_EQ(CodeOf(Unregister("a")), WalErrorCode::kOutcomeUnknown);
  world_.MustClose(*wal_);
  EXPECT_EQ(world_.fake().close_mode(), CloseMode::kAbandon);
  wal_ = world_.MustOpen(Term{2});
  store_.FailChanges(1, WalError(WalErrorCode::kOutcomeUnknown, "who knows"));
  EXPECT_EQ(CodeOf(Register("a", positions_[0])), WalErrorCode::kOutcomeUnknown);
  ASSERT_TRUE(Unregister("b").ok());
  world_.MustClose(*wal_);
  EXPECT_EQ(world_.fake().close_mode(), CloseMode::kClean);
  wal_ = world_.MustOpen(Term{2});
}

// Tells where its claims are destroyed.
class ConfinedStore final : public CheckpointStore {
 public:
  Future<absl::StatusOr<std::unique_ptr<CheckpointClaim>>> Claim(PChannel channel) override {
    absl::StatusOr<std::unique_ptr<CheckpointClaim>> claim = co_await store_.Claim(channel);
    if (!claim.ok()) co_return claim;
    co_return std::make_unique<ConfinedClaim>(this, *std::move(claim));
  }
  Future<absl::StatusOr<CheckpointSet>> Read(std::string channel) override {
    return store_.Read(std::move(channel));
  }

  int confined_count() const { return confined_count_; }
  int stray_count() const { return stray_count_; }

 private:
  class ConfinedClaim final : public CheckpointClaim {
   public:
    ConfinedClaim(ConfinedStore* store, std::unique_ptr<CheckpointClaim> claim)
        : store_(store), claim_(std::move(claim)), executor_(Executor::Current()) {}
    ~ConfinedClaim() override {
      const bool is_confined = executor_ != nullptr && Executor::Current() == executor_;
      ++(is_confined ? store_->confined_count_ : store_->stray_count_);
    }
    const CheckpointSet& content() const override { return claim_->content(); }
    Future<absl::Status> Put(std::string name, Position position) override {
      return claim_->Put(std::move(name), position);
    }
    Future<absl::Status> Remove(std::string name) override {
      return claim_->Remove(std::move(name));
    }
    Future<absl::Status> PutChain(std::string chain) override {
      return claim_->PutChain(std::move(chain));
    }

   private:
    ConfinedStore* const store_;
    const std::unique_ptr<CheckpointClaim> claim_;
    Executor* const executor_;
  };

  MemoryCheckpointStore store_;
  int confined_count_ = 0;
  int stray_count_ = 0;
};

TEST(CheckpointClaimTest, IsDestroyedOnTheExecutorThatClaimed) {
  ConfinedStore store;
  LogWorld world({.checkpoints = &store});
  std::unique_ptr<Wal> wal = world.MustOpen(Term{1});
  world.MustClose(*wal);
  wal.reset();
  world.runtime().RunUntilIdle();
  EXPECT_EQ(store.confined_count(), 1);
  EXPECT_EQ(store.stray_count(), 0);
}

// After a clean close the same term may be opened again, and claims them again: nothing of the
// former claim may come then.
TEST_F(CheckpointTroubleTest, AChangeThatHangsLeavesNoCleanMark) {
  store_.Hold();
  Future<absl::Status> registered = wal_->RegisterCheckpoint("a", positions_[1]);
  Future<absl::Status> waiting = wal_->RegisterCheckpoint("b", positions_[1]);
  world_.runtime().RunUntilIdle();
  Future<absl::Status> closed = wal_->Close();
  world_.runtime().Advance(absl::Minutes(2));
  ASSERT_TRUE(closed.ready());
  const absl::Status hung = std::move(closed).Take();
  EXPECT_EQ(CodeOf(hung), WalErrorCode::kUnavailable);
  EXPECT_THAT(hung.message(), HasSubstr("a change of a checkpoint"));
  EXPECT_EQ(world_.fake().close_mode(), CloseMode::kAbandon);
  ASSERT_TRUE(waiting.ready());
  EXPECT_EQ(CodeOf(std::move(waiting).Take()), WalErrorCode::kOnShutdown);
  ASSERT_TRUE(registered.ready());
  EXPECT_EQ(CodeOf(std::move(registered).Take()), WalErrorCode::kOutcomeUnknown);
  EXPECT_EQ(world_.runtime().quarantine().size(), 1u);
  store_.Release();
  world_.runtime().RunUntilIdle();
  EXPECT_EQ(world_.runtime().quarantine().size(), 0u);
}

TEST_F(CheckpointTroubleTest, ACloseWaitsForAChangeUnderWayAndTheSameTermGoesOn) {
  store_.Hold();
  Future<absl::Status> registered = wal_->RegisterCheckpoint("a", positions_[1]);
  world_.runtime().RunUntilIdle();
  Future<absl::Status> closed = wal_->Close();
  world_.runtime().RunUntilIdle();
  EXPECT_FALSE(closed.ready());
  store_.Release();
  world_.runtime().RunUntilIdle();
  ASSERT_TRUE(registered.ready() && closed.ready());
  EXPECT_TRUE(std::move(registered).Take().ok());
  EXPECT_TRUE(std::move(closed).Take().ok());
  EXPECT_EQ(world_.fake().close_mode(), CloseMode::kClean);
  wal_ = world_.MustOpen(Term{1});
  EXPECT_EQ(*Truncate(positions_[3]), positions_[1]);
  EXPECT_EQ(CodeOf(Register("a", positions_[0])), WalErrorCode::kPositionGone);
}

}  // namespace
}  // namespace tidelog::adaptor
