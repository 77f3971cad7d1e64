#include "adaptor/interceptors/admission/admission.h"

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/log/check.h"
#include "absl/status/status.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "wal/async/future.h"
#include "wal/message/message.h"
#include "wal/status.h"
#include "wal/wal.h"

namespace tidelog::adaptor {
namespace {

using testing::HasSubstr;

std::unique_ptr<AppendOp> MakeOp(size_t count, size_t payload, bool wait) {
  std::vector<MutableMessage> messages;
  for (size_t i = 0; i < count; ++i) {
    absl::StatusOr<MutableMessage> message =
        MutableMessage::Builder(MessageType::kInsert).Build(std::string(payload, 'x'));
    CHECK_OK(message);
    messages.push_back(*std::move(message));
  }
  AppendOptions options;
  options.wait_when_full = wait;
  return std::make_unique<AppendOp>(messages, options);
}

class AdmissionTest : public testing::Test {
 protected:
  const PChannel channel_{"orders", Term{1}};
  Admission admission_{&channel_, {/*count_max=*/3, /*bytes_max=*/1000}};

  // Lets in `op`, which there must be room for.
  void Enter(AppendOp& op) {
    Verdict verdict = admission_.Before(op);
    ASSERT_EQ(verdict.until(), nullptr);
    ASSERT_TRUE(verdict.status().ok()) << verdict.status();
  }
};

TEST_F(AdmissionTest, LetsInAsManyAsTheLimitAndThenRefuses) {
  auto one = MakeOp(1, 10, false), two = MakeOp(2, 10, false), three = MakeOp(1, 10, false);
  Enter(*one);
  Enter(*two);
  Verdict verdict = admission_.Before(*three);
  EXPECT_EQ(GetWalErrorCode(verdict.status()), WalErrorCode::kResourceExhausted);
  EXPECT_THAT(verdict.status().message(), HasSubstr("set wait_when_full"));
  EXPECT_EQ(admission_.count(), 3u);
  admission_.After(*one);
  Enter(*three);
}

TEST_F(AdmissionTest, RefusesWhenTheBytesAreTooMany) {
  auto one = MakeOp(1, 600, false), two = MakeOp(1, 600, false);
  Enter(*one);
  EXPECT_EQ(GetWalErrorCode(admission_.Before(*two).status()), WalErrorCode::kResourceExhausted);
  admission_.After(*one);
  EXPECT_EQ(admission_.bytes(), 0u);
}

TEST_F(AdmissionTest, LetsInWhatIsLargerThanTheLimitWhenNothingElseIsThere) {
  auto small = MakeOp(1, 10, false), batch = MakeOp(9, 600, false);
  Enter(*small);
  EXPECT_FALSE(admission_.Before(*batch).status().ok());
  admission_.After(*small);
  Enter(*batch);
  EXPECT_FALSE(admission_.Before(*small).status().ok());
}

TEST_F(AdmissionTest, LetsWaitersInFirstComeFirstServed) {
  auto full = MakeOp(3, 10, false), large = MakeOp(2, 10, true), small = MakeOp(1, 10, true);
  Enter(*full);
  Verdict first = admission_.Before(*large);
  Verdict second = admission_.Before(*small);
  ASSERT_NE(first.until(), nullptr);
  ASSERT_NE(second.until(), nullptr);
  EXPECT_EQ(admission_.waiting_count(), 2u);
  admission_.After(*full);
  ASSERT_TRUE(first.until()->ready());
  ASSERT_TRUE(second.until()->ready());
  EXPECT_TRUE(std::move(*first.until()).Take().ok());
  EXPECT_EQ(admission_.count(), 3u);
}

TEST_F(AdmissionTest, LetsNobodyOvertakeWhoWaits) {
  auto one = MakeOp(2, 10, false), large = MakeOp(3, 10, true), small = MakeOp(1, 10, false);
  auto small_waits = MakeOp(1, 10, true);
  Enter(*one);
  Verdict waits = admission_.Before(*large);
  // There is room for it, but somebody was earlier.
  EXPECT_EQ(GetWalErrorCode(admission_.Before(*small).status()), WalErrorCode::kResourceExhausted);
  Verdict behind = admission_.Before(*small_waits);
  ASSERT_NE(behind.until(), nullptr);
  EXPECT_FALSE(behind.until()->ready());
  admission_.After(*one);
  EXPECT_TRUE(waits.until()->ready());
  EXPECT_FALSE(behind.until()->ready());
  admission_.After(*large);
  EXPECT_TRUE(behind.until()->ready());
}

TEST_F(AdmissionTest, ForgetsWhoWithdrawsAndLetsInWhoStoodBehind) {
  auto one = MakeOp(2, 10, false), large = MakeOp(3, 10, true), small = MakeOp(1, 10, true);
  Enter(*one);
  Verdict first = admission_.Before(*large);
  Verdict second = admission_.Before(*small);
  admission_.Withdraw(*large);
  ASSERT_TRUE(first.until()->ready());
  EXPECT_FALSE(std::move(*first.until()).Take().ok());
  EXPECT_TRUE(second.until()->ready());
  EXPECT_EQ(admission_.count(), 3u);
  EXPECT_EQ(admission_.waiting_count(), 0u);
  admission_.Withdraw(*small);  // It does not wait any more.
  EXPECT_EQ(admission_.count(), 3u);
}

TEST_F(AdmissionTest, EndsTheWaitOfWhomItIsToldTo) {
  auto one = MakeOp(2, 10, false), large = MakeOp(3, 10, true), small = MakeOp(1, 10, true);
  Enter(*one);
  Verdict first = admission_.Before(*large);
  Verdict second = admission_.Before(*small);
  EXPECT_EQ(admission_.waiting_bytes(), large->bytes() + small->bytes());
  const auto judge = [&large](const AppendOp& op) {
    return &op == large.get() ? WalError(WalErrorCode::kRateLimitRejected, "") : absl::OkStatus();
  };
  admission_.Judge(judge);
  ASSERT_TRUE(first.until()->ready());
  EXPECT_EQ(GetWalErrorCode(std::move(*first.until()).Take()), WalErrorCode::kRateLimitRejected);
  // It stood in the way.
  ASSERT_TRUE(second.until()->ready());
  EXPECT_TRUE(std::move(*second.until()).Take().ok());
  EXPECT_EQ(admission_.waiting_bytes(), 0u);
  EXPECT_EQ(admission_.count(), 3u);
}

}  // namespace
}  // namespace tidelog::adaptor
