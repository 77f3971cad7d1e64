// How a log is opened (D6, G1), on a fake backend.
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/time/time.h"
#include "adaptor/interceptors/interceptor.h"
#include "adaptor/testing/log_world.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "wal/async/future.h"
#include "wal/message/message.h"
#include "wal/message/message_factory.h"
#include "wal/message/message_stamper.h"
#include "wal/message/record.h"
#include "walimpls/wal.h"

namespace tidelog::adaptor {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using walimpls::CloseMode;

class OpenTest : public testing::Test {
 protected:
  // A record as another writer left it, of term 1.
  ImmutableMessage Record(std::string_view payload, TimeTick tick, Term term = Term{1}) {
    MutableMessage message = LogWorld::Message(payload);
    MessageStamper::Stamp(message, term, tick, nullptr);
    return MessageStamper::Seal(std::move(message));
  }
  void WriteAndClose(Term term, std::vector<std::string> payloads) {
    std::unique_ptr<Wal> wal = world_.MustOpen(term);
    for (const std::string& payload : payloads) world_.MustAppend(*wal, payload);
    world_.MustClose(*wal);
  }
  static WalErrorCode CodeOfOpen(Future<absl::StatusOr<std::unique_ptr<Wal>>> opened) {
    CHECK(opened.ready());
    return CodeOf(std::move(opened).Take());
  }
  Future<absl::StatusOr<std::unique_ptr<Wal>>> StartOpen(Term term) {
    return world_.opener().Open({std::string(LogWorld::kChannel), term});
  }
  size_t Quarantined() { return world_.runtime().quarantine().size(); }

  LogWorld world_;
};

TEST_F(OpenTest, StoresTheFirstTickOfTheTermWithItsOwnIdAsLastConfirmed) {
  std::unique_ptr<Wal> wal = world_.MustOpen(Term{1});
  const std::vector<ImmutableMessage> records = world_.fake().records();
  ASSERT_EQ(records.size(), 1u);
  EXPECT_EQ(records[0].type(), MessageType::kTimeTick);
  EXPECT_EQ(records[0].term(), Term{1});
  EXPECT_TRUE(records[0].record().flags() & kLastConfirmedIsSelf);
  EXPECT_EQ(records[0].last_confirmed(), records[0].id());
  EXPECT_EQ(records[0].record().replay_start_key(), "");  // Nothing lies before it.
  world_.MustClose(*wal);
}

TEST_F(OpenTest, AppendsAndReadsBackAndClosesCleanly) {
  WriteAndClose(Term{1}, {"a", "b"});
  EXPECT_THAT(world_.Stored(), ElementsAre("tick", "a", "b", "tick"));
  EXPECT_EQ(world_.fake().close_mode(), CloseMode::kClean);
  std::unique_ptr<Wal> wal = world_.MustOpen(Term{2});
  EXPECT_THAT(world_.ReadAll(*wal), ElementsAre("a", "b"));
  world_.MustClose(*wal);
}

TEST_F(OpenTest, NamesInTheFirstTickOfALaterTermTheBoundaryAsStartOfTheReplay) {
  WriteAndClose(Term{1}, {"a"});
  std::unique_ptr<Wal> wal = world_.MustOpen(Term{2});
  const std::vector<ImmutableMessage> records = world_.fake().records();
  ASSERT_EQ(records.size(), 4u);
  EXPECT_EQ(records[3].record().replay_start_key(), records[2].id().key());
  world_.MustClose(*wal);
}

// D1: also above what no TimeTick covers, and though the wall clock lies behind.
TEST_F(OpenTest, BeginsAboveEveryTickThatIsStored) {
  WriteAndClose(Term{1}, {"a"});
  const TimeTick future =
      MakeTimeTick(absl::ToUnixMillis(world_.runtime().WallNow() + absl::Hours(1)), 5);
  (void)world_.fake().Inject(Record("z", future));
  std::unique_ptr<Wal> wal = world_.MustOpen(Term{2});
  EXPECT_EQ(world_.fake().records().back().time_tick(), Next(future));
  world_.MustClose(*wal);
}

TEST_F(OpenTest, RefusesATermThatIsNotHigher) {
  std::unique_ptr<Wal> wal = world_.MustOpen(Term{5});
  EXPECT_EQ(CodeOf(world_.Open(Term{5})), WalErrorCode::kUnmatchedTerm);
  EXPECT_EQ(CodeOf(world_.Open(Term{4})), WalErrorCode::kUnmatchedTerm);
  world_.MustClose(*wal);
}

TEST_F(OpenTest, OpensTheSameTermAgainAfterACleanClose) {
  WriteAndClose(Term{1}, {"a"});
  WriteAndClose(Term{1}, {"b"});
  std::unique_ptr<Wal> wal = world_.MustOpen(Term{2});
  EXPECT_THAT(world_.ReadAll(*wal), ElementsAre("a", "b"));
  world_.MustClose(*wal);
}

TEST_F(OpenTest, FencesTheWriterOfALowerTerm) {
  std::unique_ptr<Wal> old = world_.MustOpen(Term{1});
  std::unique_ptr<Wal> young = world_.MustOpen(Term{2});
  EXPECT_EQ(CodeOf(world_.Append(*old, LogWorld::Message("a"))), WalErrorCode::kChannelFenced);
  world_.MustAppend(*young, "b");
  world_.MustClose(*old);
  EXPECT_EQ(world_.fake().close_mode(), CloseMode::kAbandon);
  world_.MustClose(*young);
}

TEST_F(OpenTest, RefusesABadNameAndABadTerm) {
  for (const PChannel& bad : {PChannel{"", Term{1}}, PChannel{".x", Term{1}},
                              PChannel{"orders", Term{0}}, PChannel{"orders", Term{-1}}}) {
    EXPECT_EQ(CodeOf(world_.Run([&] { return world_.opener().Open(bad); })),
              WalErrorCode::kInvalidArgument);
  }
}

// Where the replay begins.

// Notes what the replay feeds it.
class Recorder : public InterceptorBuilder {
 public:
  std::unique_ptr<Interceptor> Build(const InterceptorContext&) override;
  std::vector<std::string> replayed;
  absl::Status ready;
  bool never_ready = false;
  std::vector<Promise<absl::Status>> waiting;
};

class RecorderOfALog : public Interceptor, public RecoveryObserver {
 public:
  explicit RecorderOfALog(Recorder* recorder) : recorder_(*recorder) {}
  std::string_view name() const override { return "recorder"; }
  Verdict Before(AppendOp&) override { return Verdict::Go(); }
  void After(const AppendOp&) override {}
  RecoveryObserver* recovery() override { return this; }
  void OnReplayed(const ImmutableMessage& message) override {
    const bool is_tick = message.type() == MessageType::kTimeTick;
    recorder_.replayed.push_back(is_tick ? "tick" : std::string(message.payload()));
  }
  Future<absl::Status> Ready() override {
    if (!recorder_.never_ready) return MakeReadyFuture(recorder_.ready);
    Promise<absl::Status> promise("readiness of the recorder");
    Future<absl::Status> future = promise.future();
    recorder_.waiting.push_back(std::move(promise));
    return future;
  }

 private:
  Recorder& recorder_;
};

std::unique_ptr<Interceptor> Recorder::Build(const InterceptorContext&) {
  return std::make_unique<RecorderOfALog>(this);
}

class ReplayTest : public testing::Test {
 protected:
  ReplayTest() : world_({.interceptors = {&recorder_}}) {}
  Recorder recorder_;
  LogWorld world_;
};

TEST_F(ReplayTest, ReadsFromWhatTheNewestTickConfirmsToTheBoundary) {
  std::unique_ptr<Wal> wal = world_.MustOpen(Term{1});
  EXPECT_THAT(recorder_.replayed, IsEmpty());
  world_.MustAppend(*wal, "a");
  world_.MustAppend(*wal, "b");
  world_.runtime().Advance(absl::Milliseconds(200));
  world_.MustAppend(*wal, "c");
  std::unique_ptr<Wal> successor = world_.MustOpen(Term{2});
  EXPECT_THAT(world_.Stored(), ElementsAre("tick", "a", "b", "tick", "c", "tick"));
  EXPECT_THAT(recorder_.replayed, ElementsAre("b", "tick", "c"));
  (void)world_.Close(*wal);
  world_.MustClose(*successor);
}

TEST_F(ReplayTest, ReadsFromTheReplayStartOfTheNewestTickIfThatIsLower) {
  std::unique_ptr<Wal> first = world_.MustOpen(Term{1});
  const AppendResult a = world_.MustAppend(*first, "a");
  const AppendResult b = world_.MustAppend(*first, "b");
  MutableMessage tick = MessageFactory::StoredTimeTick();
  MessageStamper::Stamp(tick, Term{1}, Next(b.time_tick), &b.id);
  MessageStamper::SetReplayStart(tick, &a.id);
  (void)world_.fake().Inject(MessageStamper::Seal(std::move(tick)));
  std::unique_ptr<Wal> second = world_.MustOpen(Term{2});
  EXPECT_THAT(recorder_.replayed, ElementsAre("a", "b", "tick"));
  (void)world_.Close(*first);
  world_.MustClose(*second);
}

TEST_F(ReplayTest, DropsBarriersAndRecordsOfLowerTermsAndSaysSo) {
  std::unique_ptr<Wal> first = world_.MustOpen(Term{3});
  const AppendResult a = world_.MustAppend(*first, "a");
  MutableMessage stale = LogWorld::Message("stale");
  MessageStamper::Stamp(stale, Term{2}, Next(a.time_tick), &a.id);
  (void)world_.fake().Inject(MessageStamper::Seal(std::move(stale)));
  (void)world_.fake().Inject(
      MessageStamper::Seal(MessageFactory::FenceBarrier(Term{3}, std::nullopt, "w")));
  std::unique_ptr<Wal> second = world_.MustOpen(Term{4});
  EXPECT_THAT(recorder_.replayed, ElementsAre("tick", "a"));
  EXPECT_EQ(world_.events().CountOf(Event::Kind::kTermViolation), 1u);
  EXPECT_THAT(world_.ReadAll(*second), ElementsAre("a"));
  EXPECT_EQ(world_.events().CountOf(Event::Kind::kTermViolation), 2u);
  (void)world_.Close(*first);
  world_.MustClose(*second);
}

// What a repair has given up keeps no log shut; what nobody has looked at does.
class GapInReplayTest : public ReplayTest {
 protected:
  absl::StatusOr<std::unique_ptr<Wal>> OpenOverGap(WalErrorCode reason) {
    std::unique_ptr<Wal> first = world_.MustOpen(Term{1});
    const AppendResult a = world_.MustAppend(*first, "a");
    world_.fake().HoldScans();
    Future<absl::StatusOr<std::unique_ptr<Wal>>> opened =
        world_.opener().Open({std::string(LogWorld::kChannel), Term{2}});
    world_.runtime().RunUntilIdle();
    world_.fake().DeliverGap({a.id, a.id, WalError(reason, "lost")});
    world_.fake().ReleaseScans();
    world_.runtime().RunUntilIdle();
    (void)world_.Close(*first);
    return std::move(opened).Take();
  }
};

TEST_F(GapInReplayTest, GoesOnBehindWhatARepairHasGivenUp) {
  absl::StatusOr<std::unique_ptr<Wal>> wal = OpenOverGap(WalErrorCode::kUnrecoverable);
  ASSERT_TRUE(wal.ok()) << wal.status();
  world_.MustClose(**wal);
}

TEST_F(GapInReplayTest, StopsAtAnyOther) {
  EXPECT_EQ(CodeOf(OpenOverGap(WalErrorCode::kCorrupt)), WalErrorCode::kCorrupt);
}

TEST_F(ReplayTest, ReportsProgressWhenItTakesLong) {
  std::unique_ptr<Wal> first = world_.MustOpen(Term{1});
  world_.MustAppend(*first, "a");
  world_.fake().HoldScans();
  Future<absl::StatusOr<std::unique_ptr<Wal>>> opened =
      world_.opener().Open({std::string(LogWorld::kChannel), Term{2}});
  world_.runtime().Advance(absl::Milliseconds(900));
  EXPECT_EQ(world_.events().CountOf(Event::Kind::kRecoveryProgress), 0u);
  world_.runtime().Advance(absl::Milliseconds(200));
  world_.fake().ReleaseScans();
  world_.runtime().RunUntilIdle();
  EXPECT_EQ(world_.events().CountOf(Event::Kind::kRecoveryProgress), 1u);
  EXPECT_THAT(world_.events().TextOf(Event::Kind::kRecoveryProgress),
              HasSubstr("2 records were replayed"));
  absl::StatusOr<std::unique_ptr<Wal>> second = std::move(opened).Take();
  ASSERT_TRUE(second.ok()) << second.status();
  (void)world_.Close(*first);
  world_.MustClose(**second);
}

TEST_F(ReplayTest, FailsTheOpenWhenAnInterceptorDoesNotGetReady) {
  recorder_.ready = WalError(WalErrorCode::kInner, "no index");
  EXPECT_EQ(CodeOf(world_.Open(Term{1})), WalErrorCode::kInner);
  recorder_.never_ready = true;
  const absl::StatusOr<std::unique_ptr<Wal>> hung = world_.Open(Term{2});
  EXPECT_EQ(CodeOf(hung), WalErrorCode::kUnavailable);
  EXPECT_THAT(hung.status().message(), HasSubstr("interceptor recorder"));
  recorder_.waiting[0].Set(absl::OkStatus());
  EXPECT_EQ(world_.fake().open_log_count(), 0);
  EXPECT_EQ(world_.runtime().quarantine().size(), 0u);
}

// Failures.  Nothing is left, and a higher term can open.

class FailingOpenTest : public OpenTest {
 protected:
  ~FailingOpenTest() override {
    EXPECT_EQ(world_.fake().open_log_count(), 0);
    EXPECT_EQ(world_.fake().open_scanner_count(), 0);
    EXPECT_EQ(Quarantined(), 0u);
    std::unique_ptr<Wal> wal = world_.MustOpen(Term{100});
    world_.MustAppend(*wal, "works");
    world_.MustClose(*wal);
  }
  // Of an open during whose replay a higher term is opened elsewhere.
  WalErrorCode CodeOfOpenFencedInReplay() {
    world_.fake().HoldScans();
    Future<absl::StatusOr<std::unique_ptr<Wal>>> opened = StartOpen(Term{2});
    world_.runtime().RunUntilIdle();
    world_.fake().Fence(Term{3});
    world_.fake().ReleaseScans();
    world_.runtime().RunUntilIdle();
    return CodeOfOpen(std::move(opened));
  }
};

TEST_F(FailingOpenTest, ReportsTheErrorOfTheBackend) {
  world_.fake().FailOpens(1, WalError(WalErrorCode::kCorrupt, "bad bytes"));
  EXPECT_EQ(CodeOf(world_.Open(Term{1})), WalErrorCode::kCorrupt);
}

TEST_F(FailingOpenTest, ReportsAFailingReplay) {
  WriteAndClose(Term{1}, {"a"});
  world_.fake().FailScan(WalError(WalErrorCode::kCorrupt, "bad bytes"));
  EXPECT_EQ(CodeOf(world_.Open(Term{2})), WalErrorCode::kCorrupt);
  world_.fake().FailReads(1, WalError(WalErrorCode::kInner, "no scanner"));
  EXPECT_EQ(CodeOf(world_.Open(Term{3})), WalErrorCode::kInner);
}

// A2, where a higher term is opened elsewhere while this one opens.

TEST_F(FailingOpenTest, SaysThatTheTermIsTooLowWhenItIsFencedBeforeItsFirstTick) {
  WriteAndClose(Term{1}, {"a"});
  EXPECT_EQ(CodeOfOpenFencedInReplay(), WalErrorCode::kUnmatchedTerm);
}

TEST_F(FailingOpenTest, SaysThatTheTermIsTooLowWhenItsFirstTickMeetsAFence) {
  world_.fake().HoldAppends();
  Future<absl::StatusOr<std::unique_ptr<Wal>>> opened = StartOpen(Term{1});
  world_.runtime().RunUntilIdle();
  world_.fake().Fence(Term{2});
  world_.fake().StopHoldingAppends();
  world_.runtime().RunUntilIdle();
  EXPECT_EQ(CodeOfOpen(std::move(opened)), WalErrorCode::kUnmatchedTerm);
}

TEST_F(FailingOpenTest, SaysThatTheTermIsTooLowWhenItsReplayWasTruncatedByTheNextOwner) {
  WriteAndClose(Term{1}, {"a"});
  world_.fake().FailScan(PositionGoneError("read", std::nullopt));
  EXPECT_EQ(CodeOfOpenFencedInReplay(), WalErrorCode::kUnmatchedTerm);
}

TEST_F(FailingOpenTest, SaysThatTheLogIsDamagedWhenItsReplayIsGoneAndNobodyElseOwnsIt) {
  WriteAndClose(Term{1}, {"a"});
  world_.fake().FailScan(PositionGoneError("read", std::nullopt));
  const absl::StatusOr<std::unique_ptr<Wal>> opened = world_.Open(Term{2});
  EXPECT_EQ(CodeOf(opened), WalErrorCode::kCorrupt);
  EXPECT_THAT(opened.status().message(), HasSubstr("what it has to replay is not there"));
}

TEST_F(FailingOpenTest, MakesOneAttemptAtTheFirstTick) {
  world_.fake().FailAppends(1, WalErrorCode::kUnavailable);
  EXPECT_EQ(CodeOf(world_.Open(Term{1})), WalErrorCode::kUnavailable);
  EXPECT_THAT(world_.Stored(), IsEmpty());
  EXPECT_EQ(world_.fake().close_mode(), CloseMode::kAbandon);
}

TEST_F(FailingOpenTest, NamesTheFirstTickWhenItHangs) {
  world_.fake().HoldAppends();
  const absl::StatusOr<std::unique_ptr<Wal>> opened = world_.Open(Term{1});
  EXPECT_EQ(CodeOf(opened), WalErrorCode::kUnavailable);
  EXPECT_THAT(opened.status().message(), HasSubstr("the first time tick took longer than 30s"));
  world_.fake().StopHoldingAppends();
}

TEST_F(FailingOpenTest, NamesTheReplayWhenItHangs) {
  WriteAndClose(Term{1}, {"a"});
  world_.fake().HoldScans();
  const absl::StatusOr<std::unique_ptr<Wal>> opened = world_.Open(Term{2});
  EXPECT_EQ(CodeOf(opened), WalErrorCode::kUnavailable);
  EXPECT_THAT(opened.status().message(), HasSubstr("a batch of its replay took longer than 30s"));
  world_.fake().ReleaseScans();
}

// H2 for opens.
TEST_F(FailingOpenTest, PutsAHangingOpenInQuarantineAndClosesWhatComes) {
  world_.fake().HoldOpens();
  const absl::StatusOr<std::unique_ptr<Wal>> opened = world_.Open(Term{1});
  EXPECT_EQ(CodeOf(opened), WalErrorCode::kUnavailable);
  EXPECT_THAT(opened.status().message(), HasSubstr("the backend's open took longer than 30s"));
  EXPECT_EQ(Quarantined(), 1u);
  world_.fake().ReleaseOpens();
  world_.runtime().RunUntilIdle();
  EXPECT_EQ(world_.fake().close_mode(), CloseMode::kAbandon);
}

TEST_F(FailingOpenTest, ClosesALogWhoseFutureWasDropped) {
  { Future<absl::StatusOr<std::unique_ptr<Wal>>> dropped = StartOpen(Term{1}); }
  world_.runtime().RunUntilIdle();
  EXPECT_EQ(world_.fake().open_log_count(), 0);
}

TEST_F(FailingOpenTest, ReportsAReadOnlyOpenOfAChannelThatIsNotThere) {
  const auto opened = world_.Run([&] {
    return world_.opener().OpenReadOnly({"nowhere", Term{0}});
  });
  EXPECT_EQ(CodeOf(opened), WalErrorCode::kChannelNotExist);
}

TEST_F(OpenTest, RefusesALogWhoseTicksDoNotAscend) {
  WriteAndClose(Term{1}, {"a"});
  (void)world_.fake().Inject(Record("b", TimeTick{1}));
  const absl::StatusOr<std::unique_ptr<Wal>> opened = world_.Open(Term{2});
  EXPECT_EQ(CodeOf(opened), WalErrorCode::kCorrupt);
  EXPECT_THAT(opened.status().message(), HasSubstr("is not above"));
}

// The opener.

TEST_F(OpenTest, ListsItsChannels) {
  WriteAndClose(Term{1}, {});
  EXPECT_THAT(*world_.Run([&] { return world_.opener().Channels(); }), ElementsAre("orders"));
}

TEST_F(OpenTest, ClosesItsLogsWithTheOpener) {
  std::unique_ptr<Wal> wal = world_.MustOpen(Term{1});
  world_.MustAppend(*wal, "a");
  EXPECT_TRUE(world_.Run([&] { return world_.opener().Close(); }).ok());
  EXPECT_EQ(world_.fake().open_log_count(), 0);
  EXPECT_EQ(CodeOf(world_.Append(*wal, LogWorld::Message("b"))), WalErrorCode::kOnShutdown);
  EXPECT_EQ(CodeOf(world_.Open(Term{2})), WalErrorCode::kOnShutdown);
  EXPECT_EQ(CodeOf(world_.Run([&] { return world_.opener().Channels(); })),
            WalErrorCode::kOnShutdown);
}

TEST_F(OpenTest, EndsOpensInFlightAtOnceWhenTheOpenerCloses) {
  world_.fake().HoldOpens();
  Future<absl::StatusOr<std::unique_ptr<Wal>>> opened = StartOpen(Term{1});
  world_.runtime().RunUntilIdle();
  Future<absl::Status> closed = world_.opener().Close();
  world_.runtime().RunUntilIdle();
  EXPECT_EQ(CodeOfOpen(std::move(opened)), WalErrorCode::kOnShutdown);
  EXPECT_TRUE(world_.Run([&] { return world_.opener().Close(); }).ok());
  EXPECT_EQ(world_.fake().open_log_count(), 0);
}

TEST_F(OpenTest, ClosesALogThatComesWhileTheOpenerCloses) {
  Future<absl::StatusOr<std::unique_ptr<Wal>>> opened = StartOpen(Term{1});
  Future<absl::Status> closed = world_.opener().Close();
  world_.runtime().RunUntilIdle();
  EXPECT_TRUE(closed.ready());
  EXPECT_EQ(CodeOfOpen(std::move(opened)), WalErrorCode::kOnShutdown);
  EXPECT_EQ(world_.fake().open_log_count(), 0);
}

TEST_F(OpenTest, NamesTheLogThatHangsWhenTheOpenerCloses) {
  std::unique_ptr<Wal> wal = world_.MustOpen(Term{1});
  world_.fake().HangCloses();
  const absl::Status closed = world_.Run([&] { return world_.opener().Close(); });
  EXPECT_EQ(CodeOf(closed), WalErrorCode::kUnavailable);
  EXPECT_THAT(closed.message(), HasSubstr("orders@1"));
  EXPECT_EQ(Quarantined(), 1u);
  wal.reset();
  world_.fake().ReleaseCloses();
  world_.runtime().RunUntilIdle();
  EXPECT_EQ(Quarantined(), 0u);
}

// What another schedule would show: opens, failures and closes under many of them.
TEST(OpenSchedulesTest, OpensAndClosesUnderEverySchedule) {
  for (uint64_t seed = 1; seed <= 200; ++seed) {
    LogWorld world({.seed = seed});
    Future<absl::StatusOr<std::unique_ptr<Wal>>> first = world.opener().Open({"orders", Term{1}});
    Future<absl::StatusOr<std::unique_ptr<Wal>>> second = world.opener().Open({"orders", Term{2}});
    world.runtime().RunUntilIdle();
    absl::StatusOr<std::unique_ptr<Wal>> low = std::move(first).Take();
    absl::StatusOr<std::unique_ptr<Wal>> high = std::move(second).Take();
    ASSERT_TRUE(high.ok()) << "seed " << seed << ": " << high.status();
    world.MustAppend(**high, "a");
    Future<absl::Status> closed = world.opener().Close();
    Future<absl::StatusOr<AppendResult>> late = LogWorld::StartAppend(**high, "b");
    world.runtime().RunUntilIdle();
    ASSERT_TRUE(closed.ready()) << "seed " << seed;
    const absl::StatusOr<AppendResult> outcome = std::move(late).Take();
    if (!outcome.ok()) {
      EXPECT_EQ(CodeOf(outcome), WalErrorCode::kOnShutdown) << "seed " << seed;
    }
    ASSERT_EQ(world.fake().open_log_count(), 0) << "seed " << seed;
  }
}

}  // namespace
}  // namespace tidelog::adaptor
