// Idempotency keys across crashes, takeovers, restarts and truncation: G4, and what follows for D6
// and G3.
#include <memory>
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
#include "wal/message/message_id.h"
#include "wal/message/record.h"
#include "wal/message/testing/messages.h"
#include "wal/status.h"
#include "wal/types.h"
#include "wal/wal.h"
#include "walimpls/testing/fake_wal.h"

namespace tidelog::adaptor {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::MakeKeyed;
using testing::MakeKeyedCommit;
using Result = absl::StatusOr<AppendResult>;

class IdempotencyLifeTest : public TransactionWorld {
 protected:
  explicit IdempotencyLifeTest(Config config = {}) : TransactionWorld(std::move(config)) {}

  Result Append(std::string_view key) { return TransactionWorld::Append(MakeKeyed(key, key, "v")); }
  void ExpectRemembered(std::string_view key, const AppendResult& first) {
    const AppendResult repeat = Must(Append(key));
    EXPECT_TRUE(repeat.duplicate) << key;
    EXPECT_EQ(repeat.id, first.id);
    EXPECT_EQ(repeat.time_tick, first.time_tick);
    EXPECT_EQ(repeat.last_confirmed, first.last_confirmed);
  }
  // What makes the newest stored tick's last-confirmed lie far above what was before.
  void MoveOn() {
    world_.MustAppend(*wal_, "p");
    world_.runtime().Advance(absl::Milliseconds(200));
    world_.MustAppend(*wal_, "p");
    world_.runtime().Advance(absl::Milliseconds(200));
  }
  absl::StatusOr<Position> Truncate(const Position& through) {
    return world_.Run([&] { return wal_->Truncate(through); });
  }
  absl::StatusOr<Position> Truncate(const AppendResult& through) {
    return Truncate(through.position());
  }
  Position NewestPosition() {
    return *world_.Run([this] { return wal_->Info(); })->tail;
  }
  ImmutableMessage NewestTick() {
    const std::vector<ImmutableMessage> records = world_.fake().records();
    for (auto record = records.rbegin(); record != records.rend(); ++record) {
      if (record->type() == MessageType::kTimeTick) return *record;
    }
    return ImmutableMessage();
  }
};

TEST_F(IdempotencyLifeTest, SurvivesCrashes) {
  const AppendResult a = Must(Append("a"));
  MoveOn();
  const AppendResult b = Must(Append("b"));
  Crash(Term{2});
  ExpectRemembered("a", a);
  ExpectRemembered("b", b);
  MoveOn();
  Crash(Term{3});
  // Nothing but the first tick is stored in this term.
  Crash(Term{4});
  ExpectRemembered("a", a);
  ExpectRemembered("b", b);
}

TEST_F(IdempotencyLifeTest, SurvivesARestartUnderTheSameTerm) {
  const AppendResult a = Must(Append("a"));
  MoveOn();
  Reopen(Term{1});
  ExpectRemembered("a", a);
}

TEST_F(IdempotencyLifeTest, SurvivesAnOpenThatFailed) {
  const AppendResult a = Must(Append("a"));
  MoveOn();
  world_.fake().Fence(Term{2});
  (void)world_.Close(*wal_);
  world_.fake().FailReads(1, WalError(WalErrorCode::kInner, "a read failed"));
  EXPECT_FALSE(world_.Open(Term{3}).ok());
  world_.fake().FailAppends(1, WalErrorCode::kResourceExhausted);
  EXPECT_FALSE(world_.Open(Term{4}).ok());
  Open(Term{5});
  ExpectRemembered("a", a);
}

// The replay needs the begin, or the commit would not count.
TEST_F(IdempotencyLifeTest, RemembersACommitAcrossACrash) {
  const TxnContext txn = Begin();
  world_.MustAppend(*wal_, "p");
  const AppendResult commit = Must(TransactionWorld::Append(MakeKeyedCommit("k", "v", txn, 0)));
  MoveOn();
  Crash(Term{2});
  const AppendResult repeat = Must(TransactionWorld::Append(MakeKeyedCommit("k", "v", txn, 0)));
  EXPECT_TRUE(repeat.duplicate);
  EXPECT_EQ(repeat.id, commit.id);
  EXPECT_EQ(repeat.txn, commit.txn);
  MoveOn();
  Crash(Term{3});
  EXPECT_TRUE(Must(TransactionWorld::Append(MakeKeyedCommit("k", "v", txn, 0))).duplicate);
}

// C2: storage decides what was unknown, and the next owner knows.
TEST_F(IdempotencyLifeTest, AppendsAgainWhatTurnedOutNotToBeStored) {
  using Held = walimpls::FakeLog::Held;
  Term term{1};
  for (const Held held : {Held::kStored, Held::kNotStored}) {
    const std::string_view key = held == Held::kStored ? "stored" : "not stored";
    world_.fake().HoldAppends(held);
    Future<Result> first = Start(MakeKeyed(key, key, "v"));
    Settle();
    world_.fake().Fence(Term{ToInt(term) + 1});
    world_.runtime().Advance(absl::Milliseconds(200));
    ASSERT_TRUE(first.ready());
    EXPECT_EQ(CodeOf(std::move(first).Take()), WalErrorCode::kOutcomeUnknown);
    world_.fake().StopHoldingAppends();
    term = Term{ToInt(term) + 2};
    Reopen(term);
    EXPECT_EQ(Must(Append(key)).duplicate, held == Held::kStored);
    EXPECT_TRUE(Must(Append(key)).duplicate);
  }
  EXPECT_THAT(ReadAll(), ElementsAre("stored", "not stored"));
}

// D6.

TEST_F(IdempotencyLifeTest, TellsInEachStoredTickWhereTheReplayBegins) {
  world_.MustAppend(*wal_, "p");
  const AppendResult a = Must(Append("a"));
  MoveOn();
  EXPECT_EQ(NewestTick().record().replay_start_key(), a.id.key());
  EXPECT_TRUE(BeforeWithinLog(a.id, NewestTick().last_confirmed()));
  Crash(Term{2});
  EXPECT_EQ(NewestTick().record().replay_start_key(), a.id.key());
}

TEST_F(IdempotencyLifeTest, BeginsTheReplayAtTheBeginOfACommit) {
  const AppendResult begin = Must(TransactionWorld::Append(tidelog::testing::MakeBegin("v")));
  Must(Append("a"));
  Must(TransactionWorld::Append(MakeKeyedCommit("k", "v", begin.txn, 0)));
  MoveOn();
  EXPECT_EQ(NewestTick().record().replay_start_key(), begin.id.key());
}

class ShortWindowLifeTest : public IdempotencyLifeTest {
 protected:
  ShortWindowLifeTest() : IdempotencyLifeTest({{"wal.idempotency_window", "1s"}}) {}
};

TEST_F(ShortWindowLifeTest, BeginsTheReplayNoEarlierThanItMust) {
  const AppendResult a = Must(Append("a"));
  world_.runtime().Advance(absl::Milliseconds(600));
  const AppendResult b = Must(Append("b"));
  world_.runtime().Advance(absl::Milliseconds(200));
  EXPECT_EQ(NewestTick().record().replay_start_key(), a.id.key());
  world_.runtime().Advance(absl::Milliseconds(400));
  world_.MustAppend(*wal_, "p");
  world_.runtime().Advance(absl::Milliseconds(200));
  EXPECT_EQ(NewestTick().record().replay_start_key(), b.id.key());
  world_.runtime().Advance(absl::Seconds(2));
  const AppendResult q = world_.MustAppend(*wal_, "q");
  world_.runtime().Advance(absl::Milliseconds(200));
  EXPECT_EQ(NewestTick().record().replay_start_key(), q.id.key());
  Crash(Term{2});
  EXPECT_FALSE(Must(Append("a")).duplicate);
  EXPECT_FALSE(Must(Append("b")).duplicate);
}

// G3.

TEST_F(IdempotencyLifeTest, HoldsTruncationBack) {
  world_.MustAppend(*wal_, "p");
  const AppendResult a = Must(Append("a"));
  MoveOn();
  const AppendResult q = world_.MustAppend(*wal_, "q");
  const absl::StatusOr<Position> mark = world_.Run([&] { return wal_->Truncate(q.position()); });
  ASSERT_TRUE(mark.ok()) << mark.status();
  EXPECT_EQ(mark->time_tick, q.time_tick);
  EXPECT_FALSE(BeforeWithinLog(a.id, mark->last_confirmed));
  Crash(Term{2});
  ExpectRemembered("a", a);
  MoveOn();
  Crash(Term{3});
  ExpectRemembered("a", a);
}

TEST_F(ShortWindowLifeTest, HoldsTruncationBackNoLongerThanTheWindow) {
  Must(Append("a"));
  world_.runtime().Advance(absl::Seconds(2));
  const AppendResult q = world_.MustAppend(*wal_, "q");
  const absl::StatusOr<Position> mark = world_.Run([&] { return wal_->Truncate(q.position()); });
  ASSERT_TRUE(mark.ok()) << mark.status();
  EXPECT_EQ(*mark, q.position());
}

// A truncation is what makes room on a full disk, and must not need any.
TEST_F(IdempotencyLifeTest, FreesWhatIsBelowTheWindowThoughNothingCanBeStored) {
  world_.MustAppend(*wal_, "p");
  const AppendResult a = Must(Append("a"));
  world_.MustAppend(*wal_, "q");
  const AppendResult r = world_.MustAppend(*wal_, "r");
  MoveOn();
  const size_t before = world_.Stored().size();
  world_.fake().FailAppends(walimpls::FakeLog::kAll, WalErrorCode::kResourceExhausted);
  const absl::StatusOr<Position> mark = Truncate(r);
  ASSERT_TRUE(mark.ok()) << mark.status();
  EXPECT_EQ(*mark, (Position{a.id, r.time_tick}));
  EXPECT_EQ(world_.fake().records().front().id(), a.id);
  EXPECT_LT(world_.Stored().size(), before);
  // What lies above the newest tick would hide it.
  EXPECT_EQ(CodeOf(Truncate(NewestPosition())), WalErrorCode::kResourceExhausted);
}

TEST_F(IdempotencyLifeTest, StoresNoTickThatWouldNotFreeMore) {
  Must(Append("a"));
  world_.MustAppend(*wal_, "q");
  const AppendResult r = world_.MustAppend(*wal_, "r");
  MoveOn();
  const MessageId newest = world_.fake().records().back().id();
  EXPECT_TRUE(Truncate(r).ok());
  EXPECT_EQ(world_.fake().records().back().id(), newest);
}

TEST_F(IdempotencyLifeTest, TellsWhereAReplayWouldBegin) {
  const AppendResult a = Must(Append("a"));
  MoveOn();
  EXPECT_THAT(Details("replay"), HasSubstr(a.id.ToString()));
}

TEST_F(ShortWindowLifeTest, CompletesATruncationThatWasHeldBack) {
  const AppendResult a = Must(Append("a"));
  world_.MustAppend(*wal_, "q");
  const AppendResult r = world_.MustAppend(*wal_, "r");
  world_.runtime().Advance(absl::Milliseconds(200));
  EXPECT_EQ(*Truncate(r), (Position{a.id, r.time_tick}));
  world_.runtime().Advance(absl::Seconds(2));
  EXPECT_EQ(*Truncate(r), r.position());
  EXPECT_EQ(world_.fake().truncated(), r.position());
  EXPECT_EQ(world_.fake().records().front().id(), r.last_confirmed);
  const size_t before = world_.Stored().size();
  EXPECT_EQ(*Truncate(r), r.position());
  EXPECT_EQ(world_.Stored().size(), before);
}

TEST_F(ShortWindowLifeTest, GoesOnWithoutATickThatWouldFreeMoreAndCannotBeStored) {
  const AppendResult a = Must(Append("a"));
  world_.MustAppend(*wal_, "q");
  const AppendResult r = world_.MustAppend(*wal_, "r");
  world_.runtime().Advance(absl::Milliseconds(200));
  world_.runtime().Advance(absl::Seconds(2));
  for (const WalErrorCode code : {WalErrorCode::kResourceExhausted, WalErrorCode::kUnavailable}) {
    world_.fake().FailAppends(1, code);
    EXPECT_EQ(*Truncate(r), (Position{a.id, r.time_tick}));
  }
  EXPECT_EQ(*Truncate(r), r.position());
}

// A limit of what an open must read, and of what truncation must leave.
class ShortLogLifeTest : public IdempotencyLifeTest {
 protected:
  ShortLogLifeTest() : IdempotencyLifeTest({{"wal.idempotency_log_bytes_max", "5000"}}) {}
};

TEST_F(ShortLogLifeTest, ForgetsAKeyWhenTooManyBytesOfTheLogLieBehindIt) {
  const AppendResult a = Must(Append("a"));
  world_.MustAppend(*wal_, std::string(3000, 'p'));
  MoveOn();
  EXPECT_EQ(NewestTick().record().replay_start_key(), a.id.key());
  Crash(Term{2});
  ExpectRemembered("a", a);
  world_.MustAppend(*wal_, std::string(3000, 'q'));
  MoveOn();
  EXPECT_TRUE(
      BeforeWithinLog(a.id, MessageId(a.id.origin(), NewestTick().record().replay_start_key())));
  EXPECT_FALSE(Must(Append("a")).duplicate);
}

}  // namespace
}  // namespace tidelog::adaptor
