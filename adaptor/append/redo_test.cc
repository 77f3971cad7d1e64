// Appends that an interceptor lets begin anew (C6, Verdict::Redo()).
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
using ::testing::IsEmpty;
using testing::MakeInsert;
using testing::MakeKeyed;
using testing::MakeMessage;
using Result = absl::StatusOr<AppendResult>;

constexpr MessageType kSegment = MessageType::kManualFlush;  // Is exclusive.

// Data goes to segments, and a segment is a message of the same log, exclusive to its data: so
// nobody could wait for one while he holds the lock.
class Segments : public InterceptorBuilder {
 public:
  std::unique_ptr<Interceptor> Build(const InterceptorContext&) override;

  Verdict Enter(AppendOp& op) {
    const std::string what(op.record(0).payload());
    seen.push_back(absl::StrCat("before ", what));
    if (op.record(0).type() == kSegment || is_there) return Verdict::Go();
    Promise<absl::Status> promise("a segment");
    Future<absl::Status> until = promise.future();
    waiting.push_back(std::move(promise));
    return redoes ? Verdict::Redo(std::move(until)) : Verdict::Wait(std::move(until));
  }
  void Leave(const AppendOp& op) {
    seen.push_back(absl::StrCat("after ", op.record(0).payload()));
    if (op.record(0).type() != kSegment || op.done_count() == 0) return;
    is_there = true;
    EndWaits(absl::OkStatus());
  }
  void EndWaits(const absl::Status& status) {
    for (Promise<absl::Status>& promise : std::exchange(waiting, {})) promise.Set(status);
  }

  bool redoes = true;
  bool is_there = false;
  std::vector<Promise<absl::Status>> waiting;
  std::vector<std::string> seen;
};

class SegmentsOfALog : public Interceptor {
 public:
  explicit SegmentsOfALog(Segments* segments) : segments_(*segments) {}
  std::string_view name() const override { return "segments"; }
  Verdict Before(AppendOp& op) override { return segments_.Enter(op); }
  void Withdraw(AppendOp&) override {
    segments_.EndWaits(WalError(WalErrorCode::kDeadlineExceeded, "withdrawn"));
  }
  void After(const AppendOp& op) override { segments_.Leave(op); }

 private:
  Segments& segments_;
};

std::unique_ptr<Interceptor> Segments::Build(const InterceptorContext&) {
  return std::make_unique<SegmentsOfALog>(this);
}

// Counts what passes it, further out than Segments and inside the lock.
class Passed : public InterceptorBuilder {
 public:
  std::unique_ptr<Interceptor> Build(const InterceptorContext&) override;
  int before = 0;
  int inside = 0;
};

class PassedOfALog : public Interceptor {
 public:
  explicit PassedOfALog(Passed* passed) : passed_(*passed) {}
  std::string_view name() const override { return "passed"; }
  Verdict Before(AppendOp&) override {
    ++passed_.before;
    ++passed_.inside;
    return Verdict::Go();
  }
  void After(const AppendOp&) override { --passed_.inside; }

 private:
  Passed& passed_;
};

std::unique_ptr<Interceptor> Passed::Build(const InterceptorContext&) {
  return std::make_unique<PassedOfALog>(this);
}

class RedoTest : public ::testing::Test {
 protected:
  RedoTest() : world_({.interceptors = {&passed_, &segments_}}), wal_(world_.MustOpen(Term{1})) {}
  ~RedoTest() override { (void)world_.Close(*wal_); }

  Future<Result> Start(MutableMessage message, AppendOptions options = {}) {
    Future<Result> started = wal_->Append(std::move(message), options);
    world_.runtime().RunUntilIdle();
    return started;
  }

  Passed passed_;
  Segments segments_;
  LogWorld world_;
  std::unique_ptr<Wal> wal_;
};

TEST_F(RedoTest, LetsWhatItWaitsForOvertake) {
  Future<Result> data = Start(MakeInsert("data", "v"));
  EXPECT_FALSE(data.ready());
  EXPECT_EQ(passed_.inside, 0);
  Future<Result> segment = Start(MakeMessage(kSegment, "segment", "v"));
  ASSERT_TRUE(segment.ready());
  ASSERT_TRUE(data.ready());
  const Result first = std::move(segment).Take();
  const Result second = std::move(data).Take();
  ASSERT_TRUE(first.ok() && second.ok());
  EXPECT_LT(first->time_tick, second->time_tick);
  EXPECT_THAT(world_.Stored(), ElementsAre("tick", "segment", "data"));
  EXPECT_THAT(segments_.seen, ElementsAre("before data", "before segment", "after segment",
                                          "before data", "after data"));
  EXPECT_EQ(passed_.before, 3);
  EXPECT_EQ(passed_.inside, 0);
}

// Why Wait() does not do.
TEST_F(RedoTest, AWaitKeepsOutWhatItWaitsFor) {
  segments_.redoes = false;
  Future<Result> data = Start(MakeInsert("data", "v"));
  Future<Result> segment = Start(MakeMessage(kSegment, "segment", "v"));
  EXPECT_FALSE(segment.ready());
  segments_.EndWaits(absl::OkStatus());
  world_.runtime().RunUntilIdle();
  EXPECT_TRUE(data.ready() && segment.ready());
}

TEST_F(RedoTest, EndsWithTheErrorOfTheWait) {
  Future<Result> data = Start(MakeInsert("data", "v"));
  segments_.EndWaits(WalError(WalErrorCode::kResourceExhausted, "no segment"));
  world_.runtime().RunUntilIdle();
  ASSERT_TRUE(data.ready());
  EXPECT_EQ(CodeOf(std::move(data).Take()), WalErrorCode::kResourceExhausted);
  EXPECT_THAT(segments_.seen, ElementsAre("before data"));
  EXPECT_EQ(passed_.inside, 0);
}

TEST_F(RedoTest, IsWithdrawnFromWhoAskedForIt) {
  Future<Result> data = Start(MakeInsert("data", "v"), {.timeout = absl::Seconds(1)});
  world_.runtime().Advance(absl::Seconds(1));
  EXPECT_EQ(CodeOf(std::move(data).Take()), WalErrorCode::kDeadlineExceeded);
  EXPECT_THAT(segments_.waiting, IsEmpty());
  EXPECT_EQ(passed_.inside, 0);
  EXPECT_THAT(world_.Stored(), ElementsAre("tick"));
}

// G4: it is still the one that is going to be stored.
TEST_F(RedoTest, KeepsItsIdempotencyKey) {
  Future<Result> data = Start(MakeKeyed("k", "data", "v"));
  Future<Result> repeat = Start(MakeKeyed("k", "data", "v"));
  EXPECT_THAT(segments_.seen, ElementsAre("before data"));
  Future<Result> segment = Start(MakeMessage(kSegment, "segment", "v"));
  ASSERT_TRUE(segment.ready() && data.ready() && repeat.ready());
  EXPECT_FALSE(std::move(data).Take()->duplicate);
  EXPECT_TRUE(std::move(repeat).Take()->duplicate);
  EXPECT_THAT(world_.Stored(), ElementsAre("tick", "segment", "data"));
}

TEST_F(RedoTest, EndsWithTheLog) {
  Future<Result> data = Start(MakeInsert("data", "v"));
  world_.MustClose(*wal_);
  ASSERT_TRUE(data.ready());
  EXPECT_EQ(CodeOf(std::move(data).Take()), WalErrorCode::kOnShutdown);
}

// With room for one append and no more.
class RedoInOnePlaceTest : public ::testing::Test {
 protected:
  RedoInOnePlaceTest()
      : world_({.config = {{"wal.in_flight_count_max", "1"}}, .interceptors = {&segments_}}),
        wal_(world_.MustOpen(Term{1})) {}
  ~RedoInOnePlaceTest() override { (void)world_.Close(*wal_); }

  Future<Result> Start(MutableMessage message, bool wait) {
    Future<Result> started = wal_->Append(std::move(message), {.wait_when_full = wait});
    world_.runtime().RunUntilIdle();
    return started;
  }

  Segments segments_;
  LogWorld world_;
  std::unique_ptr<Wal> wal_;
};

TEST_F(RedoInOnePlaceTest, LeavesRoomForWhatItWaitsFor) {
  Future<Result> data = Start(MakeInsert("data", "v"), /*wait=*/false);
  Future<Result> segment = Start(MakeMessage(kSegment, "segment", "v"), /*wait=*/false);
  ASSERT_TRUE(segment.ready() && data.ready());
  EXPECT_TRUE(std::move(segment).Take().ok());
  EXPECT_TRUE(std::move(data).Take().ok());
}

// C5.
TEST_F(RedoInOnePlaceTest, HoldsNoMoreThanMayBeInFlightButThoseThatAskedToWait) {
  Future<Result> first = Start(MakeInsert("first", "v"), /*wait=*/false);
  Future<Result> second = Start(MakeInsert("second", "v"), /*wait=*/false);
  EXPECT_FALSE(first.ready());
  ASSERT_TRUE(second.ready());
  EXPECT_EQ(CodeOf(std::move(second).Take()), WalErrorCode::kResourceExhausted);
  Future<Result> third = Start(MakeInsert("third", "v"), /*wait=*/true);
  EXPECT_FALSE(third.ready());
  Future<Result> segment = Start(MakeMessage(kSegment, "segment", "v"), /*wait=*/false);
  EXPECT_TRUE(first.ready() && third.ready() && segment.ready());
  // Whoever ended has left nothing behind.
  segments_.is_there = false;
  EXPECT_FALSE(Start(MakeInsert("fourth", "v"), /*wait=*/false).ready());
}

TEST(RedoDeathTest, AbortsIfNothingIsToHappenBefore) {
  EXPECT_DEATH((void)Verdict::Redo(MakeReadyFuture(absl::OkStatus())), "begin anew");
}

}  // namespace
}  // namespace tidelog::adaptor
