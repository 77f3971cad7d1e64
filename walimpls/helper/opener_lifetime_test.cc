#include "walimpls/helper/opener_lifetime.h"

#include <memory>
#include <optional>
#include <utility>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "wal/status.h"

namespace tidelog::walimpls {
namespace {

using ::testing::HasSubstr;

TEST(OpenerLifetimeTest, CloseWithNothingInFlightIsReadyAtOnce) {
  OpenerLifetime lifetime("tape");
  EXPECT_FALSE(lifetime.closing());
  EXPECT_TRUE(lifetime.Close().ready());
  EXPECT_TRUE(lifetime.closing());
}

TEST(OpenerLifetimeTest, CloseWaitsForOpensAndRefusesNewOnes) {
  OpenerLifetime lifetime("tape");
  std::optional<OpenerLifetime::Pass> first = lifetime.TryBeginOpen("orders");
  std::optional<OpenerLifetime::Pass> second = lifetime.TryBeginOpen("pears");
  ASSERT_TRUE(first && second);
  const Future<Unit> closed = lifetime.Close();
  const Future<Unit> closed_again = lifetime.Close();
  EXPECT_FALSE(lifetime.TryBeginOpen("late").has_value());
  EXPECT_TRUE(first->closing());
  first.reset();
  EXPECT_FALSE(closed.ready());
  second.reset();
  EXPECT_TRUE(closed.ready());
  EXPECT_TRUE(closed_again.ready());
}

TEST(OpenerLifetimeTest, CloseDoesNotWaitForLogs) {
  OpenerLifetime lifetime("tape");
  std::optional<OpenerLifetime::Pass> pass = lifetime.TryBeginOpen("orders");
  ASSERT_TRUE(pass->TryBecomeLog());
  EXPECT_TRUE(lifetime.Close().ready());
}

TEST(OpenerLifetimeTest, AnOpenThatCloseOvertookBecomesNoLog) {
  OpenerLifetime lifetime("tape");
  std::optional<OpenerLifetime::Pass> pass = lifetime.TryBeginOpen("orders");
  const Future<Unit> closed = lifetime.Close();
  EXPECT_FALSE(pass->TryBecomeLog());
  EXPECT_FALSE(closed.ready());
  pass.reset();
  EXPECT_TRUE(closed.ready());
}

TEST(OpenerLifetimeTest, APassMovesWithItsLog) {
  OpenerLifetime lifetime("tape");
  std::optional<OpenerLifetime::Pass> pass = lifetime.TryBeginOpen("orders");
  const Future<Unit> closed = lifetime.Close();
  OpenerLifetime::Pass moved = *std::exchange(pass, std::nullopt);
  EXPECT_FALSE(closed.ready());
  { const OpenerLifetime::Pass last = std::move(moved); }
  EXPECT_TRUE(closed.ready());
}

TEST(OpenerLifetimeTest, TheErrorAfterCloseNamesBackendAndChannel) {
  const OpenerLifetime lifetime("tape");
  const absl::Status error = lifetime.ClosedError("orders");
  EXPECT_EQ(GetWalErrorCode(error), WalErrorCode::kOnShutdown);
  EXPECT_THAT(error.message(), HasSubstr("tape"));
  EXPECT_THAT(error.message(), HasSubstr("orders"));
}

TEST(OpenerLifetimeDeathTest, AnOpenerDestroyedBeforeItsLogsAbortsNamingOne) {
  auto lifetime = std::make_unique<OpenerLifetime>("tape");
  std::optional<OpenerLifetime::Pass> pass = lifetime->TryBeginOpen("orders");
  ASSERT_TRUE(pass->TryBecomeLog());
  EXPECT_DEATH(lifetime.reset(), "opener of backend tape was destroyed before the log orders");
}

TEST(OpenerLifetimeDeathTest, AnOpenerDestroyedDuringAnOpenAborts) {
  auto lifetime = std::make_unique<OpenerLifetime>("tape");
  const std::optional<OpenerLifetime::Pass> pass = lifetime->TryBeginOpen("orders");
  EXPECT_DEATH(lifetime.reset(), "destroyed before an open of orders");
}

}  // namespace
}  // namespace tidelog::walimpls
