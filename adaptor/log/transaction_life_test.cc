// Transactions and exclusive messages through an open log: E1 to E6, and what follows for C8, D3,
// D5, D7, G3 and H2.
#include <memory>
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
#include "wal/message/message_id.h"
#include "wal/message/record.h"
#include "wal/message/testing/messages.h"
#include "wal/types.h"
#include "walimpls/wal.h"

namespace tidelog::adaptor {
namespace {

using ::testing::ElementsAre;
using Result = absl::StatusOr<AppendResult>;

class TransactionLifeTest : public TransactionWorld {
 protected:
  explicit TransactionLifeTest(Config config = {}) : TransactionWorld(std::move(config)) {}
};

// E5.

TEST_F(TransactionLifeTest, EndsByAnExclusiveMessageInItsScope) {
  const TxnContext v = Begin("v"), w = Begin("w");
  Must(Exclusive("v"));
  ExpectExpired(Body(v, "a"), "an exclusive message ended it");
  ExpectExpired(Commit(v, 0), "an exclusive message ended it");
  Must(Commit(w, 0, "w"));
  EXPECT_THAT(ReadAll(), ElementsAre("flush", "[]"));
}

TEST_F(TransactionLifeTest, KeepsAnExclusiveMessageApartFromWhatIsInFlight) {
  world_.fake().HoldAppends();
  Future<Result> a = Start(LogWorld::Message("a", "v"));
  Future<Result> exclusive =
      Start(tidelog::testing::MakeMessage(MessageType::kManualFlush, "x", "v"));
  Future<Result> b = Start(LogWorld::Message("b", "v"));
  Future<Result> other = Start(LogWorld::Message("c", "w"));
  Settle();
  EXPECT_EQ(world_.fake().outstanding(), 2u);  // a and c.
  world_.fake().ReleaseAppends(1);
  Settle();
  world_.fake().ReleaseAppends(1);
  Settle();
  EXPECT_EQ(world_.fake().outstanding(), 1u);
  world_.fake().StopHoldingAppends();
  Settle();
  EXPECT_THAT(world_.Stored(), ElementsAre("tick", "a", "c", "x", "b"));
}

// Neither waits for the other for ever.
TEST_F(TransactionLifeTest, EndsACommitWhoseBodyWaitsBehindAnExclusiveMessage) {
  const TxnContext txn = Begin();
  world_.fake().HoldAppends();
  Future<Result> a = Start(tidelog::testing::MakeBody("a", "v", txn));
  Future<Result> exclusive =
      Start(tidelog::testing::MakeMessage(MessageType::kManualFlush, "x", "v"));
  Future<Result> b = Start(tidelog::testing::MakeBody("b", "v", txn));
  Future<Result> commit = Start(tidelog::testing::MakeCommit("v", txn, 2));
  Settle();
  world_.fake().StopHoldingAppends();
  Settle();
  EXPECT_EQ(CodeOf(std::move(a).Take()), WalErrorCode::kOk);
  EXPECT_EQ(CodeOf(std::move(exclusive).Take()), WalErrorCode::kOk);
  ExpectExpired(std::move(b).Take(), "an exclusive message ended it");
  ExpectExpired(std::move(commit).Take(), "an exclusive message ended it");
  EXPECT_THAT(ReadAll(), ElementsAre("x"));
}

// A commit that has its bodies and waits for the lock only.
TEST_F(TransactionLifeTest, EndsACommitThatWaitsBehindAnExclusiveMessage) {
  const TxnContext txn = Begin();
  world_.fake().HoldAppends();
  Future<Result> exclusive =
      Start(tidelog::testing::MakeMessage(MessageType::kManualFlush, "x", "v"));
  Future<Result> commit = Start(tidelog::testing::MakeCommit("v", txn, 0));
  Settle();
  world_.fake().StopHoldingAppends();
  Settle();
  EXPECT_EQ(CodeOf(std::move(exclusive).Take()), WalErrorCode::kOk);
  ExpectExpired(std::move(commit).Take(), "an exclusive message ended it");
}

// D3.

TEST_F(TransactionLifeTest, HoldsLastConfirmedAtTheOldestBeginThatIsOpen) {
  world_.MustAppend(*wal_, "a");
  const AppendResult first = Must(Append(tidelog::testing::MakeBegin("v")));
  const AppendResult second = Must(Append(tidelog::testing::MakeBegin("v")));
  const AppendResult p = world_.MustAppend(*wal_, "p");
  EXPECT_EQ(p.last_confirmed, first.id);
  EXPECT_EQ(world_.fake().records().back().last_confirmed(), first.id);
  world_.runtime().Advance(absl::Milliseconds(200));
  EXPECT_EQ(world_.fake().records().back().last_confirmed(), first.id);
  Must(Commit(first.txn, 0));
  EXPECT_EQ(world_.MustAppend(*wal_, "q").last_confirmed, second.id);
  const AppendResult end = Must(RollBack(second.txn));
  EXPECT_EQ(world_.MustAppend(*wal_, "r").last_confirmed, end.id);
}

TEST_F(TransactionLifeTest, IsReadWholeFromEveryPositionBelowItsCommit) {
  std::vector<Position> positions;
  positions.push_back(world_.MustAppend(*wal_, "p").position());
  const TxnContext txn = Begin();
  positions.push_back(Must(Body(txn, "a")).position());
  positions.push_back(world_.MustAppend(*wal_, "q").position());
  world_.runtime().Advance(absl::Milliseconds(200));
  positions.push_back(world_.fake().records().back().position());
  Must(Commit(txn, 1));
  for (const Position& position : positions) {
    EXPECT_EQ(ReadAll({.from = After{position}}).back(), "[a]");
  }
}

TEST_F(TransactionLifeTest, IsReadWholeByAScanOfTheLatestThatItWasOpenFor) {
  const TxnContext txn = Begin();
  Must(Body(txn, "a"));
  std::unique_ptr<Scanner> scanner = world_.MustRead(*wal_, {.from = Latest{}});
  Must(Body(txn, "b"));
  Must(Commit(txn, 2));
  const absl::StatusOr<ScanBatch> batch = world_.Next(*scanner);
  ASSERT_TRUE(batch.ok());
  EXPECT_EQ(Text(batch->messages.at(0)), "[a b]");
  world_.MustClose(*scanner);
}

// D7.
TEST_F(TransactionLifeTest, CountsForMvccWhatIsCommitted) {
  const TimeTick p = world_.MustAppend(*wal_, "p", "v").time_tick;
  const TxnContext txn = Begin();
  Must(Body(txn, "a"));
  EXPECT_EQ(MvccOf("v").time_tick, p);
  EXPECT_EQ(MvccOf("").time_tick, p);
  const AppendResult commit = Must(Commit(txn, 1));
  EXPECT_EQ(MvccOf("v").time_tick, commit.time_tick);
  EXPECT_EQ(MvccOf("").time_tick, commit.time_tick);
}

// G3.
TEST_F(TransactionLifeTest, OutlivesATruncationThatItsBeginHoldsBack) {
  const AppendResult p = world_.MustAppend(*wal_, "p");
  const TxnContext txn = Begin();
  Must(Body(txn, "a"));
  const AppendResult q = world_.MustAppend(*wal_, "q");
  const absl::StatusOr<Position> mark = world_.Run([&] { return wal_->Truncate(q.position()); });
  ASSERT_TRUE(mark.ok()) << mark.status();
  EXPECT_EQ(mark->time_tick, q.time_tick);
  EXPECT_FALSE(BeforeWithinLog(mark->last_confirmed, p.id));
  Reopen(Term{2});
  Must(Commit(txn, 1));
  EXPECT_THAT(ReadAll(), ElementsAre("[a]"));
}

// E4.

TEST_F(TransactionLifeTest, SurvivesACrash) {
  const AppendResult begin = Must(Append(tidelog::testing::MakeBegin("v")));
  Must(Body(begin.txn, "a"));
  Crash(Term{2});
  const ImmutableMessage first_tick = world_.fake().records().back();
  EXPECT_EQ(first_tick.type(), MessageType::kTimeTick);
  EXPECT_EQ(first_tick.last_confirmed(), begin.id);  // D6.
  Crash(Term{3});
  Must(Body(begin.txn, "b"));
  world_.MustAppend(*wal_, "p");
  Crash(Term{4});
  Must(Commit(begin.txn, 2));
  EXPECT_THAT(ReadAll(), ElementsAre("p", "[a b]"));
}

TEST_F(TransactionLifeTest, KnowsAfterACrashWhatHasEnded) {
  const TxnContext committed = Begin(), rolled_back = Begin(), open = Begin();
  Must(Commit(committed, 0));
  Must(RollBack(rolled_back));
  Crash(Term{2});
  ExpectExpired(Commit(committed, 0), "");
  ExpectExpired(Commit(rolled_back, 0), "");
  EXPECT_EQ(Details("transactions"), "1 open");
  Must(Commit(open, 0));
}

TEST_F(TransactionLifeTest, RenewsItsLeaseByBodiesFromBeforeACrash) {
  const TxnContext txn = Begin("v", absl::Seconds(2));
  world_.runtime().Advance(absl::Milliseconds(1500));
  Must(Body(txn, "a"));
  Crash(Term{2});
  world_.runtime().Advance(absl::Milliseconds(1500));
  Must(Commit(txn, 1));
}

// The time that nobody owned the log counts.
TEST_F(TransactionLifeTest, EndsByTheFirstTickOfATermWhenItsLeaseHasRunOut) {
  const TxnContext txn = Begin("v", absl::Seconds(2));
  world_.fake().Fence(Term{2});
  world_.runtime().Advance(absl::Seconds(3));
  Reopen(Term{3});
  EXPECT_EQ(Details("transactions"), "0 open");
  ExpectExpired(Commit(txn, 0), "its lease has run out");
  const AppendResult plain = world_.MustAppend(*wal_, "p");
  const std::vector<ImmutableMessage> records = world_.fake().records();
  EXPECT_EQ(plain.last_confirmed, records[records.size() - 2].id());
}

TEST_F(TransactionLifeTest, CountsWhatIsOpenFromBeforeAgainstTheLimit) {
  (void)Begin();
  Crash(Term{2});
  (void)Begin();
  EXPECT_EQ(Details("transactions"), "2 open");
}

// H2.

TEST_F(TransactionLifeTest, LetsTransactionsEndWhenTheLogCloses) {
  const TxnContext txn = Begin();
  Future<absl::Status> closed = wal_->Close();
  Settle();
  EXPECT_FALSE(closed.ready());
  EXPECT_EQ(CodeOf(Append(LogWorld::Message("p"))), WalErrorCode::kOnShutdown);
  EXPECT_EQ(CodeOf(Append(tidelog::testing::MakeBegin("v"))), WalErrorCode::kOnShutdown);
  EXPECT_EQ(CodeOf(Exclusive("v")), WalErrorCode::kOnShutdown);
  Must(Body(txn, "a"));
  Must(Commit(txn, 1));
  Settle();
  ASSERT_TRUE(closed.ready());
  EXPECT_TRUE(std::move(closed).Take().ok());
  Open(Term{1});
  EXPECT_THAT(ReadAll(), ElementsAre("[a]"));
}

TEST_F(TransactionLifeTest, StaysOpenInStorageWhenItDoesNotEndInTime) {
  const TxnContext txn = Begin();
  Must(Body(txn, "a"));
  const absl::Duration begin = world_.runtime().Now();
  world_.MustClose(*wal_);
  EXPECT_EQ(world_.runtime().Now() - begin, absl::Seconds(3));
  EXPECT_EQ(world_.fake().close_mode(), walimpls::CloseMode::kClean);
  EXPECT_EQ(CodeOf(Body(txn, "b")), WalErrorCode::kOnShutdown);
  Open(Term{1});
  Must(Commit(txn, 1));
  EXPECT_THAT(ReadAll(), ElementsAre("[a]"));
}

TEST_F(TransactionLifeTest, KeepsAClosingLogNoLongerThanItIsItsOwn) {
  (void)Begin();
  Future<absl::Status> closed = wal_->Close();
  world_.runtime().Advance(absl::Milliseconds(100));
  EXPECT_FALSE(closed.ready());
  world_.fake().Fence(Term{2});
  // The writer learns of it from its next append.
  EXPECT_EQ(CodeOf(Body({TimeTick{1}, absl::Seconds(1)}, "a")), WalErrorCode::kTransactionExpired);
  world_.runtime().Advance(absl::Seconds(3));
  EXPECT_TRUE(closed.ready());
  Reopen(Term{3});
}

TEST_F(TransactionLifeTest, WithdrawsWhatWaitsForALockWhenTheLogCloses) {
  const TxnContext txn = Begin("w");
  world_.fake().HoldAppends();
  Future<Result> a = Start(LogWorld::Message("a", "v"));
  Future<Result> exclusive =
      Start(tidelog::testing::MakeMessage(MessageType::kManualFlush, "x", "v"));
  Settle();
  Future<absl::Status> closed = wal_->Close();
  Settle();
  EXPECT_EQ(CodeOf(std::move(exclusive).Take()), WalErrorCode::kOnShutdown);
  world_.fake().StopHoldingAppends();
  Must(Commit(txn, 0, "w"));
  Settle();
  EXPECT_TRUE(closed.ready());
  Open(Term{1});
}

}  // namespace
}  // namespace tidelog::adaptor
