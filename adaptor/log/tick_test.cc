// Time ticks of an open log: D2, D5, D7.
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
#include "wal/types.h"

namespace tidelog::adaptor {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using Result = absl::StatusOr<AppendResult>;

constexpr absl::Duration kInterval = absl::Milliseconds(200);

class TickTest : public testing::Test {
 protected:
  TickTest() : wal_(world_.MustOpen(Term{1})) {}
  ~TickTest() override { (void)world_.Close(*wal_); }
  void Advance(absl::Duration duration) { world_.runtime().Advance(duration); }
  Mvcc MvccOf(std::string vchannel) {
    const absl::StatusOr<Mvcc> mvcc = world_.Run([&] { return wal_->LatestMvcc(vchannel); });
    CHECK_OK(mvcc);
    return *mvcc;
  }
  // Of a scanner that asked to be woken by ticks.
  ScanBatch NextTick(Scanner& scanner) {
    absl::StatusOr<ScanBatch> batch = world_.Next(scanner);
    CHECK_OK(batch);
    return *std::move(batch);
  }

  LogWorld world_;
  std::unique_ptr<Wal> wal_;
};

// D5: an idle channel costs no storage writes.
TEST_F(TickTest, StoresNothingWhileTheLogIsIdleButLetsTheBackendLook) {
  Advance(absl::Seconds(60));
  EXPECT_THAT(world_.Stored(), ElementsAre("tick"));
  EXPECT_GE(world_.fake().tick_count(), 299);
}

TEST_F(TickTest, StoresOneTickBehindWhatWasAppended) {
  world_.MustAppend(*wal_, "a");
  world_.MustAppend(*wal_, "b");
  Advance(kInterval);
  Advance(absl::Seconds(10));
  EXPECT_THAT(world_.Stored(), ElementsAre("tick", "a", "b", "tick"));
  const ImmutableMessage tick = world_.fake().records().back();
  EXPECT_EQ(tick.last_confirmed(), world_.fake().records()[2].id());
  EXPECT_EQ(tick.record().replay_start_key(), tick.record().last_confirmed_key());
}

TEST_F(TickTest, TriesAgainAtTheNextIntervalWhenATickWasNotStored) {
  world_.MustAppend(*wal_, "a");
  world_.fake().FailAppends(1, WalErrorCode::kUnavailable);
  Advance(kInterval);
  EXPECT_THAT(world_.Stored(), ElementsAre("tick", "a"));
  Advance(kInterval);
  EXPECT_THAT(world_.Stored(), ElementsAre("tick", "a", "tick"));
}

TEST_F(TickTest, HasNoTwoTicksAtTheBackendAtOnce) {
  world_.MustAppend(*wal_, "a");
  world_.fake().HoldAppends();
  Advance(10 * kInterval);
  EXPECT_EQ(world_.fake().outstanding(), 1u);
  world_.fake().StopHoldingAppends();
  world_.runtime().RunUntilIdle();
}

TEST_F(TickTest, ReportsAnAppendThatIsSlowOnce) {
  world_.fake().HoldAppends();
  Future<Result> slow = LogWorld::StartAppend(*wal_, "a");
  Advance(absl::Milliseconds(900));
  EXPECT_EQ(world_.events().CountOf(Event::Kind::kSlowAppend), 0u);
  Advance(absl::Seconds(5));
  EXPECT_EQ(world_.events().CountOf(Event::Kind::kSlowAppend), 1u);
  EXPECT_THAT(world_.events().TextOf(Event::Kind::kSlowAppend), HasSubstr("orders@1 at tick"));
  world_.fake().StopHoldingAppends();
  world_.runtime().RunUntilIdle();
}

// One reading of the clock serves several appends, but not for longer than an interval.
TEST_F(TickTest, LagsBehindTheClockByNoMoreThanAnInterval) {
  world_.fake().HoldAppends();
  std::vector<Future<Result>> results;
  std::vector<uint64_t> now_ms;
  for (int i = 0; i < 40; ++i) {
    results.push_back(LogWorld::StartAppend(*wal_, "a"));
    now_ms.push_back(absl::ToUnixMillis(world_.runtime().WallNow()));
    Advance(absl::Milliseconds(70));
  }
  world_.fake().StopHoldingAppends();
  world_.runtime().RunUntilIdle();
  for (size_t i = 0; i < results.size(); ++i) {
    const Result result = std::move(results[i]).Take();
    ASSERT_TRUE(result.ok());
    EXPECT_LE(now_ms[i] - PhysicalMs(result->time_tick), 200u);
  }
}

// What scanners are told.

TEST_F(TickTest, TellsScannersOfTicksThatAreNotStoredAndSaysSo) {
  std::unique_ptr<Scanner> scanner = world_.MustRead(*wal_, {.wake_on_tick = true});
  const ScanBatch first = NextTick(*scanner);
  EXPECT_EQ(first.complete_through, world_.fake().records()[0].time_tick());
  EXPECT_TRUE(first.complete_is_stored);
  const ScanBatch second = NextTick(*scanner);
  EXPECT_TRUE(second.messages.empty());
  EXPECT_GT(second.complete_through, first.complete_through);
  EXPECT_FALSE(second.complete_is_stored);
  EXPECT_EQ(second.resume, world_.fake().records()[0].position());
  world_.MustClose(*scanner);
}

// D2: the ticks that are told lie below those of all that comes later.
TEST_F(TickTest, PassesNoAppendThatIsNotAcknowledged) {
  std::unique_ptr<Scanner> scanner = world_.MustRead(*wal_, {.wake_on_tick = true});
  (void)NextTick(*scanner);
  world_.fake().HoldAppends();
  Future<Result> slow = LogWorld::StartAppend(*wal_, "a");
  world_.runtime().RunUntilIdle();
  Future<absl::StatusOr<ScanBatch>> next = scanner->Next(ScanBatch());
  Advance(absl::Seconds(5));
  EXPECT_FALSE(next.ready());
  world_.fake().StopHoldingAppends();
  Advance(kInterval);
  ASSERT_TRUE(next.ready());
  const ScanBatch batch = *std::move(next).Take();
  ASSERT_EQ(batch.messages.size(), 1u);
  EXPECT_LT(batch.complete_through, batch.messages[0].time_tick());
  world_.MustClose(*scanner);
}

TEST_F(TickTest, DoesNotWakeScannersThatDidNotAsk) {
  std::unique_ptr<Scanner> scanner = world_.MustRead(*wal_);
  Future<absl::StatusOr<ScanBatch>> next = scanner->Next(ScanBatch());
  Advance(absl::Seconds(5));
  EXPECT_FALSE(next.ready());
  world_.MustAppend(*wal_, "a");
  world_.runtime().RunUntilIdle();
  ASSERT_TRUE(next.ready());
  world_.MustClose(*scanner);
}

TEST_F(TickTest, TellsAScannerOfWhatIsNewOfTicksThoughItHasReadNothing) {
  std::unique_ptr<Scanner> scanner =
      world_.MustRead(*wal_, {.from = Latest{}, .wake_on_tick = true});
  const ScanBatch batch = NextTick(*scanner);
  EXPECT_GT(batch.complete_through, world_.fake().records()[0].time_tick());
  EXPECT_FALSE(batch.complete_is_stored);
  EXPECT_FALSE(batch.resume.has_value());
  world_.MustClose(*scanner);
}

TEST_F(TickTest, StopsWhenFenced) {
  std::unique_ptr<Scanner> scanner = world_.MustRead(*wal_, {.wake_on_tick = true});
  (void)NextTick(*scanner);
  world_.fake().Fence(Term{2});
  Advance(kInterval);
  const int ticks = world_.fake().tick_count();
  Advance(10 * kInterval);
  EXPECT_EQ(world_.fake().tick_count(), ticks);
  world_.MustClose(*scanner);
}

// D7.

TEST_F(TickTest, AnswersHowFarToReadAVChannel) {
  const TimeTick first = world_.fake().records()[0].time_tick();
  EXPECT_EQ(MvccOf("v1").time_tick, first);
  EXPECT_TRUE(MvccOf("v1").confirmed);
  const AppendResult a = world_.MustAppend(*wal_, "a", "v1");
  const AppendResult b = world_.MustAppend(*wal_, "b", "v2");
  EXPECT_EQ(MvccOf("v1").time_tick, a.time_tick);
  EXPECT_FALSE(MvccOf("v1").confirmed);
  EXPECT_EQ(MvccOf("").time_tick, b.time_tick);
  Advance(kInterval);
  const TimeTick tick = world_.fake().records().back().time_tick();
  EXPECT_EQ(MvccOf("v1").time_tick, tick);
  EXPECT_TRUE(MvccOf("v1").confirmed);
  EXPECT_TRUE(MvccOf("").confirmed);
}

TEST_F(TickTest, SaysNothingOfWhatIsNotAcknowledged) {
  const TimeTick before = MvccOf("").time_tick;
  world_.fake().HoldAppends();
  Future<Result> slow = LogWorld::StartAppend(*wal_, "a");
  world_.runtime().RunUntilIdle();
  EXPECT_EQ(MvccOf("").time_tick, before);
  world_.fake().StopHoldingAppends();
  world_.runtime().RunUntilIdle();
  EXPECT_GT(MvccOf("").time_tick, before);
}

TEST_F(TickTest, AnswersNothingOnceFencedThoughNobodyNoticedBefore) {
  world_.MustAppend(*wal_, "a");
  world_.fake().Fence(Term{2});
  EXPECT_EQ(CodeOf(world_.Run([&] { return wal_->LatestMvcc(""); })), WalErrorCode::kChannelFenced);
}

TEST_F(TickTest, AnswersWhatTheLogHolds) {
  const AppendResult a = world_.MustAppend(*wal_, "a");
  const absl::StatusOr<LogInfo> info = world_.Run([&] { return wal_->Info(); });
  ASSERT_TRUE(info.ok());
  EXPECT_EQ(info->tail, a.position());
  EXPECT_EQ(info->newest_tick, a.time_tick);
  EXPECT_EQ(info->newest_term, Term{1});
  EXPECT_FALSE(info->oldest.has_value());
}

class ClusterTicks : public TimeTickSource {
 public:
  TimeTick Now() override { return now; }
  TimeTick now{5000};
};

TEST(TickSourceTest, StampsTheTicksOfTheCluster) {
  ClusterTicks ticks;
  LogWorld world({.ticks = &ticks});
  std::unique_ptr<Wal> wal = world.MustOpen(Term{1});
  EXPECT_EQ(world.fake().records()[0].time_tick(), TimeTick{5000});
  ticks.now = TimeTick{7000};
  EXPECT_EQ(world.MustAppend(*wal, "a").time_tick, TimeTick{7000});
  EXPECT_EQ(world.MustAppend(*wal, "b").time_tick, TimeTick{7001});
  world.MustClose(*wal);
}

}  // namespace
}  // namespace tidelog::adaptor
