// Scans of an open log: F1, F2, F4 to F8.
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/time/time.h"
#include "adaptor/testing/log_world.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "wal/async/future.h"
#include "wal/message/message.h"
#include "wal/message/message_factory.h"
#include "wal/message/message_id.h"
#include "wal/message/message_stamper.h"

namespace tidelog::adaptor {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class ScanTest : public testing::Test {
 protected:
  explicit ScanTest(Config config = {})
      : world_({.config = std::move(config)}), wal_(world_.MustOpen(Term{1})) {}
  ~ScanTest() override { (void)world_.Close(*wal_); }

  AppendResult Append(std::string_view payload, std::string_view vchannel = "") {
    return world_.MustAppend(*wal_, payload, vchannel);
  }
  void AppendTyped(std::string_view payload, MessageType type) {
    CHECK_OK(world_.Append(*wal_, *MutableMessage::Builder(type).Build(payload)));
  }
  std::vector<std::string> ReadAll(ReadOptions options = {}) {
    return world_.ReadAll(*wal_, std::move(options));
  }
  void Settle() { world_.runtime().RunUntilIdle(); }

  LogWorld world_;
  std::unique_ptr<Wal> wal_;
};

// Of a log without a write-ahead buffer, so that every record comes from the backend.
class BackendScanTest : public ScanTest {
 protected:
  BackendScanTest() : ScanTest({{"wal.buffer_bytes_max", "0"}}) {}
};

// Where it begins and ends.

TEST_F(ScanTest, ReadsFromTheEarliest) {
  Append("a");
  Append("b");
  EXPECT_THAT(ReadAll(), ElementsAre("a", "b"));
}

TEST_F(ScanTest, ReadsFromAPositionInclusiveAndAfterItExclusive) {
  Append("a");
  const Position b = Append("b").position();
  Append("c");
  EXPECT_THAT(ReadAll({.from = From{b}}), ElementsAre("b", "c"));
  EXPECT_THAT(ReadAll({.from = After{b}}), ElementsAre("c"));
}

TEST_F(ScanTest, ReadsWhatIsAppendedAfterItWasOpened) {
  Append("a");
  std::unique_ptr<Scanner> scanner = world_.MustRead(*wal_, {.from = Latest{}});
  Append("b");
  EXPECT_THAT(world_.Take(*scanner, 1), ElementsAre("b"));
  world_.MustClose(*scanner);
}

// What had its tick when the scan was opened is not new, though it is stored later.
TEST_F(ScanTest, LeavesOutOfTheLatestWhatWasUnderWay) {
  world_.fake().HoldAppends();
  Future<absl::StatusOr<AppendResult>> under_way = LogWorld::StartAppend(*wal_, "a");
  Settle();
  std::unique_ptr<Scanner> scanner = world_.MustRead(*wal_, {.from = Latest{}});
  world_.fake().StopHoldingAppends();
  Settle();
  Append("b");
  EXPECT_THAT(world_.Take(*scanner, 1), ElementsAre("b"));
  world_.MustClose(*scanner);
}

// F4: nothing to do, and nothing done.
TEST_F(ScanTest, CostsNothingOnAnIdleLog) {
  std::unique_ptr<Scanner> scanner = world_.MustRead(*wal_, {.from = Latest{}});
  Future<absl::StatusOr<ScanBatch>> next = scanner->Next(ScanBatch());
  Settle();
  const uint64_t steps = world_.runtime().step_count();
  world_.runtime().Advance(absl::Seconds(20));
  EXPECT_LE(world_.runtime().step_count() - steps, 101u);  // The ticks of the log.
  EXPECT_FALSE(next.ready());
  world_.MustClose(*scanner);
}

TEST_F(ScanTest, EndsAtThePositionInclusive) {
  Append("a");
  const Position b = Append("b").position();
  Append("c");
  std::unique_ptr<Scanner> scanner = world_.MustRead(*wal_, {.until = b});
  std::vector<std::string> payloads;
  bool end = false;
  while (!end) {
    const absl::StatusOr<ScanBatch> batch = world_.Next(*scanner);
    ASSERT_TRUE(batch.ok());
    for (const ImmutableMessage& message : batch->messages) {
      payloads.emplace_back(message.payload());
    }
    end = batch->end;
  }
  EXPECT_THAT(payloads, ElementsAre("a", "b"));
  world_.MustClose(*scanner);
}

TEST_F(ScanTest, EndsAtOnceWhenItsEndLiesBeforeItsStart) {
  const Position a = Append("a").position();
  const Position b = Append("b").position();
  std::unique_ptr<Scanner> scanner = world_.MustRead(*wal_, {.from = After{b}, .until = a});
  const absl::StatusOr<ScanBatch> batch = world_.Next(*scanner);
  ASSERT_TRUE(batch.ok());
  EXPECT_TRUE(batch->end);
  EXPECT_THAT(batch->messages, IsEmpty());
  world_.MustClose(*scanner);
}

TEST_F(ScanTest, EndsAtTheTailThatWasThereWhenItWasOpened) {
  Append("a");
  std::unique_ptr<Scanner> scanner = world_.MustRead(*wal_, {.until = TailAtOpen{}});
  Append("b");
  const absl::StatusOr<ScanBatch> batch = world_.Next(*scanner);
  ASSERT_TRUE(batch.ok());
  EXPECT_TRUE(batch->end);
  ASSERT_EQ(batch->messages.size(), 1u);
  EXPECT_EQ(batch->messages[0].payload(), "a");
  world_.MustClose(*scanner);
}

TEST_F(ScanTest, RefusesAPositionAboveTheTailAndOneOfAnotherLog) {
  Position above = Append("a").position();
  above.time_tick = Next(above.time_tick);
  EXPECT_EQ(CodeOf(world_.Read(*wal_, {.from = After{above}})), WalErrorCode::kPositionGone);
  Position foreign = above;
  foreign.last_confirmed = MessageId::FromNumber({LogKind::kFile, 7, 0}, 1);
  EXPECT_EQ(CodeOf(world_.Read(*wal_, {.from = After{foreign}})), WalErrorCode::kWalNameMismatch);
  EXPECT_EQ(CodeOf(world_.Read(*wal_, {.from = After{Position()}})),
            WalErrorCode::kInvalidArgument);
}

// Filters.

TEST_F(ScanTest, DeliversOfAVChannelItsOwnAndWhatBelongsToAll) {
  Append("a", "v1");
  Append("b", "v2");
  Append("c");
  EXPECT_THAT(ReadAll({.vchannel = "v1"}), ElementsAre("a", "c"));
}

TEST_F(ScanTest, DeliversTheTypesThatAreAskedFor) {
  AppendTyped("a", MessageType::kInsert);
  AppendTyped("b", MessageType::kDelete);
  AppendTyped("c", MessageType{4711});
  EXPECT_THAT(ReadAll({.types = {MessageType::kDelete, MessageType{4711}}}), ElementsAre("b", "c"));
}

TEST_F(ScanTest, RefusesTypesOfTheSystem) {
  for (const MessageType type : {MessageType::kTimeTick, MessageType::kBeginTxn,
                                 MessageType::kCommitTxn, MessageType::kRollbackTxn}) {
    EXPECT_EQ(CodeOf(world_.Read(*wal_, {.types = {type}})), WalErrorCode::kInvalidArgument);
  }
}

TEST_F(ScanTest, DeliversWhatLiesAboveATick) {
  Append("a");
  const TimeTick b = Append("b").time_tick;
  Append("c");
  EXPECT_THAT(ReadAll({.after_time_tick = b}), ElementsAre("c"));
}

TEST_F(ScanTest, DeliversStoredTicksIfAskedThoughTheyAreNotAmongTheTypes) {
  Append("a");
  world_.runtime().Advance(absl::Milliseconds(200));
  EXPECT_THAT(ReadAll({.types = {MessageType::kInsert}, .deliver_ticks = true}),
              ElementsAre("", "a", ""));
}

// What a batch says besides.

TEST_F(ScanTest, SaysWhereToResumeAlsoPastWhatIsFilteredOut) {
  Append("a", "v1");
  const Position b = Append("b", "v2").position();
  std::unique_ptr<Scanner> scanner =
      world_.MustRead(*wal_, {.until = TailAtOpen{}, .vchannel = "v1"});
  const absl::StatusOr<ScanBatch> batch = world_.Next(*scanner);
  ASSERT_TRUE(batch.ok());
  EXPECT_EQ(batch->resume, b);
  EXPECT_THAT(ReadAll({.from = After{*batch->resume}}), IsEmpty());
  Append("c", "v1");
  EXPECT_THAT(ReadAll({.from = After{*batch->resume}}), ElementsAre("c"));
  world_.MustClose(*scanner);
}

TEST_F(ScanTest, DoesNotGoBackBehindWhereItBegan) {
  Append("a");
  const Position b = Append("b").position();
  std::unique_ptr<Scanner> scanner =
      world_.MustRead(*wal_, {.from = After{b}, .until = TailAtOpen{}});
  const absl::StatusOr<ScanBatch> batch = world_.Next(*scanner);
  ASSERT_TRUE(batch.ok());
  EXPECT_FALSE(batch->resume.has_value());
  world_.MustClose(*scanner);
}

// Errors of the backend (F2).

TEST_F(BackendScanTest, GoesOnBehindWhatItTookWhenTheBackendFailsForAMoment) {
  std::unique_ptr<Scanner> scanner = world_.MustRead(*wal_);
  Append("a");
  EXPECT_THAT(world_.Take(*scanner, 1), ElementsAre("a"));
  for (const WalErrorCode code : {WalErrorCode::kUnavailable, WalErrorCode::kOnShutdown}) {
    world_.fake().FailScan(WalError(code, "ordered to fail"));
    world_.fake().FailReads(2, WalError(WalErrorCode::kUnavailable, "ordered to fail"));
    Append("b");
    Append("c");
    EXPECT_THAT(world_.Take(*scanner, 2), ElementsAre("b", "c"));
  }
  EXPECT_EQ(world_.fake().open_scanner_count(), 1);
  EXPECT_GE(world_.events().CountOf(Event::Kind::kBackendTrouble), 2u);
  world_.MustClose(*scanner);
}

TEST_F(BackendScanTest, OpensThoughTheBackendCannotReadYet) {
  Append("a");
  world_.fake().FailReads(3, WalError(WalErrorCode::kUnavailable, "ordered to fail"));
  std::unique_ptr<Scanner> scanner = world_.MustRead(*wal_);
  EXPECT_THAT(world_.Take(*scanner, 1), ElementsAre("a"));
  world_.MustClose(*scanner);
}

TEST_F(BackendScanTest, PausesForLongerAndLongerWhileTheBackendFails) {
  std::unique_ptr<Scanner> scanner = world_.MustRead(*wal_);
  world_.fake().FailReads(1000000, WalError(WalErrorCode::kUnavailable, "ordered to fail"));
  world_.fake().FailScan(WalError(WalErrorCode::kUnavailable, "ordered to fail"));
  Append("a");
  world_.runtime().Advance(absl::Seconds(60));
  // 10 ms, 20 ms, ... 5 s: the first ten add up to 10 s.
  EXPECT_LE(world_.events().CountOf(Event::Kind::kBackendTrouble), 22u);
  world_.fake().FailReads(0, absl::OkStatus());
  EXPECT_THAT(world_.Take(*scanner, 1), ElementsAre("a"));
  world_.MustClose(*scanner);
}

TEST_F(BackendScanTest, EndsWithAnErrorThatIsFinalBehindWhatItRead) {
  std::unique_ptr<Scanner> scanner = world_.MustRead(*wal_);
  Append("a");
  Settle();
  world_.fake().FailScan(WalError(WalErrorCode::kCorrupt, "bytes 7 to 9"));
  Append("b");
  Settle();
  EXPECT_THAT(world_.Take(*scanner, 1), ElementsAre("a"));
  const absl::StatusOr<ScanBatch> batch = world_.Next(*scanner);
  EXPECT_EQ(CodeOf(batch), WalErrorCode::kCorrupt);
  EXPECT_THAT(batch.status().message(), HasSubstr("bytes 7 to 9"));
  world_.MustClose(*scanner);
}

TEST_F(BackendScanTest, EndsWithKPositionGoneWhenStorageForgetsWhatComesNext) {
  Append("a");
  Append("b");
  const AppendResult c = Append("c");
  world_.fake().HoldScans();
  std::unique_ptr<Scanner> scanner = world_.MustRead(*wal_);
  world_.fake().DropBelow(c.id);
  world_.fake().ReleaseScans();
  const absl::StatusOr<ScanBatch> batch = world_.Next(*scanner);
  EXPECT_EQ(CodeOf(batch), WalErrorCode::kPositionGone);
  EXPECT_TRUE(OldestPositionOf(batch.status()).has_value());
  world_.MustClose(*scanner);
}

TEST_F(BackendScanTest, DeliversAGapInItsPlaceAndGoesOnBehindIt) {
  std::unique_ptr<Scanner> scanner =
      world_.MustRead(*wal_, {.on_corrupt = ReadOptions::OnCorrupt::kGap});
  const AppendResult a = Append("a");
  Settle();
  world_.fake().DeliverGap({a.id, a.id, WalError(WalErrorCode::kCorrupt, "bad")});
  Settle();
  const absl::StatusOr<ScanBatch> batch = world_.Next(*scanner);
  ASSERT_TRUE(batch.ok());
  ASSERT_TRUE(batch->gap.has_value());
  EXPECT_EQ(batch->gap->first, a.id);
  EXPECT_EQ(CodeOf(batch->gap->reason), WalErrorCode::kCorrupt);
  Append("b");
  EXPECT_THAT(world_.Take(*scanner, 1), ElementsAre("b"));
  world_.MustClose(*scanner);
}

// D8: what was never written in order is not delivered in another.
TEST_F(BackendScanTest, TakesATickOutOfOrderForCorruption) {
  const AppendResult a = Append("a");
  MutableMessage message = LogWorld::Message("b");
  MessageStamper::Stamp(message, Term{1}, a.time_tick, &a.id);
  (void)world_.fake().Inject(MessageStamper::Seal(std::move(message)));
  std::unique_ptr<Scanner> scanner = world_.MustRead(*wal_);
  EXPECT_THAT(world_.Take(*scanner, 1), ElementsAre("a"));
  EXPECT_EQ(CodeOf(world_.Next(*scanner)), WalErrorCode::kCorrupt);
  world_.MustClose(*scanner);
}

// Terms.

TEST_F(ScanTest, GoesOnIntoTheNextTermWhenItsWriterIsFenced) {
  Append("a");
  std::unique_ptr<Scanner> scanner =
      world_.MustRead(*wal_, {.from = Latest{}, .wake_on_tick = true});
  std::unique_ptr<Wal> successor = world_.MustOpen(Term{2});
  world_.runtime().Advance(absl::Milliseconds(400));
  world_.MustAppend(*successor, "b");
  EXPECT_THAT(world_.Take(*scanner, 1), ElementsAre("b"));
  EXPECT_THAT(ReadAll(), ElementsAre("a"));  // Its tail is where it was fenced.
  world_.MustClose(*scanner);
  world_.MustClose(*successor);
}

// Ticks that this writer gave and did not store are nothing to the next term, which may begin
// lower.
TEST_F(ScanTest, DeliversANewTermsMessagesThatLieBelowUnstoredTicksOfThisOne) {
  const AppendResult a = Append("a");
  world_.fake().HoldAppends();
  MutableMessage::Builder ahead(MessageType::kInsert);
  ahead.BarrierTimeTick(MakeTimeTick(PhysicalMs(a.time_tick) + 9000, 0));
  Future<absl::StatusOr<AppendResult>> lost =
      wal_->Append(*std::move(ahead).Build("lost"), AppendOptions());
  Settle();
  std::unique_ptr<Scanner> scanner = world_.MustRead(*wal_, {.from = Latest{}});
  world_.fake().Fence(Term{2});
  world_.fake().StopHoldingAppends();
  world_.runtime().Advance(absl::Milliseconds(200));
  std::unique_ptr<Wal> successor = world_.MustOpen(Term{3});
  const AppendResult b = world_.MustAppend(*successor, "b");
  EXPECT_LT(PhysicalMs(b.time_tick), PhysicalMs(a.time_tick) + 9000);
  EXPECT_THAT(world_.Take(*scanner, 1), ElementsAre("b"));
  world_.MustClose(*scanner);
  world_.MustClose(*successor);
}

// Read-only logs.

TEST_F(ScanTest, ReadsFromALogThatIsOpenForReading) {
  Append("a");
  const Position b = Append("b").position();
  std::unique_ptr<RoWal> reader = world_.MustOpenReadOnly();
  EXPECT_THAT(world_.ReadAll(*reader), ElementsAre("a", "b"));
  EXPECT_EQ(world_.Run([&] { return reader->Info(); })->tail, b);
  std::unique_ptr<Scanner> scanner = world_.MustRead(*reader, {.from = Latest{}});
  Append("c");
  EXPECT_THAT(world_.Take(*scanner, 1), ElementsAre("c"));
  world_.MustClose(*scanner);
  world_.MustClose(*reader);
}

// A reader in another process waits for what it may not see yet.
TEST_F(ScanTest, WaitsInAReadOnlyLogAtAPositionAboveTheTail) {
  Position above = Append("a").position();
  above.time_tick = TimeTick{ToInt(above.time_tick) + (1 << 18)};
  std::unique_ptr<RoWal> reader = world_.MustOpenReadOnly();
  std::unique_ptr<Scanner> scanner = world_.MustRead(*reader, {.from = After{above}});
  world_.runtime().Advance(absl::Milliseconds(100));
  Append("b");
  EXPECT_THAT(world_.Take(*scanner, 1), ElementsAre("b"));
  world_.MustClose(*scanner);
  world_.MustClose(*reader);
}

// Back-pressure and closing.

// F6.
TEST_F(BackendScanTest, ReadsAheadOnlySoFar) {
  for (int i = 0; i < 100; ++i) Append("x");
  std::unique_ptr<Scanner> scanner = world_.MustRead(*wal_, {.read_ahead_count_max = 10});
  world_.runtime().RunUntilIdle();
  const absl::StatusOr<ScanBatch> batch = world_.Next(*scanner);
  ASSERT_TRUE(batch.ok());
  EXPECT_LE(batch->messages.size(), 10u);
  EXPECT_EQ(world_.Take(*scanner, 100 - batch->messages.size()).size(),
            100 - batch->messages.size());
  world_.MustClose(*scanner);
}

// F7.
TEST_F(BackendScanTest, ClosesAtOnceThoughTheBackendHangs) {
  Append("a");
  world_.fake().HoldScans();
  std::unique_ptr<Scanner> scanner = world_.MustRead(*wal_);
  Future<absl::StatusOr<ScanBatch>> next = scanner->Next(ScanBatch());
  Settle();
  world_.fake().HangCloses();
  const absl::Duration begin = world_.runtime().Now();
  world_.MustClose(*scanner);
  Settle();
  EXPECT_EQ(world_.runtime().Now(), begin);
  EXPECT_EQ(CodeOf(std::move(next).Take()), WalErrorCode::kOnShutdown);
  EXPECT_EQ(CodeOf(world_.Next(*scanner)), WalErrorCode::kOnShutdown);
  world_.fake().ReleaseCloses();
  Settle();
  EXPECT_EQ(world_.fake().open_scanner_count(), 0);
}

TEST_F(BackendScanTest, LeavesNothingAfterManyOpensAndCloses) {
  Append("a");
  for (int i = 0; i < 1000; ++i) {
    std::unique_ptr<Scanner> scanner = world_.MustRead(*wal_);
    if (i % 2 == 0) (void)world_.Next(*scanner);
    world_.MustClose(*scanner);
  }
  Settle();
  EXPECT_EQ(world_.fake().open_scanner_count(), 0);
}

}  // namespace
}  // namespace tidelog::adaptor
