// Truncation (G3).
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/time/time.h"
#include "adaptor/testing/log_world.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "wal/async/future.h"
#include "wal/message/message.h"
#include "wal/message/message_id.h"

namespace tidelog::adaptor {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

class TruncateTest : public testing::Test {
 protected:
  TruncateTest() : wal_(world_.MustOpen(Term{1})) {
    for (const char* payload : {"a", "b", "c", "d"}) {
      positions_.push_back(world_.MustAppend(*wal_, payload).position());
    }
  }
  ~TruncateTest() override { (void)world_.Close(*wal_); }

  absl::StatusOr<Position> Truncate(const Position& through) {
    return world_.Run([&] { return wal_->Truncate(through); });
  }

  LogWorld world_;
  std::unique_ptr<Wal> wal_;
  std::vector<Position> positions_;  // Of a, b, c, d.
};

TEST_F(TruncateTest, HidesWhatLiesAtOrBelowAndYieldsHowFarItWent) {
  EXPECT_EQ(*Truncate(positions_[1]), positions_[1]);
  EXPECT_THAT(world_.ReadAll(*wal_), ElementsAre("c", "d"));
  EXPECT_EQ(world_.fake().truncated(), positions_[1]);
}

TEST_F(TruncateTest, AsksForATickThatLiesAboveTheMark) {
  EXPECT_THAT(world_.Stored(), ElementsAre("tick", "a", "b", "c", "d"));
  EXPECT_EQ(*Truncate(positions_[3]), positions_[3]);
  EXPECT_EQ(world_.fake().records().back().type(), MessageType::kTimeTick);
  EXPECT_THAT(world_.ReadAll(*wal_), IsEmpty());
}

// The first tick of the term would do for the replay, but the mark must not hide it.
TEST_F(TruncateTest, AsksForATickThatTheMarkDoesNotHide) {
  ASSERT_EQ(positions_[0].last_confirmed, world_.fake().records()[0].id());
  EXPECT_EQ(*Truncate(positions_[0]), positions_[0]);
  EXPECT_EQ(world_.fake().records().back().type(), MessageType::kTimeTick);
}

TEST_F(TruncateTest, AsksForNoTickIfThereIsOne) {
  world_.runtime().Advance(absl::Milliseconds(200));
  const size_t before = world_.Stored().size();
  EXPECT_TRUE(Truncate(positions_[1]).ok());
  EXPECT_LE(world_.Stored().size(), before);
  EXPECT_EQ(world_.Stored().back(), "tick");
}

TEST_F(TruncateTest, SurvivesARestartAndTheLogOpensFromWhatIsLeft) {
  ASSERT_TRUE(Truncate(positions_[3]).ok());
  world_.MustClose(*wal_);
  wal_ = world_.MustOpen(Term{2});
  EXPECT_THAT(world_.ReadAll(*wal_), IsEmpty());
  world_.MustAppend(*wal_, "e");
  EXPECT_THAT(world_.ReadAll(*wal_), ElementsAre("e"));
  EXPECT_EQ(CodeOf(world_.Read(*wal_, {.from = After{positions_[0]}})),
            WalErrorCode::kPositionGone);
}

TEST_F(TruncateTest, SurvivesACrashRightBehindIt) {
  ASSERT_TRUE(Truncate(positions_[3]).ok());
  std::unique_ptr<Wal> successor = world_.MustOpen(Term{2});
  world_.MustAppend(*successor, "e");
  EXPECT_THAT(world_.ReadAll(*successor), ElementsAre("e"));
  world_.MustClose(*successor);
}

// Storage tells who is fenced no bounds, and the mark that he knows is old.
TEST_F(TruncateTest, OfANewOwnerHidesFromTheOneBeforeToo) {
  std::unique_ptr<Wal> successor = world_.MustOpen(Term{2});
  world_.MustAppend(*successor, "e");
  ASSERT_TRUE(world_.Run([&] { return successor->Truncate(positions_[2]); }).ok());
  EXPECT_THAT(world_.ReadAll(*wal_), ElementsAre("d"));
  ASSERT_TRUE(world_.Run([&] { return successor->Truncate(positions_[3]); }).ok());
  EXPECT_THAT(world_.ReadAll(*wal_), IsEmpty());
  world_.MustClose(*successor);
}

TEST_F(TruncateTest, YieldsTheMarkThatThereIsForALowerOne) {
  ASSERT_TRUE(Truncate(positions_[2]).ok());
  EXPECT_EQ(*Truncate(positions_[0]), positions_[2]);
  EXPECT_EQ(world_.fake().truncated(), positions_[2]);
}

// Retention, or the truncation of an owner that was fenced while it was on its way.
TEST_F(TruncateTest, YieldsTheMarkThatOthersHaveSet) {
  world_.fake().DropBelow(world_.fake().records()[3].id());
  const std::optional<Position> mark = world_.fake().truncated();
  ASSERT_TRUE(mark.has_value());
  ASSERT_GT(mark->time_tick, positions_[0].time_tick);
  EXPECT_EQ(*Truncate(positions_[0]), *mark);
}

TEST_F(TruncateTest, DoesNotScanFromAMessageThatInfoSaysIsGone) {
  world_.fake().DropBelow(world_.fake().records()[3].id());
  const absl::StatusOr<LogInfo> info = world_.Run([this] { return wal_->Info(); });
  ASSERT_TRUE(info.ok() && info->oldest.has_value());
  EXPECT_THAT(world_.ReadAll(*wal_, {.from = After{*info->oldest}}), ElementsAre("c", "d"));
  const auto scanner = world_.Read(*wal_, {.from = From{*info->oldest}});
  EXPECT_EQ(CodeOf(scanner), WalErrorCode::kPositionGone);
}

TEST_F(TruncateTest, LetsScansBeginAtTheMarkAndNotBelow) {
  ASSERT_TRUE(Truncate(positions_[1]).ok());
  EXPECT_THAT(world_.ReadAll(*wal_, {.from = After{positions_[1]}}), ElementsAre("c", "d"));
  for (const DeliverPolicy& below :
       {DeliverPolicy(From{positions_[1]}), DeliverPolicy(After{positions_[0]})}) {
    const auto scanner = world_.Read(*wal_, {.from = below});
    EXPECT_EQ(CodeOf(scanner), WalErrorCode::kPositionGone);
    EXPECT_EQ(OldestPositionOf(scanner.status()), positions_[1]);
  }
  EXPECT_THAT(world_.ReadAll(*wal_, {.from = From{positions_[2]}}), ElementsAre("c", "d"));
}

// Scanners hold nothing back.
TEST_F(TruncateTest, EndsAScannerThatIsFurtherBack) {
  std::unique_ptr<Scanner> behind = world_.MustRead(*wal_);
  std::unique_ptr<Scanner> ahead = world_.MustRead(*wal_);
  EXPECT_THAT(world_.Take(*ahead, 4), ElementsAre("a", "b", "c", "d"));
  world_.runtime().RunUntilIdle();
  ASSERT_TRUE(Truncate(positions_[1]).ok());
  const absl::StatusOr<ScanBatch> batch = world_.Next(*behind);
  EXPECT_EQ(CodeOf(batch), WalErrorCode::kPositionGone);
  EXPECT_EQ(OldestPositionOf(batch.status()), positions_[1]);
  world_.MustAppend(*wal_, "e");
  EXPECT_THAT(world_.Take(*ahead, 1), ElementsAre("e"));
  world_.MustClose(*behind);
  world_.MustClose(*ahead);
}

TEST_F(TruncateTest, RefusesAPositionAboveTheTail) {
  Position above = positions_[3];
  above.time_tick = Next(above.time_tick);
  EXPECT_EQ(CodeOf(Truncate(above)), WalErrorCode::kPositionGone);
}

TEST_F(TruncateTest, RefusesAPositionOfAnotherLogOrOfNone) {
  Position foreign = positions_[0];
  foreign.last_confirmed = MessageId::FromNumber({LogKind::kFile, 7, 0}, 1);
  EXPECT_EQ(CodeOf(Truncate(foreign)), WalErrorCode::kWalNameMismatch);
  EXPECT_EQ(CodeOf(Truncate(Position())), WalErrorCode::kInvalidArgument);
}

TEST_F(TruncateTest, ReportsTheErrorOfTheBackendAndCanBeCalledAgain) {
  world_.fake().FailTruncates(1, WalError(WalErrorCode::kOutcomeUnknown, "who knows"));
  EXPECT_EQ(CodeOf(Truncate(positions_[1])), WalErrorCode::kOutcomeUnknown);
  EXPECT_EQ(*Truncate(positions_[1]), positions_[1]);
}

TEST_F(TruncateTest, WaitsWhileTheTickItNeedsCannotBeStored) {
  world_.fake().FailAppends(2, WalErrorCode::kUnavailable);
  Future<absl::StatusOr<Position>> truncated = wal_->Truncate(positions_[3]);
  world_.runtime().RunUntilIdle();
  EXPECT_FALSE(truncated.ready());
  world_.runtime().Advance(absl::Milliseconds(30));
  ASSERT_TRUE(truncated.ready());
  EXPECT_EQ(*std::move(truncated).Take(), positions_[3]);
}

TEST_F(TruncateTest, IsRefusedOnceFenced) {
  world_.fake().Fence(Term{2});
  world_.runtime().Advance(absl::Milliseconds(200));
  EXPECT_EQ(CodeOf(Truncate(positions_[0])), WalErrorCode::kChannelFenced);
}

}  // namespace
}  // namespace tidelog::adaptor
