// Transactions and exclusive messages through an open log: E1 to E6, and what follows for C8, D3,
// D5, D7, G3 and H2.
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/time/time.h"
#include "adaptor/testing/log_world.h"
#include "adaptor/testing/transaction_world.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "wal/async/future.h"
#include "wal/message/message.h"
#include "wal/message/record.h"
#include "wal/message/testing/messages.h"
#include "wal/types.h"
#include "wal/utility/transaction_table.h"
#include "walimpls/testing/fake_wal.h"

namespace tidelog::adaptor {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using Result = absl::StatusOr<AppendResult>;

class TransactionTest : public TransactionWorld {
 protected:
  explicit TransactionTest(Config config = {}) : TransactionWorld(std::move(config)) {}
};

// E1.

TEST_F(TransactionTest, CommitsAllAtOnce) {
  const TxnContext txn = Begin();
  Must(Body(txn, "a"));
  world_.MustAppend(*wal_, "p");
  Must(Body(txn, "b"));
  EXPECT_THAT(ReadAll(), ElementsAre("p"));
  const AppendResult commit = Must(Commit(txn, 2));
  EXPECT_THAT(ReadAll(), ElementsAre("p", "[a b]"));
  EXPECT_THAT(ReadAll({.from = After{commit.position()}}), IsEmpty());
}

TEST_F(TransactionTest, IsNamedByTheTickOfItsBegin) {
  const AppendResult begin = Must(Append(tidelog::testing::MakeBegin("v", absl::Seconds(3))));
  EXPECT_EQ(begin.txn, (TxnContext{begin.time_tick, absl::Seconds(3)}));
  EXPECT_EQ(world_.fake().records().back().record().txn(), begin.txn);
}

TEST_F(TransactionTest, MayBelongToTheWholeLog) {
  const TxnContext txn = Begin("");
  Must(Body(txn, "a", ""));
  Must(Commit(txn, 1, ""));
  EXPECT_THAT(ReadAll({.vchannel = "w"}), ElementsAre("[a]"));
}

TEST_F(TransactionTest, LeavesNothingWhenItIsRolledBack) {
  const TxnContext txn = Begin();
  Must(Body(txn, "a"));
  Must(RollBack(txn));
  EXPECT_THAT(ReadAll(), IsEmpty());
  ExpectExpired(Commit(txn, 1), "it was rolled back");
}

TEST_F(TransactionTest, RefusesMembersOfWhatIsNotThere) {
  const TxnContext txn = Begin();
  const TxnContext none{Next(txn.id), absl::Seconds(1)};
  ExpectExpired(Body(none, "a"), "not found");
  ExpectExpired(Commit(none, 0), "not found");
  ExpectExpired(RollBack(none), "not found");
  Must(Commit(txn, 0));
  ExpectExpired(Body(txn, "a"), "it is committed");
  ExpectExpired(Commit(txn, 0), "it is committed");
  EXPECT_EQ(StoredCount(), 2u);
}

TEST_F(TransactionTest, RefusesMembersOfAnotherVChannel) {
  const TxnContext txn = Begin("v");
  EXPECT_EQ(CodeOf(Body(txn, "a", "w")), WalErrorCode::kInvalidArgument);
  EXPECT_EQ(CodeOf(Body(txn, "a", "")), WalErrorCode::kInvalidArgument);
  EXPECT_EQ(CodeOf(Commit(txn, 0, "w")), WalErrorCode::kInvalidArgument);
  EXPECT_EQ(CodeOf(RollBack(txn, "w")), WalErrorCode::kInvalidArgument);
  Must(Commit(txn, 0));
}

TEST_F(TransactionTest, TakesNothingExclusiveIntoATransaction) {
  const TxnContext txn = Begin();
  MutableMessage::Builder builder(MessageType::kManualFlush);
  builder.VChannel("v").Txn(txn);
  EXPECT_EQ(CodeOf(Append(*std::move(builder).Build(""))), WalErrorCode::kInvalidArgument);
  Must(Commit(txn, 0));
}

// E2.

TEST_F(TransactionTest, GivesADefaultLeaseThatIsStored) {
  EXPECT_EQ(Begin("v", absl::ZeroDuration()).keepalive, absl::Seconds(10));
  EXPECT_EQ(world_.fake().records().back().record().txn()->keepalive, absl::Seconds(10));
}

// D5, E6: an idle log stores a tick for it, one, and then it is over for everybody.
TEST_F(TransactionTest, StoresATickWhenALeaseRunsOut) {
  const TxnContext txn = Begin("v", absl::Seconds(2));
  world_.runtime().Advance(absl::Milliseconds(1800));
  EXPECT_THAT(world_.Stored(), ElementsAre("tick", "", "tick"));
  EXPECT_EQ(Details("transactions"), "1 open");
  world_.runtime().Advance(absl::Seconds(5));
  EXPECT_THAT(world_.Stored(), ElementsAre("tick", "", "tick", "tick"));
  EXPECT_EQ(Details("transactions"), "0 open");
  ExpectExpired(Commit(txn, 0), "its lease has run out");
}

TEST_F(TransactionTest, RenewsTheLeaseByEachBody) {
  const TxnContext txn = Begin("v", absl::Seconds(1));
  for (const char* payload : {"a", "b", "c"}) {
    world_.runtime().Advance(absl::Milliseconds(900));
    Must(Body(txn, payload));
  }
  world_.runtime().Advance(absl::Milliseconds(900));
  Must(Commit(txn, 3));
  EXPECT_THAT(ReadAll(), ElementsAre("[a b c]"));
}

TEST_F(TransactionTest, HandsNothingOverWhoseTickIsAtTheExpiry) {
  const TxnContext txn = Begin("v", absl::Seconds(1));
  const TimeTick expiry = ExpiryOf(txn.id, txn.keepalive);
  const TimeTick before{ToInt(expiry) - 1};
  ExpectExpired(Append(BodyAbove(txn, "a", before)), "its lease ran out at tick");
  ExpectExpired(Append(CommitAbove(txn, 0, expiry)), "its lease ran out at tick");
  EXPECT_EQ(StoredCount(), 1u);
  EXPECT_EQ(Details("transactions"), "1 open");
}

// Behind what is at the backend, where one reading of the clock serves several appends.
TEST_F(TransactionTest, BeginsTheLeaseAtThePresent) {
  world_.fake().HoldAppends();
  Future<Result> plain = Start(tidelog::testing::MakeInsert("a", "v"));
  Settle();
  world_.runtime().Advance(absl::Milliseconds(20));
  Future<Result> begin = Start(tidelog::testing::MakeBegin("v", absl::Milliseconds(10)));
  Settle();
  world_.fake().StopHoldingAppends();
  Settle();
  const TimeTick before = Must(std::move(plain).Take()).time_tick;
  const TxnContext txn = Must(std::move(begin).Take()).txn;
  EXPECT_GE(txn.id, ExpiryOf(before, absl::Milliseconds(19)));
  Must(Commit(txn, 0));
}

TEST_F(TransactionTest, CountsInTheLeaseWhatIsOnItsWay) {
  const TxnContext txn = Begin("v", absl::Seconds(1));
  const TimeTick expiry = ExpiryOf(txn.id, txn.keepalive);
  world_.fake().HoldAppends();
  Future<Result> first = Start(BodyAbove(txn, "a", TimeTick{ToInt(expiry) - 9}));
  Future<Result> second = Start(BodyAbove(txn, "b", Next(expiry)));
  Settle();
  world_.fake().StopHoldingAppends();
  Settle();
  EXPECT_EQ(CodeOf(std::move(first).Take()), WalErrorCode::kOk);
  EXPECT_EQ(CodeOf(std::move(second).Take()), WalErrorCode::kOk);
  Must(Commit(txn, 2));
  EXPECT_THAT(ReadAll(), ElementsAre("[a b]"));
}

// What did not land renews nothing.
TEST_F(TransactionTest, ForgetsTheLeaseOfABodyThatWasNotDone) {
  const TxnContext txn = Begin("v", absl::Seconds(1));
  const TimeTick expiry = ExpiryOf(txn.id, txn.keepalive);
  world_.fake().FailAppends(1, WalErrorCode::kResourceExhausted);
  EXPECT_EQ(CodeOf(Append(BodyAbove(txn, "a", TimeTick{ToInt(expiry) - 9}))),
            WalErrorCode::kResourceExhausted);
  ExpectExpired(Append(BodyAbove(txn, "b", Next(expiry))), "its lease ran out");
}

TEST_F(TransactionTest, HandsNothingOverAgainWhoseFreshTickIsAtTheExpiry) {
  const TxnContext txn = Begin("v", absl::Seconds(1));
  world_.fake().FailAppends(1000, WalErrorCode::kUnavailable);
  Future<Result> body = Start(tidelog::testing::MakeBody("a", "v", txn));
  world_.runtime().Advance(absl::Seconds(20));
  ASSERT_TRUE(body.ready());
  ExpectExpired(std::move(body).Take(), "its lease ran out");
  world_.fake().FailAppends(0, WalErrorCode::kUnavailable);
  EXPECT_EQ(StoredCount(), 1u);
}

// E3.

TEST_F(TransactionTest, RefusesACommitThatCountsOtherBodiesInAndStaysOpen) {
  const TxnContext txn = Begin();
  Must(Body(txn, "a"));
  const Result commit = Commit(txn, 2);
  EXPECT_EQ(CodeOf(commit), WalErrorCode::kInvalidTransactionState);
  EXPECT_THAT(commit.status().message(), HasSubstr("counts 2 bodies in, and 1 are stored"));
  Must(Body(txn, "b"));
  Must(Commit(txn, 2));
  EXPECT_THAT(ReadAll(), ElementsAre("[a b]"));
}

TEST_F(TransactionTest, LetsACommitWaitForTheBodiesInFlight) {
  const TxnContext txn = Begin();
  world_.fake().HoldAppends();
  Future<Result> a = Start(tidelog::testing::MakeBody("a", "v", txn));
  Future<Result> b = Start(tidelog::testing::MakeBody("b", "v", txn));
  Future<Result> commit = Start(tidelog::testing::MakeCommit("v", txn, 2));
  Settle();
  EXPECT_EQ(world_.fake().outstanding(), 2u);
  for (MutableMessage& message : Members(txn)) {
    EXPECT_EQ(CodeOf(Append(std::move(message))), WalErrorCode::kInvalidTransactionState);
  }
  world_.fake().ReleaseAppends(1);
  Settle();
  EXPECT_EQ(world_.fake().outstanding(), 1u);
  world_.fake().StopHoldingAppends();
  Settle();
  EXPECT_EQ(CodeOf(std::move(commit).Take()), WalErrorCode::kOk);
  EXPECT_THAT(ReadAll(), ElementsAre("[a b]"));
}

TEST_F(TransactionTest, RefusesMembersWhileARollbackIsUnderWay) {
  const TxnContext txn = Begin();
  world_.fake().HoldAppends();
  Future<Result> rollback = Start(tidelog::testing::MakeRollback("v", txn));
  Settle();
  for (MutableMessage& message : Members(txn)) {
    EXPECT_EQ(CodeOf(Append(std::move(message))), WalErrorCode::kInvalidTransactionState);
  }
  world_.fake().StopHoldingAppends();
  Settle();
  EXPECT_EQ(CodeOf(std::move(rollback).Take()), WalErrorCode::kOk);
}

// A body whose client has given up waiting is in flight all the same.
TEST_F(TransactionTest, LetsACommitWaitForABodyWhoseCallerHasGone) {
  const TxnContext txn = Begin();
  world_.fake().HoldAppends();
  Future<Result> a =
      wal_->Append(tidelog::testing::MakeBody("a", "v", txn), {.timeout = absl::Seconds(1)});
  world_.runtime().Advance(absl::Seconds(1));
  EXPECT_EQ(CodeOf(std::move(a).Take()), WalErrorCode::kOutcomeUnknown);
  Future<Result> commit = Start(tidelog::testing::MakeCommit("v", txn, 1));
  Settle();
  EXPECT_FALSE(commit.ready());
  world_.fake().StopHoldingAppends();
  Settle();
  EXPECT_EQ(CodeOf(std::move(commit).Take()), WalErrorCode::kOk);
}

TEST_F(TransactionTest, RefusesACommitThatCountsInABodyThatFailed) {
  const TxnContext txn = Begin();
  world_.fake().HoldAppends();
  Future<Result> a = Start(tidelog::testing::MakeBody("a", "v", txn));
  Future<Result> commit = Start(tidelog::testing::MakeCommit("v", txn, 1));
  Settle();
  world_.fake().FailAppends(1, WalErrorCode::kResourceExhausted);
  world_.fake().StopHoldingAppends();
  Settle();
  EXPECT_EQ(CodeOf(std::move(a).Take()), WalErrorCode::kResourceExhausted);
  EXPECT_EQ(CodeOf(std::move(commit).Take()), WalErrorCode::kInvalidTransactionState);
  Must(Commit(txn, 0));
}

// C3.
TEST_F(TransactionTest, IsOpenAgainWhenACommitIsWithdrawn) {
  const TxnContext txn = Begin();
  world_.fake().HoldAppends();
  Future<Result> a = Start(tidelog::testing::MakeBody("a", "v", txn));
  Future<Result> commit =
      wal_->Append(tidelog::testing::MakeCommit("v", txn, 1), {.timeout = absl::Seconds(1)});
  world_.runtime().Advance(absl::Seconds(1));
  EXPECT_EQ(CodeOf(std::move(commit).Take()), WalErrorCode::kDeadlineExceeded);
  Future<Result> b = Start(tidelog::testing::MakeBody("b", "v", txn));
  world_.fake().StopHoldingAppends();
  Settle();
  Must(Commit(txn, 2));
  EXPECT_THAT(ReadAll(), ElementsAre("[a b]"));
}

TEST_F(TransactionTest, IsOpenAgainWhenItsEndIsNotDone) {
  const TxnContext txn = Begin();
  for (MutableMessage& message : Ends(txn)) {
    world_.fake().FailAppends(1, WalErrorCode::kResourceExhausted);
    EXPECT_EQ(CodeOf(Append(std::move(message))), WalErrorCode::kResourceExhausted);
  }
  Must(Body(txn, "a"));
  Must(Commit(txn, 1));
  EXPECT_THAT(ReadAll(), ElementsAre("[a]"));
}

TEST_F(TransactionTest, TriesACommitAgainThatTheBackendRefusedForTheMoment) {
  const TxnContext txn = Begin();
  world_.fake().FailAppends(2, WalErrorCode::kUnavailable);
  Must(Commit(txn, 0));
  EXPECT_THAT(ReadAll(), ElementsAre("[]"));
}

// Of an unknown commit storage decides.
TEST_F(TransactionTest, LeavesAnUnknownCommitToStorage) {
  const TxnContext txn = Begin();
  Must(Body(txn, "a"));
  world_.fake().HoldAppends(walimpls::FakeLog::Held::kStored);
  Future<Result> commit = Start(tidelog::testing::MakeCommit("v", txn, 1));
  Settle();
  world_.fake().Fence(Term{2});
  world_.runtime().Advance(absl::Milliseconds(200));
  EXPECT_EQ(CodeOf(std::move(commit).Take()), WalErrorCode::kOutcomeUnknown);
  world_.fake().StopHoldingAppends();
  Reopen(Term{3});
  ExpectExpired(Commit(txn, 1), "");
  EXPECT_THAT(ReadAll(), ElementsAre("[a]"));
}

// C8.

TEST_F(TransactionTest, TakesBodiesInABatch) {
  const TxnContext txn = Begin();
  std::vector<MutableMessage> messages;
  messages.push_back(tidelog::testing::MakeBody("a", "v", txn));
  messages.push_back(LogWorld::Message("p"));
  messages.push_back(tidelog::testing::MakeBody("b", "v", txn));
  const BatchResult result = AppendBatch(std::move(messages));
  EXPECT_EQ(result.done.size(), 3u);
  Must(Commit(txn, 2));
  EXPECT_THAT(ReadAll(), ElementsAre("p", "[a b]"));
}

TEST_F(TransactionTest, TakesIntoABatchNothingThatWouldWaitForOthers) {
  const TxnContext txn = Begin();
  std::vector<MutableMessage> bad = Ends(txn);
  bad.push_back(tidelog::testing::MakeBegin("v"));
  bad.push_back(tidelog::testing::MakeMessage(MessageType::kManualFlush, "", "v"));
  for (MutableMessage& message : bad) {
    std::vector<MutableMessage> messages;
    messages.push_back(LogWorld::Message("p"));
    messages.push_back(std::move(message));
    EXPECT_EQ(CodeOf(AppendBatch(std::move(messages)).rest), WalErrorCode::kInvalidArgument);
  }
  Must(Commit(txn, 0));
  EXPECT_EQ(StoredCount(), 2u);
}

TEST_F(TransactionTest, RefusesAWholeBatchForABodyThatDoesNotCount) {
  const TxnContext txn = Begin("v", absl::Seconds(1));
  std::vector<MutableMessage> messages;
  messages.push_back(tidelog::testing::MakeBody("a", "v", txn));
  messages.push_back(BodyAbove(txn, "b", ExpiryOf(txn.id, txn.keepalive)));
  const BatchResult result = AppendBatch(std::move(messages));
  EXPECT_EQ(CodeOf(result.rest), WalErrorCode::kTransactionExpired);
  EXPECT_THAT(result.done, IsEmpty());
  EXPECT_EQ(StoredCount(), 1u);
}

TEST_F(TransactionTest, WaitsForNoBodyOfABatchThatWasRefused) {
  const TxnContext txn = Begin();
  std::vector<MutableMessage> messages;
  messages.push_back(tidelog::testing::MakeBody("a", "v", txn));
  messages.push_back(tidelog::testing::MakeBody("b", "w", txn));
  EXPECT_EQ(CodeOf(AppendBatch(std::move(messages)).rest), WalErrorCode::kInvalidArgument);
  Must(Commit(txn, 0));
}

// Limits.

class LimitedTransactionTest : public TransactionTest {
 protected:
  LimitedTransactionTest()
      : TransactionTest({{"wal.txn_open_max", "2"},
                         {"wal.txn_lease", "1500ms"},
                         {"wal.txn_bytes_max", "1000"}}) {}
};

TEST_F(LimitedTransactionTest, OpensOnlySoManyAtOneTime) {
  const TxnContext first = Begin();
  world_.fake().HoldAppends();
  Future<Result> second = Start(tidelog::testing::MakeBegin("v"));
  EXPECT_EQ(CodeOf(Append(tidelog::testing::MakeBegin("v"))), WalErrorCode::kResourceExhausted);
  world_.fake().StopHoldingAppends();
  Settle();
  EXPECT_EQ(CodeOf(std::move(second).Take()), WalErrorCode::kOk);
  Must(RollBack(first));
  EXPECT_EQ(Begin("v", absl::ZeroDuration()).keepalive, absl::Milliseconds(1500));
}

TEST_F(LimitedTransactionTest, TakesOnlySoMuchIntoOne) {
  const TxnContext txn = Begin();
  const std::string large(400, 'x');
  Must(Body(txn, large));
  world_.fake().HoldAppends();
  Future<Result> second = Start(tidelog::testing::MakeBody(large, "v", txn));
  Settle();
  EXPECT_EQ(CodeOf(Body(txn, large)), WalErrorCode::kTooLarge);
  world_.fake().StopHoldingAppends();
  Settle();
  EXPECT_EQ(CodeOf(Body(txn, large)), WalErrorCode::kTooLarge);
  Must(Commit(txn, 2));
}

}  // namespace
}  // namespace tidelog::adaptor
