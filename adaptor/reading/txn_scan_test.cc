// Transactions as scans deliver them: E1 to E3, E6, F1, F2.
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/time/time.h"
#include "adaptor/testing/log_world.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "wal/async/future.h"
#include "wal/message/message.h"
#include "wal/message/message_factory.h"
#include "wal/message/message_id.h"
#include "wal/message/record.h"
#include "wal/message/testing/messages.h"
#include "wal/utility/transaction_table.h"

namespace tidelog::adaptor {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using OnCorrupt = ReadOptions::OnCorrupt;

constexpr absl::Duration kLease = absl::Milliseconds(100);

// Records are put into storage one by one, as some writer has left them.
class TxnScanTest : public ::testing::Test {
 protected:
  TxnScanTest() {
    std::unique_ptr<Wal> wal = world_.MustOpen(Term{1});
    world_.MustClose(*wal);
    tick_ = world_.fake().records().back().time_tick();
    reader_ = world_.MustOpenReadOnly();
  }
  ~TxnScanTest() override { (void)world_.Close(*reader_); }

  // One millisecond behind the record before.
  ImmutableMessage Put(MutableMessage message, Term term = Term{1},
                       const MessageId* last_confirmed = nullptr) {
    tick_ = MakeTimeTick(PhysicalMs(tick_) + 1, 0);
    ImmutableMessage stamped =
        tidelog::testing::Stamped(std::move(message), term, tick_, last_confirmed);
    const MessageId id = world_.fake().Inject(stamped);
    return stamped.WithId(id);
  }
  ImmutableMessage Plain(std::string_view payload, std::string_view vchannel = "v") {
    return Put(tidelog::testing::MakeInsert(payload, vchannel));
  }
  TxnContext Begin(std::string_view vchannel = "v") {
    begin_ = Put(tidelog::testing::MakeBegin(vchannel, kLease)).id();
    return {tick_, kLease};
  }
  ImmutableMessage Body(std::string_view payload, const TxnContext& txn,
                        std::string_view vchannel = "v") {
    return Put(tidelog::testing::MakeBody(payload, vchannel, txn), Term{1}, &begin_);
  }
  ImmutableMessage Commit(const TxnContext& txn, uint32_t bodies, std::string_view vchannel = "v") {
    return Put(tidelog::testing::MakeCommit(vchannel, txn, bodies));
  }
  ImmutableMessage Exclusive(std::string_view vchannel) {
    return Put(tidelog::testing::MakeMessage(MessageType::kManualFlush, "flush", vchannel));
  }
  // A transaction with these bodies.
  ImmutableMessage Txn(const std::vector<std::string>& payloads, std::string_view vchannel = "v") {
    const TxnContext txn = Begin(vchannel);
    for (const std::string& payload : payloads) Body(payload, txn, vchannel);
    return Commit(txn, static_cast<uint32_t>(payloads.size()), vchannel);
  }

  // "a"; of a transaction "[a b]"; of a gap "gap"; of an error its name.
  static std::string Text(const ImmutableMessage& message) {
    if (message.type() != MessageType::kTxn) return std::string(message.payload());
    std::vector<std::string_view> bodies;
    for (const ImmutableMessage& member : message.transaction()) {
      if (!FramesTransaction(member.type())) bodies.push_back(member.payload());
    }
    return absl::StrCat("[", absl::StrJoin(bodies, " "), "]");
  }
  std::vector<std::string> ReadAll(ReadOptions options = {}) {
    if (!options.until) options.until = TailAtOpen{};
    std::unique_ptr<Scanner> scanner = world_.MustRead(*reader_, std::move(options));
    std::vector<std::string> texts;
    bool end = false;
    while (!end) {
      const absl::StatusOr<ScanBatch> batch = world_.Next(*scanner);
      if (!batch.ok()) {
        texts.push_back(WalErrorCodeName(CodeOf(batch)));
        error_ = batch.status();
        break;
      }
      for (const ImmutableMessage& message : batch->messages) texts.push_back(Text(message));
      if (batch->gap) texts.push_back("gap");
      if (batch->gap) gap_ = batch->gap;
      end = batch->end;
    }
    world_.MustClose(*scanner);
    return texts;
  }

  LogWorld world_;
  std::unique_ptr<RoWal> reader_;
  TimeTick tick_{};
  MessageId begin_;  // Of the newest transaction.
  absl::Status error_;
  std::optional<Gap> gap_;
};

// E1.

TEST_F(TxnScanTest, DeliversATransactionAsOneInThePlaceOfItsCommit) {
  const TxnContext txn = Begin();
  Body("a", txn);
  Plain("p");
  Body("b", txn);
  const ImmutableMessage commit = Commit(txn, 2);
  Plain("q");
  EXPECT_THAT(ReadAll(), ElementsAre("p", "[a b]", "q"));
  std::unique_ptr<Scanner> scanner = world_.MustRead(*reader_, {.until = TailAtOpen{}});
  const absl::StatusOr<ScanBatch> batch = world_.Next(*scanner);
  ASSERT_TRUE(batch.ok());
  const ImmutableMessage& whole = batch->messages[1];
  EXPECT_EQ(whole.id(), commit.id());
  EXPECT_EQ(whole.position(), commit.position());
  for (const ImmutableMessage& member : whole.transaction()) {
    EXPECT_EQ(member.time_tick(), commit.time_tick());
  }
  EXPECT_EQ(whole.transaction().size(), 4u);
  world_.MustClose(*scanner);
}

TEST_F(TxnScanTest, DeliversTransactionsInTheOrderOfTheirCommits) {
  const TxnContext first = Begin();
  const TxnContext second = Begin("w");
  Body("a", first);
  Body("b", second, "w");
  Commit(second, 1, "w");
  Commit(first, 1);
  EXPECT_THAT(ReadAll(), ElementsAre("[b]", "[a]"));
}

TEST_F(TxnScanTest, DeliversATransactionWithoutBodies) {
  Txn({});
  EXPECT_THAT(ReadAll(), ElementsAre("[]"));
}

// E2.

TEST_F(TxnScanTest, DeliversNothingOfWhatWasRolledBack) {
  const TxnContext txn = Begin();
  Body("a", txn);
  Put(tidelog::testing::MakeRollback("v", txn));
  Commit(txn, 1);
  EXPECT_THAT(ReadAll(), IsEmpty());
}

TEST_F(TxnScanTest, DeliversNothingOfWhatIsNotComplete) {
  const TxnContext txn = Begin();
  Body("a", txn);
  Plain("p");
  EXPECT_THAT(ReadAll(), ElementsAre("p"));
}

TEST_F(TxnScanTest, DeliversNothingWhoseLeaseHasRunOut) {
  const TxnContext late = Begin();
  Body("a", late);
  tick_ = ExpiryOf(tick_, kLease);
  Commit(late, 1);
  const TxnContext covered = Begin();
  Body("b", covered);
  tick_ = ExpiryOf(tick_, kLease);
  Put(MessageFactory::StoredTimeTick());
  Commit(covered, 1);
  EXPECT_THAT(ReadAll(), IsEmpty());
}

// E5.

TEST_F(TxnScanTest, DeliversNothingThatAnExclusiveMessageHasEnded) {
  const TxnContext txn = Begin();
  Body("a", txn);
  Exclusive("v");
  Commit(txn, 1);
  EXPECT_THAT(ReadAll(), ElementsAre("flush"));
}

// The filter must not hide from a scan of one VChannel what has ended a transaction of all.
TEST_F(TxnScanTest, SeesAnExclusiveMessageOfAVChannelThatItDoesNotRead) {
  const TxnContext all = Begin("");
  Body("a", all, "");
  Exclusive("w");
  Commit(all, 1, "");
  EXPECT_THAT(ReadAll({.vchannel = "v"}), IsEmpty());
}

// A5: what a stale writer has left decides nothing.
TEST_F(TxnScanTest, TakesNoNoticeOfARecordOfALowerTerm) {
  Put(tidelog::testing::MakeInsert("p"), Term{3});
  begin_ = Put(tidelog::testing::MakeBegin("v", kLease), Term{3}).id();
  const TxnContext txn{tick_, kLease};
  Put(tidelog::testing::MakeRollback("v", txn), Term{2});
  Put(tidelog::testing::MakeCommit("v", txn, 0), Term{3});
  EXPECT_THAT(ReadAll(), ElementsAre("p", "[]"));
}

// Where it begins and ends (F1, D3, D4).

TEST_F(TxnScanTest, DeliversWholeWhatBeganBelowItsStart) {
  const TxnContext txn = Begin();
  const Position a = Body("a", txn).position();
  Body("b", txn);
  const Position commit = Commit(txn, 2).position();
  Plain("p");
  EXPECT_THAT(ReadAll({.from = After{a}}), ElementsAre("[a b]", "p"));
  EXPECT_THAT(ReadAll({.from = From{commit}}), ElementsAre("p"));
  EXPECT_THAT(ReadAll({.from = From{{begin_, commit.time_tick}}}), ElementsAre("[a b]", "p"));
  EXPECT_THAT(ReadAll({.from = After{{begin_, commit.time_tick}}}), ElementsAre("p"));
}

TEST_F(TxnScanTest, EndsAtACommitInclusive) {
  const TxnContext txn = Begin();
  const Position a = Body("a", txn).position();
  const Position commit = Commit(txn, 1).position();
  EXPECT_THAT(ReadAll({.until = commit}), ElementsAre("[a]"));
  EXPECT_THAT(ReadAll({.until = a}), IsEmpty());
}

TEST_F(TxnScanTest, ResumesBehindWhatItHasDelivered) {
  const TxnContext txn = Begin();
  Body("a", txn);
  Put(tidelog::testing::MakeInsert("p"), Term{1}, &begin_);
  std::unique_ptr<Scanner> scanner = world_.MustRead(*reader_, {.until = TailAtOpen{}});
  const absl::StatusOr<ScanBatch> batch = world_.Next(*scanner);
  ASSERT_TRUE(batch.ok());
  world_.MustClose(*scanner);
  Commit(txn, 1);
  EXPECT_THAT(ReadAll({.from = After{*batch->resume}}), ElementsAre("[a]"));
}

TEST_F(TxnScanTest, DropsACommitWhoseBeginWasForgotten) {
  const TxnContext txn = Begin();
  const ImmutableMessage a = Body("a", txn);
  Commit(txn, 1);
  Plain("p");
  world_.fake().DropBelow(a.id());
  EXPECT_THAT(ReadAll(), ElementsAre("p"));
}

TEST_F(TxnScanTest, DeliversOfTheLatestWholeWhatWasOpenAtTheTail) {
  const TxnContext txn = Begin();
  Body("a", txn);
  Put(tidelog::testing::MakeInsert("p"), Term{1}, &begin_);
  std::unique_ptr<Scanner> scanner = world_.MustRead(*reader_, {.from = Latest{}});
  world_.runtime().RunUntilIdle();
  Body("b", txn);
  Commit(txn, 2);
  const absl::StatusOr<ScanBatch> batch = world_.Next(*scanner);
  ASSERT_TRUE(batch.ok());
  ASSERT_EQ(batch->messages.size(), 1u);
  EXPECT_EQ(Text(batch->messages[0]), "[a b]");
  world_.MustClose(*scanner);
}

// Retention may have taken what was open at the tail: that is nothing new.
TEST_F(TxnScanTest, ReadsTheLatestThoughWhatIsOpenAtTheTailWasForgotten) {
  const TxnContext txn = Begin();
  Body("a", txn);
  const ImmutableMessage p = Put(tidelog::testing::MakeInsert("p"), Term{1}, &begin_);
  world_.fake().DropBelow(p.id());
  std::unique_ptr<Scanner> scanner = world_.MustRead(*reader_, {.from = Latest{}});
  Commit(txn, 1);
  Plain("q");
  EXPECT_THAT(world_.Take(*scanner, 1), ElementsAre("q"));
  world_.MustClose(*scanner);
}

// Filters.

TEST_F(TxnScanTest, DeliversTheTransactionsOfAVChannelAndThoseOfAll) {
  Txn({"a"}, "v");
  Txn({"b"}, "w");
  Txn({"c"}, "");
  EXPECT_THAT(ReadAll({.vchannel = "v"}), ElementsAre("[a]", "[c]"));
}

TEST_F(TxnScanTest, DeliversAWholeTransactionIfTheTypeOfABodyIsAskedFor) {
  const TxnContext txn = Begin();
  Body("a", txn);
  MutableMessage::Builder builder(MessageType::kDelete);
  builder.VChannel("v").Txn(txn);
  Put(*std::move(builder).Build("b"));
  Commit(txn, 2);
  Plain("p");
  EXPECT_THAT(ReadAll({.types = {MessageType::kDelete}}), ElementsAre("[a b]"));
  EXPECT_THAT(ReadAll({.types = {MessageType::kInsert}}), ElementsAre("[a b]", "p"));
  EXPECT_THAT(ReadAll({.types = {MessageType::kTxn}}), ElementsAre("[a b]"));
  EXPECT_THAT(ReadAll({.types = {MessageType::kImport}}), IsEmpty());
}

TEST_F(TxnScanTest, FiltersATransactionByTheTickOfItsCommit) {
  const TxnContext txn = Begin();
  const TimeTick a = Body("a", txn).time_tick();
  const TimeTick commit = Commit(txn, 1).time_tick();
  EXPECT_THAT(ReadAll({.after_time_tick = a}), ElementsAre("[a]"));
  EXPECT_THAT(ReadAll({.after_time_tick = commit}), IsEmpty());
}

// Mismatches (E3).

TEST_F(TxnScanTest, EndsAtACommitThatDoesNotMatchItsBodies) {
  Plain("p");
  const TxnContext txn = Begin();
  Body("a", txn);
  const MessageId commit = Commit(txn, 2).id();
  Plain("q");
  EXPECT_THAT(ReadAll(), ElementsAre("p", "CORRUPT"));
  EXPECT_THAT(error_.message(),
              HasSubstr(absl::StrCat(begin_.ToString(), " to ", commit.ToString())));
  EXPECT_THAT(ReadAll({.until = Position{commit, tick_}}), ElementsAre("p", "CORRUPT"));
}

TEST_F(TxnScanTest, DeliversAMismatchAsAGapInItsPlaceIfAskedTo) {
  Plain("p");
  const TxnContext txn = Begin();
  Body("a", txn);
  Plain("q");
  const MessageId commit = Commit(txn, 2).id();
  Plain("r");
  Txn({"b"});
  EXPECT_THAT(ReadAll({.on_corrupt = OnCorrupt::kGap}), ElementsAre("p", "q", "gap", "r", "[b]"));
  EXPECT_EQ(gap_->first, MessageId::FromNumber(commit.origin(), *commit.ToNumber() - 3));
  EXPECT_EQ(gap_->last, commit);
  EXPECT_EQ(CodeOf(gap_->reason), WalErrorCode::kCorrupt);
}

TEST_F(TxnScanTest, DeliversTwoGapsOneAfterTheOther) {
  Commit(Begin(), 1);
  Plain("p");
  Commit(Begin(), 1);
  EXPECT_THAT(ReadAll({.on_corrupt = OnCorrupt::kGap}), ElementsAre("gap", "p", "gap"));
}

TEST_F(TxnScanTest, ReportsNoMismatchThatItWouldNotDeliver) {
  const Position commit = Commit(Begin("w"), 1, "w").position();
  Plain("p");
  EXPECT_THAT(ReadAll({.vchannel = "v"}), ElementsAre("p"));
  EXPECT_THAT(ReadAll({.from = After{{begin_, commit.time_tick}}}), ElementsAre("p"));
  EXPECT_THAT(ReadAll({.after_time_tick = commit.time_tick}), ElementsAre("p"));
}

// F2.
TEST_F(TxnScanTest, GoesOnWithWhatIsOpenWhenTheBackendFailsForAMoment) {
  std::unique_ptr<Scanner> scanner = world_.MustRead(*reader_, {.from = Latest{}});
  world_.runtime().RunUntilIdle();
  const TxnContext txn = Begin();
  Body("a", txn);
  world_.runtime().RunUntilIdle();
  world_.fake().FailScan(WalError(WalErrorCode::kUnavailable, "ordered to fail"));
  world_.runtime().RunUntilIdle();
  Body("b", txn);
  Commit(txn, 2);
  const absl::StatusOr<ScanBatch> batch = world_.Next(*scanner);
  ASSERT_TRUE(batch.ok());
  EXPECT_EQ(Text(batch->messages.at(0)), "[a b]");
  world_.MustClose(*scanner);
}

// F6.
TEST_F(TxnScanTest, CountsAllMembersOfATransactionAsReadAhead) {
  for (int i = 0; i < 10; ++i) Txn({std::string(1000, 'x'), std::string(1000, 'y')});
  std::unique_ptr<Scanner> scanner =
      world_.MustRead(*reader_, {.until = TailAtOpen{}, .read_ahead_bytes_max = 6000});
  world_.runtime().RunUntilIdle();
  const absl::StatusOr<ScanBatch> batch = world_.Next(*scanner);
  ASSERT_TRUE(batch.ok());
  EXPECT_LE(batch->messages.size(), 4u);
  world_.MustClose(*scanner);
}

}  // namespace
}  // namespace tidelog::adaptor
