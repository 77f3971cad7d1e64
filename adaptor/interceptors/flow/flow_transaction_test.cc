// Transactions of logs that are slowed down: their leases go on while bodies wait (G5).
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "adaptor/testing/flow_world.h"
#include "adaptor/testing/log_world.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "wal/async/future.h"
#include "wal/message/testing/messages.h"
#include "wal/status.h"
#include "wal/types.h"
#include "wal/wal.h"

namespace tidelog::adaptor {
namespace {

using ::testing::HasSubstr;

class FlowOfTransactionsTest : public FlowWorld {};

TEST_F(FlowOfTransactionsTest, LetsACommitWaitForABodyThatWaits) {
  const Result begin = Append(tidelog::testing::MakeBegin("v"));
  SetMemory(kMuch);
  Future<Result> first = Start(1);
  Future<Result> body = wal_->Append(tidelog::testing::MakeBody("body", "v", begin->txn), {});
  Settle();
  Future<Result> commit = wal_->Append(tidelog::testing::MakeCommit("v", begin->txn, 1), {});
  Settle();
  EXPECT_FALSE(body.ready());
  EXPECT_FALSE(commit.ready());
  Pass(absl::Seconds(1));
  ASSERT_TRUE(commit.ready());
  EXPECT_TRUE(std::move(commit).Take().ok());
}

TEST_F(FlowOfTransactionsTest, LetsATransactionCommitThoughOthersHaveFilledTheLine) {
  SetMemory(kMuch);
  std::vector<Future<Result>> others;
  for (int i = 1; i <= 30; ++i) others.push_back(Start(i, {.wait_when_full = true}));
  const Result begin = Append(tidelog::testing::MakeBegin("v"));
  Future<Result> body = StartBody("body", begin->txn);
  EXPECT_FALSE(body.ready());
  Future<Result> commit = wal_->Append(tidelog::testing::MakeCommit("v", begin->txn, 1), {});
  Pass(absl::Seconds(5));
  ASSERT_TRUE(commit.ready());
  const Result committed = std::move(commit).Take();
  EXPECT_TRUE(committed.ok()) << committed.status();
  // And the others go on.
  const int ready = CountReady(others);
  Pass(absl::Seconds(5));
  EXPECT_GE(CountReady(others), ready + 4);
}

// More of them than fit into the lease, but each renews it.
TEST_F(FlowOfTransactionsTest, LetsATransactionCommitWhoseOwnBodiesAreMany) {
  SetMemory(kMuch);
  const Result begin = Append(tidelog::testing::MakeBegin("v"));
  std::vector<Future<Result>> bodies;
  for (int i = 0; i < 30; ++i) bodies.push_back(StartBody(Payload(i), begin->txn));
  Future<Result> commit = wal_->Append(tidelog::testing::MakeCommit("v", begin->txn, 30), {});
  Pass(absl::Seconds(15));
  EXPECT_FALSE(commit.ready());
  Pass(absl::Seconds(30));
  ASSERT_TRUE(commit.ready());
  const Result committed = std::move(commit).Take();
  EXPECT_TRUE(committed.ok()) << committed.status();
}

TEST_F(FlowOfTransactionsTest, RefusesABodyInsteadOfLettingItsLeaseRunOut) {
  SetMemory(kMuch);
  const Result begin = Append(tidelog::testing::MakeBegin("v"));
  // The next turn is in six seconds, and the lease has ten.
  ASSERT_TRUE(Append(LogWorld::Message(std::string(SizeOf(1) * 6, 'x'))).ok());
  Future<Result> body = StartBody("body", begin->txn);
  ASSERT_TRUE(body.ready());
  const Result refused = std::move(body).Take();
  EXPECT_EQ(CodeOf(refused), WalErrorCode::kRateLimitRejected);
  EXPECT_THAT(refused.status().message(), HasSubstr("lease"));
  Pass(absl::Seconds(7));
  Future<Result> again = StartBody("body", begin->txn);
  ASSERT_TRUE(again.ready());
  EXPECT_TRUE(std::move(again).Take().ok());
  EXPECT_TRUE(Append(tidelog::testing::MakeCommit("v", begin->txn, 1)).ok());
}

TEST_F(FlowOfTransactionsTest, TakesNothingOfTheRateForABodyWhoseTransactionHasEnded) {
  const Result begin = Append(tidelog::testing::MakeBegin("v"));
  SetMemory(kMuch);
  Future<Result> first = Start(1);
  Future<Result> body = StartBody(Payload(2), begin->txn);
  Future<Result> third = Start(3);
  ASSERT_TRUE(AppendOf(MessageType::kManualFlush).ok());  // It ends the transaction.
  Pass(absl::Seconds(1));
  ASSERT_TRUE(body.ready());
  EXPECT_EQ(CodeOf(std::move(body).Take()), WalErrorCode::kTransactionExpired);
  EXPECT_TRUE(third.ready());
}

class FallingFlowTest : public FlowWorld {
 protected:
  FallingFlowTest()
      : FlowWorld({{"wal.flow_rate_min", absl::StrCat(SizeOf(1) / 10)},
                   {"wal.flow_rate_max", absl::StrCat(SizeOf(1) * 10)},
                   {"wal.flow_slow_interval", "200ms"}}) {}
};

TEST_F(FallingFlowTest, RefusesABodyThatWouldMissItsLeaseAtTheRateThereIsNow) {
  SetMemory(kMuch);
  const Result begin = Append(tidelog::testing::MakeBegin("v"));
  ASSERT_TRUE(Append(LogWorld::Message(std::string(SizeOf(1) * 40, 'x'))).ok());
  Future<Result> body = StartBody("body", begin->txn);
  EXPECT_FALSE(body.ready());
  Pass(absl::Seconds(3));
  ASSERT_TRUE(body.ready());
  EXPECT_EQ(CodeOf(std::move(body).Take()), WalErrorCode::kRateLimitRejected);
  EXPECT_TRUE(Append(tidelog::testing::MakeCommit("v", begin->txn, 0)).ok());
}

}  // namespace
}  // namespace tidelog::adaptor
