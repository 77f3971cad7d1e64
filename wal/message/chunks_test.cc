#include "wal/message/chunks.h"

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "wal/message/message.h"
#include "wal/message/message_factory.h"
#include "wal/message/message_id.h"
#include "wal/message/record.h"
#include "wal/message/testing/messages.h"
#include "wal/types.h"

namespace tidelog {
namespace {

MessageId Id(uint64_t number) { return MessageId::FromNumber({LogKind::kMemory, 1, 0}, number); }

// With everything that a client's message may have, and its stamps.
ImmutableMessage Example(std::string_view payload) {
  MutableMessage::Builder builder = MessageFactory::AnyBuilder(MessageType::kInsert);
  builder.VChannel("orders_v1").Property("shop", "7").Property("_tc", "trace");
  builder.IdempotencyKey("order 4711").BarrierTimeTick(TimeTick{5});
  builder.Txn({TimeTick{9}, absl::Seconds(3)});
  const MessageId last_confirmed = Id(40);
  return testing::Stored(*std::move(builder).Build(payload), Term{7}, TimeTick{10}, Id(50),
                         &last_confirmed);
}

std::vector<ImmutableMessage> Split(const ImmutableMessage& message, size_t bytes_max) {
  std::vector<ImmutableMessage> chunks = SplitIntoChunks(message.record(), bytes_max);
  for (size_t i = 0; i < chunks.size(); ++i) {
    chunks[i] = std::move(chunks[i]).WithId(Id(50 + i));
  }
  return chunks;
}

TEST(Chunks, JoinToTheVeryRecordTheyAreOf) {
  const ImmutableMessage message = Example("abcdefghijklmnopqrstuvwxyz");
  const size_t head = ChunkHeadSize(message.record());
  // With more room than that the record is not larger than a chunk.
  for (size_t room = 1; room < 26 - 8; ++room) {
    std::vector<ImmutableMessage> chunks = Split(message, head + room);
    EXPECT_EQ(chunks.size(), (26 + room - 1) / room) << room;
    const ImmutableMessage joined = JoinChunks(std::move(chunks));
    EXPECT_EQ(joined.record().bytes(), message.record().bytes()) << room;
    EXPECT_EQ(joined.id(), message.id());
    EXPECT_EQ(joined.last_confirmed(), message.last_confirmed());
  }
}

TEST(Chunks, AreRecordsThatParseAndHaveAllButThePayload) {
  const ImmutableMessage message = Example("abcdefghij");
  const size_t bytes_max = ChunkHeadSize(message.record()) + 1;
  const std::vector<ImmutableMessage> chunks = Split(message, bytes_max);
  ASSERT_EQ(chunks.size(), 10u);
  for (size_t i = 0; i < chunks.size(); ++i) {
    const RecordView chunk = RecordView::Parse(chunks[i].record().bytes()).value();
    EXPECT_LE(chunk.size(), bytes_max);
    EXPECT_EQ(chunk.chunk(), (Chunk{static_cast<uint32_t>(i), 10}));
    EXPECT_EQ(chunk.payload(), std::string(1, "abcdefghij"[i]));
    EXPECT_EQ(chunk.type(), MessageType::kInsert);
    EXPECT_EQ(chunk.term(), Term{7});
    EXPECT_EQ(chunk.time_tick(), TimeTick{10});
    EXPECT_EQ(chunks[i].last_confirmed(), Id(40));
    EXPECT_EQ(chunk.txn(), message.record().txn());
    EXPECT_EQ(chunk.barrier_time_tick(), TimeTick{5});
    EXPECT_EQ(chunk.vchannel(), "orders_v1");
    EXPECT_EQ(chunk.idempotency_key(), "order 4711");
    EXPECT_EQ(chunk.Property("shop"), "7");
    EXPECT_EQ(chunk.Property("_tc"), "trace");
    EXPECT_EQ(chunk.property_count(), 3u);
    EXPECT_EQ(IsCut(chunk), i < 9);
  }
  EXPECT_FALSE(IsCut(message.record()));
}

// Nobody knew the id when the records were made: then the message's own is its first chunk's.
TEST(Chunks, WhoseLastConfirmedIsTheirOwnJoinToOneThatConfirmsItsFirst) {
  const ImmutableMessage message =
      testing::Stored(testing::MakeInsert(std::string(100, 'x')), Term{1}, TimeTick{3}, Id(50));
  const ImmutableMessage joined = JoinChunks(Split(message, 100));
  EXPECT_EQ(joined.last_confirmed(), Id(50));
}

TEST(ChunksDeathTest, NeedRoomForPayload) {
  const ImmutableMessage message = Example("abcdefghij");
  EXPECT_DEATH(SplitIntoChunks(message.record(), ChunkHeadSize(message.record())), "no payload");
}

}  // namespace
}  // namespace tidelog
