#include "sim/check/code.h"

#include <cstdint>

#include "absl/status/status.h"
#include "gtest/gtest.h"
#include "wal/status.h"

namespace tidelog::sim::check {
namespace {

constexpr bool Agree(Code code, WalErrorCode number) {
  return static_cast<int32_t>(code) == static_cast<int32_t>(number);
}

static_assert(Agree(Code::kOk, WalErrorCode::kOk));
static_assert(Agree(Code::kChannelNotExist, WalErrorCode::kChannelNotExist));
static_assert(Agree(Code::kChannelFenced, WalErrorCode::kChannelFenced));
static_assert(Agree(Code::kOnShutdown, WalErrorCode::kOnShutdown));
static_assert(Agree(Code::kUnmatchedTerm, WalErrorCode::kUnmatchedTerm));
static_assert(Agree(Code::kInner, WalErrorCode::kInner));
static_assert(Agree(Code::kInvalidArgument, WalErrorCode::kInvalidArgument));
static_assert(Agree(Code::kWalNameMismatch, WalErrorCode::kWalNameMismatch));
static_assert(Agree(Code::kRateLimitRejected, WalErrorCode::kRateLimitRejected));
static_assert(Agree(Code::kUnknownError, WalErrorCode::kUnknownError));
static_assert(Agree(Code::kTooLarge, WalErrorCode::kTooLarge));
static_assert(Agree(Code::kPositionGone, WalErrorCode::kPositionGone));
static_assert(Agree(Code::kOutcomeUnknown, WalErrorCode::kOutcomeUnknown));
static_assert(Agree(Code::kCorrupt, WalErrorCode::kCorrupt));
static_assert(Agree(Code::kResourceExhausted, WalErrorCode::kResourceExhausted));
static_assert(Agree(Code::kDeadlineExceeded, WalErrorCode::kDeadlineExceeded));
static_assert(Agree(Code::kUnavailable, WalErrorCode::kUnavailable));

TEST(CodeTest, SaysOfEveryErrorWhatTheLogSays) {
  for (const int32_t number :
       {1, 2, 3, 5, 7, 8, 14, 16, 999, 1000, 1001, 1002, 1003, 1004, 1005, 1006}) {
    const absl::Status status = WalError(static_cast<WalErrorCode>(number), "failed");
    EXPECT_EQ(LeavesUnknown(static_cast<Code>(number)), EffectOf(status) == Effect::kUnknown)
        << number;
  }
}

}  // namespace
}  // namespace tidelog::sim::check
