#include "adaptor/append/appendable.h"

#include <string>
#include <string_view>
#include <utility>

#include "absl/log/check.h"
#include "absl/time/time.h"
#include "adaptor/options.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "wal/backend_switch.h"
#include "wal/message/message.h"
#include "wal/message/message_factory.h"
#include "wal/status.h"
#include "wal/types.h"
#include "wal/wal.h"
#include "walimpls/wal.h"

namespace tidelog::adaptor {
namespace {

using testing::HasSubstr;

class AppendableTest : public testing::Test {
 protected:
  absl::Status Check(MutableMessage::Builder builder, std::string_view payload = "payload") {
    absl::StatusOr<MutableMessage> message = std::move(builder).Build(payload);
    CHECK_OK(message);
    return CheckAppendable(channel_, limits_, message->view());
  }
  void ExpectRefused(MutableMessage::Builder builder, std::string_view why) {
    const absl::Status status = Check(std::move(builder));
    EXPECT_EQ(GetWalErrorCode(status), WalErrorCode::kInvalidArgument);
    EXPECT_THAT(status.message(), HasSubstr(std::string(why)));
  }

  const PChannel channel_{"orders", Term{1}};
  const AppendLimits limits_{.message_bytes_max = 500, .property_count_max = 2};
};

TEST_F(AppendableTest, TakesMessagesOfAnyTypeThatIsNotTheLogsOwn) {
  EXPECT_TRUE(Check(MutableMessage::Builder(MessageType::kInsert)).ok());
  EXPECT_TRUE(Check(MutableMessage::Builder(MessageType{4711})).ok());
}

TEST_F(AppendableTest, RefusesWhatIsAboveTheLimitsOfTheBackend) {
  const absl::Status large =
      Check(MutableMessage::Builder(MessageType::kInsert), std::string(600, 'x'));
  EXPECT_EQ(GetWalErrorCode(large), WalErrorCode::kTooLarge);
  EXPECT_THAT(large.message(), HasSubstr("at most 500"));
  MutableMessage::Builder many(MessageType::kInsert);
  many.Property("a", "1").Property("b", "2").Property("c", "3");
  const absl::Status properties = Check(std::move(many));
  EXPECT_EQ(GetWalErrorCode(properties), WalErrorCode::kTooLarge);
  EXPECT_THAT(properties.message(), HasSubstr("3 properties, and at most 2"));
}

TEST_F(AppendableTest, RefusesWhatOnlyTheLogItselfWrites) {
  ExpectRefused(MessageFactory::AnyBuilder(MessageType::kTimeTick), "only the log itself");
  const MutableMessage tick = MessageFactory::StoredTimeTick();
  EXPECT_FALSE(CheckAppendable(channel_, limits_, tick.view()).ok());
}

// E1, E3.
TEST_F(AppendableTest, TakesTheMessagesOfTransactions) {
  const TxnContext txn{TimeTick{5}, absl::Seconds(1)};
  MutableMessage::Builder body(MessageType::kInsert), commit(MessageType::kCommitTxn),
      rollback(MessageType::kRollbackTxn);
  body.Txn(txn);
  commit.Txn(txn).TxnBodies(1);
  rollback.Txn(txn);
  EXPECT_TRUE(Check(MutableMessage::Builder(MessageType::kBeginTxn)).ok());
  EXPECT_TRUE(Check(std::move(body)).ok());
  EXPECT_TRUE(Check(std::move(commit)).ok());
  EXPECT_TRUE(Check(std::move(rollback)).ok());
}

TEST_F(AppendableTest, RefusesWhatMakesNoSenseInATransaction) {
  const TxnContext txn{TimeTick{5}, absl::Seconds(1)};
  ExpectRefused(MessageFactory::AnyBuilder(MessageType::kRollbackTxn), "names no transaction");
  MutableMessage::Builder commit = MessageFactory::AnyBuilder(MessageType::kCommitTxn);
  commit.Txn(txn);
  ExpectRefused(std::move(commit), "how many bodies");
  MutableMessage::Builder begin = MessageFactory::AnyBuilder(MessageType::kBeginTxn);
  begin.Txn({TimeTick{0}, -absl::Milliseconds(1)});
  ExpectRefused(std::move(begin), "negative");
  MutableMessage::Builder exclusive(MessageType::kManualFlush);
  exclusive.Txn(txn);
  ExpectRefused(std::move(exclusive), "can be in none");
}

// C8.
TEST_F(AppendableTest, TakesIntoABatchWhatNeedNotWaitForOthers) {
  const auto check = [this](MessageType type) {
    MutableMessage::Builder builder = MessageFactory::AnyBuilder(type);
    builder.Txn({TimeTick{5}, absl::Seconds(1)});
    return CheckInBatch(channel_, (*std::move(builder).Build("")).view()).ok();
  };
  EXPECT_TRUE(check(MessageType::kInsert));
  for (const MessageType type : {MessageType::kBeginTxn, MessageType::kCommitTxn,
                                 MessageType::kRollbackTxn, MessageType::kManualFlush}) {
    EXPECT_FALSE(check(type)) << MessageTypeName(type);
  }
}

// G6.
TEST_F(AppendableTest, TakesASwitchOfTheBackendThatSaysWhereTo) {
  MutableMessage::Builder target(MessageType::kAlterWal);
  target.Property("backend", "file").Property("config.dir", "/b");
  EXPECT_TRUE(Check(std::move(target)).ok());
  ExpectRefused(MutableMessage::Builder(MessageType::kAlterWal), "backend \"\"");
  MutableMessage::Builder in_vchannel(MessageType::kAlterWal);
  in_vchannel.Property("backend", "file").VChannel("v");
  ExpectRefused(std::move(in_vchannel), "it names a VChannel");
}

// G4.
TEST_F(AppendableTest, TakesIdempotencyKeysOnMessagesAndCommits) {
  MutableMessage::Builder longest(MessageType::kInsert), commit(MessageType::kCommitTxn),
      exclusive(MessageType::kManualFlush);
  longest.IdempotencyKey(std::string(kIdempotencyKeyMax, 'k'));
  commit.Txn({TimeTick{5}, absl::Seconds(1)}).TxnBodies(1).IdempotencyKey("k");
  exclusive.IdempotencyKey("k");
  const AppendLimits limits{.message_bytes_max = 2000, .property_count_max = 2};
  const MutableMessage message = *std::move(longest).Build("");
  EXPECT_TRUE(CheckAppendable(channel_, limits, message.view()).ok());
  EXPECT_TRUE(Check(std::move(commit)).ok());
  EXPECT_TRUE(Check(std::move(exclusive)).ok());
}

TEST_F(AppendableTest, RefusesAnIdempotencyKeyThatIsTooLongInOneSentence) {
  MutableMessage::Builder keyed(MessageType::kInsert);
  keyed.IdempotencyKey(std::string(kIdempotencyKeyMax + 1, 'k'));
  const AppendLimits limits{.message_bytes_max = 2000, .property_count_max = 2};
  const MutableMessage message = *std::move(keyed).Build("");
  const absl::Status status = CheckAppendable(channel_, limits, message.view());
  EXPECT_EQ(GetWalErrorCode(status), WalErrorCode::kInvalidArgument);
  EXPECT_EQ(status.message(),
            "append a Insert to orders@1: its idempotency key is of 1025 bytes, and at most 1024 "
            "are allowed");
}

TEST_F(AppendableTest, RefusesAnIdempotencyKeyWhereItMeansNothing) {
  MutableMessage::Builder empty(MessageType::kInsert);
  empty.IdempotencyKey("");
  ExpectRefused(std::move(empty), "its idempotency key is empty");
  for (const MessageType type :
       {MessageType::kBeginTxn, MessageType::kInsert, MessageType::kRollbackTxn}) {
    MutableMessage::Builder member = MessageFactory::AnyBuilder(type);
    member.Txn({TimeTick{5}, absl::Seconds(1)}).IdempotencyKey("k");
    ExpectRefused(std::move(member), "only the commit has an idempotency key");
  }
  MutableMessage::Builder tick = MessageFactory::AnyBuilder(MessageType::kTimeTick);
  tick.IdempotencyKey("k");
  ExpectRefused(std::move(tick), "only the log itself");
}

// It is the end of the log, and looked for as one record (G6).
TEST_F(AppendableTest, TakesAnAlterWalThatFitsAChunkOnly) {
  const MutableMessage end =
      *MakeAlterWal({.backend = "file", .config = {{"dir", std::string(300, 'd')}}});
  AppendLimits limits{.message_bytes_max = 5000, .property_count_max = 9};
  limits.chunk_bytes_max = end.encoded_size();
  EXPECT_TRUE(CheckAppendable(channel_, limits, end.view()).ok());
  --limits.chunk_bytes_max;
  const absl::Status status = CheckAppendable(channel_, limits, end.view());
  EXPECT_EQ(GetWalErrorCode(status), WalErrorCode::kTooLarge);
  EXPECT_THAT(status.message(), HasSubstr("ends the log, as one record"));
}

TEST(LimitsOfTest, AreTheBackendsOrThoseOfChunks) {
  walimpls::Traits traits;
  traits.message_bytes_max = 1000;
  traits.property_count_max = 7;
  LogOptions options;
  options.chunked_message_bytes_max = 5000;
  EXPECT_EQ(LimitsOf(traits, options).message_bytes_max, 1000u);
  EXPECT_EQ(LimitsOf(traits, options).chunk_bytes_max, 0u);
  options.chunking = 1;
  EXPECT_EQ(LimitsOf(traits, options).message_bytes_max, 5000u);
  EXPECT_EQ(LimitsOf(traits, options).chunk_bytes_max, 1000u);
  EXPECT_EQ(LimitsOf(traits, options).property_count_max, 7);
  options.chunk_bytes_max = 300;
  options.chunked_message_bytes_max = 500;
  EXPECT_EQ(LimitsOf(traits, options).message_bytes_max, 1000u);
  EXPECT_EQ(LimitsOf(traits, options).chunk_bytes_max, 300u);
}

}  // namespace
}  // namespace tidelog::adaptor
