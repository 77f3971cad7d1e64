#include "adaptor/buffer/write_ahead_buffer.h"

#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "wal/async/test_runtime.h"
#include "wal/message/testing/messages.h"

namespace tidelog::adaptor {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr MessageId::Origin kOrigin{LogKind::kSimulated, 7, 0};
constexpr size_t kAll = 1000000;

MessageId Id(uint64_t number) { return MessageId::FromNumber(kOrigin, number); }

ImmutableMessage Record(uint64_t number, size_t payload = 100) {
  return testing::Stamped(testing::MakeInsert(std::string(payload, 'x')), Term{1},
                          TimeTick{number});
}

std::vector<uint64_t> NumbersOf(const std::vector<ImmutableMessage>& messages) {
  std::vector<uint64_t> numbers;
  for (const ImmutableMessage& message : messages) numbers.push_back(*message.id().ToNumber());
  return numbers;
}

class WriteAheadBufferTest : public ::testing::Test {
 protected:
  // Records have even numbers, so that there are ids between them.
  void Push(uint64_t number, size_t payload = 100, absl::Duration at = absl::ZeroDuration()) {
    buffer_.Push(Record(number, payload), Id(number), at);
  }
  void PushAll(uint64_t first, uint64_t last) {
    for (uint64_t number = first; number <= last; number += 2) Push(number);
  }
  std::vector<uint64_t> Read(WriteAheadBuffer::Place* place, size_t count_max = kAll,
                             size_t bytes_max = kAll) {
    std::vector<ImmutableMessage> messages;
    buffer_.Read(place, count_max, bytes_max, &messages);
    return NumbersOf(messages);
  }
  // What a reader behind `number` would be given; 0 stands for "nothing is here for it".
  std::vector<uint64_t> Behind(uint64_t number) {
    std::optional<WriteAheadBuffer::Place> place = buffer_.PlaceBehind(Id(number));
    return place ? Read(&*place) : std::vector<uint64_t>{0};
  }
  std::vector<uint64_t> From(uint64_t number) {
    std::optional<WriteAheadBuffer::Place> place = buffer_.PlaceAt(Id(number));
    return place ? Read(&*place) : std::vector<uint64_t>{0};
  }

  static constexpr size_t kBytesMax = 4000;
  TestRuntime runtime_;
  WriteAheadBuffer buffer_{{kBytesMax, absl::Seconds(30)}, Id(100)};
};

TEST_F(WriteAheadBufferTest, GivesWhatLiesBehindAPlaceInOrderAndWithItsIds) {
  PushAll(102, 106);
  EXPECT_THAT(Behind(103), ElementsAre(104, 106));
  EXPECT_THAT(Behind(104), ElementsAre(106));
  EXPECT_THAT(Behind(106), IsEmpty());
  EXPECT_THAT(From(104), ElementsAre(104, 106));
}

// A record that shares its bytes costs what it keeps alive, and none is copied.
TEST_F(WriteAheadBufferTest, SharesTheBytesAndCountsWhatItKeepsInMemory) {
  const ImmutableMessage message = Record(102, 1000);
  buffer_.Push(message, Id(102), absl::ZeroDuration());
  EXPECT_EQ(buffer_.newest().payload().data(), message.payload().data());
  EXPECT_GE(buffer_.bytes(), message.record().size() + sizeof(ImmutableMessage));
  const size_t one = buffer_.bytes();
  Push(104, 1000);
  EXPECT_EQ(buffer_.bytes(), 2 * one);
}

TEST_F(WriteAheadBufferTest, KeepsSoManyBytesAndTheNewest) {
  for (uint64_t number = 102; number <= 1000; number += 2) {
    Push(number);
    ASSERT_LE(buffer_.bytes(), kBytesMax);
  }
  EXPECT_GT(buffer_.size(), 5u);
  Push(1002, 2 * kBytesMax);
  EXPECT_EQ(buffer_.size(), 1u);
  EXPECT_THAT(Behind(1000), ElementsAre(1002));
  Push(1004);
  EXPECT_THAT(Behind(1002), ElementsAre(1004));
  EXPECT_LE(buffer_.bytes(), kBytesMax);
}

TEST_F(WriteAheadBufferTest, EvictsWhatIsTooOldButTheNewest) {
  Push(102, 100, absl::Seconds(0));
  Push(104, 100, absl::Seconds(10));
  Push(106, 100, absl::Seconds(20));
  buffer_.EvictOld(absl::Seconds(30));
  EXPECT_EQ(buffer_.size(), 3u);
  buffer_.EvictOld(absl::Seconds(31));
  EXPECT_EQ(buffer_.size(), 2u);
  buffer_.EvictOld(absl::Seconds(1000));
  EXPECT_EQ(buffer_.size(), 1u);
  EXPECT_THAT(Behind(104), ElementsAre(106));
}

// INVARIANT: nothing that counts is missing between a place that it gives and the newest.
TEST_F(WriteAheadBufferTest, HasNoPlaceForWhoLacksWhatItEvictedOrNeverHad) {
  EXPECT_THAT(Behind(99), ElementsAre(0));
  EXPECT_THAT(Behind(100), IsEmpty());
  PushAll(102, 400);
  const uint64_t first = 400 - 2 * (buffer_.size() - 1);
  EXPECT_THAT(Behind(first - 4), ElementsAre(0));
  EXPECT_THAT(From(first - 2), ElementsAre(0));
}

// Who comes into the older half of a full one might be thrown out by the next push.
TEST_F(WriteAheadBufferTest, LetsReadersInWhereNothingIsEvictedSoon) {
  PushAll(102, 110);
  EXPECT_LT(buffer_.bytes(), kBytesMax / 2);
  EXPECT_THAT(Behind(100), SizeIs(5));
  EXPECT_THAT(From(102), SizeIs(5));
  PushAll(112, 400);
  const uint64_t first = 400 - 2 * (buffer_.size() - 1);
  EXPECT_THAT(Behind(first), ElementsAre(0));
  EXPECT_THAT(From(first + 2), ElementsAre(0));
  EXPECT_THAT(Behind(400 - buffer_.size()), SizeIs(buffer_.size() / 2));
  EXPECT_THAT(From(402 - buffer_.size()), SizeIs(buffer_.size() / 2));
}

// Its backend told the reader sooner than the appender.
TEST_F(WriteAheadBufferTest, LetsReadersInWhoAreAheadOfIt) {
  PushAll(102, 106);
  std::optional<WriteAheadBuffer::Place> place = buffer_.PlaceBehind(Id(108));
  ASSERT_TRUE(place.has_value());
  EXPECT_THAT(Read(&*place), IsEmpty());
  PushAll(108, 110);
  EXPECT_THAT(Read(&*place), ElementsAre(108, 110));
  EXPECT_THAT(From(111), ElementsAre(0));
}

TEST_F(WriteAheadBufferTest, HasNoPlaceInAnotherLog) {
  PushAll(102, 106);
  EXPECT_EQ(buffer_.PlaceBehind(MessageId::FromNumber({LogKind::kFile, 7, 0}, 104)), std::nullopt);
  EXPECT_EQ(buffer_.PlaceBehind(MessageId()), std::nullopt);
}

TEST_F(WriteAheadBufferTest, IsOfUseInALogThatWasEmpty) {
  WriteAheadBuffer fresh({kBytesMax, absl::Seconds(30)}, std::nullopt);
  EXPECT_EQ(fresh.PlaceBehind(Id(1)), std::nullopt);
  fresh.Push(Record(2), Id(2), absl::ZeroDuration());
  EXPECT_NE(fresh.PlaceAt(Id(1)), std::nullopt);
}

TEST_F(WriteAheadBufferTest, ReadsNoFurtherThanAskedButOneRecordAtLeast) {
  PushAll(102, 110);
  WriteAheadBuffer::Place place = buffer_.first();
  EXPECT_THAT(Read(&place, 2), ElementsAre(102, 104));
  const size_t size = buffer_.newest().record().size();
  EXPECT_THAT(Read(&place, kAll, 2 * size), ElementsAre(106, 108));
  EXPECT_THAT(Read(&place, 0, 0), ElementsAre(110));
  EXPECT_THAT(Read(&place), IsEmpty());
}

// A place is a number, and pins nothing.
TEST_F(WriteAheadBufferTest, TellsAReaderThatItsPlaceIsGone) {
  PushAll(102, 110);
  WriteAheadBuffer::Place place = *buffer_.PlaceBehind(Id(108));
  EXPECT_TRUE(buffer_.Holds(place));
  PushAll(112, 400);
  EXPECT_FALSE(buffer_.Holds(place));
  EXPECT_LE(buffer_.bytes(), kBytesMax);
}

TEST_F(WriteAheadBufferTest, KeepsItsOrderThroughManyEvictions) {
  uint64_t number = 102;
  WriteAheadBuffer::Place place = *buffer_.PlaceBehind(Id(100));
  uint64_t expected = 102;
  for (int round = 0; round < 300; ++round) {
    for (int i = 0; i < round % 17; ++i, number += 2) Push(number, round);
    if (!buffer_.Holds(place)) {
      expected += 2 * (buffer_.first() - place);
      place = buffer_.first();
    }
    for (const uint64_t read : Read(&place)) {
      ASSERT_EQ(read, expected);
      expected += 2;
    }
  }
  EXPECT_EQ(expected, number);
}

TEST_F(WriteAheadBufferTest, WakesWhoWaitsAtAPushAndAtItsEnd) {
  WriteAheadBuffer::Waiter waiters[3];
  Future<Unit> pushed = buffer_.WhenMore(&waiters[0]);
  Future<Unit> stopped = buffer_.WhenMore(&waiters[1]);
  buffer_.StopWaiting(&waiters[1]);
  EXPECT_TRUE(stopped.ready());
  EXPECT_FALSE(pushed.ready());
  Push(102);
  EXPECT_TRUE(pushed.ready());
  Future<Unit> sealed = buffer_.WhenMore(&waiters[2]);
  EXPECT_FALSE(sealed.ready());
  buffer_.Seal();
  EXPECT_TRUE(sealed.ready());
}

TEST_F(WriteAheadBufferTest, HoldsNothingOnceItIsSealed) {
  PushAll(102, 400);
  const WriteAheadBuffer::Place place = buffer_.end();
  buffer_.Seal();
  EXPECT_FALSE(buffer_.Holds(place));
  EXPECT_EQ(buffer_.size(), 0u);
  EXPECT_EQ(buffer_.bytes(), 0u);
  Push(402);
  EXPECT_EQ(buffer_.size(), 0u);
  EXPECT_THAT(Behind(402), ElementsAre(0));
}

TEST_F(WriteAheadBufferTest, DiesOfAPushOutOfOrder) {
  Push(104);
  EXPECT_DEATH(Push(102), "out of the order of the log");
}

}  // namespace
}  // namespace tidelog::adaptor
