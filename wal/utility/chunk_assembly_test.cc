#include "wal/utility/chunk_assembly.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "wal/message/chunks.h"
#include "wal/message/message.h"
#include "wal/message/message_block.h"
#include "wal/message/message_factory.h"
#include "wal/message/message_id.h"
#include "wal/message/record.h"
#include "wal/message/record_writer.h"
#include "wal/message/testing/messages.h"
#include "wal/types.h"

namespace tidelog {
namespace {

using Result = ChunkAssembly::Result;
using ::testing::HasSubstr;

MessageId Id(uint64_t number) { return MessageId::FromNumber({LogKind::kMemory, 1, 0}, number); }

class ChunkAssemblyTest : public ::testing::Test {
 protected:
  // In chunks of ten bytes of payload.
  static std::vector<ImmutableMessage> Chunks(std::string_view payload, uint64_t tick,
                                              std::string_view vchannel = "", Term term = Term{1}) {
    const ImmutableMessage message =
        testing::Stamped(testing::MakeInsert(payload, vchannel), term, TimeTick{tick});
    return SplitIntoChunks(message.record(), ChunkHeadSize(message.record()) + 10);
  }
  static ImmutableMessage Plain(uint64_t tick) {
    return testing::Stamped(testing::MakeInsert("plain"), Term{1}, TimeTick{tick});
  }
  static ImmutableMessage Tick(uint64_t tick) {
    return testing::Stamped(MessageFactory::StoredTimeTick(), Term{1}, TimeTick{tick});
  }
  static ImmutableMessage AnyChunk(Chunk chunk, std::string_view payload,
                                   TimeTick tick = TimeTick{10}) {
    RecordParts parts;
    parts.type = MessageType::kInsert;
    parts.term = Term{1};
    parts.time_tick = tick;
    parts.flags = kLastConfirmedIsSelf;
    parts.chunk = chunk;
    MessageBlockRef block = MakeRecord(parts, payload.size());
    std::copy(payload.begin(), payload.end(), MutablePayload(block.get()));
    const RecordView record = RecordView::Trusted(block->bytes());
    return ImmutableMessage(std::move(block), record, Id(1));
  }
  Result Take(const ImmutableMessage& message) {
    taken_ = message.WithId(Id(++last_));
    return assembly_.Take(taken_);
  }

  const std::string payload_ = "0123456789abcdefghij#";  // Of three chunks.
  ChunkAssembly assembly_;
  ImmutableMessage taken_;
  uint64_t last_ = 0;
};

TEST_F(ChunkAssemblyTest, MakesAMessageOfItsLastChunkWithTheIdOfItsFirst) {
  EXPECT_EQ(Take(Plain(9)), Result::kMessage);
  const std::vector<ImmutableMessage> chunks = Chunks(payload_, 10);
  EXPECT_EQ(Take(chunks[0]), Result::kNothing);
  EXPECT_EQ(Take(chunks[1]), Result::kNothing);
  EXPECT_EQ(assembly_.count(), 2u);
  EXPECT_EQ(Take(chunks[2]), Result::kMessage);
  EXPECT_EQ(taken_.payload(), payload_);
  EXPECT_EQ(taken_.id(), Id(2));
  EXPECT_FALSE(taken_.record().chunk());
  EXPECT_EQ(assembly_.count(), 0u);
  EXPECT_EQ(assembly_.bytes(), 0u);
  EXPECT_EQ(Take(Tick(11)), Result::kMessage);
}

TEST_F(ChunkAssemblyTest, DropsARunThatAnotherTickInterrupts) {
  EXPECT_EQ(Take(Chunks(payload_, 10)[0]), Result::kNothing);
  EXPECT_EQ(Take(Tick(11)), Result::kMessage);
  EXPECT_EQ(taken_.type(), MessageType::kTimeTick);
  EXPECT_EQ(assembly_.count(), 0u);
  EXPECT_EQ(Take(Chunks(payload_, 12)[0]), Result::kNothing);
  EXPECT_EQ(Take(Plain(13)), Result::kMessage);
  EXPECT_EQ(taken_.payload(), "plain");
  // A retry begins anew.
  EXPECT_EQ(Take(Chunks("old" + payload_, 14)[0]), Result::kNothing);
  for (const ImmutableMessage& chunk : Chunks(payload_, 15)) Take(chunk);
  EXPECT_EQ(taken_.payload(), payload_);
}

TEST_F(ChunkAssemblyTest, SkipsARunThatBeganWhereNobodyReads) {
  assembly_.Restart();
  const std::vector<ImmutableMessage> chunks = Chunks(payload_, 10);
  EXPECT_EQ(Take(chunks[1]), Result::kNothing);
  EXPECT_EQ(Take(chunks[2]), Result::kNothing);
  EXPECT_EQ(Take(Plain(11)), Result::kMessage);
  for (const ImmutableMessage& chunk : Chunks(payload_, 12)) Take(chunk);
  EXPECT_EQ(taken_.payload(), payload_);
}

// Who did not say that he may begin inside counts on it.
TEST_F(ChunkAssemblyTest, TakesForCorruptARestThatNobodyExpects) {
  const std::vector<ImmutableMessage> chunks = Chunks(payload_, 10);
  EXPECT_EQ(Take(chunks[1]), Result::kCorrupt);
  EXPECT_EQ(assembly_.fault().first, Id(1));
  EXPECT_EQ(Take(chunks[2]), Result::kNothing);
  EXPECT_EQ(Take(Plain(11)), Result::kMessage);
}

TEST_F(ChunkAssemblyTest, GoesOnBehindAGapAndTellsWhatThatHasCut) {
  EXPECT_EQ(assembly_.Restart(), std::nullopt);
  const std::vector<ImmutableMessage> chunks = Chunks(payload_, 10);
  EXPECT_EQ(Take(chunks[0]), Result::kNothing);
  EXPECT_EQ(assembly_.Restart(), Id(1));
  EXPECT_EQ(Take(chunks[2]), Result::kNothing);
  EXPECT_EQ(Take(Tick(11)), Result::kMessage);
  EXPECT_EQ(assembly_.Restart(), std::nullopt);
}

// Every way in which chunks cannot be a run.
TEST_F(ChunkAssemblyTest, TakesForCorruptWhatIsNoRun) {
  const std::vector<ImmutableMessage> chunks = Chunks(payload_, 10);
  struct Case {
    const char* label;
    std::vector<ImmutableMessage> records;  // Behind a plain one at tick 9.
    const char* what;
    uint64_t first;  // Of the fault; its last is the last record.
  };
  const Case cases[] = {
      {"missing beginning", {chunks[1]}, "the ones before are not there", 2},
      {"missing", {chunks[0], chunks[2]}, "where 1 of 3 comes next", 2},
      {"repeated", {chunks[0], chunks[1], chunks[1]}, "where 2 of 3 comes next", 2},
      {"begun twice", {chunks[0], chunks[0]}, "where 1 of 3 comes next", 2},
      {"another count", {chunks[0], Chunks(payload_ + payload_, 10)[1]}, "is chunk 1 of 5", 2},
      {"another tick inside", {chunks[0], Chunks(payload_, 11)[1]}, "not there", 3},
      {"another VChannel", {chunks[0], Chunks(payload_, 10, "v")[1]}, "of another type", 2},
      {"another term", {chunks[0], Chunks(payload_, 10, "", Term{2})[1]}, "of another type", 2},
      {"again", {chunks[0], chunks[1], chunks[2], chunks[0]}, "begins a message anew", 5},
      {"too many", {chunks[0], chunks[1], chunks[2], chunks[2]}, "not there", 5},
  };
  for (const Case& one : cases) {
    assembly_.Restart();
    last_ = 0;
    ASSERT_EQ(Take(Plain(9)), Result::kMessage);
    Result result = Result::kMessage;
    for (const ImmutableMessage& record : one.records) result = Take(record);
    EXPECT_EQ(result, Result::kCorrupt) << one.label;
    EXPECT_THAT(assembly_.fault().what, HasSubstr(one.what)) << one.label;
    EXPECT_EQ(assembly_.fault().first, Id(one.first)) << one.label;
    EXPECT_EQ(assembly_.fault().last, Id(last_)) << one.label;
    EXPECT_EQ(assembly_.count(), 0u);
    // What is left of it is told once.
    EXPECT_EQ(Take(one.records.back()), Result::kNothing) << one.label;
    EXPECT_EQ(Take(Plain(12)), Result::kMessage) << one.label;
    for (const ImmutableMessage& chunk : Chunks(payload_, 13)) result = Take(chunk);
    EXPECT_EQ(result, Result::kMessage) << one.label;
    EXPECT_EQ(taken_.payload(), payload_) << one.label;
  }
}

TEST_F(ChunkAssemblyTest, HoldsNoMoreThanItMay) {
  const size_t whole =
      testing::Stamped(testing::MakeInsert(payload_), Term{1}, TimeTick{1}).record().size();
  // Of the first chunk it counts what makes it a chunk as well.
  ChunkAssembly enough(whole + 8);
  ChunkAssembly short_of_one(whole + 7);
  for (const ImmutableMessage& chunk : Chunks(payload_, 10)) {
    ImmutableMessage for_enough = chunk.WithId(Id(++last_));
    ImmutableMessage for_other = for_enough;
    const bool is_last = chunk.record().chunk()->index == 2;
    EXPECT_EQ(enough.Take(for_enough), is_last ? Result::kMessage : Result::kNothing);
    EXPECT_EQ(short_of_one.Take(for_other), is_last ? Result::kCorrupt : Result::kNothing);
  }
  EXPECT_THAT(short_of_one.fault().what, HasSubstr("of more than"));
  EXPECT_EQ(short_of_one.fault().first, Id(1));
}

// Chunks that hold next to nothing are bounded as well.
TEST_F(ChunkAssemblyTest, TakesNoMoreChunksThanItMayHold) {
  constexpr uint32_t kTotal = 1000000;
  ChunkAssembly assembly(kTotal);
  size_t held = 0;
  Result result = Result::kNothing;
  for (uint32_t i = 0; i < kTotal && result == Result::kNothing; ++i) {
    ImmutableMessage chunk = AnyChunk({i, kTotal}, "x");
    held += chunk.record().size();
    result = assembly.Take(chunk);
  }
  EXPECT_EQ(result, Result::kCorrupt);
  EXPECT_THAT(assembly.fault().what, HasSubstr("too many chunks"));
  EXPECT_LE(held, size_t{5} << 20);
  ImmutableMessage first = AnyChunk({0, kTotal + 1}, "x", TimeTick{11});
  EXPECT_EQ(assembly.Take(first), Result::kCorrupt);
  ImmutableMessage empty = AnyChunk({0, 2}, "", TimeTick{12});
  EXPECT_EQ(assembly.Take(empty), Result::kCorrupt);
  EXPECT_EQ(assembly.fault().what, "it holds nothing");
}

}  // namespace
}  // namespace tidelog
