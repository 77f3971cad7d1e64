#include "walimpls/helper/unavailability.h"

#include <optional>
#include <utility>

#include "absl/status/status.h"
#include "gtest/gtest.h"
#include "wal/status.h"

namespace tidelog::walimpls {
namespace {

absl::Status Fenced() { return WalError(WalErrorCode::kChannelFenced, "fenced"); }

TEST(UnavailabilityTest, WhoWaitsIsToldTheReason) {
  Unavailability unavailability;
  EXPECT_FALSE(unavailability.declared());
  Future<absl::Status> told = unavailability.When();
  EXPECT_FALSE(told.ready());
  unavailability.Declare(Fenced());
  ASSERT_TRUE(told.ready());
  EXPECT_EQ(std::move(told).Take(), Fenced());
}

TEST(UnavailabilityTest, WhoComesLaterIsToldAtOnce) {
  Unavailability unavailability;
  unavailability.Declare(Fenced());
  EXPECT_TRUE(unavailability.declared());
  Future<absl::Status> told = unavailability.When();
  ASSERT_TRUE(told.ready());
  EXPECT_EQ(std::move(told).Take(), Fenced());
}

TEST(UnavailabilityTest, TheFirstReasonStays) {
  Unavailability unavailability;
  unavailability.Declare(Fenced());
  unavailability.Declare(WalError(WalErrorCode::kOnShutdown, "closed"));
  EXPECT_EQ(unavailability.reason(), Fenced());
}

TEST(UnavailabilityTest, OneWhoGaveUpMakesRoomForAnother) {
  Unavailability unavailability;
  std::optional<Future<absl::Status>> first(unavailability.When());
  first.reset();
  Future<absl::Status> second = unavailability.When();
  unavailability.Declare(Fenced());
  ASSERT_TRUE(second.ready());
  EXPECT_EQ(std::move(second).Take(), Fenced());
}

TEST(UnavailabilityDeathTest, TwoWhoWaitAbort) {
  Unavailability unavailability;
  const Future<absl::Status> first = unavailability.When();
  EXPECT_DEATH((void)unavailability.When(), "two wait for a log");
  unavailability.Declare(Fenced());
}

TEST(UnavailabilityDeathTest, OkIsNoReason) {
  Unavailability unavailability;
  EXPECT_DEATH(unavailability.Declare(absl::OkStatus()), "Check failed");
}

}  // namespace
}  // namespace tidelog::walimpls
