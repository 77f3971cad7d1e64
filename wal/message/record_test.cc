#include "wal/message/record.h"

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/escaping.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "wal/message/message_block.h"
#include "wal/message/record_writer.h"
#include "wal/status.h"
#include "wal/types.h"

namespace tidelog {
namespace {

using ::testing::HasSubstr;

std::string WriteRecord(const RecordParts& parts, std::string_view payload) {
  MessageBlockRef block = MakeRecord(parts, payload.size());
  if (!payload.empty()) std::memcpy(MutablePayload(block.get()), payload.data(), payload.size());
  return std::string(block->bytes(), block->size());
}

// The worked example of wal/doc/message_format.md.
RecordParts ExampleParts() {
  static constexpr PropertyView kProperties[] = {{"shop", "7"}};
  RecordParts parts;
  parts.type = MessageType::kInsert;
  parts.version = 1;
  parts.term = Term{7};
  parts.time_tick = MakeTimeTick(1700000000000, 3);
  parts.last_confirmed_key = std::string_view("\0\0\0\0\0\0\x12\x67", 8);
  parts.vchannel = "orders_v1";
  parts.properties = kProperties;
  return parts;
}

constexpr std::string_view kExampleHex =
    "05000000"                                  // payload size
    "0d000000"                                  // properties size
    "02000000"                                  // type: Insert
    "0900"                                      // vchannel size
    "0000"                                      // flags
    "0700000000000000"                          // term
    "030000a0"                                  // time tick, low half
    "953f2f06"                                  // and high half
    "0000000000001267000000000000000000000000"  // last-confirmed key: 4711
    "08"                                        // its size
    "00"                                        // words of extensions
    "0100"                                      // version
    "0000000000000000"                          // reserved
    "6f72646572735f7631"                        // "orders_v1"
    "0100"                                      // one property
    "0400"
    "01000000"
    "73686f70"
    "37"           // "shop": "7"
    "68656c6c6f";  // "hello"

TEST(Record, TheWorkedExampleHasTheseBytes) {
  EXPECT_EQ(absl::BytesToHexString(WriteRecord(ExampleParts(), "hello")), kExampleHex);
}

TEST(Record, TheWorkedExampleIsReadBack) {
  std::string bytes;
  ASSERT_TRUE(absl::HexStringToBytes(kExampleHex, &bytes));
  const RecordView record = RecordView::Parse(bytes).value();
  EXPECT_EQ(record.size(), bytes.size());
  EXPECT_EQ(record.type(), MessageType::kInsert);
  EXPECT_EQ(record.version(), 1);
  EXPECT_EQ(record.term(), Term{7});
  EXPECT_EQ(record.time_tick(), MakeTimeTick(1700000000000, 3));
  EXPECT_EQ(record.last_confirmed_key(), ExampleParts().last_confirmed_key);
  EXPECT_EQ(record.vchannel(), "orders_v1");
  EXPECT_EQ(record.Property("shop"), "7");
  EXPECT_EQ(record.payload(), "hello");
  EXPECT_EQ(record.barrier_time_tick(), std::nullopt);
  EXPECT_EQ(record.txn(), std::nullopt);
  EXPECT_EQ(record.txn_bodies(), std::nullopt);
  EXPECT_EQ(record.chunk(), std::nullopt);
  EXPECT_EQ(record.replay_start_key(), "");
}

constexpr std::string_view kReplayStart = "0123456789abcdefghij";

RecordParts PartsWithEveryExtension() {
  RecordParts parts = ExampleParts();
  parts.last_confirmed_key = "";
  parts.flags = kLastConfirmedIsSelf | kFenceBarrier;
  parts.barrier_time_tick = TimeTick{11};
  parts.txn = TxnContext{TimeTick{12}, absl::Milliseconds(13)};
  parts.txn_bodies = 14;
  parts.replay_start_key = kReplayStart;
  parts.chunk = Chunk{15, 16};
  return parts;
}

TEST(Record, EveryExtensionIsReadBack) {
  const std::string bytes = WriteRecord(PartsWithEveryExtension(), "hello");
  const RecordView record = RecordView::Parse(bytes).value();
  EXPECT_EQ(record.size(), 64u + 8 * 8 + 9 + 13 + 5);
  EXPECT_EQ(record.flags(), kLastConfirmedIsSelf | kFenceBarrier | kHasBarrierTick | kHasTxn |
                                kHasTxnBodies | kHasReplayStart | kHasChunk);
  EXPECT_EQ(record.barrier_time_tick(), TimeTick{11});
  EXPECT_EQ(record.txn(), (TxnContext{TimeTick{12}, absl::Milliseconds(13)}));
  EXPECT_EQ(record.txn_bodies(), 14u);
  EXPECT_EQ(record.replay_start_key(), kReplayStart);
  EXPECT_EQ(record.chunk(), (Chunk{15, 16}));
  EXPECT_EQ(record.vchannel(), "orders_v1");
  EXPECT_EQ(record.Property("shop"), "7");
  EXPECT_EQ(record.payload(), "hello");
}

TEST(Record, AnInfiniteLeaseIsReadBack) {
  RecordParts parts;
  parts.txn = TxnContext{TimeTick{1}, absl::InfiniteDuration()};
  const std::string bytes = WriteRecord(parts, "");
  EXPECT_EQ(RecordView::Parse(bytes).value().txn()->keepalive, absl::InfiniteDuration());
}

TEST(Record, AnEmptyRecordIsItsHeader) {
  const std::string bytes = WriteRecord(RecordParts(), "");
  const RecordView record = RecordView::Parse(bytes).value();
  EXPECT_EQ(record.size(), 64u);
  EXPECT_EQ(record.property_count(), 0u);
  EXPECT_EQ(record.Property("shop"), std::nullopt);
  EXPECT_EQ(record.vchannel(), "");
  EXPECT_EQ(record.payload(), "");
}

TEST(Record, PropertiesAreFoundAndComeInOrder) {
  const std::vector<PropertyView> properties = {{"_ik", "k1"}, {"a", ""}, {"ab", "2"}, {"b", "3"}};
  RecordParts parts;
  parts.properties = properties;
  const std::string bytes = WriteRecord(parts, "payload");
  const RecordView record = RecordView::Parse(bytes).value();
  EXPECT_EQ(record.property_count(), 4u);
  EXPECT_EQ(record.idempotency_key(), "k1");
  EXPECT_EQ(record.Property("a"), "");
  EXPECT_EQ(record.Property("b"), "3");
  EXPECT_EQ(record.Property("aa"), std::nullopt);
  EXPECT_EQ(record.Property("c"), std::nullopt);
  std::vector<std::pair<std::string, std::string>> met;
  record.ForEachProperty(
      [&](std::string_view key, std::string_view value) { met.emplace_back(key, value); });
  EXPECT_EQ(met, (std::vector<std::pair<std::string, std::string>>{
                     {"_ik", "k1"}, {"a", ""}, {"ab", "2"}, {"b", "3"}}));
}

// What Parse() says about a record with one thing wrong.
std::string ComplaintAbout(std::string_view bytes) {
  const absl::StatusOr<RecordView> record = RecordView::Parse(bytes);
  EXPECT_EQ(GetWalErrorCode(record.status()), WalErrorCode::kCorrupt);
  return std::string(record.status().message());
}

std::string With(std::string bytes, size_t offset, std::string_view replacement) {
  return bytes.replace(offset, replacement.size(), replacement);
}

TEST(Record, EveryTruncationIsRefused) {
  for (const RecordParts& parts : {ExampleParts(), PartsWithEveryExtension()}) {
    const std::string bytes = WriteRecord(parts, "hello");
    for (size_t size = 0; size < bytes.size(); ++size) {
      EXPECT_EQ(GetWalErrorCode(RecordView::Parse(bytes.substr(0, size)).status()),
                WalErrorCode::kCorrupt)
          << size;
    }
    EXPECT_THAT(ComplaintAbout(bytes + "x"), HasSubstr("add up to"));
  }
  EXPECT_THAT(ComplaintAbout("short"), HasSubstr("less than a header"));
}

TEST(Record, WrongHeadersAreRefused) {
  const std::string good = WriteRecord(ExampleParts(), "hello");
  EXPECT_THAT(ComplaintAbout(With(good, 14, std::string("\0\2", 2))), HasSubstr("unknown bits"));
  // Of chunks once, and read as whole messages then.
  EXPECT_THAT(ComplaintAbout(With(good, 14, std::string("\x80\0", 2))), HasSubstr("unknown bits"));
  EXPECT_THAT(ComplaintAbout(With(good, 14, "\x08")), HasSubstr("words of extensions"));
  EXPECT_THAT(ComplaintAbout(With(good, 14, "\x01")), HasSubstr("the record itself and another"));
  EXPECT_THAT(ComplaintAbout(With(good, 8, "\xe7\x03")), HasSubstr("type Txn"));
  EXPECT_THAT(ComplaintAbout(With(good, 52, "\x15")), HasSubstr("key of 21 bytes"));
  EXPECT_THAT(ComplaintAbout(With(good, 52, "\x07")), HasSubstr("behind the last-confirmed key"));
  EXPECT_THAT(ComplaintAbout(With(good, 53, "\x01")), HasSubstr("words of extensions"));
  EXPECT_THAT(ComplaintAbout(With(good, 63, "\x01")), HasSubstr("reserved"));
  EXPECT_THAT(ComplaintAbout(With(good, 0, "\xff\xff\xff\xff\xff\xff\xff\xff")),
              HasSubstr("add up to"));
}

TEST(Record, WrongExtensionsAreRefused) {
  const std::string good = WriteRecord(PartsWithEveryExtension(), "hello");
  constexpr size_t kBodies = 64 + 8 + 16, kStart = kBodies + 8, kChunk = kStart + 24;
  EXPECT_THAT(ComplaintAbout(With(good, kBodies + 7, "\1")), HasSubstr("behind txn_bodies"));
  EXPECT_THAT(ComplaintAbout(With(good, kStart, "\x15")), HasSubstr("key of 21 bytes"));
  EXPECT_THAT(ComplaintAbout(With(good, kStart, "\x13")), HasSubstr("behind the replay-start"));
  EXPECT_THAT(ComplaintAbout(With(good, kStart + 3, "\xff")), HasSubstr("replay-start key of"));
  EXPECT_THAT(ComplaintAbout(With(good, kChunk, "\x10")), HasSubstr("chunk 16 of 16"));
  EXPECT_THAT(ComplaintAbout(With(good, kChunk, std::string("\0\0\0\0\1", 5))),
              HasSubstr("chunk 0 of 1"));
}

TEST(Record, WrongPropertiesAreRefused) {
  const std::vector<PropertyView> properties = {{"a", "1"}, {"b", "2"}};
  RecordParts parts;
  parts.properties = properties;
  const std::string good = WriteRecord(parts, "");
  // count:2, then heads at 66 and 74; keys at 72 and 80.
  EXPECT_THAT(ComplaintAbout(With(good, 64, std::string("\0", 1))), HasSubstr("count of 0"));
  EXPECT_THAT(ComplaintAbout(With(good, 64, "\1")), HasSubstr("8 bytes behind the properties"));
  EXPECT_THAT(ComplaintAbout(With(good, 64, "\3")), HasSubstr("property 2 of 3 is cut off"));
  EXPECT_THAT(ComplaintAbout(With(good, 72, "b")),
              HasSubstr("property 1 is empty or out of order"));
  EXPECT_THAT(ComplaintAbout(With(good, 80, "a")),
              HasSubstr("property 1 is empty or out of order"));
  EXPECT_THAT(ComplaintAbout(With(good, 66, std::string("\0\0\2", 3))),
              HasSubstr("property 0 is empty or out of order"));
  EXPECT_THAT(ComplaintAbout(With(good, 68, "\xff\xff\xff\xff")),
              HasSubstr("property 0 of 2 is cut off"));
  EXPECT_THAT(ComplaintAbout(With(good, 76, "\2")), HasSubstr("property 1 of 2 is cut off"));
  EXPECT_THAT(ComplaintAbout(With(good, 74, "\xff\xff")), HasSubstr("property 1 of 2 is cut off"));
}

TEST(Record, BytesNeedNoAlignment) {
  const std::string bytes = "x" + WriteRecord(PartsWithEveryExtension(), "hello");
  EXPECT_EQ(RecordView::Parse(std::string_view(bytes).substr(1)).value().payload(), "hello");
}

TEST(RecordDeathTest, PartsThatDoNotFitAbort) {
  RecordParts parts;
  parts.last_confirmed_key = "123456789012345678901";
  EXPECT_DEATH((void)MakeRecord(parts, 0), "key.size");
  parts = RecordParts();
  parts.flags = kHasTxn;
  EXPECT_DEATH((void)MakeRecord(parts, 0), "flags");
}

}  // namespace
}  // namespace tidelog
