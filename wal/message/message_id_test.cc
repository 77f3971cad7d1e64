#include "wal/message/message_id.h"

#include <compare>
#include <cstdint>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "wal/status.h"

namespace tidelog {
namespace {

using ::testing::HasSubstr;

constexpr MessageId::Origin kFileLog{LogKind::kFile, 0x9f3ac21b, 0};

TEST(MessageId, TextFormsAreReadable) {
  EXPECT_EQ(MessageId::FromNumber(kFileLog, 4711).ToString(), "file.9f3ac21b.0.4711");
  EXPECT_EQ(MessageId::FromNumber({LogKind::kKafka, 1, 3}, UINT64_MAX).ToString(),
            "kafka.00000001.3.18446744073709551615");
  EXPECT_EQ(MessageId({LogKind::kObject, UINT32_MAX, UINT32_MAX}, std::string("\x01\xab\x00", 3))
                .ToString(),
            "object.ffffffff.4294967295.x01ab00");
  EXPECT_EQ(MessageId({LogKind{1234}, 0, 0}, "k").ToString(), "1234.00000000.0.x6b");
  EXPECT_EQ(MessageId().ToString(), "none");
}

TEST(MessageId, EveryKindHasANameThatParses) {
  for (int kind = 1; kind <= static_cast<int>(LogKind::kSimulated); ++kind) {
    const MessageId id = MessageId::FromNumber({static_cast<LogKind>(kind), 0, 0}, 1);
    EXPECT_FALSE(id.ToString().empty() || ('0' <= id.ToString()[0] && id.ToString()[0] <= '9'))
        << id.ToString();
    EXPECT_EQ(MessageId::Parse(id.ToString()).value(), id);
  }
}

TEST(MessageId, ANumberComesBack) {
  EXPECT_EQ(MessageId::FromNumber(kFileLog, 1ull << 63 | 5).ToNumber().value(), 1ull << 63 | 5);
  EXPECT_EQ(GetWalErrorCode(MessageId(kFileLog, "123456789").ToNumber().status()),
            WalErrorCode::kInvalidArgument);
}

TEST(MessageId, OtherTextsAreRefused) {
  for (const char* text : {"",
                           "none",
                           "file",
                           "file.00000000.0",
                           "file.00000000.0.1.2",
                           ".00000000.0.1",
                           "file..0.1",
                           "file.00000000..1",
                           "file.00000000.0.",
                           "File.00000000.0.1",
                           "nowhere.00000000.0.1",
                           "2.00000000.0.1",
                           "0.00000000.0.1",
                           "65536.00000000.0.1",
                           "file.0.0.1",
                           "file.0000000.0.1",
                           "file.000000000.0.1",
                           "file.0000000G.0.1",
                           "file.0000000A.0.1",
                           "file.00000000.00.1",
                           "file.00000000.-1.1",
                           "file.00000000.4294967296.1",
                           "file.00000000.0.01",
                           "file.00000000.0.+1",
                           "file.00000000.0. 1",
                           "file.00000000.0.18446744073709551616",
                           "file.00000000.0.x",
                           "file.00000000.0.x1",
                           "file.00000000.0.xAB",
                           "file.00000000.0.xgg",
                           "file.00000000.0.x0000000000000001",
                           "file.00000000.0.1@5",
                           "file.00000000.0.x000102030405060708090a0b0c0d0e0f1011121314"}) {
    EXPECT_EQ(GetWalErrorCode(MessageId::Parse(text).status()), WalErrorCode::kInvalidArgument)
        << text;
  }
  EXPECT_THAT(std::string(MessageId::Parse(std::string("file.\0", 6)).status().message()),
              HasSubstr("\"file.\\x00\" is no message id"));
}

TEST(MessageId, IdsOfDifferentLogsHaveNoOrder) {
  const MessageId id = MessageId::FromNumber({LogKind::kFile, 7, 1}, 5);
  for (const MessageId& other : {MessageId::FromNumber({LogKind::kKafka, 7, 1}, 5),
                                 MessageId::FromNumber({LogKind::kFile, 8, 1}, 5),
                                 MessageId::FromNumber({LogKind::kFile, 7, 2}, 5), MessageId()}) {
    EXPECT_NE(id, other);
    EXPECT_EQ(GetWalErrorCode(id.Compare(other).status()), WalErrorCode::kWalNameMismatch);
    EXPECT_EQ(GetWalErrorCode(other.Compare(id).status()), WalErrorCode::kWalNameMismatch);
  }
  EXPECT_EQ(GetWalErrorCode(MessageId().Compare(MessageId()).status()),
            WalErrorCode::kWalNameMismatch);
  EXPECT_THAT(std::string(id.Compare(MessageId()).status().message()),
              HasSubstr("compare file.00000007.1.5 with none"));
}

TEST(MessageId, APrefixComesFirst) {
  const MessageId prefix({LogKind::kObject, 0, 0}, "ab");
  const MessageId longer({LogKind::kObject, 0, 0}, std::string("ab\0", 3));
  EXPECT_EQ(prefix.Compare(longer).value(), std::strong_ordering::less);
  EXPECT_NE(prefix, longer);
  EXPECT_TRUE(BeforeWithinLog(prefix, longer));
  EXPECT_FALSE(BeforeWithinLog(longer, prefix));
}

TEST(MessageIdDeathTest, AKeyThatDoesNotFitAborts) {
  EXPECT_DEATH(MessageId(kFileLog, ""), "a key of 0 bytes");
  EXPECT_DEATH(MessageId(kFileLog, std::string(21, 'k')), "a key of 21 bytes");
}

TEST(Position, TextFormIsIdAndTick) {
  const Position position{MessageId::FromNumber(kFileLog, 4711), TimeTick{449684612000001}};
  EXPECT_EQ(position.ToString(), "file.9f3ac21b.0.4711@449684612000001");
  EXPECT_EQ(Position::Parse("file.9f3ac21b.0.4711@449684612000001").value(), position);
}

TEST(Position, OtherTextsAreRefused) {
  for (const char* text : {"", "@", "file.00000000.0.1", "file.00000000.0.1@", "@5", "none@5",
                           "file.00000000.0.1@-5", "file.00000000.0.1@05", "file.00000000.0.1@5@6",
                           "file.00000000.0.1@18446744073709551616"}) {
    EXPECT_EQ(GetWalErrorCode(Position::Parse(text).status()), WalErrorCode::kInvalidArgument)
        << text;
  }
}

TEST(PositionGone, CarriesTheOldestPosition) {
  const Position oldest{MessageId::FromNumber(kFileLog, 9), TimeTick{77}};
  const absl::Status status = PositionGoneError("read orders", oldest);
  EXPECT_EQ(GetWalErrorCode(status), WalErrorCode::kPositionGone);
  EXPECT_EQ(status.code(), absl::StatusCode::kOutOfRange);
  EXPECT_EQ(OldestPositionOf(status), oldest);
  EXPECT_EQ(OldestPositionOf(WalErrorFrom(WalErrorCode::kPositionGone, "scan", status)), oldest);
}

TEST(PositionGone, OfAnEmptyLogCarriesNone) {
  const absl::Status status = PositionGoneError("read orders", std::nullopt);
  EXPECT_EQ(GetWalErrorCode(status), WalErrorCode::kPositionGone);
  EXPECT_EQ(OldestPositionOf(status), std::nullopt);
}

TEST(PositionGone, OtherErrorsCarryNone) {
  EXPECT_EQ(OldestPositionOf(absl::OkStatus()), std::nullopt);
  EXPECT_EQ(OldestPositionOf(absl::OutOfRangeError("other")), std::nullopt);
  EXPECT_EQ(OldestPositionOf(WalError(WalErrorCode::kCorrupt, "x")), std::nullopt);
}

}  // namespace
}  // namespace tidelog
