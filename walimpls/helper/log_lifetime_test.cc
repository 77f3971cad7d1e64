#include "walimpls/helper/log_lifetime.h"

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "wal/async/signal.h"
#include "wal/async/test_runtime.h"
#include "wal/status.h"
#include "wal/types.h"
#include "walimpls/helper/scanner_base.h"

namespace tidelog::walimpls {
namespace {

using ::testing::ElementsAre;

const PChannel kChannel = {"orders", Term{7}};

// Yields what a test puts into it.
class ScriptedScanner final : public ScannerBase {
 public:
  ScriptedScanner(LogLifetime* log, std::string name, std::vector<std::string>* waits_stopped)
      : ScannerBase(log, name), name_(std::move(name)), waits_stopped_(waits_stopped) {}

  void Deliver(absl::StatusOr<RawBatch> batch) {
    deliver_ = std::move(batch);
    changed_.NotifyAll();
  }
  void WakeForNothing() { changed_.NotifyAll(); }

 private:
  absl::StatusOr<bool> Fill(RawBatch* batch) override {
    EXPECT_TRUE(batch->messages.empty() && !batch->gap && !batch->end) << "not cleared";
    if (!deliver_) return false;
    absl::StatusOr<RawBatch> delivered = *std::exchange(deliver_, std::nullopt);
    if (!delivered.ok()) return delivered.status();
    *batch = *std::move(delivered);
    return true;
  }
  Future<Unit> WhenMore() override { return changed_.Wait(); }
  void StopWaiting() override {
    if (waits_stopped_ != nullptr) waits_stopped_->push_back(name_);
    changed_.NotifyAll();
  }

  const std::string name_;
  std::vector<std::string>* const waits_stopped_;
  std::optional<absl::StatusOr<RawBatch>> deliver_;
  Signal changed_;
};

using NextFuture = Future<absl::StatusOr<RawBatch>>;

class LogLifetimeTest : public ::testing::Test {
 protected:
  std::unique_ptr<ScriptedScanner> MakeScanner(std::string name = "s") {
    return std::make_unique<ScriptedScanner>(&*log_, std::move(name), &waits_stopped_);
  }
  // Calls `f` in a job, and runs what it started until nothing moves any more.
  template <class F>
  void InJob(F f) {
    runtime_.Run([&] {
      f();
      return MakeReadyFuture(Unit{});
    });
    runtime_.RunUntilIdle();
  }
  void CloseLog() {
    runtime_.Run([&] { return log_->Close(); });
  }
  absl::Status Close(ScannerImpls* scanner) {
    return runtime_.Run([&] { return scanner->Close(); });
  }

  TestRuntime runtime_;
  std::vector<std::string> waits_stopped_;
  std::optional<LogLifetime> log_{std::in_place, kChannel};
};

TEST_F(LogLifetimeTest, CloseRefusesOperationsAndWaitsForThoseInFlight) {
  std::optional<Gate::Pass> pass = log_->TryEnter();
  ASSERT_TRUE(pass.has_value());
  std::optional<Future<Unit>> closed;
  InJob([&] { closed.emplace(log_->Close()); });
  EXPECT_TRUE(log_->closing());
  EXPECT_FALSE(log_->TryEnter().has_value());
  EXPECT_FALSE(closed->ready());
  InJob([&] { pass.reset(); });
  EXPECT_TRUE(closed->ready());
}

TEST_F(LogLifetimeTest, ClosedErrorNamesTheChannelAndTerm) {
  const absl::Status error = log_->ClosedError("append to");
  EXPECT_EQ(GetWalErrorCode(error), WalErrorCode::kOnShutdown);
  EXPECT_EQ(error.message(), "append to orders@7: the log is closed");
  CloseLog();
}

TEST_F(LogLifetimeTest, CloseEndsScannersTheOldestFirst) {
  const auto first = MakeScanner("first");
  const auto second = MakeScanner("second");
  std::optional<NextFuture> next;
  InJob([&] { next.emplace(second->Next({})); });
  EXPECT_FALSE(next->ready());
  CloseLog();
  EXPECT_THAT(waits_stopped_, ElementsAre("first", "second"));
  ASSERT_TRUE(next->ready());
  EXPECT_EQ(GetWalErrorCode(std::move(*next).Take().status()), WalErrorCode::kOnShutdown);
}

TEST_F(LogLifetimeTest, AScannerMayBeDestroyedOnceTheLogIsClosed) {
  auto scanner = MakeScanner();
  EXPECT_EQ(log_->scanner_count(), 1u);
  CloseLog();
  EXPECT_EQ(log_->scanner_count(), 1u);
  scanner.reset();
  EXPECT_EQ(log_->scanner_count(), 0u);
}

TEST_F(LogLifetimeTest, NextWaitsThroughWakeUpsForNothing) {
  const auto scanner = MakeScanner();
  std::optional<NextFuture> next;
  InJob([&] { next.emplace(scanner->Next({})); });
  InJob([&] { scanner->WakeForNothing(); });
  EXPECT_FALSE(next->ready());
  RawBatch batch;
  batch.end = true;
  InJob([&] { scanner->Deliver(batch); });
  ASSERT_TRUE(next->ready());
  const absl::StatusOr<RawBatch> delivered = std::move(*next).Take();
  ASSERT_TRUE(delivered.ok()) << delivered.status();
  EXPECT_TRUE(delivered->end);
  CloseLog();
}

TEST_F(LogLifetimeTest, NextYieldsTheErrorOfFill) {
  const auto scanner = MakeScanner();
  scanner->Deliver(WalError(WalErrorCode::kCorrupt, "bad"));
  const auto next = runtime_.Run([&] { return scanner->Next({}); });
  EXPECT_EQ(GetWalErrorCode(next.status()), WalErrorCode::kCorrupt);
  CloseLog();
}

TEST_F(LogLifetimeTest, NextAfterCloseEndsWithOnShutdownAlsoBehindTheEnd) {
  const auto scanner = MakeScanner();
  RawBatch end;
  end.end = true;
  scanner->Deliver(end);
  ASSERT_TRUE(runtime_.Run([&] { return scanner->Next({}); }).ok());
  EXPECT_TRUE(Close(scanner.get()).ok());
  EXPECT_TRUE(Close(scanner.get()).ok());
  const auto next = runtime_.Run([&] { return scanner->Next({}); });
  EXPECT_EQ(GetWalErrorCode(next.status()), WalErrorCode::kOnShutdown);
  CloseLog();
}

using LogLifetimeDeathTest = LogLifetimeTest;

TEST_F(LogLifetimeDeathTest, ALogDestroyedWithoutCloseAborts) {
  EXPECT_DEATH(log_.reset(), "the log orders@7 was destroyed without Close");
  CloseLog();
}

TEST_F(LogLifetimeDeathTest, ALogDestroyedBeforeAScannerAborts) {
  auto scanner = MakeScanner();
  CloseLog();
  EXPECT_DEATH(log_.reset(), "orders@7 was destroyed before 1 of its scanners");
}

TEST_F(LogLifetimeDeathTest, ALogDestroyedWithAnOperationInFlightAborts) {
  std::optional<Gate::Pass> pass = log_->TryEnter();
  std::optional<Future<Unit>> closed;
  InJob([&] { closed.emplace(log_->Close()); });
  EXPECT_DEATH(log_.reset(), "orders@7 was destroyed before its Close");
  InJob([&] { pass.reset(); });
}

TEST_F(LogLifetimeDeathTest, AScannerDestroyedWithoutCloseAborts) {
  auto scanner = MakeScanner("tail");
  EXPECT_DEATH(scanner.reset(), "scanner of orders@7 .\"tail\". was destroyed without Close");
  CloseLog();
}

TEST_F(LogLifetimeDeathTest, TwoNextAtOnceAbort) {
  const auto scanner = MakeScanner();
  std::optional<NextFuture> next;
  InJob([&] { next.emplace(scanner->Next({})); });
  EXPECT_DEATH(runtime_.Run([&] { return scanner->Next({}); }).IgnoreError(),
               "two Next.. at once on a scanner of orders@7");
  CloseLog();
}

TEST_F(LogLifetimeDeathTest, NextAfterAnErrorAborts) {
  const auto scanner = MakeScanner();
  scanner->Deliver(WalError(WalErrorCode::kCorrupt, "bad"));
  ASSERT_FALSE(runtime_.Run([&] { return scanner->Next({}); }).ok());
  EXPECT_DEATH(runtime_.Run([&] { return scanner->Next({}); }).IgnoreError(),
               "Next.. after the end of a scanner of orders@7");
  CloseLog();
}

}  // namespace
}  // namespace tidelog::walimpls
