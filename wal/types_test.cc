#include "wal/types.h"

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "wal/status.h"

namespace tidelog {
namespace {

using ::testing::HasSubstr;

TEST(Types, ATimeTickIsMillisecondsAndACounter) {
  const TimeTick tick = MakeTimeTick(1700000000000, 5);
  EXPECT_EQ(PhysicalMs(tick), 1700000000000u);
  EXPECT_EQ(ToInt(tick) & ((1u << kTimeTickLogicalBits) - 1), 5u);
  EXPECT_EQ(ToInt(Next(tick)), ToInt(tick) + 1);
}

TEST(Types, MessageTypesHaveMilvusNames) {
  EXPECT_EQ(MessageTypeName(MessageType::kUnknown), "Unknown");
  EXPECT_EQ(MessageTypeName(MessageType::kInsert), "Insert");
  EXPECT_EQ(MessageTypeName(MessageType::kAlterWal), "AlterWAL");
  EXPECT_EQ(MessageTypeName(MessageType::kTxn), "Txn");
  EXPECT_EQ(MessageTypeName(MessageType{44}), "Type44");
  EXPECT_EQ(MessageTypeName(MessageType{-3}), "Type-3");
}

TEST(Types, AChannelIsWrittenAsNameAndTerm) {
  EXPECT_EQ(ToString(PChannel{"orders", Term{7}}), "orders@7");
}

TEST(Types, NamesThatEveryBackendCanKeepAreAccepted) {
  for (const std::string& name :
       {std::string("a"), std::string("by-dev-rootcoord-dml_3"), std::string("A.b_C-9"),
        std::string("-"), std::string(kChannelNameMax, 'x')}) {
    EXPECT_EQ(ValidateChannelName(name), absl::OkStatus()) << name;
  }
}

TEST(Types, OtherNamesAreRefusedAndTheMessageSaysWhy) {
  const auto refusal = [](const std::string& name) {
    const absl::Status status = ValidateChannelName(name);
    EXPECT_EQ(GetWalErrorCode(status), WalErrorCode::kInvalidArgument) << name;
    return std::string(status.message());
  };
  EXPECT_THAT(refusal(""), HasSubstr("empty"));
  EXPECT_THAT(refusal(std::string(kChannelNameMax + 1, 'x')), HasSubstr("201 bytes"));
  EXPECT_THAT(refusal(".hidden"), HasSubstr("begins with a dot"));
  EXPECT_THAT(refusal(".."), HasSubstr("begins with a dot"));
  EXPECT_THAT(refusal("a/b"), HasSubstr("holds \"/\""));
  EXPECT_THAT(refusal(std::string("a\0b", 3)), HasSubstr("holds \"\\x00\""));
  EXPECT_THAT(refusal("gr\xc3\xbcn"), HasSubstr("holds \"\\xc3\""));
}

TEST(Types, AWritersTermIsPositiveAndFits47Bits) {
  EXPECT_EQ(ValidateForWriting({"c", Term{1}}), absl::OkStatus());
  EXPECT_EQ(ValidateForWriting({"c", kTermMax}), absl::OkStatus());
  for (const Term term : {Term{0}, Term{-1}, Term{ToInt(kTermMax) + 1}, Term{INT64_MIN}}) {
    const absl::Status status = ValidateForWriting({"c", term});
    EXPECT_EQ(GetWalErrorCode(status), WalErrorCode::kInvalidArgument) << ToInt(term);
    EXPECT_THAT(std::string(status.message()), HasSubstr("a term is at least 1"));
  }
  EXPECT_EQ(GetWalErrorCode(ValidateForWriting({"a b", Term{1}})), WalErrorCode::kInvalidArgument);
}

}  // namespace
}  // namespace tidelog
