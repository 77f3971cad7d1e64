// Idempotency keys across crashes, takeovers, restarts and truncation: G4, and what follows for D6
// and G3.
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
#include "wal/status.h"
#include "wal/types.h"
#include "wal/wal.h"
#include "walimpls/testing/fake_wal.h"

namespace tidelog::adaptor {
namespace {

using ::testing::ElementsAre;
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

}  // namespace
}  // namespace tidelog::adaptor
