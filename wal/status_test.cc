#include "wal/status.h"

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/cord.h"
#include "gtest/gtest.h"
#include "wal/proto/wal.pb.h"

namespace tidelog {
namespace {

constexpr WalErrorCode kNewerPeers{4711};

TEST(Status, CarriesBothCodesAndTheMessage) {
  const absl::Status status = WalError(WalErrorCode::kChannelFenced, "append to orders at term 7");
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(GetWalErrorCode(status), WalErrorCode::kChannelFenced);
  EXPECT_EQ(status.message(), "append to orders at term 7");
}

TEST(Status, ThePayloadIsTheProtocolsMessage) {
  const absl::Status status = WalError(WalErrorCode::kOutcomeUnknown, "x");
  proto::WalError payload;
  ASSERT_TRUE(payload.ParseFromString(std::string(status.GetPayload(kWalErrorTypeUrl).value())));
  EXPECT_EQ(payload.code(), 1002);
  EXPECT_EQ(kWalErrorTypeUrl, "type.googleapis.com/" + payload.GetTypeName());
}

TEST(Status, AWrappedErrorNamesItsCause) {
  const absl::Status cause = absl::UnavailableError("connection refused");
  const absl::Status status = WalErrorFrom(WalErrorCode::kInner, "open orders", cause);
  EXPECT_EQ(status.message(), "open orders: connection refused");
  EXPECT_EQ(status.code(), absl::StatusCode::kInternal);
  EXPECT_EQ(GetWalErrorCode(status), WalErrorCode::kInner);
}

TEST(Status, WrappingInTheSameCodeKeepsWhatTheCauseCarries) {
  proto::WalError payload;
  payload.set_code(static_cast<int32_t>(WalErrorCode::kPositionGone));
  payload.set_oldest_position("memory.0.5@9");
  absl::Status cause = absl::OutOfRangeError("gone");
  cause.SetPayload(kWalErrorTypeUrl, absl::Cord(payload.SerializeAsString()));

  const auto oldest = [](const absl::Status& status) {
    proto::WalError parsed;
    EXPECT_TRUE(parsed.ParseFromString(std::string(status.GetPayload(kWalErrorTypeUrl).value())));
    return parsed.oldest_position();
  };
  EXPECT_EQ(oldest(WalErrorFrom(WalErrorCode::kPositionGone, "read", cause)), "memory.0.5@9");
  EXPECT_EQ(oldest(WalErrorFrom(WalErrorCode::kInner, "read", cause)), "");
}

TEST(Status, NoErrorAndForeignErrorsHaveCodesToo) {
  EXPECT_EQ(GetWalErrorCode(absl::OkStatus()), WalErrorCode::kOk);
  EXPECT_EQ(GetWalErrorCode(absl::InternalError("other")), WalErrorCode::kUnknownError);

  absl::Status broken = absl::InternalError("other");
  broken.SetPayload(kWalErrorTypeUrl, absl::Cord("\xff"));
  EXPECT_EQ(GetWalErrorCode(broken), WalErrorCode::kUnknownError);
  broken.SetPayload(kWalErrorTypeUrl, absl::Cord(""));
  EXPECT_EQ(GetWalErrorCode(broken), WalErrorCode::kUnknownError);
}

TEST(Status, ANumberOfANewerPeerIsKept) {
  proto::WalError payload;
  payload.set_code(static_cast<int32_t>(kNewerPeers));
  absl::Status status = absl::AbortedError("new");
  status.SetPayload(kWalErrorTypeUrl, absl::Cord(payload.SerializeAsString()));
  EXPECT_EQ(GetWalErrorCode(status), kNewerPeers);
  EXPECT_EQ(EffectOf(status), Effect::kUnknown);
  EXPECT_EQ(WalErrorCodeName(kNewerPeers), "ERROR_4711");
  EXPECT_EQ(CanonicalCodeOf(kNewerPeers), absl::StatusCode::kUnknown);
}

TEST(Status, SaysWhatBecameOfAMutatingCall) {
  EXPECT_EQ(EffectOf(absl::OkStatus()), Effect::kDone);
  EXPECT_EQ(EffectOf(WalError(WalErrorCode::kIgnoredOperation, "x")), Effect::kDone);
  EXPECT_EQ(EffectOf(WalError(WalErrorCode::kOutcomeUnknown, "x")), Effect::kUnknown);
  EXPECT_EQ(EffectOf(WalError(WalErrorCode::kUnknownError, "x")), Effect::kUnknown);
  EXPECT_EQ(EffectOf(absl::InternalError("not ours")), Effect::kUnknown);
  for (WalErrorCode code :
       {WalErrorCode::kChannelFenced, WalErrorCode::kOnShutdown, WalErrorCode::kTooLarge,
        WalErrorCode::kResourceExhausted, WalErrorCode::kDeadlineExceeded, WalErrorCode::kInner}) {
    EXPECT_EQ(EffectOf(WalError(code, "x")), Effect::kNotDone) << WalErrorCodeName(code);
  }
}

// What callers branch on when they know the canonical codes only.
TEST(Status, TheCanonicalCodeSaysWhatToDo) {
  EXPECT_EQ(CanonicalCodeOf(WalErrorCode::kOk), absl::StatusCode::kOk);
  EXPECT_EQ(CanonicalCodeOf(WalErrorCode::kChannelNotExist), absl::StatusCode::kNotFound);
  EXPECT_EQ(CanonicalCodeOf(WalErrorCode::kUnmatchedTerm), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(CanonicalCodeOf(WalErrorCode::kOnShutdown), absl::StatusCode::kUnavailable);
  EXPECT_EQ(CanonicalCodeOf(WalErrorCode::kTransactionExpired), absl::StatusCode::kAborted);
  EXPECT_EQ(CanonicalCodeOf(WalErrorCode::kOutcomeUnknown), absl::StatusCode::kDeadlineExceeded);
  EXPECT_EQ(CanonicalCodeOf(WalErrorCode::kDeadlineExceeded), absl::StatusCode::kCancelled);
  EXPECT_EQ(CanonicalCodeOf(WalErrorCode::kCorrupt), absl::StatusCode::kDataLoss);
  EXPECT_EQ(CanonicalCodeOf(WalErrorCode::kPositionGone), absl::StatusCode::kOutOfRange);
  EXPECT_EQ(CanonicalCodeOf(WalErrorCode::kTooLarge), absl::StatusCode::kInvalidArgument);
}

TEST(Status, NamesAreThoseOfTheWire) {
  EXPECT_EQ(WalErrorCodeName(WalErrorCode::kOk), "OK");
  EXPECT_EQ(WalErrorCodeName(WalErrorCode::kUnmatchedTerm), "UNMATCHED_CHANNEL_TERM");
  EXPECT_EQ(WalErrorCodeName(WalErrorCode::kUnavailable), "UNAVAILABLE");
}

TEST(StatusDeathTest, AnErrorWithoutACodeAborts) {
  EXPECT_DEATH((void)WalError(WalErrorCode::kOk, "fine"), "an error without a code: fine");
}

}  // namespace
}  // namespace tidelog
