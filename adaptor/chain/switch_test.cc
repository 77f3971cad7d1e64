// Switches of the backend as writers meet them (G6): the end of a link, and the beginning of the
// next one.
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "adaptor/chain/backend_chain.h"
#include "adaptor/chain/switch_world.h"
#include "adaptor/testing/log_world.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "wal/async/future.h"
#include "wal/backend_switch.h"
#include "wal/message/message.h"
#include "wal/message/testing/messages.h"
#include "wal/status.h"
#include "wal/types.h"
#include "wal/wal.h"
#include "walimpls/testing/fake_wal.h"

namespace tidelog::adaptor {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using Result = absl::StatusOr<AppendResult>;

class SwitchTest : public ::testing::Test {
 protected:
  SwitchTest() : wal_(world_.MustOpen(Term{1})) {}
  ~SwitchTest() override {
    world_.at("a").StopHoldingAppends();
    world_.Close(&wal_);
  }

  AppendResult MustSwitch(std::string_view place) {
    const Result ended = world_.Switch(*wal_, place);
    EXPECT_TRUE(ended.ok()) << ended.status();
    return ended.ok() ? *ended : AppendResult();
  }
  void Reopen(Term term) {
    world_.Close(&wal_);
    wal_ = world_.MustOpen(term);
  }
  void ExpectRefused(const Result& result, std::string_view why) {
    EXPECT_EQ(CodeOf(result), WalErrorCode::kInvalidArgument) << result.status();
    EXPECT_THAT(result.status().message(), HasSubstr(why));
    EXPECT_TRUE(world_.Append(*wal_, LogWorld::Message("still")).ok());
  }
  absl::Status WhyUnavailable() {
    return world_.Run([this] { return wal_->WhenUnavailable(); });
  }

  SwitchWorld world_;
  std::unique_ptr<Wal> wal_;
};

TEST_F(SwitchTest, GoesOnInTheOtherBackend) {
  world_.MustAppend(*wal_, "a");
  const AppendResult ended = MustSwitch("b");
  Reopen(Term{2});
  const AppendResult first = world_.MustAppend(*wal_, "b");
  EXPECT_EQ(ended.id.origin().epoch, 0u);
  EXPECT_EQ(first.id.origin().epoch, 1u);
  EXPECT_GT(first.time_tick, ended.time_tick);
  EXPECT_THAT(world_.Stored("a"), ElementsAre("tick", "a", "|"));
  EXPECT_THAT(world_.Stored("b"), ElementsAre("tick", "b"));
  EXPECT_THAT(world_.ReadAll(*wal_), ElementsAre("a", "|", "b"));
  const BackendChain chain = world_.Chain();
  ASSERT_EQ(chain.links.size(), 2u);
  EXPECT_EQ(chain.first().log, ended.id.origin().log);
  const ChainLink second = {
      1, {"places", {{"at", "b"}}}, Term{2}, ended.time_tick, first.id.origin().log};
  EXPECT_EQ(chain.last(), second);
}

TEST_F(SwitchTest, StaysThereAcrossRestarts) {
  MustSwitch("b");
  Reopen(Term{2});
  world_.MustAppend(*wal_, "b");
  world_.Close(&wal_);
  world_.RestartOpener();
  wal_ = world_.MustOpen(Term{2});  // It was closed cleanly.
  world_.MustAppend(*wal_, "c");
  Reopen(Term{3});
  EXPECT_THAT(world_.ReadAll(*wal_), ElementsAre("|", "b", "c"));
  EXPECT_THAT(world_.Stored("a"), ElementsAre("tick", "|"));
}

TEST_F(SwitchTest, LeavesALogThatIsFencedAndSaysWhy) {
  MustSwitch("b");
  EXPECT_EQ(CodeOf(world_.Append(*wal_, LogWorld::Message("x"))), WalErrorCode::kChannelFenced);
  const absl::Status why = WhyUnavailable();
  EXPECT_EQ(CodeOf(why), WalErrorCode::kChannelFenced);
  EXPECT_THAT(why.message(), HasSubstr("goes on in backend places: open it again"));
  world_.runtime().Advance(absl::Seconds(1));
  EXPECT_THAT(world_.Stored("a"), ElementsAre("tick", "|"));
  EXPECT_EQ(CodeOf(world_.Switch(*wal_, "c")), WalErrorCode::kChannelFenced);
  world_.Close(&wal_);
  EXPECT_THAT(world_.Stored("a"), ElementsAre("tick", "|"));
}

// Nothing follows it: neither what waits for the lock, nor a tick, nor what comes while it is on
// its way.
TEST_F(SwitchTest, RefusesWhatComesBehindItInTheSameStep) {
  world_.MustAppend(*wal_, "a");
  world_.at("a").HoldAppends();
  Future<Result> ended = wal_->Append(SwitchWorld::AlterWal("b"), {});
  world_.runtime().RunUntilIdle();
  ASSERT_EQ(world_.at("a").outstanding(), 1u);
  Future<Result> behind = LogWorld::StartAppend(*wal_, "x");
  world_.runtime().Advance(absl::Seconds(1));
  EXPECT_EQ(world_.at("a").outstanding(), 1u);
  EXPECT_FALSE(behind.ready());
  world_.at("a").StopHoldingAppends();
  world_.runtime().RunUntilIdle();
  ASSERT_TRUE(behind.ready());
  EXPECT_EQ(CodeOf(std::move(behind).Take()), WalErrorCode::kChannelFenced);
  EXPECT_TRUE(std::move(ended).Take().ok());
  world_.Close(&wal_);
  EXPECT_THAT(world_.Stored("a"), ElementsAre("tick", "a", "|"));
}

TEST_F(SwitchTest, WaitsForWhatWasCalledBeforeIt) {
  world_.at("a").HoldAppends();
  Future<Result> before = LogWorld::StartAppend(*wal_, "a");
  world_.runtime().RunUntilIdle();
  Future<Result> ended = wal_->Append(SwitchWorld::AlterWal("b"), {});
  world_.runtime().RunUntilIdle();
  EXPECT_EQ(world_.at("a").outstanding(), 1u);
  world_.at("a").StopHoldingAppends();
  world_.runtime().RunUntilIdle();
  EXPECT_TRUE(std::move(before).Take().ok());
  EXPECT_TRUE(std::move(ended).Take().ok());
  EXPECT_THAT(world_.Stored("a"), ElementsAre("tick", "a", "|"));
}

TEST_F(SwitchTest, IsTriedAgainBeforeAnythingElse) {
  world_.at("a").HoldAppends();
  Future<Result> ended = wal_->Append(SwitchWorld::AlterWal("b"), {});
  world_.runtime().RunUntilIdle();
  world_.at("a").FailAppends(1, WalErrorCode::kUnavailable);
  world_.at("a").StopHoldingAppends();
  Future<Result> behind = LogWorld::StartAppend(*wal_, "x");
  world_.runtime().Advance(absl::Seconds(1));
  EXPECT_TRUE(std::move(ended).Take().ok());
  EXPECT_EQ(CodeOf(std::move(behind).Take()), WalErrorCode::kChannelFenced);
  EXPECT_THAT(world_.Stored("a"), ElementsAre("tick", "|"));
}

TEST_F(SwitchTest, ThatIsNotDoneLeavesTheLogAsItWas) {
  world_.at("a").FailAppends(1, WalErrorCode::kResourceExhausted);
  EXPECT_EQ(CodeOf(world_.Switch(*wal_, "b")), WalErrorCode::kResourceExhausted);
  world_.MustAppend(*wal_, "a");
  Reopen(Term{2});
  EXPECT_THAT(world_.ReadAll(*wal_), ElementsAre("a"));
  EXPECT_THAT(world_.Stored("b"), IsEmpty());
}

// E5.
TEST_F(SwitchTest, EndsTheTransactionsThatAreOpen) {
  const Result begin = world_.Append(*wal_, tidelog::testing::MakeBegin("v"));
  ASSERT_TRUE(begin.ok());
  const TxnContext txn = begin->txn;
  EXPECT_TRUE(world_.Append(*wal_, tidelog::testing::MakeBody("body", "v", txn)).ok());
  MustSwitch("b");
  Reopen(Term{2});
  EXPECT_EQ(CodeOf(world_.Append(*wal_, tidelog::testing::MakeCommit("v", txn, 1))),
            WalErrorCode::kTransactionExpired);
  EXPECT_THAT(world_.ReadAll(*wal_), ElementsAre("|"));
}

// D1, D2: also by a wall clock that was set back.
TEST_F(SwitchTest, BeginsAboveEveryTickOfTheBackendBefore) {
  const AppendResult ended = MustSwitch("b");
  world_.Close(&wal_);
  world_.runtime().JumpWall(-absl::Hours(1));
  wal_ = world_.MustOpen(Term{2});
  EXPECT_GT(world_.at("b").records().front().time_tick(), ended.time_tick);
  // Also where B lost its first tick.
  Reopen(Term{3});
  EXPECT_GT(world_.at("b").records().front().time_tick(), ended.time_tick);
  EXPECT_THAT(world_.ReadAll(*wal_), ElementsAre("|"));
}

TEST_F(SwitchTest, GoesBackToABackendUnderAnotherEpoch) {
  world_.MustAppend(*wal_, "1");
  MustSwitch("b");
  Reopen(Term{2});
  world_.MustAppend(*wal_, "2");
  MustSwitch("c");
  Reopen(Term{3});
  world_.MustAppend(*wal_, "3");
  MustSwitch("d");
  Reopen(Term{4});
  EXPECT_EQ(world_.MustAppend(*wal_, "4").id.origin().epoch, 3u);
  EXPECT_THAT(world_.ReadAll(*wal_), ElementsAre("1", "|", "2", "|", "3", "|", "4"));
}

// What is refused, not done.

TEST_F(SwitchTest, RefusesATargetThatCannotBe) {
  ExpectRefused(world_.Append(*wal_, *MakeAlterWal({"nowhere", {}})), "no backend nowhere");
  ExpectRefused(world_.Append(*wal_, *MakeAlterWal({"places", {{"size", "1"}}})),
                "no setting size");
  ExpectRefused(world_.Append(*wal_, *MakeAlterWal({"places", {}})), "it lies there already");
  ExpectRefused(world_.Switch(*wal_, "a"), "it holds a log of channel orders already");
  BatchResult batch = world_.Run([this] {
    std::vector<MutableMessage> messages;
    messages.push_back(SwitchWorld::AlterWal("b"));
    return wal_->AppendBatch(std::move(messages), {});
  });
  EXPECT_EQ(CodeOf(batch.rest), WalErrorCode::kInvalidArgument);
  EXPECT_THAT(batch.rest.message(), HasSubstr("batch"));
  EXPECT_THAT(world_.ReadAll(*wal_), ::testing::Each("still"));
}

TEST_F(SwitchTest, RefusesWhereItHasLainBefore) {
  MustSwitch("b");
  Reopen(Term{2});
  ExpectRefused(world_.Append(*wal_, *MakeAlterWal({"places", {}})), "from earlier on");
  ExpectRefused(world_.Switch(*wal_, "b"), "it lies there already");
}

// A directory of somebody else's, one that must not be written: the next owner could not go there.
TEST_F(SwitchTest, RefusesATargetThatCannotHoldALog) {
  world_.at("b").FailPrepares(1, WalError(WalErrorCode::kInvalidArgument, "it holds photos"));
  ExpectRefused(world_.Switch(*wal_, "b"), "it holds photos");
  world_.at("b").FailPrepares(1, WalError(WalErrorCode::kInner, "no permission"));
  ExpectRefused(world_.Switch(*wal_, "b"), "no permission");
  world_.at("b").FailPrepares(1, WalError(WalErrorCode::kResourceExhausted, "full"));
  EXPECT_EQ(CodeOf(world_.Switch(*wal_, "b")), WalErrorCode::kResourceExhausted);
  world_.at("b").FailPrepares(1, WalError(WalErrorCode::kCorrupt, "ordered"));
  ExpectRefused(world_.Switch(*wal_, "b"), "it cannot hold a log");
  world_.MustAppend(*wal_, "still");
  MustSwitch("b");
}

// C3: the look is part of the wait.
TEST_F(SwitchTest, IsNotDoneWhenItsDeadlineComesDuringTheLook) {
  world_.at("b").HoldOpens();
  const absl::Duration begin = world_.runtime().Now();
  const Result result = world_.Run(
      [this] { return wal_->Append(SwitchWorld::AlterWal("b"), {.timeout = absl::Seconds(2)}); });
  EXPECT_EQ(CodeOf(result), WalErrorCode::kUnavailable);
  EXPECT_LE(world_.runtime().Now() - begin, absl::Seconds(2));
  world_.at("b").ReleaseOpens();
  world_.runtime().RunUntilIdle();
  world_.MustAppend(*wal_, "still");
}

TEST_F(SwitchTest, IsNotDoneWhereTheTargetCannotBeLookedAt) {
  world_.at("b").FailOpens(1, WalError(WalErrorCode::kInner, "the disk is gone"));
  const Result result = world_.Switch(*wal_, "b");
  EXPECT_EQ(CodeOf(result), WalErrorCode::kUnavailable);
  EXPECT_THAT(result.status().message(), HasSubstr("the disk is gone"));
  world_.at("b").HoldOpens();
  EXPECT_EQ(CodeOf(world_.Switch(*wal_, "b")), WalErrorCode::kUnavailable);
  world_.at("b").ReleaseOpens();
  MustSwitch("b");
}

TEST(SwitchWithoutStoreTest, IsRefused) {
  SwitchWorld world(1, /*has_store=*/false);
  std::unique_ptr<Wal> wal = world.MustOpen(Term{1});
  const Result result = world.Switch(*wal, "b");
  EXPECT_EQ(CodeOf(result), WalErrorCode::kInvalidArgument);
  EXPECT_THAT(result.status().message(), HasSubstr("no store"));
  world.MustAppend(*wal, "a");
  world.Close(&wal);
}

// Crashes and other owners.

class SwitchCrashTest : public SwitchTest {
 protected:
  SwitchCrashTest() {
    world_.MustAppend(*wal_, "a");
    ended_ = MustSwitch("b");
    world_.Close(&wal_);
  }
  void ExpectCompletedAt(Term term) {
    wal_ = world_.MustOpen(term);
    world_.MustAppend(*wal_, "b");
    EXPECT_THAT(world_.Stored("a"), ElementsAre("tick", "a", "|"));
    EXPECT_THAT(world_.ReadAll(*wal_), ElementsAre("a", "|", "b"));
    EXPECT_EQ(world_.Chain().links.size(), 2u);
    EXPECT_GT(world_.at("b").records().front().time_tick(), ended_.time_tick);
  }
  AppendResult ended_;
};

TEST_F(SwitchCrashTest, IsCompletedByTheNextOpenWhenTheChainWasNotChanged) {
  world_.store().FailChanges(1, WalError(WalErrorCode::kUnavailable, "down"));
  EXPECT_EQ(CodeOf(world_.Open(Term{2})), WalErrorCode::kUnavailable);
  EXPECT_EQ(world_.Chain().links.size(), 1u);
  EXPECT_THAT(world_.Stored("b"), IsEmpty());
  world_.RestartOpener();
  ExpectCompletedAt(Term{3});
}

TEST_F(SwitchCrashTest, IsCompletedByTheNextOpenWhenNobodyKnowsOfTheChain) {
  for (const bool done : {false, true}) {
    world_.store().FailChanges(1, WalError(WalErrorCode::kOutcomeUnknown, "lost"), done);
    EXPECT_EQ(CodeOf(world_.Open(Term{done ? 3 : 2})), WalErrorCode::kUnavailable);
    world_.RestartOpener();
  }
  ExpectCompletedAt(Term{4});
  EXPECT_EQ(world_.Chain().last().first_term, Term{3});
}

TEST_F(SwitchCrashTest, IsCompletedByTheNextOpenWhenTheNewBackendWasNotOpened) {
  // The first look finds that it is free, the open fails.
  world_.at("b").FailOpens(1, WalError(WalErrorCode::kInner, "ordered"));
  EXPECT_FALSE(world_.Open(Term{2}).ok());
  EXPECT_EQ(world_.Chain().links.size(), 1u);
  ExpectCompletedAt(Term{3});
}

TEST_F(SwitchCrashTest, IsCompletedByTheNextOpenWhenItsFirstTickWasNotStored) {
  world_.at("b").FailAppends(1, WalErrorCode::kResourceExhausted);
  EXPECT_FALSE(world_.Open(Term{2}).ok());
  EXPECT_EQ(world_.Chain().links.size(), 2u);
  EXPECT_THAT(world_.Stored("b"), IsEmpty());
  world_.RestartOpener();
  ExpectCompletedAt(Term{3});
}

// What was looked at in front of the record is looked at again.
TEST_F(SwitchCrashTest, IsNotCompletedWhereTheTargetCannotHoldALogAnyMore) {
  world_.at("b").FailPrepares(1, WalError(WalErrorCode::kInner, "mounted read-only"));
  const absl::StatusOr<std::unique_ptr<Wal>> opened = world_.Open(Term{2});
  EXPECT_EQ(CodeOf(opened), WalErrorCode::kInner);
  EXPECT_THAT(opened.status().message(), HasSubstr("mounted read-only"));
  EXPECT_EQ(world_.Chain().links.size(), 1u);
  ExpectCompletedAt(Term{3});
}

TEST_F(SwitchCrashTest, IsNotCompletedWhereAnotherLogHasComeMeanwhile) {
  world_.MakeAnotherLogAt("b");
  const absl::StatusOr<std::unique_ptr<Wal>> opened = world_.Open(Term{2});
  EXPECT_EQ(CodeOf(opened), WalErrorCode::kInner);
  EXPECT_THAT(opened.status().message(), HasSubstr("holds a log of channel orders already"));
  EXPECT_EQ(world_.Chain().links.size(), 1u);
  EXPECT_THAT(world_.Stored("b"), ElementsAre("tick"));
}

// A2: whoever was the owner before changes nothing any more.
TEST_F(SwitchTest, FencesTheOwnerBeforeOnBothSides) {
  std::unique_ptr<Wal> stale = std::move(wal_);
  wal_ = world_.MustOpen(Term{2});
  MustSwitch("b");
  EXPECT_EQ(CodeOf(world_.Append(*stale, LogWorld::Message("x"))), WalErrorCode::kChannelFenced);
  EXPECT_FALSE(world_.Switch(*stale, "c").ok());
  Reopen(Term{3});
  EXPECT_EQ(CodeOf(world_.Open(Term{2})), WalErrorCode::kUnmatchedTerm);
  world_.RestartOpener();
  world_.Close(&stale);
  world_.Close(&wal_);
  EXPECT_EQ(CodeOf(world_.Open(Term{2})), WalErrorCode::kUnmatchedTerm);
  wal_ = world_.MustOpen(Term{4});
  EXPECT_EQ(world_.Chain().links.size(), 2u);
  EXPECT_THAT(world_.ReadAll(*wal_), ElementsAre("|"));
}

// What it saw of the chain in front of its fence may be old.
TEST_F(SwitchCrashTest, IsSeenByAnOpenThatBeganBeforeItWasCompleted) {
  world_.store().Hold();
  Future<absl::StatusOr<std::unique_ptr<Wal>>> two = world_.StartOpen(Term{2});
  world_.runtime().RunUntilIdle();  // It has fenced A, and claims.
  world_.at("a").HoldOpens();
  Future<absl::StatusOr<std::unique_ptr<Wal>>> three = world_.StartOpen(Term{3});
  world_.runtime().RunUntilIdle();  // It has seen no chain, and opens A.
  world_.store().Release();
  world_.runtime().RunUntilIdle();
  ASSERT_TRUE(two.ready());
  absl::StatusOr<std::unique_ptr<Wal>> completed = std::move(two).Take();
  ASSERT_TRUE(completed.ok()) << completed.status();
  world_.MustAppend(**completed, "b2");
  world_.at("a").ReleaseOpens();
  world_.runtime().RunUntilIdle();
  ASSERT_TRUE(three.ready());
  absl::StatusOr<std::unique_ptr<Wal>> opened = std::move(three).Take();
  ASSERT_TRUE(opened.ok()) << opened.status();
  wal_ = *std::move(opened);
  EXPECT_EQ(CodeOf(world_.Append(**completed, LogWorld::Message("x"))),
            WalErrorCode::kChannelFenced);
  world_.MustAppend(*wal_, "b3");
  EXPECT_THAT(world_.ReadAll(*wal_), ElementsAre("a", "|", "b2", "b3"));
  EXPECT_THAT(world_.Stored("a"), ElementsAre("tick", "a", "|"));
  EXPECT_EQ(world_.Chain().last().first_term, Term{2});
  world_.Close(&*completed);
}

// Of two that complete one switch the higher term wins, whoever comes first.
TEST_F(SwitchCrashTest, IsCompletedByTheHigherTermOfTwo) {
  world_.store().Hold();
  Future<absl::StatusOr<std::unique_ptr<Wal>>> two = world_.StartOpen(Term{2});
  world_.runtime().RunUntilIdle();
  Future<absl::StatusOr<std::unique_ptr<Wal>>> three = world_.StartOpen(Term{3});
  world_.runtime().RunUntilIdle();
  world_.store().Release();
  world_.runtime().Advance(absl::Seconds(1));
  ASSERT_TRUE(two.ready() && three.ready());
  EXPECT_EQ(CodeOf(std::move(two).Take()), WalErrorCode::kUnmatchedTerm);
  absl::StatusOr<std::unique_ptr<Wal>> opened = std::move(three).Take();
  ASSERT_TRUE(opened.ok()) << opened.status();
  wal_ = *std::move(opened);
  EXPECT_THAT(world_.ReadAll(*wal_), ElementsAre("a", "|"));
  EXPECT_EQ(world_.Chain().last().first_term, Term{3});
}

}  // namespace
}  // namespace tidelog::adaptor
