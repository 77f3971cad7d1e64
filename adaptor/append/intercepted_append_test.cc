// Appends through interceptors of the user's own (C6).
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "adaptor/interceptors/interceptor.h"
#include "adaptor/testing/log_world.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "wal/async/future.h"
#include "wal/message/message.h"
#include "wal/message/testing/messages.h"
#include "wal/status.h"
#include "wal/types.h"
#include "wal/wal.h"

namespace tidelog::adaptor {
namespace {

using ::testing::ElementsAre;
using testing::MakeBody;
using testing::MakeInsert;
using testing::MakeKeyed;
using testing::MakeMessage;
using Result = absl::StatusOr<AppendResult>;

// Lets appends wait until they are released, or stops them.  Of one log.
class Barrier : public InterceptorBuilder {
 public:
  std::unique_ptr<Interceptor> Build(const InterceptorContext&) override;

  Verdict Enter(AppendOp& op) {
    entered.push_back(std::string(op.record(0).payload()));
    if (!stop.ok()) return Verdict::Stop(stop);
    if (!hold) return Verdict::Go();
    Promise<absl::Status> promise("barrier");
    Future<absl::Status> future = promise.future();
    waiting.push_back(std::move(promise));
    return Verdict::Wait(std::move(future));
  }

  bool hold = false;
  absl::Status stop;
  std::vector<Promise<absl::Status>> waiting;
  std::vector<std::string> entered;
  std::vector<std::string> left;  // With what became of them.
  bool closed = false;
};

class BarrierOfALog : public Interceptor {
 public:
  explicit BarrierOfALog(Barrier* barrier) : barrier_(*barrier) {}
  std::string_view name() const override { return "barrier"; }
  Verdict Before(AppendOp& op) override { return barrier_.Enter(op); }
  void After(const AppendOp& op) override {
    barrier_.left.push_back(
        absl::StrCat(op.record(0).payload(), " ", WalErrorCodeName(CodeOf(op.status()))));
  }
  void Close() override { barrier_.closed = true; }

 private:
  Barrier& barrier_;
};

std::unique_ptr<Interceptor> Barrier::Build(const InterceptorContext&) {
  return std::make_unique<BarrierOfALog>(this);
}

class InterceptedAppendTest : public ::testing::Test {
 protected:
  InterceptedAppendTest()
      : world_({.interceptors = {&outer_, &inner_}}), wal_(world_.MustOpen(Term{1})) {}
  ~InterceptedAppendTest() override { (void)world_.Close(*wal_); }
  void Settle() { world_.runtime().RunUntilIdle(); }

  Barrier outer_, inner_;
  LogWorld world_;
  std::unique_ptr<Wal> wal_;
};

TEST_F(InterceptedAppendTest, PassesEveryInterceptorDownAndBack) {
  world_.MustAppend(*wal_, "a");
  EXPECT_THAT(outer_.entered, ElementsAre("a"));
  EXPECT_THAT(inner_.entered, ElementsAre("a"));
  EXPECT_THAT(inner_.left, ElementsAre("a OK"));
  EXPECT_THAT(outer_.left, ElementsAre("a OK"));
  world_.MustClose(*wal_);
  EXPECT_TRUE(inner_.closed);
}

TEST_F(InterceptedAppendTest, StopsWhereOneSaysStopAndGoesBackThroughThoseThatSaidGo) {
  inner_.stop = WalError(WalErrorCode::kRateLimitRejected, "slow down");
  EXPECT_EQ(CodeOf(world_.Append(*wal_, LogWorld::Message("a"))), WalErrorCode::kRateLimitRejected);
  EXPECT_THAT(outer_.left, ElementsAre("a RATE_LIMIT_REJECTED"));
  EXPECT_TRUE(inner_.left.empty());
  EXPECT_THAT(world_.Stored(), ElementsAre("tick"));
}

TEST_F(InterceptedAppendTest, WaitsWhereOneSaysWaitWhileOthersPass) {
  inner_.hold = true;
  Future<Result> first = LogWorld::StartAppend(*wal_, "a");
  Settle();
  inner_.hold = false;
  world_.MustAppend(*wal_, "b");
  EXPECT_FALSE(first.ready());
  inner_.waiting[0].Set(absl::OkStatus());
  Settle();
  EXPECT_TRUE(std::move(first).Take().ok());
  EXPECT_THAT(world_.Stored(), ElementsAre("tick", "b", "a"));
}

TEST_F(InterceptedAppendTest, EndsWithTheErrorOfTheWait) {
  inner_.hold = true;
  Future<Result> first = LogWorld::StartAppend(*wal_, "a");
  Settle();
  inner_.waiting[0].Set(WalError(WalErrorCode::kTransactionExpired, "too late"));
  Settle();
  EXPECT_EQ(CodeOf(std::move(first).Take()), WalErrorCode::kTransactionExpired);
  EXPECT_THAT(outer_.left, ElementsAre("a TRANSACTION_EXPIRED"));
  EXPECT_TRUE(inner_.left.empty());
}

// The caller has his answer at the deadline; what the interceptor gave is taken back when it comes.
TEST_F(InterceptedAppendTest, AnswersAtTheDeadlineThoughAnInterceptorIsSlow) {
  inner_.hold = true;
  Future<Result> first = LogWorld::StartAppend(*wal_, "a", {.timeout = absl::Seconds(1)});
  world_.runtime().Advance(absl::Seconds(1));
  EXPECT_EQ(CodeOf(std::move(first).Take()), WalErrorCode::kDeadlineExceeded);
  EXPECT_TRUE(inner_.left.empty());
  inner_.waiting[0].Set(absl::OkStatus());
  Settle();
  EXPECT_THAT(inner_.left, ElementsAre("a DEADLINE_EXCEEDED"));
  EXPECT_THAT(world_.Stored(), ElementsAre("tick"));
}

TEST_F(InterceptedAppendTest, TellsInterceptorsOfAnUnknownOutcome) {
  world_.fake().HoldAppends();
  Future<Result> first = LogWorld::StartAppend(*wal_, "a");
  Settle();
  world_.fake().Fence(Term{2});
  world_.runtime().Advance(absl::Milliseconds(200));
  EXPECT_THAT(inner_.left, ElementsAre("a OUTCOME_UNKNOWN"));
}

// C6: how many appends are timed is a setting, as reading a clock is not free.
TEST(SampledAppendTest, TimesInterceptorsOfOneAppendInSoMany) {
  LogWorld world({.config = {{"wal.sampling_rate", "2"}}});
  std::unique_ptr<Wal> wal = world.MustOpen(Term{1});
  world.MustAppend(*wal, "a");
  EXPECT_FALSE(world.Run([&] { return wal->Info(); })->details.contains("interceptor.admission"));
  world.MustAppend(*wal, "b");
  EXPECT_TRUE(world.Run([&] { return wal->Info(); })->details.contains("interceptor.admission"));
  world.MustClose(*wal);
}

TEST(SampledAppendTest, TimesNoneIfToldSo) {
  LogWorld world({.config = {{"wal.sampling_rate", "0"}}});
  std::unique_ptr<Wal> wal = world.MustOpen(Term{1});
  for (int i = 0; i < 10; ++i) world.MustAppend(*wal, "a");
  EXPECT_FALSE(world.Run([&] { return wal->Info(); })->details.contains("interceptor.admission"));
  world.MustClose(*wal);
}

// Does to each append what a test says.
class Changer : public InterceptorBuilder {
 public:
  using Change = std::function<Verdict(AppendOp&)>;
  std::unique_ptr<Interceptor> Build(const InterceptorContext&) override;
  Change change;  // None: nothing.
};

class ChangerOfALog : public Interceptor {
 public:
  explicit ChangerOfALog(Changer* changer) : changer_(*changer) {}
  std::string_view name() const override { return "changer"; }
  Verdict Before(AppendOp& op) override {
    return changer_.change ? changer_.change(op) : Verdict::Go();
  }
  void After(const AppendOp&) override {}

 private:
  Changer& changer_;
};

std::unique_ptr<Interceptor> Changer::Build(const InterceptorContext&) {
  return std::make_unique<ChangerOfALog>(this);
}

class ChangedAppendTest : public ::testing::Test {
 protected:
  using Make = std::function<MutableMessage()>;
  ChangedAppendTest() : world_({.interceptors = {&changer_}}), wal_(world_.MustOpen(Term{1})) {}
  ~ChangedAppendTest() override { (void)world_.Close(*wal_); }

  Result Append(MutableMessage message) { return world_.Append(*wal_, std::move(message)); }
  void PutInItsPlace(Make make, absl::Status stop = absl::OkStatus()) {
    changer_.change = [make = std::move(make), stop = std::move(stop)](AppendOp& op) {
      op.message(0) = make();
      return stop.ok() ? Verdict::Go() : Verdict::Stop(stop);
    };
  }

  Changer changer_;
  LogWorld world_;
  std::unique_ptr<Wal> wal_;
};

TEST_F(ChangedAppendTest, StoresWhatAnInterceptorHasPutInItsPlace) {
  PutInItsPlace([] { return MakeKeyed("k", "another", "v"); });
  EXPECT_TRUE(Append(MakeKeyed("k", "a", "v")).ok());
  const Result repeat = Append(MakeKeyed("k", "a", "v"));
  EXPECT_TRUE(repeat.ok() && repeat->duplicate);
  EXPECT_THAT(world_.Stored(), ElementsAre("tick", "another"));
}

// G4: and with it the keys of those that wait.
TEST_F(ChangedAppendTest, LetsGoOfTheKeyThatItCameWith) {
  const absl::Status stop = WalError(WalErrorCode::kRateLimitRejected, "slow down");
  const Make others[] = {[] { return MakeKeyed("other", "a", "v"); },
                         [] { return MakeKeyed("k", "a", "w"); },
                         [] { return MakeInsert("a", "v"); }};
  for (const Make& other : others) {
    PutInItsPlace(other, stop);
    EXPECT_EQ(CodeOf(Append(MakeKeyed("k", "a", "v"))), WalErrorCode::kRateLimitRejected);
  }
  changer_.change = nullptr;
  const Result first = Append(MakeKeyed("k", "a", "v"));
  EXPECT_TRUE(first.ok() && !first->duplicate);
  EXPECT_THAT(world_.Stored(), ElementsAre("tick", "a"));
}

using ChangedAppendDeathTest = ChangedAppendTest;

TEST_F(ChangedAppendDeathTest, AbortsWhenAMessageIsNotAnyMoreWhatItHasToStay) {
  const TxnContext txn{TimeTick{5}, absl::Seconds(1)};
  const Make others[] = {
      [] { return MakeKeyed("other", "a", "v"); }, [] { return MakeKeyed("k", "a", "w"); },
      [] { return MakeInsert("a", "v"); }, [&] { return MakeBody("a", "v", txn); },
      [] { return MakeMessage(MessageType::kManualFlush, "a", "v"); }};
  for (const Make& other : others) {
    PutInItsPlace(other);
    EXPECT_DEATH((void)Append(MakeKeyed("k", "a", "v")),
                 "orders@1: an interceptor has changed .*: Insert");
  }
  PutInItsPlace([] { return MakeKeyed("k", "a", "v"); });
  EXPECT_DEATH((void)Append(MakeInsert("a", "v")), "has changed");
}

}  // namespace
}  // namespace tidelog::adaptor
