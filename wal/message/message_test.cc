#include "wal/message/message.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "wal/message/message_block.h"
#include "wal/message/testing/messages.h"
#include "wal/status.h"

namespace tidelog {
namespace {

using ::testing::HasSubstr;

constexpr MessageId::Origin kLog{LogKind::kMemory, 1, 0};
constexpr TxnContext kTxn{TimeTick{5}, absl::Seconds(10)};

MessageId Id(uint64_t number) { return MessageId::FromNumber(kLog, number); }

TEST(MessageBuilder, APlainMessageHasWhatWasGiven) {
  MutableMessage::Builder builder(MessageType::kInsert);
  builder.Property("b", "2").VChannel("orders_v1").Property("a", "1").IdempotencyKey("once");
  builder.BarrierTimeTick(TimeTick{9});
  const MutableMessage message = std::move(builder).Build("payload").value();
  EXPECT_EQ(message.type(), MessageType::kInsert);
  EXPECT_EQ(message.vchannel(), "orders_v1");
  EXPECT_EQ(message.payload(), "payload");
  EXPECT_EQ(message.Property("a"), "1");
  EXPECT_EQ(message.Property("b"), "2");
  EXPECT_EQ(message.view().idempotency_key(), "once");
  EXPECT_EQ(message.view().barrier_time_tick(), TimeTick{9});
  EXPECT_EQ(message.view().txn(), std::nullopt);
  EXPECT_EQ(message.view().version(), 1);
  EXPECT_EQ(message.encoded_size(), message.view().bytes().size());
  EXPECT_EQ(RecordView::Parse(message.view().bytes()).status(), absl::OkStatus());
}

TEST(MessageBuilder, APayloadIsWrittenInPlace) {
  MutableMessage::Builder builder(MessageType::kDelete);
  builder.Property("k", "v");
  MutableMessage message = std::move(builder).BuildWithRoom(3).value();
  const std::span<char> room = message.mutable_payload();
  ASSERT_EQ(room.size(), 3u);
  std::fill(room.begin(), room.end(), 'z');
  EXPECT_EQ(message.payload(), "zzz");
  EXPECT_EQ(message.Property("k"), "v");
}

TEST(MessageBuilder, OtherTypesAreCarriedAsTheyAre) {
  EXPECT_EQ(testing::MakeMessage(MessageType{44}, "x").type(), MessageType{44});
  EXPECT_EQ(testing::MakeMessage(MessageType{-44}, "x").type(), MessageType{-44});
}

TEST(MessageBuilder, ABeginHasRoomForItsTransaction) {
  MutableMessage::Builder builder(MessageType::kBeginTxn);
  EXPECT_EQ(std::move(builder).Build("").value().view().txn(), TxnContext());
}

TEST(MessageBuilder, TheVersionIsTheOneUnderWhichMilvusReadsTheType) {
  EXPECT_EQ(testing::MakeInsert("").view().version(), 1);
  EXPECT_EQ(testing::MakeCommit("v", kTxn, 1).view().version(), 2);
}

// The error of building what `add` added to a message of `type`.
template <class Add>
absl::Status ErrorOf(MessageType type, Add add) {
  MutableMessage::Builder builder(type);
  add(builder);
  return std::move(builder).Build("").status();
}
using Builder = MutableMessage::Builder;

TEST(MessageBuilder, TypesOfTheLogsOwnAreRefused) {
  for (const MessageType type : {MessageType::kTxn, MessageType::kTimeTick}) {
    EXPECT_EQ(GetWalErrorCode(ErrorOf(type, [](Builder&) {})), WalErrorCode::kInvalidArgument);
  }
}

TEST(MessageBuilder, ReservedEmptyAndRepeatedKeysAreRefused) {
  const auto complaint = [](auto add) {
    const absl::Status status = ErrorOf(MessageType::kInsert, add);
    EXPECT_EQ(GetWalErrorCode(status), WalErrorCode::kInvalidArgument);
    return std::string(status.message());
  };
  EXPECT_THAT(complaint([](Builder& b) { b.Property("_tt", "1"); }), HasSubstr("\"_tt\""));
  EXPECT_THAT(complaint([](Builder& b) { b.Property("_ik", "1"); }), HasSubstr("reserved"));
  EXPECT_THAT(complaint([](Builder& b) { b.Property("", "1"); }), HasSubstr("without a key"));
  EXPECT_THAT(
      complaint([](Builder& b) { b.Property("k", "1").Property("j", "").Property("k", ""); }),
      HasSubstr("\"k\" twice"));
  EXPECT_THAT(complaint([](Builder& b) { b.VChannel("v").VChannel("v"); }),
              HasSubstr("the vchannel twice"));
  EXPECT_THAT(complaint([](Builder& b) { b.Txn(kTxn).Txn(kTxn); }),
              HasSubstr("the transaction twice"));
  EXPECT_THAT(complaint([](Builder& b) { b.IdempotencyKey("a").IdempotencyKey("a"); }),
              HasSubstr("the idempotency key twice"));
  EXPECT_THAT(
      complaint([](Builder& b) { b.BarrierTimeTick(TimeTick{1}).BarrierTimeTick(TimeTick{1}); }),
      HasSubstr("the barrier twice"));
}

TEST(MessageBuilder, TransactionsNeedTheirParts) {
  const auto complaint = [](MessageType type, auto add) {
    const absl::Status status = ErrorOf(type, add);
    EXPECT_EQ(GetWalErrorCode(status), WalErrorCode::kInvalidArgument);
    return std::string(status.message());
  };
  EXPECT_THAT(complaint(MessageType::kCommitTxn, [](Builder& b) { b.TxnBodies(1); }),
              HasSubstr("call Txn()"));
  EXPECT_THAT(complaint(MessageType::kRollbackTxn, [](Builder&) {}), HasSubstr("call Txn()"));
  EXPECT_THAT(complaint(MessageType::kCommitTxn, [](Builder& b) { b.Txn(kTxn); }),
              HasSubstr("call TxnBodies()"));
  EXPECT_THAT(complaint(MessageType::kInsert, [](Builder& b) { b.Txn(kTxn).TxnBodies(1); }),
              HasSubstr("only a commit"));
  EXPECT_THAT(complaint(MessageType::kInsert, [](Builder& b) { b.Txn(kTxn).IdempotencyKey("k"); }),
              HasSubstr("only the commit has an idempotency key"));
  for (const absl::Duration keepalive :
       {absl::Microseconds(1500), absl::Milliseconds(-1), -absl::InfiniteDuration()}) {
    EXPECT_THAT(complaint(MessageType::kInsert,
                          [&](Builder& b) {
                            b.Txn(TxnContext{TimeTick{5}, keepalive});
                          }),
                HasSubstr("whole milliseconds"));
  }
}

TEST(MessageBuilder, LimitsAreKeptToTheByte) {
  const auto code = [](auto add) { return GetWalErrorCode(ErrorOf(MessageType::kInsert, add)); };
  EXPECT_EQ(code([](Builder& b) { b.VChannel(std::string(kVChannelNameMax, 'v')); }),
            WalErrorCode::kOk);
  EXPECT_EQ(code([](Builder& b) { b.VChannel(std::string(kVChannelNameMax + 1, 'v')); }),
            WalErrorCode::kTooLarge);
  EXPECT_EQ(code([](Builder& b) { b.Property(std::string(kPropertyKeyMax, 'k'), ""); }),
            WalErrorCode::kOk);
  EXPECT_EQ(code([](Builder& b) { b.Property(std::string(kPropertyKeyMax + 1, 'k'), ""); }),
            WalErrorCode::kTooLarge);
  EXPECT_EQ(code([](Builder& b) { b.Property("k", std::string(kPropertiesSizeMax - 1, 'v')); }),
            WalErrorCode::kOk);
  EXPECT_EQ(code([](Builder& b) { b.Property("k", std::string(kPropertiesSizeMax, 'v')); }),
            WalErrorCode::kTooLarge);
  const auto many = [](size_t count) {
    return [count](Builder& b) {
      for (size_t i = 0; i < count; ++i) b.Property(absl::StrCat("k", i), "");
    };
  };
  EXPECT_EQ(code(many(kPropertyCountMax)), WalErrorCode::kOk);
  EXPECT_EQ(code(many(kPropertyCountMax + 1)), WalErrorCode::kTooLarge);
  EXPECT_EQ(GetWalErrorCode(MutableMessage::Builder(MessageType::kInsert)
                                .BuildWithRoom(kPayloadSizeMax + 1)
                                .status()),
            WalErrorCode::kTooLarge);
}

TEST(ImmutableMessage, BytesOfABackendAreCheckedAndNamed) {
  const MutableMessage source = testing::MakeInsert("payload", "v1");
  MessageBlockRef block = MessageBlock::Copy(source.view().bytes());
  const std::string_view bytes(block->bytes(), block->size());
  const ImmutableMessage message = ImmutableMessage::Parse(block, bytes, Id(4)).value();
  EXPECT_EQ(message.id(), Id(4));
  EXPECT_EQ(message.payload(), "payload");

  const absl::Status status =
      ImmutableMessage::Parse(block, bytes.substr(0, bytes.size() - 1), Id(4)).status();
  EXPECT_EQ(GetWalErrorCode(status), WalErrorCode::kCorrupt);
  EXPECT_THAT(std::string(status.message()), HasSubstr("read memory.00000001.0.4: parse record: "));
}

TEST(ImmutableMessage, LastConfirmedIsItsOwnIdOrTheStoredOneOfTheSameLog) {
  const MessageId earlier = Id(3);
  const ImmutableMessage own =
      testing::Stored(testing::MakeInsert("x"), Term{1}, TimeTick{10}, Id(8));
  EXPECT_EQ(own.last_confirmed(), Id(8));
  EXPECT_EQ(own.position(), (Position{Id(8), TimeTick{10}}));
  const ImmutableMessage other =
      testing::Stored(testing::MakeInsert("x"), Term{1}, TimeTick{10}, Id(8), &earlier);
  EXPECT_EQ(other.last_confirmed(), earlier);
  EXPECT_EQ(other.position(), (Position{earlier, TimeTick{10}}));
}

TEST(ImmutableMessage, WithoutAnIdNothingIsConfirmed) {
  const MessageId earlier = Id(3);
  EXPECT_FALSE(testing::Stamped(testing::MakeInsert("x"), Term{1}, TimeTick{1}, &earlier)
                   .last_confirmed()
                   .has_value());
  EXPECT_FALSE(testing::Stamped(testing::MakeInsert("x"), Term{1}, TimeTick{1})
                   .last_confirmed()
                   .has_value());
}

TEST(ImmutableMessage, AnotherTickChangesTheHandleOnly) {
  const ImmutableMessage message =
      testing::Stored(testing::MakeInsert("x"), Term{1}, TimeTick{10}, Id(8));
  const ImmutableMessage later = message.WithTimeTick(TimeTick{20});
  EXPECT_EQ(later.time_tick(), TimeTick{20});
  EXPECT_EQ(message.time_tick(), TimeTick{10});
  EXPECT_EQ(later.record().data(), message.record().data());
  EXPECT_EQ(later.record().time_tick(), TimeTick{10});
  EXPECT_EQ(message.WithId(Id(9)).id(), Id(9));
}

TEST(ImmutableMessage, ATransactionHasItsCommitsPlaceAndItsMembersItsTick) {
  const MessageId first = Id(1);
  const ImmutableMessage commit =
      testing::Stored(testing::MakeCommit("v1", kTxn, 1), Term{1}, TimeTick{7}, Id(3), &first);
  const ImmutableMessage txn = ImmutableMessage::Transaction(
      {testing::Stored(testing::MakeBegin("v1"), Term{1}, TimeTick{5}, Id(1)),
       testing::Stored(testing::MakeBody("body", "v1", kTxn), Term{1}, TimeTick{6}, Id(2)),
       commit});
  EXPECT_EQ(txn.type(), MessageType::kTxn);
  EXPECT_EQ(txn.id(), Id(3));
  EXPECT_EQ(txn.vchannel(), "v1");
  EXPECT_EQ(txn.position(), (Position{Id(1), TimeTick{7}}));
  ASSERT_EQ(txn.transaction().size(), 3u);
  for (const ImmutableMessage& member : txn.transaction()) {
    EXPECT_EQ(member.time_tick(), TimeTick{7});
    EXPECT_TRUE(member.transaction().empty());
  }
  EXPECT_EQ(txn.transaction()[0].type(), MessageType::kBeginTxn);
  EXPECT_EQ(txn.transaction()[1].payload(), "body");
  EXPECT_EQ(txn.transaction()[1].record().time_tick(), TimeTick{6});
  EXPECT_EQ(txn.transaction()[2].type(), MessageType::kCommitTxn);
  EXPECT_TRUE(commit.transaction().empty());
}

TEST(ImmutableMessageDeathTest, ATransactionWithoutItsCommitAborts) {
  const ImmutableMessage begin =
      testing::Stored(testing::MakeBegin("v1"), Term{1}, TimeTick{5}, Id(1));
  EXPECT_DEATH((void)ImmutableMessage::Transaction({begin}), "a begin and a commit");
  EXPECT_DEATH((void)ImmutableMessage::Transaction({begin, begin}), "kCommitTxn");
}

TEST(MessageBlock, IsFreedWithItsLastReference) {
  MessageBlockRef block = MessageBlock::Copy("bytes");
  EXPECT_TRUE(block.unique());
  std::optional<MessageBlockRef> other(block);
  EXPECT_FALSE(block.unique());
  other.reset();
  EXPECT_TRUE(block.unique());
  MessageBlockRef moved = std::move(block);
  EXPECT_TRUE(moved.unique());
  EXPECT_EQ(reinterpret_cast<uintptr_t>(moved->bytes()) % 16, 0u);
}

}  // namespace
}  // namespace tidelog
