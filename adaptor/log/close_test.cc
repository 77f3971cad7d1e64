// How a log is closed (H2), on a fake backend.
#include <memory>
#include <string>
#include <utility>

#include "absl/time/time.h"
#include "adaptor/interceptors/interceptor.h"
#include "adaptor/testing/log_world.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "wal/async/future.h"
#include "walimpls/wal.h"

namespace tidelog::adaptor {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using walimpls::CloseMode;
using Result = absl::StatusOr<AppendResult>;

class CloseTest : public testing::Test {
 protected:
  CloseTest() : wal_(world_.MustOpen(Term{1})) {}
  ~CloseTest() override {
    EXPECT_EQ(world_.fake().open_log_count(), 0);
    EXPECT_EQ(world_.runtime().quarantine().size(), 0u);
  }
  void Settle() { world_.runtime().RunUntilIdle(); }

  LogWorld world_;
  std::unique_ptr<Wal> wal_;
};

TEST_F(CloseTest, StoresATickThatCoversTheLastMessagesAndLeavesTheCleanMark) {
  world_.MustAppend(*wal_, "a");
  world_.MustClose(*wal_);
  EXPECT_THAT(world_.Stored(), ElementsAre("tick", "a", "tick"));
  EXPECT_EQ(world_.fake().close_mode(), CloseMode::kClean);
}

TEST_F(CloseTest, StoresNothingWhenEverythingIsCovered) {
  world_.MustClose(*wal_);
  EXPECT_THAT(world_.Stored(), ElementsAre("tick"));
  EXPECT_EQ(world_.fake().close_mode(), CloseMode::kClean);
}

// D2: after a clean close the term may be opened again, by a wall clock that was set back.
TEST_F(CloseTest, StoresATickAboveThoseThatReadersWereToldAndThatAreNotStored) {
  std::unique_ptr<Scanner> scanner = world_.MustRead(*wal_, {.wake_on_tick = true});
  ASSERT_TRUE(world_.Next(*scanner).ok());
  const absl::StatusOr<ScanBatch> told = world_.Next(*scanner);
  ASSERT_TRUE(told.ok());
  ASSERT_FALSE(told->complete_is_stored);
  world_.MustClose(*scanner);
  world_.MustClose(*wal_);
  EXPECT_EQ(world_.fake().close_mode(), CloseMode::kClean);
  world_.runtime().JumpWall(-absl::Hours(1));
  wal_ = world_.MustOpen(Term{1});
  world_.MustAppend(*wal_, "a");
  EXPECT_GT(world_.fake().records().back().time_tick(), told->complete_through);
  world_.MustClose(*wal_);
}

TEST_F(CloseTest, WaitsForWhatIsAtTheBackend) {
  world_.fake().HoldAppends();
  Future<Result> first = LogWorld::StartAppend(*wal_, "a");
  Settle();
  Future<absl::Status> closed = wal_->Close();
  Settle();
  EXPECT_FALSE(closed.ready());
  world_.fake().StopHoldingAppends();
  Settle();
  EXPECT_TRUE(std::move(closed).Take().ok());
  EXPECT_TRUE(std::move(first).Take().ok());
  EXPECT_THAT(world_.Stored(), ElementsAre("tick", "a", "tick"));
}

TEST_F(CloseTest, RefusesEverythingAfterwards) {
  world_.MustClose(*wal_);
  EXPECT_EQ(CodeOf(world_.Append(*wal_, LogWorld::Message("a"))), WalErrorCode::kOnShutdown);
  EXPECT_EQ(CodeOf(world_.Read(*wal_, {})), WalErrorCode::kOnShutdown);
  EXPECT_EQ(CodeOf(world_.Run([&] { return wal_->Info(); })), WalErrorCode::kOnShutdown);
  EXPECT_EQ(CodeOf(world_.Run([&] { return wal_->LatestMvcc(""); })), WalErrorCode::kOnShutdown);
  EXPECT_EQ(CodeOf(world_.Run([&] { return wal_->Truncate({}); })), WalErrorCode::kOnShutdown);
  EXPECT_EQ(CodeOf(world_.Run([&] { return wal_->WhenUnavailable(); })), WalErrorCode::kOnShutdown);
  world_.MustClose(*wal_);
}

TEST_F(CloseTest, TellsWhoWaitsForItsEnd) {
  Future<absl::Status> lost = wal_->WhenUnavailable();
  Future<absl::Status> also_lost = wal_->WhenUnavailable();
  Settle();
  EXPECT_FALSE(lost.ready());
  world_.MustClose(*wal_);
  EXPECT_EQ(CodeOf(std::move(lost).Take()), WalErrorCode::kOnShutdown);
  EXPECT_EQ(CodeOf(std::move(also_lost).Take()), WalErrorCode::kOnShutdown);
}

TEST_F(CloseTest, IsDoneForAllWhoAskedForIt) {
  Future<absl::Status> first = wal_->Close();
  Future<absl::Status> second = wal_->Close();
  Settle();
  EXPECT_TRUE(std::move(first).Take().ok());
  EXPECT_TRUE(std::move(second).Take().ok());
}

TEST_F(CloseTest, LeavesNoCleanMarkWhenFenced) {
  world_.MustAppend(*wal_, "a");
  world_.fake().Fence(Term{2});
  world_.runtime().Advance(absl::Milliseconds(200));
  world_.MustClose(*wal_);
  EXPECT_EQ(world_.fake().close_mode(), CloseMode::kAbandon);
  EXPECT_THAT(world_.Stored(), ElementsAre("tick", "a"));
}

TEST_F(CloseTest, LeavesNoCleanMarkWhenTheLastTickFails) {
  world_.MustAppend(*wal_, "a");
  world_.fake().FailAppends(1, WalErrorCode::kUnavailable);
  world_.MustClose(*wal_);
  EXPECT_EQ(world_.fake().close_mode(), CloseMode::kAbandon);
}

// Hanging backends.

TEST_F(CloseTest, EndsAppendsThatHangAsUnknownAndNamesThem) {
  world_.fake().HoldAppends();
  Future<Result> first = LogWorld::StartAppend(*wal_, "a");
  Settle();
  const absl::Duration begin = world_.runtime().Now();
  const absl::Status closed = world_.Close(*wal_);
  EXPECT_EQ(world_.runtime().Now() - begin, absl::Seconds(10));
  EXPECT_EQ(CodeOf(closed), WalErrorCode::kUnavailable);
  EXPECT_THAT(closed.message(), HasSubstr("appends at the backend"));
  EXPECT_EQ(CodeOf(std::move(first).Take()), WalErrorCode::kOutcomeUnknown);
  EXPECT_EQ(world_.fake().close_mode(), CloseMode::kAbandon);
  EXPECT_EQ(CodeOf(world_.Close(*wal_)), WalErrorCode::kUnavailable);
}

TEST_F(CloseTest, DoesNotWaitForWhatABrokenBackendHolds) {
  world_.fake().HoldAppends();
  Future<Result> first = LogWorld::StartAppend(*wal_, "a");
  Settle();
  world_.fake().Break("the tape has torn");
  Settle();
  EXPECT_FALSE(first.ready());
  const absl::Duration begin = world_.runtime().Now();
  world_.MustClose(*wal_);
  EXPECT_EQ(world_.runtime().Now(), begin);
  EXPECT_EQ(CodeOf(std::move(first).Take()), WalErrorCode::kOutcomeUnknown);
  EXPECT_EQ(world_.fake().close_mode(), CloseMode::kAbandon);
}

TEST_F(CloseTest, NamesTheLastTickWhenItHangs) {
  world_.MustAppend(*wal_, "a");
  world_.fake().HoldAppends();
  const absl::Status closed = world_.Close(*wal_);
  EXPECT_EQ(CodeOf(closed), WalErrorCode::kUnavailable);
  EXPECT_THAT(closed.message(), HasSubstr("the last time tick"));
  EXPECT_EQ(world_.fake().close_mode(), CloseMode::kAbandon);
}

TEST_F(CloseTest, PutsABackendThatHangsInQuarantineUntilItsCloseCompletes) {
  world_.fake().HangCloses();
  const absl::Status closed = world_.Close(*wal_);
  EXPECT_EQ(CodeOf(closed), WalErrorCode::kUnavailable);
  EXPECT_THAT(closed.message(), HasSubstr("the backend's close"));
  EXPECT_THAT(world_.runtime().quarantine().Describe(),
              ElementsAre(HasSubstr("close of orders@1: the backend's close")));
  wal_.reset();
  EXPECT_EQ(world_.fake().open_log_count(), 1);
  world_.fake().ReleaseCloses();
  Settle();
}

TEST_F(CloseTest, AnswersAppendsThatHangWithTheBackendBeforeItGoesIntoQuarantine) {
  world_.fake().HoldAppends();
  Future<Result> first = LogWorld::StartAppend(*wal_, "a");
  Settle();
  world_.fake().HangCloses();
  EXPECT_EQ(CodeOf(world_.Close(*wal_)), WalErrorCode::kUnavailable);
  EXPECT_EQ(CodeOf(std::move(first).Take()), WalErrorCode::kOutcomeUnknown);
  wal_.reset();
  world_.fake().ReleaseCloses();
  Settle();
}

// Scanners.

TEST_F(CloseTest, EndsItsScannersAndTheirNexts) {
  std::unique_ptr<Scanner> scanner = world_.MustRead(*wal_);
  Future<absl::StatusOr<ScanBatch>> next = scanner->Next(ScanBatch());
  Settle();
  EXPECT_FALSE(next.ready());
  world_.MustClose(*wal_);
  EXPECT_EQ(CodeOf(std::move(next).Take()), WalErrorCode::kOnShutdown);
  wal_.reset();
  EXPECT_EQ(CodeOf(world_.Next(*scanner)), WalErrorCode::kOnShutdown);
  world_.MustClose(*scanner);
}

TEST_F(CloseTest, IsProperForAScannerThatOutlivesTheLogUnclosed) {
  std::unique_ptr<Scanner> scanner = world_.MustRead(*wal_);
  world_.MustClose(*wal_);
  wal_.reset();
  scanner.reset();
}

TEST_F(CloseTest, ClosesAScannerWhoseFutureWasDropped) {
  { Future<absl::StatusOr<std::unique_ptr<Scanner>>> dropped = wal_->Read({}); }
  Settle();
  EXPECT_EQ(world_.fake().open_scanner_count(), 0);
  world_.MustClose(*wal_);
}

void DestroyAWalUnclosed() {
  LogWorld world;
  std::unique_ptr<Wal> wal = world.MustOpen(Term{1});
  world.MustAppend(*wal, "a");
  wal.reset();
}

void DestroyAScannerUnclosed() {
  LogWorld world;
  std::unique_ptr<Wal> wal = world.MustOpen(Term{1});
  world.MustAppend(*wal, "a");
  std::unique_ptr<Scanner> scanner = world.MustRead(*wal);
  (void)world.Next(*scanner);
  scanner.reset();
}

TEST(CloseDeathTest, AbortsWhenAUsedHandleIsDestroyedUnclosed) {
  EXPECT_DEATH(DestroyAWalUnclosed(), "orders@1 was destroyed before it was closed");
  EXPECT_DEATH(DestroyAScannerUnclosed(), "of orders@1 was destroyed before it was closed");
}

// Interceptors.

class SlowCloser : public InterceptorBuilder {
 public:
  std::unique_ptr<Interceptor> Build(const InterceptorContext&) override;
  std::vector<Promise<Unit>> closing;
};
class SlowCloserOfALog : public Interceptor {
 public:
  explicit SlowCloserOfALog(SlowCloser* closer) : closer_(*closer) {}
  std::string_view name() const override { return "slow_closer"; }
  Verdict Before(AppendOp&) override { return Verdict::Go(); }
  void After(const AppendOp&) override {}
  Future<Unit> GracefulClose() override {
    Promise<Unit> promise("graceful close");
    Future<Unit> future = promise.future();
    closer_.closing.push_back(std::move(promise));
    return future;
  }

 private:
  SlowCloser& closer_;
};
std::unique_ptr<Interceptor> SlowCloser::Build(const InterceptorContext&) {
  return std::make_unique<SlowCloserOfALog>(this);
}

TEST(CloseInterceptorTest, NamesAnInterceptorThatDoesNotDrainAndGoesOnAfterThreeSeconds) {
  SlowCloser closer;
  LogWorld world({.interceptors = {&closer}});
  std::unique_ptr<Wal> wal = world.MustOpen(Term{1});
  world.MustAppend(*wal, "a");
  const absl::Duration begin = world.runtime().Now();
  const absl::Status closed = world.Close(*wal);
  EXPECT_EQ(world.runtime().Now() - begin, absl::Seconds(3));
  EXPECT_EQ(CodeOf(closed), WalErrorCode::kUnavailable);
  EXPECT_THAT(closed.message(), HasSubstr("interceptor slow_closer"));
  EXPECT_THAT(world.Stored(), ElementsAre("tick", "a", "tick"));
  closer.closing[0].Set(Unit{});
}

}  // namespace
}  // namespace tidelog::adaptor
