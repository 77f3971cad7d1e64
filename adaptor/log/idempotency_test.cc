// Idempotency keys through an open log (G4, C8).
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/log/check.h"
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
#include "wal/wal.h"
#include "walimpls/testing/fake_wal.h"

namespace tidelog::adaptor {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::MakeKeyed;
using testing::MakeKeyedCommit;
using Result = absl::StatusOr<AppendResult>;

class IdempotencyTest : public TransactionWorld {
 protected:
  explicit IdempotencyTest(Config config = {}) : TransactionWorld(std::move(config)) {}

  // `repeat` is what the append with `first` was told.
  static void ExpectRepeat(const Result& repeat, const AppendResult& first) {
    ASSERT_TRUE(repeat.ok()) << repeat.status();
    EXPECT_TRUE(repeat->duplicate);
    EXPECT_FALSE(first.duplicate);
    EXPECT_EQ(repeat->id, first.id);
    EXPECT_EQ(repeat->time_tick, first.time_tick);
    EXPECT_EQ(repeat->last_confirmed, first.last_confirmed);
    EXPECT_EQ(repeat->txn, first.txn);
  }
  // Messages of the VChannel "v" with these keys, whose payloads are the same; "-": no key.
  static std::vector<MutableMessage> Keyed(const std::vector<std::string>& keys) {
    std::vector<MutableMessage> messages;
    for (const std::string& key : keys) {
      messages.push_back(key == "-" ? LogWorld::Message(key, "v") : MakeKeyed(key, key, "v"));
    }
    return messages;
  }
  Future<BatchResult> StartBatch(const std::vector<std::string>& keys, AppendOptions options = {}) {
    return wal_->AppendBatch(Keyed(keys), options);
  }
  static Result Take(Future<Result>& future) {
    CHECK(future.ready());
    return std::move(future).Take();
  }
};

TEST_F(IdempotencyTest, WritesNothingForARepeatAndYieldsTheFirstResult) {
  const AppendResult first = Must(Append(MakeKeyed("k", "a", "v")));
  world_.MustAppend(*wal_, "p");
  ExpectRepeat(Append(MakeKeyed("k", "a", "v")), first);
  ExpectRepeat(Append(MakeKeyed("k", "another payload", "v")), first);
  EXPECT_THAT(world_.Stored(), ElementsAre("tick", "a", "p"));
}

TEST_F(IdempotencyTest, KeepsTheKeysOfVChannelsApart) {
  const AppendResult v = Must(Append(MakeKeyed("k", "a", "v")));
  const AppendResult none = Must(Append(MakeKeyed("k", "b", "")));
  EXPECT_FALSE(none.duplicate);
  ExpectRepeat(Append(MakeKeyed("k", "c", "v")), v);
  ExpectRepeat(Append(MakeKeyed("k", "c", "")), none);
  EXPECT_THAT(world_.Stored(), ElementsAre("tick", "a", "b"));
}

TEST_F(IdempotencyTest, TakesARepeatOfAnExclusiveMessage) {
  const auto flush = [] {
    MutableMessage::Builder builder(MessageType::kManualFlush);
    builder.VChannel("v").IdempotencyKey("k");
    return *std::move(builder).Build("flush");
  };
  const AppendResult first = Must(Append(flush()));
  const TxnContext txn = Begin();
  ExpectRepeat(Append(flush()), first);
  Must(Commit(txn, 0));  // A repeat ends nothing.
}

TEST_F(IdempotencyTest, RefusesWhatIsNoKey) {
  EXPECT_EQ(CodeOf(Append(MakeKeyed("", "a", "v"))), WalErrorCode::kInvalidArgument);
  EXPECT_EQ(CodeOf(Append(MakeKeyed(std::string(kIdempotencyKeyMax + 1, 'k'), "a", "v"))),
            WalErrorCode::kInvalidArgument);
  EXPECT_EQ(StoredCount(), 0u);
  Must(Append(MakeKeyed(std::string(kIdempotencyKeyMax, 'k'), "a", "v")));
}

// Transactions.

TEST_F(IdempotencyTest, YieldsACommitsResultThoughTheTransactionHasEnded) {
  const TxnContext txn = Begin();
  Must(Body(txn, "a"));
  const AppendResult first = Must(Append(MakeKeyedCommit("k", "v", txn, 1)));
  EXPECT_EQ(first.txn.id, txn.id);
  ExpectRepeat(Append(MakeKeyedCommit("k", "v", txn, 1)), first);
  EXPECT_THAT(ReadAll(), ElementsAre("[a]"));
  ExpectExpired(Commit(txn, 1), "it is committed");
}

TEST_F(IdempotencyTest, LetsARepeatOfACommitWaitForIt) {
  const TxnContext txn = Begin();
  world_.fake().HoldAppends();
  Future<Result> body = Start(tidelog::testing::MakeBody("a", "v", txn));
  Future<Result> first = Start(MakeKeyedCommit("k", "v", txn, 1));
  Future<Result> second = Start(MakeKeyedCommit("k", "v", txn, 1));
  Settle();
  EXPECT_FALSE(first.ready() || second.ready());
  world_.fake().StopHoldingAppends();
  Settle();
  ExpectRepeat(Take(second), Must(Take(first)));
  EXPECT_THAT(ReadAll(), ElementsAre("[a]"));
}

TEST_F(IdempotencyTest, KeepsNoKeyOfACommitThatWasRefused) {
  const TxnContext txn = Begin();
  EXPECT_EQ(CodeOf(Append(MakeKeyedCommit("k", "v", txn, 1))),
            WalErrorCode::kInvalidTransactionState);
  EXPECT_FALSE(Must(Append(MakeKeyedCommit("k", "v", txn, 0))).duplicate);
}

// Concurrent repeats.

TEST_F(IdempotencyTest, LetsARepeatWaitForTheFirst) {
  world_.fake().HoldAppends();
  Future<Result> first = Start(MakeKeyed("k", "a", "v"));
  Future<Result> second = Start(MakeKeyed("k", "b", "v"));
  Future<Result> other = Start(MakeKeyed("k", "c", "w"));
  Settle();
  EXPECT_EQ(world_.fake().outstanding(), 2u);
  EXPECT_EQ(Details("idempotency"), "0 keys remembered, 1 appends waiting");
  world_.fake().StopHoldingAppends();
  Settle();
  ExpectRepeat(Take(second), Must(Take(first)));
  EXPECT_FALSE(Must(Take(other)).duplicate);
  EXPECT_THAT(world_.Stored(), ElementsAre("tick", "a", "c"));
}

TEST_F(IdempotencyTest, AppendsTheNextInTheOrderTheyCameWhenTheFirstIsNotDone) {
  world_.fake().HoldAppends();
  Future<Result> first = Start(MakeKeyed("k", "a", "v"));
  Future<Result> second = Start(MakeKeyed("k", "b", "v"));
  Future<Result> third = Start(MakeKeyed("k", "c", "v"));
  Future<Result> fourth = Start(MakeKeyed("k", "d", "v"));
  Settle();
  for (Future<Result>* failing : {&first, &second}) {
    world_.fake().FailAppends(1, WalErrorCode::kResourceExhausted);
    world_.fake().ReleaseAppends(1);
    Settle();
    EXPECT_EQ(CodeOf(Take(*failing)), WalErrorCode::kResourceExhausted);
    EXPECT_EQ(world_.fake().outstanding(), 1u);
  }
  world_.fake().StopHoldingAppends();
  Settle();
  const AppendResult stored = Must(Take(third));
  EXPECT_FALSE(stored.duplicate);
  ExpectRepeat(Take(fourth), stored);
  EXPECT_THAT(world_.Stored(), ElementsAre("tick", "c"));
}

TEST_F(IdempotencyTest, ForgetsTheKeyOfWhatWasNotDone) {
  world_.fake().FailAppends(1, WalErrorCode::kResourceExhausted);
  EXPECT_EQ(CodeOf(Append(MakeKeyed("k", "a", "v"))), WalErrorCode::kResourceExhausted);
  EXPECT_FALSE(Must(Append(MakeKeyed("k", "b", "v"))).duplicate);
  EXPECT_THAT(world_.Stored(), ElementsAre("tick", "b"));
}

TEST_F(IdempotencyTest, WithdrawsARepeatWhoseDeadlineComesWhileItWaits) {
  world_.fake().HoldAppends();
  Future<Result> first = Start(MakeKeyed("k", "a", "v"));
  AppendOptions options;
  options.timeout = absl::Milliseconds(50);
  Future<Result> second = wal_->Append(MakeKeyed("k", "b", "v"), options);
  Future<Result> third = Start(MakeKeyed("k", "c", "v"));
  world_.runtime().Advance(absl::Milliseconds(50));
  EXPECT_EQ(CodeOf(Take(second)), WalErrorCode::kDeadlineExceeded);
  EXPECT_FALSE(first.ready() || third.ready());
  world_.fake().StopHoldingAppends();
  Settle();
  ExpectRepeat(Take(third), Must(Take(first)));
}

TEST_F(IdempotencyTest, WaitsOnForAnAppendWhoseCallerWasToldThatNobodyKnows) {
  world_.fake().HoldAppends();
  AppendOptions options;
  options.timeout = absl::Milliseconds(50);
  Future<Result> first = wal_->Append(MakeKeyed("k", "a", "v"), options);
  world_.runtime().Advance(absl::Milliseconds(50));
  EXPECT_EQ(CodeOf(Take(first)), WalErrorCode::kOutcomeUnknown);
  Future<Result> second = Start(MakeKeyed("k", "b", "v"));
  Settle();
  EXPECT_FALSE(second.ready());
  world_.fake().StopHoldingAppends();
  Settle();
  const AppendResult repeat = Must(Take(second));
  EXPECT_TRUE(repeat.duplicate);
  EXPECT_EQ(repeat.id, world_.fake().records().back().id());
  EXPECT_THAT(world_.Stored(), ElementsAre("tick", "a"));
}

// C2: what is unknown is settled by the next owner.
TEST_F(IdempotencyTest, EndsWhatWaitsForAnUnknownOutcomeWithTheLog) {
  world_.fake().HoldAppends(walimpls::FakeLog::Held::kStored);
  Future<Result> first = Start(MakeKeyed("k", "a", "v"));
  Future<Result> second = Start(MakeKeyed("k", "b", "v"));
  Settle();
  world_.fake().Fence(Term{2});
  world_.runtime().Advance(absl::Milliseconds(200));
  EXPECT_EQ(CodeOf(Take(first)), WalErrorCode::kOutcomeUnknown);
  EXPECT_EQ(CodeOf(Take(second)), WalErrorCode::kChannelFenced);
  EXPECT_EQ(CodeOf(Append(MakeKeyed("k", "c", "v"))), WalErrorCode::kChannelFenced);
  world_.fake().StopHoldingAppends();
  Reopen(Term{3});
  EXPECT_TRUE(Must(Append(MakeKeyed("k", "d", "v"))).duplicate);
  EXPECT_THAT(ReadAll(), ElementsAre("a"));
}

TEST_F(IdempotencyTest, EndsWhatWaitsWhenTheLogCloses) {
  world_.fake().HoldAppends();
  Future<Result> first = Start(MakeKeyed("k", "a", "v"));
  Future<Result> second = Start(MakeKeyed("k", "b", "v"));
  Settle();
  Future<absl::Status> closed = wal_->Close();
  Settle();
  EXPECT_EQ(CodeOf(Take(second)), WalErrorCode::kOnShutdown);
  EXPECT_FALSE(first.ready());
  world_.fake().StopHoldingAppends();
  Settle();
  Must(Take(first));
  EXPECT_TRUE(closed.ready());
  Open(Term{2});
  EXPECT_TRUE(Must(Append(MakeKeyed("k", "c", "v"))).duplicate);
}

class FewWaitersTest : public IdempotencyTest {
 protected:
  FewWaitersTest() : IdempotencyTest({{"wal.in_flight_count_max", "2"}}) {}
};

// C5.
TEST_F(FewWaitersTest, LetsNoMoreRepeatsWaitThanAppendsMayBeInFlight) {
  world_.fake().HoldAppends();
  Future<Result> first = Start(MakeKeyed("k", "a", "v"));
  Future<Result> second = Start(MakeKeyed("k", "b", "v"));
  Future<Result> third = Start(MakeKeyed("k", "c", "v"));
  Future<Result> fourth = Start(MakeKeyed("k", "d", "v"));
  Settle();
  EXPECT_EQ(CodeOf(Take(fourth)), WalErrorCode::kResourceExhausted);
  world_.fake().StopHoldingAppends();
  Settle();
  const AppendResult stored = Must(Take(first));
  ExpectRepeat(Take(second), stored);
  ExpectRepeat(Take(third), stored);
  world_.fake().HoldAppends();
  Future<Result> fifth = Start(MakeKeyed("l", "a", "v"));
  Future<Result> sixth = Start(MakeKeyed("l", "b", "v"));
  Settle();
  EXPECT_FALSE(sixth.ready());  // There is room again.
  world_.fake().StopHoldingAppends();
  Settle();
  ExpectRepeat(Take(sixth), Must(Take(fifth)));
}

// Batches (C8).

TEST_F(IdempotencyTest, LeavesTheRepeatsOutOfABatch) {
  const AppendResult b = Must(Append(MakeKeyed("b", "b", "v")));
  const AppendResult d = Must(Append(MakeKeyed("d", "d", "v")));
  const BatchResult batch = AppendBatch(Keyed({"a", "b", "-", "d", "c"}));
  EXPECT_TRUE(batch.rest.ok()) << batch.rest;
  EXPECT_EQ(batch.unknown, 0u);
  ASSERT_EQ(batch.done.size(), 5u);
  ExpectRepeat(batch.done[1], b);
  ExpectRepeat(batch.done[3], d);
  const std::vector<ImmutableMessage> records = world_.fake().records();
  for (const size_t i : {0u, 2u, 4u}) {
    EXPECT_FALSE(batch.done[i].duplicate);
    EXPECT_EQ(batch.done[i].id, records[3 + i / 2].id());
  }
  EXPECT_THAT(world_.Stored(), ElementsAre("tick", "b", "d", "a", "-", "c"));
}

TEST_F(IdempotencyTest, AnswersABatchOfRepeats) {
  const BatchResult first = AppendBatch(Keyed({"a", "b"}));
  const BatchResult second = AppendBatch(Keyed({"b", "a"}));
  EXPECT_TRUE(second.rest.ok()) << second.rest;
  ASSERT_EQ(second.done.size(), 2u);
  ExpectRepeat(second.done[0], first.done[1]);
  ExpectRepeat(second.done[1], first.done[0]);
  EXPECT_EQ(StoredCount(), 2u);
}

TEST_F(IdempotencyTest, RefusesABatchThatWouldWaitForItself) {
  BatchResult batch = AppendBatch(Keyed({"a", "b", "a"}));
  EXPECT_EQ(CodeOf(batch.rest), WalErrorCode::kInvalidArgument);
  EXPECT_THAT(batch.rest.message(), HasSubstr("messages 0 and 2 have the same idempotency key"));
  const TxnContext txn = Begin();
  std::vector<MutableMessage> mixed = Keyed({"a"});
  mixed.push_back(tidelog::testing::MakeBody("body", "v", txn));
  batch = AppendBatch(std::move(mixed));
  EXPECT_EQ(CodeOf(batch.rest), WalErrorCode::kInvalidArgument);
  EXPECT_EQ(StoredCount(), 1u);
  std::vector<MutableMessage> apart = Keyed({"a"});
  apart.push_back(MakeKeyed("a", "", "w"));
  EXPECT_TRUE(AppendBatch(std::move(apart)).rest.ok());
}

TEST_F(IdempotencyTest, LetsABatchWaitForItsKeysAndThoseOfTheNextForIts) {
  world_.fake().HoldAppends();
  Future<Result> a = Start(MakeKeyed("a", "first", "v"));
  Future<BatchResult> batch = StartBatch({"-", "a", "b"});
  Future<BatchResult> crossed = StartBatch({"b", "a"});
  Settle();
  EXPECT_EQ(world_.fake().outstanding(), 1u);
  // Who waits claims nothing.
  Future<Result> b = Start(MakeKeyed("b", "second", "v"));
  Settle();
  EXPECT_EQ(world_.fake().outstanding(), 2u);
  world_.fake().ReleaseAppends(1);
  Settle();
  EXPECT_EQ(world_.fake().outstanding(), 1u);
  world_.fake().StopHoldingAppends();
  Settle();
  const AppendResult first = Must(Take(a)), second = Must(Take(b));
  const BatchResult one = std::move(batch).Take(), two = std::move(crossed).Take();
  ASSERT_EQ(one.done.size(), 3u);
  ExpectRepeat(one.done[1], first);
  ExpectRepeat(one.done[2], second);
  ASSERT_EQ(two.done.size(), 2u);
  ExpectRepeat(two.done[0], second);
  ExpectRepeat(two.done[1], first);
  EXPECT_THAT(world_.Stored(), ElementsAre("tick", "first", "second", "-"));
}

TEST_F(IdempotencyTest, AppendsTheKeysOfABatchThatWasNotDone) {
  world_.fake().HoldAppends();
  Future<BatchResult> batch = StartBatch({"a", "b"});
  Future<Result> a = Start(MakeKeyed("a", "again", "v"));
  Future<BatchResult> next = StartBatch({"b", "c"});
  Settle();
  EXPECT_EQ(world_.fake().outstanding(), 1u);
  world_.fake().FailAppends(1, WalErrorCode::kResourceExhausted);
  world_.fake().StopHoldingAppends();
  Settle();
  const BatchResult failed = std::move(batch).Take();
  EXPECT_EQ(CodeOf(failed.rest), WalErrorCode::kResourceExhausted);
  EXPECT_THAT(failed.done, IsEmpty());
  EXPECT_FALSE(Must(Take(a)).duplicate);
  EXPECT_TRUE(std::move(next).Take().rest.ok());
  EXPECT_THAT(world_.Stored(), ElementsAre("tick", "again", "b", "c"));
}

TEST_F(IdempotencyTest, EndsWhatIsDoneOfABatchAtTheFirstThatIsNot) {
  const AppendResult b = Must(Append(MakeKeyed("b", "b", "v")));
  const AppendResult d = Must(Append(MakeKeyed("d", "d", "v")));
  world_.fake().FailAppends(1, WalErrorCode::kResourceExhausted);
  const BatchResult none = AppendBatch(Keyed({"b", "a", "d"}));
  EXPECT_EQ(CodeOf(none.rest), WalErrorCode::kResourceExhausted);
  EXPECT_EQ(none.unknown, 0u);
  ASSERT_EQ(none.done.size(), 1u);
  ExpectRepeat(none.done[0], b);
  const BatchResult all = AppendBatch(Keyed({"b", "a", "d"}));
  EXPECT_TRUE(all.rest.ok()) << all.rest;
  ASSERT_EQ(all.done.size(), 3u);
  ExpectRepeat(all.done[2], d);
}

TEST_F(IdempotencyTest, CountsTheRepeatsBetweenWhatIsUnknown) {
  Must(Append(MakeKeyed("b", "b", "v")));
  Must(Append(MakeKeyed("d", "d", "v")));
  world_.fake().HoldAppends();
  AppendOptions options;
  options.timeout = absl::Milliseconds(50);
  Future<BatchResult> batch = StartBatch({"b", "a", "d", "c", "b2"}, options);
  Future<BatchResult> last = StartBatch({"e", "d"}, options);
  world_.runtime().Advance(absl::Milliseconds(50));
  const BatchResult result = std::move(batch).Take();
  EXPECT_EQ(CodeOf(result.rest), WalErrorCode::kOutcomeUnknown);
  EXPECT_EQ(result.done.size(), 1u);
  EXPECT_EQ(result.unknown, 4u);
  EXPECT_EQ(std::move(last).Take().unknown, 1u);  // The repeat behind it is not counted.
  world_.fake().StopHoldingAppends();
  Settle();
  EXPECT_TRUE(AppendBatch(Keyed({"b", "a", "d", "c", "b2"})).rest.ok());
  EXPECT_EQ(StoredCount(), 6u);
}

// The window.

class ShortWindowTest : public IdempotencyTest {
 protected:
  ShortWindowTest() : IdempotencyTest({{"wal.idempotency_window", "1s"}}) {}
};

TEST_F(ShortWindowTest, ForgetsAKeyByTheTicksOfWhatIsStored) {
  const AppendResult first = Must(Append(MakeKeyed("k", "a", "v")));
  world_.runtime().Advance(absl::Milliseconds(900));
  ExpectRepeat(Append(MakeKeyed("k", "b", "v")), first);
  world_.runtime().Advance(absl::Milliseconds(150));
  world_.MustAppend(*wal_, "p");
  EXPECT_FALSE(Must(Append(MakeKeyed("k", "c", "v"))).duplicate);
  EXPECT_EQ(Details("idempotency"), "1 keys remembered, 0 appends waiting");
}

class FewKeysTest : public IdempotencyTest {
 protected:
  FewKeysTest() : IdempotencyTest({{"wal.idempotency_keys_max", "2"}}) {}
};

TEST_F(FewKeysTest, ForgetsTheOldestKeyWhenThereAreTooMany) {
  for (const char* key : {"a", "b", "c"}) Must(Append(MakeKeyed(key, key, "v")));
  EXPECT_TRUE(Must(Append(MakeKeyed("b", "again", "v"))).duplicate);
  EXPECT_FALSE(Must(Append(MakeKeyed("a", "again", "v"))).duplicate);
  EXPECT_TRUE(Must(Append(MakeKeyed("c", "again", "v"))).duplicate);
  EXPECT_FALSE(Must(Append(MakeKeyed("b", "again", "v"))).duplicate);
}

}  // namespace
}  // namespace tidelog::adaptor
